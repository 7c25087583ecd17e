import { ActionIcon, Button, Group, Menu } from '@mantine/core';
import { IconDots, IconUserPlus } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { PersonView, Role } from '../../api/access.ts';
import { type AnswerOf, ask, useAct } from '../data/ask.ts';
import { useRefusal, useSession } from '../data/session.ts';
import { ActButton } from '../kit/act-button.tsx';
import { type Column, Grid } from '../kit/grid.tsx';
import { Chip, Toned } from '../kit/mark.tsx';
import { Answered, Section } from '../kit/page.tsx';
import { Ago } from '../kit/time.tsx';
import { ListFrame } from '../kit/toolbar.tsx';
import { EditRoles } from './edit-roles.tsx';
import { InvitePerson } from './invite-person.tsx';
import { SettingsPage } from './settings-page.tsx';

type Invitation = AnswerOf<'peopleList'>['invitations'][number];

export function Roles({ roles }: { readonly roles: readonly Role[] }) {
  if (roles.length === 0) return <Toned tone="quiet">none</Toned>;
  return (
    <Group gap={4}>
      {roles.map(role => (
        <Chip key={role}>{role}</Chip>
      ))}
    </Group>
  );
}

export function PeoplePage() {
  const people = useQuery(ask('peopleList', {}));
  const { singlePerson } = useSession();
  const refusal = useRefusal('person.write');
  const [inviting, setInviting] = useState(false);
  const [editing, setEditing] = useState<PersonView | null>(null);
  return (
    <SettingsPage
      title="People"
      lead={
        singlePerson
          ? 'You are the only one who can approve, so approving your own plans is allowed, and recorded as such. Invite an approver to end that.'
          : 'Nobody approves what they asked for themselves.'
      }
      actions={
        <ActButton refusal={refusal} leftSection={<IconUserPlus size={14} />} onClick={() => setInviting(true)}>
          Invite
        </ActButton>
      }
    >
      <Answered of={people}>
        {({ items, invitations }) => (
          <>
            <ListFrame>
              <Grid label="People" columns={personColumns(setEditing, refusal)} rows={items} rowId={person => person.id} />
            </ListFrame>
            {invitations.length > 0 && (
              <Section title="Open invitations">
                <Grid label="Open invitations" columns={INVITATION_COLUMNS} rows={invitations} rowId={invitation => invitation.id} />
              </Section>
            )}
          </>
        )}
      </Answered>
      <InvitePerson open={inviting} close={() => setInviting(false)} />
      <EditRoles person={editing} close={() => setEditing(null)} />
    </SettingsPage>
  );
}

function personColumns(edit: (person: PersonView) => void, refusal: string | null): readonly Column<PersonView>[] {
  return [
    {
      key: 'name',
      title: 'Name',
      cell: person => (
        <>
          <b>{person.name}</b> {person.disabled && <Chip tone="warn">disabled</Chip>}
        </>
      ),
    },
    { key: 'login', title: 'Login', cell: person => person.login },
    { key: 'roles', title: 'Roles', wrap: true, cell: person => <Roles roles={person.roles} /> },
    { key: 'seen', title: 'Last sign-in', from: 'sm', cell: person => <Ago at={person.lastSignInAt} /> },
    { key: 'created', title: 'Since', from: 'md', cell: person => <Ago at={person.createdAt} /> },
    {
      key: 'actions',
      title: <span className="sr-only">Actions</span>,
      align: 'right',
      cell: person => refusal === null && <PersonActions person={person} edit={() => edit(person)} />,
    },
  ];
}

function PersonActions({ person, edit }: { readonly person: PersonView; readonly edit: () => void }) {
  const session = useSession();
  const update = useAct('personUpdate', { done: answer => `${answer.name} is ${answer.disabled ? 'disabled' : 'enabled'}` });
  const self = person.id === session.person.id;
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" size="sm" aria-label={`Actions for ${person.name}`}>
          <IconDots size={14} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item onClick={edit}>Change roles …</Menu.Item>
        <Menu.Item disabled={self} onClick={() => update.mutate({ params: { id: person.id }, body: { disabled: !person.disabled } })}>
          {person.disabled ? 'Enable' : 'Disable: ends their sessions'}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

const INVITATION_COLUMNS: readonly Column<Invitation>[] = [
  { key: 'login', title: 'Login', cell: invitation => invitation.login },
  { key: 'roles', title: 'Roles', wrap: true, cell: invitation => <Roles roles={invitation.roles} /> },
  { key: 'by', title: 'Invited by', from: 'sm', cell: invitation => invitation.invitedBy },
  { key: 'expires', title: 'Expires', cell: invitation => <Ago at={invitation.expiresAt} /> },
  { key: 'actions', title: <span className="sr-only">Actions</span>, align: 'right', cell: invitation => <Withdraw id={invitation.id} /> },
];

function Withdraw({ id }: { readonly id: string }) {
  const withdraw = useAct('invitationDelete', { done: 'Invitation withdrawn' });
  return (
    <Button variant="default" size="compact-xs" loading={withdraw.isPending} onClick={() => withdraw.mutate({ params: { id } })}>
      Withdraw
    </Button>
  );
}
