import { Button, FileButton, Group, Modal, Stack, Text, TextInput } from '@mantine/core';
import { IconUpload } from '@tabler/icons-react';
import { useState } from 'react';
import type { FreezeView } from '../../api/safety.ts';
import { type AnswerOf, useAct } from '../data/ask.ts';
import { useSession } from '../data/session.ts';
import { QueryBox, usePreview } from '../hosts/query-box.tsx';
import { ProblemNote } from '../kit/problem.tsx';
import { counted } from '../kit/words.ts';
import { FreezeKind } from './freeze-kind.tsx';

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
  const [kind, setKind] = useState<FreezeView['kind']>('hard');
  const [query, setQuery] = useState('');
  const { good } = usePreview(query);
  const [answer, setAnswer] = useState<AnswerOf<'freezeImport'> | null>(null);
  const send = useAct('freezeImport', { quiet: true, after: setAnswer });
  const pick = async (file: File | null) => {
    if (file) send.mutate({ body: { calendar: await file.text(), timeZone: ZONE, owner, kind, query: query.trim() || null } });
  };
  return (
    <Stack gap="sm">
      {send.isError && <ProblemNote error={send.error} />}
      <Text size="sm">
        One freeze for each event of an iCalendar file (.ics) that is not over. Times without a zone are read in {ZONE}.
      </Text>
      <TextInput
        label="Owner"
        description="Whom to ask about them"
        required
        value={owner}
        onChange={event => setOwner(event.currentTarget.value)}
      />
      <FreezeKind kind={kind} onChange={setKind} />
      <QueryBox labelled label="Hosts (empty: all)" value={query} onChange={setQuery} width="100%" counted />
      {answer && (
        <div role="status">
          <Text size="sm">
            {counted(answer.items.length, 'freeze')} declared
            {answer.items.length > 0 && `: ${answer.items.map(freeze => freeze.name).join(', ')}`}.
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
            <Button leftSection={<IconUpload size={14} />} loading={send.isPending} disabled={owner.trim() === '' || !good} {...props}>
              Choose a file
            </Button>
          )}
        </FileButton>
      </Group>
    </Stack>
  );
}
