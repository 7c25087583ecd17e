import type { Caller } from './context.ts';

/** As a caller stands in the audit trail and in `created_by`. */
export function actorOf(caller: Caller): string {
  if (caller.kind === 'person') return caller.login;
  return caller.kind === 'agent' ? `host:${caller.hostId}` : `public:${caller.remoteAddress}`;
}
