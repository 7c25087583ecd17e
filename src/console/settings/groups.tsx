import { ActionIcon, Button, Group, Modal, Stack, TextInput } from '@mantine/core';
import { IconPencil, IconPlus, IconTrash } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { type AnswerOf, ask, useAct } from '../data/ask.ts';
import { useRefusal } from '../data/session.ts';
import { QueryBox, usePreview } from '../hosts/query-box.tsx';
import { ActButton } from '../kit/act-button.tsx';
import { Empty } from '../kit/empty.tsx';
import { Grid } from '../kit/grid.tsx';
import { Toned } from '../kit/mark.tsx';
import { Answered } from '../kit/page.tsx';
import { ProblemNote } from '../kit/problem.tsx';
import { sayUndo } from '../kit/toast.tsx';
import { ListFrame } from '../kit/toolbar.tsx';
import { count } from '../kit/words.ts';
import { SettingsPage } from './settings-page.tsx';

type GroupView = AnswerOf<'groupList'>['items'][number];

export function GroupsPage() {
  const groups = useQuery(ask('groupList', {}));
  const [open, setOpen] = useState<GroupView | 'new' | null>(null);
  const refusal = useRefusal('group.write');
  const create = useAct('groupCreate', { done: 'Group is back' });
  const remove = useAct('groupDelete');
  const drop = (group: GroupView) =>
    remove.mutate(
      { params: { id: group.id } },
      {
        onSuccess: () =>
          sayUndo(`Group ${group.name} deleted`, () =>
            create.mutate({ body: { name: group.name, query: group.query, description: group.description } }),
          ),
      },
    );
  const add = (
    <ActButton refusal={refusal} leftSection={<IconPlus size={14} />} onClick={() => setOpen('new')}>
      New group
    </ActButton>
  );
  return (
    <SettingsPage title="Groups" lead="A group is a saved query; its hosts are chosen anew each time it is used." actions={add}>
      <ListFrame>
        <Answered of={groups}>
          {({ items }) =>
            items.length === 0 ? (
              <Empty title="No group yet" action={add}>
                For example <code>os = debian-12 and env = prod</code>. Rollouts choose their hosts by groups or by a query of their own.
              </Empty>
            ) : (
              <Grid
                label="Groups"
                rows={items}
                rowId={group => group.id}
                columns={[
                  { key: 'name', title: 'Group', wrap: true, cell: group => <b>{group.name}</b> },
                  { key: 'query', title: 'Query', wrap: true, cell: group => <code>{group.query || 'all'}</code> },
                  {
                    key: 'hosts',
                    title: 'Hosts',
                    align: 'right',
                    cell: group => (
                      <Link to="/hosts" search={group.query ? { query: group.query } : {}}>
                        {count(group.hosts)}
                      </Link>
                    ),
                  },
                  {
                    key: 'description',
                    title: 'Description',
                    from: 'md',
                    wrap: true,
                    cell: group => <Toned tone="quiet">{group.description}</Toned>,
                  },
                  {
                    key: 'actions',
                    title: <span className="sr-only">Actions</span>,
                    align: 'right',
                    cell: group =>
                      refusal === null && (
                        <Group gap={2} wrap="nowrap" justify="flex-end">
                          <ActionIcon
                            variant="subtle"
                            color="gray"
                            size="sm"
                            aria-label={`Edit ${group.name}`}
                            onClick={() => setOpen(group)}
                          >
                            <IconPencil size={14} />
                          </ActionIcon>
                          <ActionIcon
                            variant="subtle"
                            color="gray"
                            size="sm"
                            aria-label={`Delete ${group.name}`}
                            onClick={() => drop(group)}
                          >
                            <IconTrash size={14} />
                          </ActionIcon>
                        </Group>
                      ),
                  },
                ]}
              />
            )
          }
        </Answered>
      </ListFrame>
      <Modal opened={open !== null} onClose={() => setOpen(null)} title={open === 'new' ? 'New group' : `Edit ${open?.name}`} size="lg">
        {open !== null && <GroupForm group={open === 'new' ? null : open} close={() => setOpen(null)} />}
      </Modal>
    </SettingsPage>
  );
}

function GroupForm({ group, close }: { readonly group: GroupView | null; readonly close: () => void }) {
  const [name, setName] = useState(group?.name ?? '');
  const [query, setQuery] = useState(group?.query ?? '');
  const [description, setDescription] = useState(group?.description ?? '');
  const { good } = usePreview(query);
  const create = useAct('groupCreate', { done: 'Group saved', after: close, quiet: true });
  const update = useAct('groupUpdate', { done: 'Group saved', after: close, quiet: true });
  const body = { name, query, description };
  return (
    <form
      onSubmit={event => {
        event.preventDefault();
        if (group) update.mutate({ params: { id: group.id }, body });
        else create.mutate({ body });
      }}
    >
      <Stack gap="sm">
        {(create.isError || update.isError) && <ProblemNote error={create.error ?? update.error} />}
        <TextInput label="Name" required data-autofocus value={name} onChange={event => setName(event.currentTarget.value)} />
        <QueryBox labelled label="Query" value={query} onChange={setQuery} width="100%" counted />
        <TextInput label="Description" value={description} onChange={event => setDescription(event.currentTarget.value)} />
        <Group justify="flex-end">
          <Button variant="default" onClick={close}>
            Cancel
          </Button>
          <Button type="submit" loading={create.isPending || update.isPending} disabled={!good || name.trim() === ''}>
            Save
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
