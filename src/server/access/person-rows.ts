import { NEVER_BY_TOKEN, type PersonView, ROLE_PERMISSIONS, ROLES, type Role } from '../../api/access.ts';
import type { Access } from '../../api/contract.ts';
import type { Queryable } from '../../db/db.ts';
import type { Person } from '../runtime/callers.ts';
import { isSinglePerson } from './single-person.ts';

export interface PersonRow {
  readonly id: string;
  readonly login: string;
  readonly name: string;
  readonly password_hash: string | null;
  readonly roles: readonly string[];
  readonly disabled: boolean;
  readonly created_at: string;
  readonly last_sign_in_at: string | null;
}

const COLUMNS = 'id, login, name, password_hash, roles, disabled, created_at, last_sign_in_at';

export async function personById(db: Queryable, id: string, lock: '' | 'for update' = ''): Promise<PersonRow | null> {
  return (await db.query<PersonRow>(`select ${COLUMNS} from person where id = $1 ${lock}`, [id]))[0] ?? null;
}

export async function personByLogin(db: Queryable, login: string): Promise<PersonRow | null> {
  return (await db.query<PersonRow>(`select ${COLUMNS} from person where lower(login) = lower($1)`, [login]))[0] ?? null;
}

export function allPeople(db: Queryable): Promise<PersonRow[]> {
  return db.query<PersonRow>(`select ${COLUMNS} from person order by created_at, id`);
}

/** Roles that this version knows; a newer one's are left out rather than guessed. */
export function rolesOf(row: { readonly roles: readonly string[] }): Role[] {
  return ROLES.filter(role => row.roles.includes(role));
}

export function permissionsOf(roles: readonly Role[]): Set<Access> {
  return new Set(roles.flatMap(role => ROLE_PERMISSIONS[role]));
}

export function personView(row: PersonRow): PersonView {
  return {
    id: row.id,
    login: row.login,
    name: row.name,
    roles: rolesOf(row),
    disabled: row.disabled,
    createdAt: row.created_at,
    lastSignInAt: row.last_sign_in_at,
  };
}

/** `narrowedTo`: permissions of an API token; the rights in force are those that maker and token share. */
export function callerOf(row: PersonRow, narrowedTo: readonly string[] | null): Person {
  const roles = rolesOf(row);
  const permissions = [...permissionsOf(roles)].filter(
    permission => narrowedTo === null || (!NEVER_BY_TOKEN.includes(permission) && narrowedTo.includes(permission)),
  );
  return {
    kind: 'person',
    personId: row.id,
    login: row.login,
    name: row.name,
    roles,
    permissions: new Set(permissions),
    viaToken: narrowedTo !== null,
  };
}

/** `permission`: what nobody else could do in this person's place. */
export async function singlePerson(db: Queryable, personId: string, permission: Access = 'rollout.approve'): Promise<boolean> {
  const people = await allPeople(db);
  return isSinglePerson(
    personId,
    people.map(row => ({ id: row.id, roles: rolesOf(row), disabled: row.disabled })),
    permission,
  );
}
