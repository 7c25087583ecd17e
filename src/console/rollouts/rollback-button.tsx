import { Button, Group, Modal, Stack, Text, Textarea } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconArrowBackUp } from '@tabler/icons-react';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import type { RolloutDetailView } from '../../api/rollouts.ts';
import { useAct } from '../data/ask.ts';
import { ActButton } from '../kit/act-button.tsx';
import { ProblemNote } from '../kit/problem.tsx';

/** A rollback is a rollout of its own: it is planned, approved and proven like any other. */
export function RollbackButton({ data, refusal }: { readonly data: RolloutDetailView; readonly refusal: string | null }) {
  const [open, { open: show, close }] = useDisclosure();
  const [reason, setReason] = useState('');
  const navigate = useNavigate();
  const { id, succeeded, failed, state } = data.rollout;
  const draft = useAct('rolloutRollback', {
    quiet: true,
    after: answer => {
      close();
      void navigate({ to: '/rollouts/$id', params: { id: answer.rollout.id } });
    },
  });
  const busy = state === 'running' || state === 'halting' ? 'Pause or halt it first: hosts are still changing.' : null;
  const untouched = succeeded + failed === 0 ? 'No host has been changed yet.' : null;
  return (
    <>
      <ActButton variant="default" refusal={refusal ?? busy ?? untouched} leftSection={<IconArrowBackUp size={14} />} onClick={show}>
        Roll back
      </ActButton>
      <Modal opened={open} onClose={close} title={`Roll back: ${data.rollout.name}`}>
        <form
          onSubmit={event => {
            event.preventDefault();
            draft.mutate({ params: { id }, body: { reason } });
          }}
        >
          <Stack gap="sm">
            {draft.isError && <ProblemNote error={draft.error} />}
            <Text size="sm">
              This drafts a rollout that restores the exact previous versions on the hosts that this one touched. It needs a plan and an
              approval of its own; the vulnerabilities open again.
            </Text>
            <Textarea
              label="Reason"
              required
              data-autofocus
              autosize
              minRows={2}
              value={reason}
              onChange={event => setReason(event.currentTarget.value)}
            />
            <Group justify="flex-end">
              <Button variant="default" onClick={close}>
                Not now
              </Button>
              <Button type="submit" loading={draft.isPending}>
                Draft the rollback
              </Button>
            </Group>
          </Stack>
        </form>
      </Modal>
    </>
  );
}
