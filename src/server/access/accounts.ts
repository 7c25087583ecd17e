import type { Role } from '../../api/access.ts';
import { makeId } from '../../core/kernel/ids.ts';
import type { Queryable } from '../../db/db.ts';
import { sqlState } from '../../db/pool.ts';
import type { Caller, Context } from '../context.ts';
import type { Person } from '../runtime/callers.ts';
import { conflict, forbidden, invalid, unauthenticated } from '../runtime/problems.ts';

export function asPerson(caller: Caller): Person {
  if (caller.kind !== 'person') throw unauthenticated();
  return caller;
}

/** Credentials are changed by a person in a session; a stolen token must not be able to outlive itself. */
export function inSession(caller: Caller): Person {
  const person = asPerson(caller);
  if (person.viaToken) throw forbidden('token-not-enough', 'An API token cannot do this.', 'Sign in as a person.');
  return person;
}

export function normalLogin(login: string): string {
  return login.trim().normalize('NFKC');
}

export function checkedLogin(login: string): string {
  const normal = normalLogin(login);
  if (!/^[\p{L}\p{N}][\p{L}\p{N}._@+-]*$/u.test(normal))
    throw invalid('body/login', 'may hold letters, digits and . _ @ + -', 'Choose another login.');
  return normal;
}

interface NewPerson {
  readonly login: string;
  readonly name: string;
  readonly roles: readonly Role[];
  readonly passwordHash: string;
}

/** Returns the id. Throws RequestFault 409 when the login is taken. */
export async function insertPerson(tx: Queryable, context: Context, person: NewPerson): Promise<string> {
  const id = makeId('person', context.randomHex(12));
  try {
    await tx.query('insert into person (id, login, name, password_hash, roles, created_at) values ($1, $2, $3, $4, $5, $6)', [
      id,
      person.login,
      person.name.trim(),
      person.passwordHash,
      person.roles,
      context.clock.now(),
    ]);
  } catch (error) {
    if (sqlState(error) === '23505') throw conflict('login-taken', `The login ${person.login} is taken.`, 'Choose another one.');
    throw error;
  }
  return id;
}
