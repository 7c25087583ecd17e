import type { Instant } from '../../kernel/instants.ts';
import type { ExceptionKind } from './kinds.ts';
import type { ScopeFacts } from './reopen.ts';
import type { ExceptionScope } from './scope.ts';
import { type ExceptionState, isInForce } from './states.ts';

export interface Approval {
  readonly by: string;
  readonly byId: string;
  readonly at: Instant;
  /** Requester and approver are one, in an installation that has one risk owner. */
  readonly self: boolean;
}

/** One exception as decisions see it. A renewal is another one, of the same chain. */
export interface ExceptionStatus {
  readonly id: string;
  readonly kind: ExceptionKind;
  readonly state: ExceptionState;
  readonly stateSince: Instant;
  readonly requestedById: string;
  readonly startsAt: Instant;
  readonly endsAt: Instant;
  readonly controlsCheckedAt: Instant | null;
  readonly scope: ExceptionScope;
  /** Of the last approval; null before the first. */
  readonly baseline: ScopeFacts | null;
  readonly approvals: readonly Approval[];
  /** The exception that this one renews. */
  readonly renewsId: string | null;
  readonly renewals: number;
  /** Days of the last notice before the end; null before the first. */
  readonly remindedDays: number | null;
}

/** Whether it excuses or holds anything at this moment. The end is asked too: a server that was off has not moved the state yet. */
export function inForceAt({ state, startsAt, endsAt }: Pick<ExceptionStatus, 'state' | 'startsAt' | 'endsAt'>, now: Instant): boolean {
  return isInForce(state) && startsAt <= now && now < endsAt;
}
