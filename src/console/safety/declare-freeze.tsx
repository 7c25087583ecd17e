import { Button, Group, Modal, SimpleGrid, Stack, Text, Textarea, TextInput } from '@mantine/core';
import { useState } from 'react';
import type { FreezeView } from '../../api/safety.ts';
import { useAct } from '../data/ask.ts';
import { useSession } from '../data/session.ts';
import { QueryBox, usePreview } from '../hosts/query-box.tsx';
import { ProblemNote } from '../kit/problem.tsx';
import { instantOf } from '../rollouts/zoned-time.ts';
import { FreezeKind } from './freeze-kind.tsx';

const ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone;

export function DeclareFreeze({ open, close }: { readonly open: boolean; readonly close: () => void }) {
  return (
    <Modal opened={open} onClose={close} title="Declare a freeze" size="lg">
      {open && <FreezeForm close={close} />}
    </Modal>
  );
}

function FreezeForm({ close }: { readonly close: () => void }) {
  const { person } = useSession();
  const [form, setForm] = useState({
    name: '',
    kind: 'hard' as FreezeView['kind'],
    from: '',
    until: '',
    query: '',
    owner: person.name,
    reason: '',
  });
  const put = (patch: Partial<typeof form>) => setForm(before => ({ ...before, ...patch }));
  const { good } = usePreview(form.query);
  const declare = useAct('freezeCreate', { done: answer => `${answer.name} is declared`, after: close, quiet: true });
  const startsAt = instantOf(form.from, ZONE);
  const endsAt = instantOf(form.until, ZONE);
  const whole =
    form.name.trim() !== '' &&
    form.reason.trim() !== '' &&
    form.owner.trim() !== '' &&
    startsAt !== null &&
    endsAt !== null &&
    endsAt > startsAt &&
    good;
  const send = () => {
    if (whole)
      declare.mutate({
        body: {
          name: form.name,
          kind: form.kind,
          startsAt,
          endsAt,
          query: form.query.trim() || null,
          owner: form.owner,
          reason: form.reason,
        },
      });
  };
  return (
    <form
      onSubmit={event => {
        event.preventDefault();
        send();
      }}
    >
      <Stack gap="sm">
        {declare.isError && <ProblemNote error={declare.error} />}
        <TextInput label="Name" required data-autofocus value={form.name} onChange={event => put({ name: event.currentTarget.value })} />
        <FreezeKind kind={form.kind} onChange={kind => put({ kind })} />
        <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="sm">
          <TextInput
            type="datetime-local"
            label={`From (${ZONE})`}
            required
            value={form.from}
            onChange={event => put({ from: event.currentTarget.value })}
          />
          <TextInput
            type="datetime-local"
            label={`Until (${ZONE})`}
            required
            value={form.until}
            onChange={event => put({ until: event.currentTarget.value })}
            error={startsAt && endsAt && endsAt <= startsAt ? 'It ends before it begins.' : undefined}
          />
        </SimpleGrid>
        <QueryBox labelled label="Hosts (empty: all)" value={form.query} onChange={query => put({ query })} width="100%" counted />
        <TextInput
          label="Owner"
          description="Whom to ask about it"
          required
          value={form.owner}
          onChange={event => put({ owner: event.currentTarget.value })}
        />
        <Textarea
          label="Reason"
          required
          autosize
          minRows={2}
          value={form.reason}
          onChange={event => put({ reason: event.currentTarget.value })}
        />
        <Text size="xs" c="dimmed">
          A freeze that begins while a host is being changed does not interrupt it; it holds back everything that has not begun, and
          reboots.
        </Text>
        <Group justify="flex-end">
          <Button variant="default" onClick={close}>
            Cancel
          </Button>
          <Button type="submit" loading={declare.isPending} disabled={!whole}>
            Declare
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
