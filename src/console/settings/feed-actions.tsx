import { ActionIcon, Button, Group, Menu, Modal, Stack, Textarea } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconDots } from '@tabler/icons-react';
import { useState } from 'react';
import { useAct } from '../data/ask.ts';
import { useRefusal } from '../data/session.ts';
import { ActButton } from '../kit/act-button.tsx';
import { ProblemNote } from '../kit/problem.tsx';
import type { FeedView } from './feeds.tsx';

export function FeedActions({ feed }: { readonly feed: FeedView }) {
  const [editing, { open, close }] = useDisclosure();
  const refusal = useRefusal('feed.write');
  const sync = useAct('feedSync', { done: `${feed.title} is being fetched` });
  const update = useAct('feedUpdate', { done: answer => `${answer.title} is ${answer.enabled ? 'on' : 'off'}` });
  const switchTo = (enabled: boolean) => update.mutate({ params: { id: feed.id }, body: { enabled } });
  return (
    <Group gap={4} wrap="nowrap" justify="flex-end">
      {feed.url !== null && feed.enabled && (
        <ActButton
          size="compact-xs"
          variant="default"
          refusal={refusal}
          loading={sync.isPending || feed.state === 'loading'}
          onClick={() => sync.mutate({ params: { id: feed.id }, query: {} })}
        >
          Fetch now
        </ActButton>
      )}
      {feed.url !== null && feed.enabled && feed.state === 'refused' && feed.message?.includes('has shrunk') && (
        <ActButton
          size="compact-xs"
          variant="default"
          color="red"
          refusal={refusal}
          loading={sync.isPending}
          onClick={() => sync.mutate({ params: { id: feed.id }, query: { accept: 'shrunken' } })}
        >
          Accept fewer records
        </ActButton>
      )}
      {feed.url !== null && !feed.enabled && (
        <ActButton size="compact-xs" variant="default" refusal={refusal} loading={update.isPending} onClick={() => switchTo(true)}>
          Switch on
        </ActButton>
      )}
      <Menu position="bottom-end">
        <Menu.Target>
          <ActionIcon variant="subtle" color="gray" size={22} aria-label={`More actions for ${feed.title}`} disabled={refusal !== null}>
            <IconDots size={14} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item onClick={open}>Set URL …</Menu.Item>
          <Menu.Item onClick={() => switchTo(!feed.enabled)}>{feed.enabled ? 'Switch off' : 'Switch on'}</Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <Modal opened={editing} onClose={close} title={`URL of ${feed.title}`}>
        <UrlForm feed={feed} close={close} />
      </Modal>
    </Group>
  );
}

function UrlForm({ feed, close }: { readonly feed: FeedView; readonly close: () => void }) {
  const [url, setUrl] = useState(feed.url?.split(' ').join('\n') ?? '');
  const save = useAct('feedUpdate', { done: 'Saved', after: close, quiet: true });
  return (
    <form
      onSubmit={event => {
        event.preventDefault();
        save.mutate({ params: { id: feed.id }, body: { url: url.trim().split(/\s+/).join(' ') || null } });
      }}
    >
      <Stack gap="sm">
        {save.isError && <ProblemNote error={save.error} />}
        <Textarea
          autosize
          label="URL"
          description="One a line where the publisher keeps it in several files; empty: the feed is only loaded by import"
          data-autofocus
          value={url}
          onChange={event => setUrl(event.currentTarget.value)}
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
  );
}
