import type { Context } from '../context.ts';
import type { PeoplePort, ScopePort } from '../ports.ts';

/** What the parts of this noun share. */
export interface ExceptionEngine {
  readonly context: Context;
  readonly scopes: ScopePort;
  readonly people: PeoplePort;
}
