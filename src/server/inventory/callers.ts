import type { Caller } from '../context.ts';
import { forbidden } from '../runtime/problems.ts';

/** As it stands in the audit trail and in `created_by`. */
export function actorOf(caller: Caller): string {
  if (caller.kind === 'person') return caller.login;
  return caller.kind === 'agent' ? `host:${caller.hostId}` : `public:${caller.remoteAddress}`;
}

/** The host that an agent route speaks for. It comes from the credential and never from the body. */
export function hostOf(caller: Caller): string {
  if (caller.kind === 'agent') return caller.hostId;
  throw forbidden('agent-only', 'Only an enrolled agent may ask this.', 'Enrol the host.');
}
