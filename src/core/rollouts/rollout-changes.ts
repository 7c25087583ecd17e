import { epochMs, type Instant } from '../kernel/instants.ts';
import { deadlineAt } from '../kernel/machine.ts';
import { counted } from '../kernel/words.ts';
import { ROLLOUT, type RolloutState } from './rollout-states.ts';

/** What the reconciler looks at, for one rollout. */
export interface RolloutFacts {
  readonly now: Instant;
  readonly state: RolloutState;
  readonly stateSince: Instant;
  readonly isEmergency: boolean;
  readonly windowStartsAt: Instant | null;
  readonly windowEndsAt: Instant | null;
  /** null: there is no approval. */
  readonly approvalExpiresAt: Instant | null;
  readonly killSwitch: boolean;
  /** Its plan holds an update that has been retracted. */
  readonly retracted: boolean;
  readonly openRehearsals: number;
  /** Hosts that still want a permit: waiting or preparing. */
  readonly wanting: number;
}

/** What follows from the facts. Doing it twice is doing it once. */
export type RolloutStep =
  | { readonly do: 'nothing' | 'make-plan' | 'start' | 'progress' | 'recheck' | 'drain' }
  | { readonly do: 'expire'; readonly reason: string }
  | { readonly do: 'halt'; readonly event: 'halt' | 'expire'; readonly reason: string };

export function stepOf(facts: RolloutFacts): RolloutStep {
  return STEPS[facts.state]?.(facts) ?? { do: 'nothing' };
}

const STEPS: Partial<Record<RolloutState, (facts: RolloutFacts) => RolloutStep>> = {
  rehearsing: facts => ({ do: facts.openRehearsals === 0 || isOverdue(facts) ? 'make-plan' : 'nothing' }),
  planned: facts => (isOverdue(facts) ? { do: 'expire', reason: 'nobody asked for approval in time' } : { do: 'nothing' }),
  'awaiting-approval': facts => (isOverdue(facts) ? { do: 'expire', reason: 'nobody approved in time' } : { do: 'nothing' }),
  scheduled: facts => {
    if (approvalIsOver(facts)) return { do: 'expire', reason: 'the approval has run out' };
    if (windowIsOver(facts)) return { do: 'expire', reason: 'the maintenance window is over' };
    const stopped = facts.killSwitch || facts.retracted;
    return { do: facts.windowStartsAt !== null && facts.windowStartsAt <= facts.now && !stopped ? 'start' : 'nothing' };
  },
  running: facts => outOfTime(facts) ?? { do: 'progress' },
  paused: facts =>
    outOfTime(facts) ?? (isOverdue(facts) ? { do: 'halt', event: 'halt', reason: 'it was paused for too long' } : { do: 'recheck' }),
  halting: () => ({ do: 'drain' }),
};

function isOverdue({ state, stateSince, isEmergency, now }: RolloutFacts): boolean {
  const deadline = deadlineAt(ROLLOUT, state, epochMs(stateSince), null, isEmergency);
  return deadline !== null && epochMs(now) >= deadline.atMs;
}

function approvalIsOver({ approvalExpiresAt, now }: RolloutFacts): boolean {
  return approvalExpiresAt === null || approvalExpiresAt <= now;
}

function windowIsOver({ windowEndsAt, now }: RolloutFacts): boolean {
  return windowEndsAt !== null && windowEndsAt <= now;
}

/** Time that is over matters only while somebody still wants a permit; hosts that soak or finish are left to it. */
function outOfTime(facts: RolloutFacts): RolloutStep | null {
  if (facts.wanting === 0) return null;
  if (windowIsOver(facts))
    return {
      do: 'halt',
      event: 'expire',
      reason: `the maintenance window is over; ${counted(facts.wanting, 'host was', 'hosts were')} not reached`,
    };
  return approvalIsOver(facts)
    ? { do: 'halt', event: 'expire', reason: `the approval has run out; ${counted(facts.wanting, 'host was', 'hosts were')} not reached` }
    : null;
}

/** How a rollout ends whose rings are all through. */
export function ending(
  jobs: number,
  satisfied: number,
): { readonly event: 'complete' | 'complete-partial'; readonly reason: string | null } {
  return jobs === satisfied
    ? { event: 'complete', reason: null }
    : { event: 'complete-partial', reason: `${jobs - satisfied} of ${counted(jobs, 'host')} did not end as asked` };
}
