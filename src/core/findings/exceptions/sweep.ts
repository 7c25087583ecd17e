import { addMs, type Instant, MINUTE_MS } from '../../kernel/instants.ts';
import type { ExceptionStatus } from './exception.ts';
import { reminderDue } from './life.ts';
import { type ReopenReason, reopenReasons, type ScopeFacts } from './reopen.ts';
import { EXCEPTION, type ExceptionEvent, isGranted } from './states.ts';

export interface SweepFacts {
  readonly now: Instant;
  /** Of the frozen scope; null where it cannot be told now (the fleet is being read): then nothing is concluded from it. */
  readonly facts: ScopeFacts | null;
  readonly ownerExists: boolean;
}

export interface SweepStep {
  readonly event: Extract<ExceptionEvent, 'resolve' | 'expire' | 'reopen' | 'activate' | 'remind'>;
  readonly reason: string;
  readonly triggers: readonly ReopenReason[];
  /** For `remind`: days of the notice. */
  readonly days: number | null;
}

/**
 * What the clock and the fleet do to an exception now, one step at a time; null when nothing. An end outweighs everything else, and a change for the
 * worse comes before a start: what is not true any more never comes into force.
 */
export function sweepStep(status: ExceptionStatus, { now, facts, ownerExists }: SweepFacts): SweepStep | null {
  const { state } = status;
  if (EXCEPTION.states[state].final === true || state === 'draft') return null;
  if (facts !== null && facts.open === 0 && status.scope.hostIds.length > 0)
    return step('resolve', 'no finding of its scope is open any more');
  if (status.endsAt <= now) return step('expire', 'its end has come');
  const deadline = EXCEPTION.states[state].deadline;
  if (deadline !== undefined && addMs(status.stateSince, deadline.minutes * MINUTE_MS) <= now)
    return step('expire', `nobody decided within ${deadline.minutes / 1440} days`);
  if (!isGranted(state)) return null;
  if (status.baseline !== null && facts !== null) {
    const { kind, baseline, controlsCheckedAt } = status;
    const triggers = reopenReasons({ kind, baseline, controlsCheckedAt }, { facts, now, ownerExists });
    if (triggers.length > 0) return { ...step('reopen', triggers.map(trigger => trigger.text).join('; ')), triggers };
  }
  if (state === 'approved') return status.startsAt <= now ? step('activate', 'its first day has come') : null;
  const days = reminderDue(status.endsAt, now);
  if (days === null || (status.remindedDays !== null && status.remindedDays <= days)) return null;
  return { ...step('remind', `it ends within ${days === 1 ? 'a day' : `${days} days`}`), days };
}

function step(event: SweepStep['event'], reason: string): SweepStep {
  return { event, reason, triggers: [], days: null };
}
