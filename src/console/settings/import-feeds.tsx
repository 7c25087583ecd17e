import { Button, FileButton, Group, Modal, Progress, Stack, Text, TextInput } from '@mantine/core';
import { IconUpload } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { type AnswerOf, ask, useAct } from '../data/ask.ts';
import { ProblemNote } from '../kit/problem.tsx';
import { count } from '../kit/words.ts';

type Imported = AnswerOf<'feedImport'>;

/** The three ways in: a place on the server, a URL, or a file from this computer. */
export function ImportFeeds({ open, close }: { readonly open: boolean; readonly close: () => void }) {
  const [imported, setImported] = useState<Imported | null>(null);
  const leave = () => {
    setImported(null);
    close();
  };
  return (
    <Modal opened={open} onClose={leave} title="Import feeds" size="lg">
      {imported ? <Result imported={imported} again={() => setImported(null)} close={leave} /> : <ImportForm done={setImported} />}
    </Modal>
  );
}

function ImportForm({ done }: { readonly done: (imported: Imported) => void }) {
  const [location, setLocation] = useState('');
  const fetchIt = useAct('feedImport', { quiet: true, after: done });
  const upload = useAct('feedUpload', { quiet: true, after: done });
  const send = (event: FormEvent) => {
    event.preventDefault();
    fetchIt.mutate({ body: { location: location.trim() } });
  };
  const pick = (file: File | null) => {
    if (file) upload.mutate({ query: { fileName: file.name }, body: file });
  };
  return (
    <Stack gap="md">
      {fetchIt.isError && <ProblemNote error={fetchIt.error} />}
      {upload.isError && <ProblemNote error={upload.error} />}
      <form onSubmit={send}>
        <Group align="flex-end" gap="xs" wrap="nowrap">
          <TextInput
            style={{ flex: 1 }}
            label="URL, or a folder or file on the server"
            placeholder="https://security-tracker.debian.org/tracker/data/json"
            data-autofocus
            required
            value={location}
            onChange={event => setLocation(event.currentTarget.value)}
          />
          <Button type="submit" loading={fetchIt.isPending} disabled={location.trim() === ''}>
            Import
          </Button>
        </Group>
      </form>
      <Group gap="xs">
        <FileButton onChange={pick}>
          {props => (
            <Button variant="default" leftSection={<IconUpload size={14} />} loading={upload.isPending} {...props}>
              Upload a file or bundle
            </Button>
          )}
        </FileButton>
        <Text size="sm" c="dimmed">
          for sites without internet; the kind of feed is known by its content
        </Text>
      </Group>
    </Stack>
  );
}

const RUNNING_MS = 700;

function Result({ imported, again, close }: { readonly imported: Imported; readonly again: () => void; readonly close: () => void }) {
  const followed = useQuery({
    ...ask('feedImportGet', { params: { id: imported.id } }),
    initialData: imported,
    refetchInterval: query => (query.state.data?.state === 'running' ? RUNNING_MS : false),
  });
  const now = followed.data;
  return (
    <Stack gap="sm" role="status">
      {now.state === 'running' ? <Running imported={now} /> : <Outcome imported={now} />}
      <Group justify="flex-end">
        <Button variant="default" onClick={again}>
          Import more
        </Button>
        <Button onClick={close}>{now.state === 'running' ? 'Close, it goes on' : 'Done'}</Button>
      </Group>
    </Stack>
  );
}

function Running({ imported }: { readonly imported: Imported }) {
  const ended = imported.files.filter(file => !['waiting', 'reading', 'storing'].includes(file.state)).length;
  const current = imported.files.find(file => file.state === 'reading' || file.state === 'storing');
  return (
    <>
      <Progress value={(100 * ended) / Math.max(1, imported.files.length)} animated aria-label="Files imported" />
      <Text size="sm">
        {imported.files.length === 0 ? 'Looking at the files …' : `${ended} of ${imported.files.length} files`}
        {current && `; ${current.state} ${current.file}, ${count(current.records)} records so far`}
      </Text>
    </>
  );
}

function Outcome({ imported }: { readonly imported: Imported }) {
  return (
    <>
      {imported.message && <Text size="sm">{imported.message}</Text>}
      {imported.items.length === 0 && <Text size="sm">No feed was imported.</Text>}
      {imported.items.map(feed => (
        <Text key={feed.id} size="sm">
          <b>{feed.title}</b>: {count(feed.records)} records{feed.quarantined > 0 && `, ${count(feed.quarantined)} set aside`}
          {feed.message && `. ${feed.message}`}
        </Text>
      ))}
      {imported.skipped.map(item => (
        <Text key={item.file} size="sm" c="dimmed">
          Skipped {item.file}: {item.reason}
        </Text>
      ))}
    </>
  );
}
