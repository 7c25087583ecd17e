import { Checkbox, Stack } from '@mantine/core';
import type { Role } from '../../api/access.ts';

/** What each role may do, in a line; the permissions themselves are the server's (src/api/access.ts). */
const ROLE_WORD: Readonly<Record<Role, string>> = {
  viewer: 'reads everything but people and the audit trail',
  operator: 'starts, pauses and halts rollouts; refreshes and labels hosts',
  planner: 'plans rollouts and saves groups, and all that an operator may',
  approver: 'approves or rejects plans of others; starts, pauses and halts',
  'risk-owner': 'decides on exceptions',
  administrator: 'hosts, feeds, people and settings; approves nothing',
  auditor: 'reads everything, the audit trail and people included',
};
const ROLES = Object.keys(ROLE_WORD) as Role[];

export function RoleChoice({ roles, onChange }: { readonly roles: readonly Role[]; readonly onChange: (roles: Role[]) => void }) {
  return (
    <Checkbox.Group label="Roles" value={[...roles]} onChange={values => onChange(values as Role[])}>
      <Stack gap={7} mt={6}>
        {ROLES.map(role => (
          <Checkbox key={role} value={role} label={role} description={ROLE_WORD[role]} />
        ))}
      </Stack>
    </Checkbox.Group>
  );
}
