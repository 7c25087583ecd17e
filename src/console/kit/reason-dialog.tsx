import { Button, Group, Modal, Stack, Text, Textarea } from '@mantine/core';
import { type ReactNode, useState } from 'react';
import { ProblemNote } from './problem.tsx';

interface ReasonDialogProps {
  readonly title: string;
  /** What will happen, in words. */
  readonly text: string;
  readonly button: string;
  readonly danger?: boolean | undefined;
  /** `optional`: a comment, which may stay empty. */
  readonly reason?: 'needed' | 'optional';
  readonly act: { readonly isError: boolean; readonly error: unknown; readonly isPending: boolean };
  readonly send: (reason: string) => void;
  readonly close: () => void;
  readonly children?: ReactNode;
}

/** A deed that a person thinks about for a moment: what it does, and the reason that is kept with it in the audit trail. */
export function ReasonDialog({ title, text, button, danger, reason: kind = 'needed', act, send, close, children }: ReasonDialogProps) {
  const [reason, setReason] = useState('');
  return (
    <Modal opened onClose={close} title={title}>
      <form
        onSubmit={event => {
          event.preventDefault();
          send(reason.trim());
        }}
      >
        <Stack gap="sm">
          {act.isError && <ProblemNote error={act.error} />}
          <Text size="sm">{text}</Text>
          {children}
          <Textarea
            label={kind === 'needed' ? 'Reason' : 'Comment'}
            required={kind === 'needed'}
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
            <Button
              type="submit"
              loading={act.isPending}
              disabled={kind === 'needed' && reason.trim() === ''}
              {...(danger ? { color: 'red' } : {})}
            >
              {button}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
