import type { Caller } from '../context.ts';
import { forbidden } from '../runtime/problems.ts';

/** The host that an agent route speaks for. It comes from the credential and never from the body. */
export function hostOf(caller: Caller): string {
  if (caller.kind === 'agent') return caller.hostId;
  throw forbidden('agent-only', 'Only an enrolled agent may ask this.', 'Enrol the host.');
}
