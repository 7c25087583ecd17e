import { ROLE_PERMISSIONS, type Role } from '../../api/access.ts';
import type { Access } from '../../api/contract.ts';

export interface PersonFacts {
  readonly id: string;
  readonly roles: readonly Role[];
  readonly disabled: boolean;
}

function canApprove(person: PersonFacts, permission: Access = 'rollout.approve'): boolean {
  return !person.disabled && person.roles.some(role => ROLE_PERMISSIONS[role].includes(permission));
}

/**
 * For this person the installation is a single-person one when no other enabled person could approve in their place. Only then may they approve
 * what they asked for themselves, and it is recorded as such. Enabling a second approver ends it at once, for plans that wait too.
 */
export function isSinglePerson(personId: string, people: readonly PersonFacts[], permission: Access = 'rollout.approve'): boolean {
  return !people.some(person => person.id !== personId && canApprove(person, permission));
}
