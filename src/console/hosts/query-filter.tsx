import { Button, Group, Modal, Select, Stack, TextInput } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { ask, useAct } from '../data/ask.ts';
import { useRefusal } from '../data/session.ts';
import { useUrlState } from '../data/url-state.ts';
import { ActButton } from '../kit/act-button.tsx';
import { ProblemNote } from '../kit/problem.tsx';
import { QueryBox, usePreview } from './query-box.tsx';

/** The group query of a list: a saved group or one's own words. Only a query that means something reaches the address. */
export function QueryFilter() {
  const [url, change] = useUrlState();
  const [text, setText] = useState(url.query ?? '');
  const { good } = usePreview(text);
  const groups = useQuery(ask('groupList', {}));
  useEffect(() => {
    if (url.query === undefined) setText('');
  }, [url.query]);
  useEffect(() => {
    if (good && (url.query ?? '') !== text.trim()) change({ query: text.trim() || undefined, page: undefined });
  }, [text, good, url.query, change]);
  const pick = (id: string | null) => setText(groups.data?.items.find(group => group.id === id)?.query ?? '');
  return (
    <>
      <QueryBox value={text} onChange={setText} label="Group query" width={250} />
      {groups.data && groups.data.items.length > 0 && (
        <Select
          w={130}
          aria-label="Saved group"
          placeholder="Saved group"
          clearable
          clearButtonProps={{ 'aria-label': 'Clear saved group' }}
          data={groups.data.items.map(group => ({ value: group.id, label: group.name }))}
          value={groups.data.items.find(group => group.query === text.trim() && text.trim() !== '')?.id ?? null}
          onChange={pick}
        />
      )}
      {text.trim() !== '' && good && !groups.data?.items.some(group => group.query === text.trim()) && <SaveGroup query={text.trim()} />}
    </>
  );
}

function SaveGroup({ query }: { readonly query: string }) {
  const [open, { open: show, close }] = useDisclosure();
  const [name, setName] = useState('');
  const save = useAct('groupCreate', { done: answer => `Group ${answer.name} saved`, after: close, quiet: true });
  return (
    <>
      <ActButton variant="default" refusal={useRefusal('group.write')} onClick={show}>
        Save as group
      </ActButton>
      <Modal opened={open} onClose={close} title="Save as group" size="sm">
        <form
          onSubmit={event => {
            event.preventDefault();
            save.mutate({ body: { name, query } });
          }}
        >
          <Stack gap="sm">
            {save.isError && <ProblemNote error={save.error} />}
            <TextInput
              label="Name"
              data-autofocus
              required
              value={name}
              onChange={event => setName(event.currentTarget.value)}
              description={`Hosts are chosen anew each time: ${query}`}
            />
            <Group justify="flex-end">
              <Button variant="default" onClick={close}>
                Cancel
              </Button>
              <Button type="submit" loading={save.isPending}>
                Save
              </Button>
            </Group>
          </Stack>
        </form>
      </Modal>
    </>
  );
}
