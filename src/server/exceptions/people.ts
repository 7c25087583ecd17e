import type { Caller } from '../context.ts';
import type { Person } from '../runtime/callers.ts';
import { forbidden } from '../runtime/problems.ts';

export function asPerson(caller: Caller): Person {
  if (caller.kind !== 'person')
    throw forbidden('not-a-person', 'Only people act on exceptions.', 'Sign in, or use an API token of a person.');
  return caller;
}
