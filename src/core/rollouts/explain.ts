import { addMs, epochMs, type Instant, MINUTE_MS, toInstant } from '../kernel/instants.ts';
import { deadlineAt } from '../kernel/machine.ts';
import { counted } from '../kernel/words.ts';
import type { RingState } from './ring-states.ts';
import { ROLLOUT, type RolloutState } from './rollout-states.ts';
import { APPROVAL_MINUTES, REHEARSAL_MINUTES } from './timers.ts';
import { type Waiting, type WaitingOn, waiting } from './waiting.ts';

/** What `explain` looks at: the rollout, the ring that is open, and its jobs counted by what they wait on. */
interface ExplainFacts {
  readonly now: Instant;
  readonly state: RolloutState;
  readonly stateSince: Instant;
  readonly stateReason: string | null;
  readonly isEmergency?: boolean;
  readonly windowStartsAt: Instant | null;
  readonly windowEndsAt: Instant | null;
  readonly killSwitch: { readonly engaged: boolean; readonly by: string | null; readonly reason: string | null };
  /** What of its plan has been retracted, in words. */
  readonly retracted?: string | null;
  readonly pauseReasons: readonly string[];
  readonly rehearsals: { readonly asked: number; readonly answered: number };
  /** While the first ring waits for its hosts to rehearse in a copy of themselves. */
  readonly canaryRehearsals?: { readonly asked: number; readonly answered: number; readonly until: Instant } | null;
  readonly ring: {
    readonly name: string;
    readonly index: number;
    readonly of: number;
    readonly state: RingState;
    readonly soakEndsAt: Instant | null;
    readonly reason: string | null;
  } | null;
  readonly jobs: readonly {
    readonly waitingOn: WaitingOn;
    readonly hosts: number;
    readonly sample: readonly string[];
    readonly changesAt: Instant | null;
    /** Which freeze, hold or group it is, in words; null where the reason is one alone. */
    readonly named?: string | null;
  }[];
}

/** Nothing for a rollout that has ended, or where hosts are simply at work. */
export function explain(facts: ExplainFacts): Waiting[] {
  const own = ROLLOUT_WAITS[facts.state]?.(facts) ?? [];
  const kill =
    facts.killSwitch.engaged && ACTIVE.includes(facts.state)
      ? [
          waiting(
            'kill-switch',
            `Engaged by ${facts.killSwitch.by ?? 'somebody'}${facts.killSwitch.reason ? `: ${facts.killSwitch.reason}` : ''}.`,
          ),
        ]
      : [];
  return [...kill, ...own];
}

const ACTIVE: readonly RolloutState[] = ['scheduled', 'running', 'paused'];

const ROLLOUT_WAITS: Partial<Record<RolloutState, (facts: ExplainFacts) => Waiting[]>> = {
  draft: facts => [waiting('submission', facts.stateReason)],
  rehearsing: ({ rehearsals, stateSince }) => [
    waiting(
      'rehearsal',
      `${rehearsals.answered} of ${rehearsals.asked} have answered; the others are predicted after ${REHEARSAL_MINUTES} minutes.`,
      addMs(stateSince, REHEARSAL_MINUTES * MINUTE_MS),
    ),
  ],
  planned: () => [waiting('approval-request')],
  'awaiting-approval': ({ stateSince }) => [
    waiting('approval', `It expires after ${APPROVAL_MINUTES / 1440} days.`, addMs(stateSince, APPROVAL_MINUTES * MINUTE_MS)),
  ],
  scheduled: ({ windowStartsAt, now, retracted }) => [
    ...(retracted == null ? [] : [waiting('retracted', `${retracted}.`)]),
    windowStartsAt === null || windowStartsAt <= now
      ? waiting('start')
      : waiting('window-not-open', `It starts by itself at ${windowStartsAt}.`, windowStartsAt),
  ],
  paused: ({ state, stateSince, isEmergency, pauseReasons }) => {
    const deadline = deadlineAt(ROLLOUT, state, epochMs(stateSince), null, isEmergency);
    return [waiting('paused', pauseReasons.join('; ') || null, deadline && toInstant(deadline.atMs))];
  },
  halting: facts => [waiting('draining'), ...jobWaits(facts)],
  running: facts => [...canaryWaits(facts), ...ringWaits(facts), ...jobWaits(facts)],
};

function canaryWaits({ canaryRehearsals, ring }: ExplainFacts): Waiting[] {
  if (canaryRehearsals == null) return [];
  const { asked, answered, until } = canaryRehearsals;
  return [
    waiting(
      'rehearsal',
      `Ring ${ring?.name ?? ''} opens when they have run it in a copy of their own system: ${answered} of ${asked} have.`,
      until,
    ),
  ];
}

function ringWaits({ ring }: ExplainFacts): Waiting[] {
  if (ring?.state === 'soaking') return [waiting('soak', `Ring ${ring.name} (${ring.index + 1} of ${ring.of}).`, ring.soakEndsAt)];
  if (ring?.state === 'failed' || ring?.state === 'gate-pending') return [waiting('gate-decision', ring.reason)];
  return [];
}

function jobWaits({ jobs }: ExplainFacts): Waiting[] {
  return jobs.map(({ waitingOn, hosts, sample, changesAt, named }) => {
    const who = `${counted(hosts, 'host')}: ${sample.join(', ')}${hosts > sample.length ? ', ...' : ''}.`;
    return waiting(waitingOn, named == null ? who : `${named} ${who}`, changesAt);
  });
}
