import { Button, FileButton, Group, Modal, Stack, Text, TextInput } from '@mantine/core';
import { IconUpload } from '@tabler/icons-react';
import { useState } from 'react';
import { type AnswerOf, useAct } from '../data/ask.ts';
import { useSession } from '../data/session.ts';
import { ProblemNote } from '../kit/problem.tsx';

const ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone;

export function ImportFreezes({ open, close }: { readonly open: boolean; readonly close: () => void }) {
  return (
    <Modal opened={open} onClose={close} title="Import freezes from a calendar">
      {open && <ImportForm close={close} />}
    </Modal>
  );
}

function ImportForm({ close }: { readonly close: () => void }) {
  const { person } = useSession();
  const [owner, setOwner] = useState(person.name);
  const [answer, setAnswer] = useState<AnswerOf<'freezeImport'> | null>(null);
  const send = useAct('freezeImport', { quiet: true, after: setAnswer });
  const pick = async (file: File | null) => {
    if (file) send.mutate({ body: { calendar: await file.text(), timeZone: ZONE, owner } });
  };
  return (
    <Stack gap="sm">
      {send.isError && <ProblemNote error={send.error} />}
      <Text size="sm">
        One hard freeze for each event of an iCalendar file (.ics) that is not over. Times without a zone are read in {ZONE}.
      </Text>
      <TextInput
        label="Owner"
        description="Whom to ask about them"
        required
        value={owner}
        onChange={event => setOwner(event.currentTarget.value)}
      />
      {answer && (
        <div role="status">
          <Text size="sm">
            {answer.items.length} freezes declared{answer.items.length > 0 && `: ${answer.items.map(freeze => freeze.name).join(', ')}`}.
          </Text>
          {answer.skipped.map(item => (
            <Text key={item.event + item.reason} size="sm" c="dimmed">
              Skipped {item.event}: {item.reason}
            </Text>
          ))}
        </div>
      )}
      <Group justify="flex-end">
        <Button variant="default" onClick={close}>
          {answer ? 'Done' : 'Cancel'}
        </Button>
        <FileButton accept=".ics,text/calendar" onChange={file => void pick(file)}>
          {props => (
            <Button leftSection={<IconUpload size={14} />} loading={send.isPending} disabled={owner.trim() === ''} {...props}>
              Choose a file
            </Button>
          )}
        </FileButton>
      </Group>
    </Stack>
  );
}
