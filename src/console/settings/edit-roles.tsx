import { Button, Group, Modal, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import type { PersonView } from '../../api/access.ts';
import { useAct } from '../data/ask.ts';
import { ProblemNote } from '../kit/problem.tsx';
import { RoleChoice } from './role-choice.tsx';

export function EditRoles({ person, close }: { readonly person: PersonView | null; readonly close: () => void }) {
  return (
    <Modal opened={person !== null} onClose={close} title={`Roles of ${person?.name}`}>
      {person && <RolesForm key={person.id} person={person} close={close} />}
    </Modal>
  );
}

function RolesForm({ person, close }: { readonly person: PersonView; readonly close: () => void }) {
  const [roles, setRoles] = useState(person.roles);
  const save = useAct('personUpdate', { done: 'Roles changed', after: close, quiet: true });
  return (
    <form
      onSubmit={event => {
        event.preventDefault();
        save.mutate({ params: { id: person.id }, body: { roles } });
      }}
    >
      <Stack gap="sm">
        {save.isError && <ProblemNote error={save.error} />}
        <Text size="sm" c="dimmed">
          Takes effect on their next request.
        </Text>
        <RoleChoice roles={roles} onChange={setRoles} />
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
