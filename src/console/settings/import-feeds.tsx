import { Button, FileButton, Group, Modal, Progress, Stack, Text, TextInput } from '@mantine/core';
import { IconUpload } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { type AnswerOf, ask, useAct } from '../data/ask.ts';
import { Grid } from '../kit/grid.tsx';
import { Mark, Toned } from '../kit/mark.tsx';
import { ProblemNote } from '../kit/problem.tsx';
import { IMPORT_LOOK } from '../kit/states.ts';
import { bytesWords, count, counted, sentence } from '../kit/words.ts';
import { TrustForm } from './trust-form.tsx';

type Imported = AnswerOf<'feedImport'>;
type ImportedFile = Imported['files'][number];

/** The three ways in: a place on the server, a URL, or a file from this computer. */
export function ImportFeeds({ open, close }: { readonly open: boolean; readonly close: () => void }) {
  const [imported, setImported] = useState<Imported | null>(null);
  const leave = () => {
    setImported(null);
    close();
  };
  return (
    <Modal opened={open} onClose={leave} title="Import feeds" size="xl">
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
const ENDED: ReadonlySet<ImportedFile['state']> = new Set(['loaded', 'unchanged', 'refused', 'failed', 'skipped']);
const COLUMNS = [
  {
    key: 'file',
    title: 'File',
    wrap: true,
    cell: (file: ImportedFile) => (
      <>
        {file.file} <Toned tone="quiet">{bytesWords(file.sizeBytes)}</Toned>
        {file.message && <div style={{ color: 'var(--mantine-color-dimmed)' }}>{sentence(file.message)}</div>}
      </>
    ),
  },
  { key: 'state', title: 'State', cell: (file: ImportedFile) => <Mark look={IMPORT_LOOK[file.state]} /> },
  {
    key: 'records',
    title: 'Records',
    align: 'right',
    from: 'sm',
    cell: (file: ImportedFile) =>
      file.records === 0 && file.quarantined === 0 ? (
        <Toned tone="quiet">–</Toned>
      ) : (
        <>
          {count(file.records)}
          {file.quarantined > 0 && <Toned tone="warn"> ({count(file.quarantined)} put aside)</Toned>}
        </>
      ),
  },
] as const;

/** Follows the import to its end. It goes on without this page; closing it loses nothing. */
function Result({ imported, again, close }: { readonly imported: Imported; readonly again: () => void; readonly close: () => void }) {
  const followed = useQuery({
    ...ask('feedImportGet', { params: { id: imported.id } }),
    initialData: imported,
    refetchInterval: query => (query.state.data?.state === 'running' ? RUNNING_MS : false),
  });
  const { state, files, message, items, skipped } = followed.data;
  const ended = files.filter(file => ENDED.has(file.state)).length;
  const unknownKey = [message, ...skipped.map(item => item.reason)].find(text => text?.includes('nobody has trusted'));
  return (
    <Stack gap="sm">
      <Text size="sm" role="status">
        {state === 'running'
          ? files.length === 0
            ? 'Looking at the files …'
            : `${ended} of ${counted(files.length, 'file')} done`
          : items.length === 0
            ? 'No feed was imported.'
            : `${counted(items.length, 'feed')} up to date: ${counted(
                items.reduce((sum, feed) => sum + feed.records, 0),
                'record',
              )}.`}
      </Text>
      {state === 'running' && <Progress value={(100 * ended) / Math.max(1, files.length)} animated aria-label="Files imported" />}
      {message && (
        <Text size="sm" c="var(--tone-bad)" role="alert">
          {sentence(message)}
        </Text>
      )}
      {unknownKey !== undefined && <TrustForm done={again} />}
      {files.length > 0 && <Grid label="Files of this import" columns={COLUMNS} rows={files} rowId={file => file.file} />}
      {skipped
        .filter(item => !files.some(file => file.file === item.file && file.message))
        .map(item => (
          <Text key={item.file} size="sm" c="dimmed">
            Skipped {item.file}: {item.reason}
          </Text>
        ))}
      <Group justify="flex-end">
        <Button variant="default" onClick={again}>
          Import more
        </Button>
        <Button onClick={close}>{state === 'running' ? 'Close, it goes on' : 'Done'}</Button>
      </Group>
    </Stack>
  );
}
