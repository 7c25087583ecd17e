import { Button, FileButton, Group, Modal, Stack, Text, TextInput } from '@mantine/core';
import { IconUpload } from '@tabler/icons-react';
import { type FormEvent, useState } from 'react';
import { type AnswerOf, useAct } from '../data/ask.ts';
import { count } from '../kit/bar.tsx';
import { ProblemNote } from '../kit/problem.tsx';

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

/** Base64 in pieces, because one call with all bytes as arguments overflows the stack. */
const PIECE_BYTES = 0x8000;
async function base64Of(file: File): Promise<string> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  let text = '';
  for (let at = 0; at < bytes.length; at += PIECE_BYTES) text += String.fromCharCode(...bytes.subarray(at, at + PIECE_BYTES));
  return btoa(text);
}

function ImportForm({ done }: { readonly done: (imported: Imported) => void }) {
  const [location, setLocation] = useState('');
  const fetchIt = useAct('feedImport', { quiet: true, after: done });
  const upload = useAct('feedUpload', { quiet: true, after: done });
  const send = (event: FormEvent) => {
    event.preventDefault();
    fetchIt.mutate({ body: { location: location.trim() } });
  };
  const pick = async (file: File | null) => {
    if (file) upload.mutate({ body: { fileName: file.name, contentBase64: await base64Of(file) } });
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
        <FileButton onChange={file => void pick(file)}>
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

function Result({ imported, again, close }: { readonly imported: Imported; readonly again: () => void; readonly close: () => void }) {
  return (
    <Stack gap="sm" role="status">
      {imported.items.length === 0 && <Text size="sm">No feed was recognised.</Text>}
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
      <Group justify="flex-end">
        <Button variant="default" onClick={again}>
          Import more
        </Button>
        <Button onClick={close}>Done</Button>
      </Group>
    </Stack>
  );
}
