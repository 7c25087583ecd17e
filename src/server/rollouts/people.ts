import type { Actor } from '../../core/rollouts/verbs.ts';
import type { Queryable } from '../../db/db.ts';
import type { Caller } from '../context.ts';
import { forbidden } from '../runtime/problems.ts';
import type { Engine } from './engine.ts';

export type Person = Extract<Caller, { kind: 'person' }>;

export function asPerson(caller: Caller): Person {
  if (caller.kind !== 'person')
    throw forbidden('not-a-person', 'Only people act on rollouts.', 'Sign in, or use an API token of a person.');
  return caller;
}

export async function actorOf(engine: Engine, caller: Caller, tx?: Queryable): Promise<Actor> {
  if (caller.kind !== 'person') return { personId: '', permissions: new Set(), viaToken: false, singlePerson: false };
  return {
    personId: caller.personId,
    permissions: caller.permissions,
    viaToken: caller.viaToken,
    singlePerson: await engine.people.isSinglePerson(caller.personId, tx),
  };
}
