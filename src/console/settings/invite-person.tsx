import { Button, Group, Modal, Stack, Text, TextInput } from '@mantine/core';
import { useState } from 'react';
import type { Role } from '../../api/access.ts';
import { type AnswerOf, useAct } from '../data/ask.ts';
import { CopyLine } from '../kit/copy.tsx';
import { ProblemNote } from '../kit/problem.tsx';
import { Ago } from '../kit/time.tsx';
import { RoleChoice } from './role-choice.tsx';

export function InvitePerson({ open, close }: { readonly open: boolean; readonly close: () => void }) {
  return (
    <Modal opened={open} onClose={close} title="Invite a person" keepMounted={false}>
      {open && <InviteForm close={close} />}
    </Modal>
  );
}

function InviteForm({ close }: { readonly close: () => void }) {
  const [login, setLogin] = useState('');
  const [roles, setRoles] = useState<Role[]>(['viewer']);
  const [made, setMade] = useState<AnswerOf<'invitationCreate'> | null>(null);
  const invite = useAct('invitationCreate', { quiet: true, after: setMade });
  if (made) {
    return (
      <Stack gap="sm">
        <Text size="sm">
          Give this link to {login}. It works once, and is shown only now. It expires <Ago at={made.expiresAt} />.
        </Text>
        <CopyLine text={made.url} label="Copy the link" />
        <Group justify="flex-end">
          <Button onClick={close}>Done</Button>
        </Group>
      </Stack>
    );
  }
  return (
    <form
      onSubmit={event => {
        event.preventDefault();
        invite.mutate({ body: { login, roles } });
      }}
    >
      <Stack gap="sm">
        {invite.isError && <ProblemNote error={invite.error} />}
        <TextInput
          label="Login"
          required
          data-autofocus
          autoComplete="off"
          value={login}
          onChange={event => setLogin(event.currentTarget.value)}
        />
        <RoleChoice roles={roles} onChange={setRoles} />
        <Group justify="flex-end">
          <Button variant="default" onClick={close}>
            Cancel
          </Button>
          <Button type="submit" loading={invite.isPending} disabled={roles.length === 0}>
            Make the link
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
