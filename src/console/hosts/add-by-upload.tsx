import { Button, FileButton, Group, Select, SimpleGrid, Stack, Text, Textarea, TextInput } from '@mantine/core';
import { IconUpload } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { type AnswerOf, useAct } from '../data/ask.ts';
import { CopyLine } from '../kit/copy.tsx';
import { ProblemNote } from '../kit/problem.tsx';
import { count } from '../kit/words.ts';

const COMMAND =
  "dpkg-query -W -f='${Package}\\t${Version}\\t${Architecture}\\t${db:Status-Want}\\t${db:Status-Eflag}\\t${db:Status-Status}\\t${source:Package}\\t${source:Version}\\n'";
const RELEASES = ['debian:13', 'debian:12', 'debian:11'];

/** For hosts that nothing may reach: the list comes by hand. It has no candidates, so it can be judged and not patched. */
export function AddByUpload() {
  const [form, setForm] = useState({ name: '', release: null as string | null, kernelRelease: '', text: '' });
  const put = (patch: Partial<typeof form>) => setForm(before => ({ ...before, ...patch }));
  const [stored, setStored] = useState<AnswerOf<'hostUpload'> | null>(null);
  const upload = useAct('hostUpload', { quiet: true, after: setStored });
  const read = async (file: File | null) => {
    if (file) put({ text: await file.text(), name: form.name || file.name.replace(/\.[a-z]+$/i, '') });
  };
  const send = () =>
    upload.mutate({
      body: {
        name: form.name,
        text: form.text,
        ...(form.release ? { release: form.release } : {}),
        ...(form.kernelRelease ? { kernelRelease: form.kernelRelease } : {}),
      },
    });
  if (stored)
    return (
      <Stored
        stored={stored}
        name={form.name}
        again={() => {
          setStored(null);
          put({ name: '', text: '' });
        }}
      />
    );
  return (
    <form
      onSubmit={event => {
        event.preventDefault();
        send();
      }}
    >
      <Stack gap="sm">
        <Text size="sm">
          Run this on the host, then paste what it prints, or upload it as a file. The output of <code>dpkg -l</code> or a copy of{' '}
          <code>/var/lib/dpkg/status</code> does as well.
        </Text>
        <CopyLine text={COMMAND} label="Copy the command" />
        {upload.isError && <ProblemNote error={upload.error} />}
        <SimpleGrid cols={{ base: 1, xs: 3 }} spacing="sm">
          <TextInput
            label="Host name"
            description="One that is known is refreshed"
            required
            value={form.name}
            onChange={event => put({ name: event.currentTarget.value })}
          />
          <Select
            label="Release"
            description="Empty: read from the list"
            data={RELEASES}
            clearable
            clearButtonProps={{ 'aria-label': 'Clear release' }}
            value={form.release}
            onChange={release => put({ release })}
          />
          <TextInput
            label="Running kernel"
            description="What uname -r prints"
            value={form.kernelRelease}
            onChange={event => put({ kernelRelease: event.currentTarget.value })}
          />
        </SimpleGrid>
        <Textarea
          label="Package list"
          required
          minRows={6}
          maxRows={12}
          autosize
          spellCheck={false}
          styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)', whiteSpace: 'pre', overflowX: 'auto' } }}
          value={form.text}
          onChange={event => put({ text: event.currentTarget.value })}
        />
        <Group justify="space-between">
          <FileButton onChange={file => void read(file)}>
            {props => (
              <Button variant="default" leftSection={<IconUpload size={14} />} {...props}>
                Choose a file
              </Button>
            )}
          </FileButton>
          <Button type="submit" loading={upload.isPending} disabled={form.text === '' || form.name === ''}>
            Read the list
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

function Stored({ stored, name, again }: { readonly stored: AnswerOf<'hostUpload'>; readonly name: string; readonly again: () => void }) {
  return (
    <Stack gap="sm" role="status">
      <Text size="sm">
        <b>{name}</b>: {count(stored.packages)} packages read.
      </Text>
      {stored.warnings.map(warning => (
        <Text key={warning} size="sm" c="var(--tone-warn)">
          {warning}
        </Text>
      ))}
      <Group justify="flex-end">
        <Button variant="default" onClick={again}>
          Add another
        </Button>
        <Button component={Link} {...{ to: `/hosts/${stored.hostId}` }}>
          Open the host
        </Button>
      </Group>
    </Stack>
  );
}
