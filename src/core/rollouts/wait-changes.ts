import { addMs, type Instant, SECOND_MS } from '../kernel/instants.ts';
import { WAITING_ON, type WaitingOn } from './waiting.ts';

/** Instants that are known of whatever waits; null where there is none. */
export interface WaitTimes {
  readonly now: Instant;
  /** Of the state that it is in: when its own deadline runs out (approval, rehearsal, pause, a silent host). */
  readonly stateEndsAt: Instant | null;
  readonly windowStartsAt: Instant | null;
  readonly windowEndsAt: Instant | null;
  /** The opening after the present one. */
  readonly nextOpeningAt: Instant | null;
  readonly approvalEndsAt: Instant | null;
  readonly freezeEndsAt: Instant | null;
  readonly holdEndsAt: Instant | null;
  readonly soakEndsAt: Instant | null;
  readonly notBefore: Instant | null;
}

/** `person`: nothing changes until somebody acts. `never`: it is over. Else the field that says when, or `again`: when the host asks again. */
type Change = 'person' | 'never' | 'again' | Exclude<keyof WaitTimes, 'now'>;

/** For every reason of the closed list: what ends it by itself, and when. */
const CHANGES: Readonly<Record<WaitingOn, Change>> = {
  submission: 'person',
  rehearsal: 'stateEndsAt',
  'approval-request': 'stateEndsAt',
  approval: 'stateEndsAt',
  start: 'approvalEndsAt',
  'window-not-open': 'windowStartsAt',
  'window-too-short': 'nextOpeningAt',
  'window-over': 'nextOpeningAt',
  freeze: 'freezeEndsAt',
  hold: 'holdEndsAt',
  retracted: 'person',
  forensic: 'person',
  availability: 'again',
  'kill-switch': 'person',
  paused: 'stateEndsAt',
  ended: 'never',
  'ring-not-open': 'soakEndsAt',
  'ring-stopped': 'person',
  soak: 'soakEndsAt',
  'gate-decision': 'person',
  'ring-slot': 'again',
  'rollout-slot': 'again',
  'site-slot': 'again',
  'global-slot': 'again',
  'host-lock': 'again',
  'reboot-shared': 'again',
  host: 'stateEndsAt',
  'host-offline': 'notBefore',
  'host-working': 'stateEndsAt',
  'host-lost': 'stateEndsAt',
  'back-off': 'notBefore',
  infrastructure: 'person',
  'host-not-ready': 'person',
  draining: 'stateEndsAt',
  cancelled: 'never',
  'stale-attempt': 'never',
  'wrong-state': 'never',
  'plan-expired': 'again',
  'approval-void': 'person',
  'reboot-not-allowed': 'never',
};

/** The next instant at which the reason can change by itself; never one that is past. null: only a person changes it, or nothing does. */
export function changesAt(code: WaitingOn, times: WaitTimes): Instant | null {
  const change = CHANGES[code];
  if (change === 'person' || change === 'never') return null;
  const again = addMs(times.now, WAITING_ON[code].retryAfterSeconds * SECOND_MS);
  if (change === 'again') return again;
  const at = times[change];
  return at === null ? null : at > times.now ? at : again;
}

/** Who ends it: `by itself` at some instant, a person, or nobody. For the sentence on the screen. */
export function endedBy(code: WaitingOn): 'time' | 'person' | 'nobody' {
  const change = CHANGES[code];
  return change === 'person' ? 'person' : change === 'never' ? 'nobody' : 'time';
}
