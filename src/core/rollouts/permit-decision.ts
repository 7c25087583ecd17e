import { addMs, type Instant, MINUTE_MS } from '../kernel/instants.ts';
import { counted } from '../kernel/words.ts';
import type { ChangeRequestState } from './change-request-states.ts';
import { REBOOT_RESERVE_MINUTES } from './duration.ts';
import type { JobPhase, RebootPolicy } from './host-plan.ts';
import { JOB_WITHDRAWN, type JobState } from './job-states.ts';
import type { RingState } from './ring-states.ts';
import type { RolloutState } from './rollout-states.ts';
import { WAITING_ON, type WaitingOn, waiting } from './waiting.ts';

/** domain.md 2.9: five minutes, single use. */
const PERMIT_MINUTES = 5;

/** `hard`: nothing starts. `soft`: only emergencies start. `reboot-only`: packages may change, the reboot waits (domain.md 2.8). */
export type FreezeKind = 'hard' | 'soft' | 'reboot-only';
/** `emergency`: soft freezes do not hold it and it goes first; caps, locks, groups and hard freezes hold it like any other (domain.md 2.8). */
export type RolloutProfile = 'normal' | 'emergency';

/** Everything that a permit depends on, read under the locks of one transaction. */
export interface PermitFacts {
  readonly now: Instant;
  readonly phase: 'apply' | 'reboot';
  readonly rollout: {
    readonly state: RolloutState;
    readonly planHash: string | null;
    readonly windowStartsAt: Instant | null;
    readonly windowEndsAt: Instant | null;
    readonly reboot: RebootPolicy;
    readonly profile?: RolloutProfile;
    /** No permit for a change that could still run in the last minutes before the window ends. */
    readonly cutoffMinutes?: number;
    /** Hosts of this rollout in disruption at once, over all its rings; null or absent: as the ring says. */
    readonly concurrencyMax?: number | null;
  };
  readonly change: { readonly state: ChangeRequestState; readonly planHash: string; readonly expiresAt: Instant } | null;
  readonly ring: { readonly state: RingState; readonly concurrency: number };
  /** Hosts in disruption now, this one not counted. */
  readonly disrupting: { readonly ring: number; readonly global: number; readonly rollout?: number };
  readonly globalConcurrencyMax: number;
  /** The host's site with its cap and the other hosts in disruption there; null or absent: sites have no cap, or the host names none. */
  readonly site?: { readonly name: string; readonly disrupting: number; readonly concurrencyMax: number } | null;
  readonly killSwitch: boolean;
  /** In force now and covering this host. */
  readonly freezes: readonly { readonly name: string; readonly kind: FreezeKind; readonly endsAt: Instant }[];
  /** Safeguard holds in force that cover this host and something in its transaction. */
  readonly holds?: readonly { readonly name: string; readonly endsAt: Instant }[];
  /** Updates of its transaction that have been retracted, in words. */
  readonly retracted?: readonly string[];
  /** That this host belongs to. `available`: other members that are known to be well and not at work. `unwell`: others that say themselves what is wrong. */
  readonly groups: readonly {
    readonly name: string;
    readonly available: number;
    readonly minAvailable: number;
    readonly unwell?: readonly string[];
  }[];
  readonly job: {
    readonly state: JobState;
    readonly attempt: number;
    readonly cancelRequested: boolean;
    readonly estimatedMinutes: number;
    readonly planNotAfter: Instant;
    /** The decision table asks for evidence before the patch destroys it (BOD 26-04), and nobody has recorded that it was taken. */
    readonly forensicNeeded?: boolean;
  };
  readonly askedAttempt: number;
  /** At work, or on its way to be; one that only waits for a reboot which it shares does not count. */
  readonly otherActiveJobOnHost: boolean;
  /** For the reboot of a host that can wait with it while another job begins; absent or null: this one cannot, or none is coming. */
  readonly rebootWaitsFor?: string | null;
}

export type PermitDecision =
  | { readonly granted: true; readonly expiresAt: Instant }
  | {
      readonly granted: false;
      readonly code: WaitingOn;
      readonly text: string;
      readonly retryAfterSeconds: number;
      readonly final: boolean;
      readonly changesAt: Instant | null;
    };

interface Rule {
  readonly code: WaitingOn;
  readonly phase?: PermitFacts['phase'];
  readonly refuses: (facts: PermitFacts) => boolean;
  readonly detail?: (facts: PermitFacts) => string;
  readonly changesAt?: (facts: PermitFacts) => Instant | null;
}

const APPROVED: readonly ChangeRequestState[] = ['scheduled', 'implementing'];
const READY: Readonly<Record<PermitFacts['phase'], readonly JobState[]>> = {
  apply: ['staged', 'installing'],
  reboot: ['reboot-pending', 'rebooting'],
};

/**
 * In this order: what can never change first, so that a host that must stop learns it at once; then who said stop; then time; then slots.
 * A reboot keeps the slot of its job, so it asks for none.
 */
const RULES: readonly Rule[] = [
  { code: 'stale-attempt', refuses: facts => facts.askedAttempt !== facts.job.attempt },
  {
    code: 'cancelled',
    refuses: facts => JOB_WITHDRAWN.includes(facts.job.state) || (facts.job.cancelRequested && facts.phase === 'apply'),
  },
  { code: 'wrong-state', refuses: facts => !READY[facts.phase].includes(facts.job.state) },
  { code: 'reboot-not-allowed', phase: 'reboot', refuses: facts => facts.rollout.reboot === 'never' },
  {
    code: 'ended',
    refuses: facts =>
      facts.rollout.state !== 'running' &&
      facts.rollout.state !== 'paused' &&
      !(facts.phase === 'reboot' && facts.rollout.state === 'halting'),
  },
  { code: 'approval-void', refuses: approvalVoid },
  { code: 'plan-expired', phase: 'apply', refuses: facts => facts.job.planNotAfter <= facts.now },
  { code: 'kill-switch', refuses: facts => facts.killSwitch },
  {
    code: 'freeze',
    refuses: facts => blockingFreeze(facts) !== undefined,
    detail: facts => `It is called “${blockingFreeze(facts)?.name}”.`,
    changesAt: facts => blockingFreeze(facts)?.endsAt ?? null,
  },
  {
    code: 'retracted',
    phase: 'apply',
    refuses: facts => (facts.retracted ?? []).length > 0,
    detail: facts => `${(facts.retracted ?? []).join(', ')}.`,
  },
  {
    code: 'hold',
    phase: 'apply',
    refuses: facts => longest(facts.holds ?? []) !== undefined,
    detail: facts => `It is called “${longest(facts.holds ?? [])?.name}”.`,
    changesAt: facts => longest(facts.holds ?? [])?.endsAt ?? null,
  },
  { code: 'paused', refuses: facts => facts.rollout.state === 'paused' },
  { code: 'ring-stopped', phase: 'apply', refuses: facts => ['evaluating', 'gate-pending', 'failed'].includes(facts.ring.state) },
  { code: 'ring-not-open', phase: 'apply', refuses: facts => facts.ring.state !== 'running' },
  {
    code: 'reboot-shared',
    phase: 'reboot',
    refuses: facts => facts.rebootWaitsFor != null,
    detail: facts => `It waits for “${facts.rebootWaitsFor}”.`,
  },
  { code: 'host-lock', refuses: facts => facts.otherActiveJobOnHost },
  { code: 'forensic', phase: 'apply', refuses: facts => facts.job.forensicNeeded === true },
  {
    code: 'window-not-open',
    refuses: facts => facts.rollout.windowStartsAt !== null && facts.now < facts.rollout.windowStartsAt,
    changesAt: facts => facts.rollout.windowStartsAt,
  },
  { code: 'window-over', refuses: facts => facts.rollout.windowEndsAt !== null && facts.now >= facts.rollout.windowEndsAt },
  {
    code: 'window-too-short',
    refuses: facts =>
      facts.rollout.windowEndsAt !== null &&
      addMs(facts.now, (neededMinutes(facts) + cutoffMinutes(facts)) * MINUTE_MS) > facts.rollout.windowEndsAt,
    detail: facts =>
      `It may need ${counted(neededMinutes(facts), 'minute')}${cutoffMinutes(facts) > 0 ? `, and the last ${cutoffMinutes(facts)} are kept free` : ''}.`,
  },
  {
    code: 'ring-slot',
    phase: 'apply',
    refuses: facts => facts.disrupting.ring >= facts.ring.concurrency,
    detail: facts => `${facts.disrupting.ring} of ${facts.ring.concurrency}.`,
  },
  {
    code: 'rollout-slot',
    phase: 'apply',
    refuses: ({ rollout, disrupting }) => rollout.concurrencyMax != null && (disrupting.rollout ?? 0) >= rollout.concurrencyMax,
    detail: ({ rollout, disrupting }) => `${disrupting.rollout ?? 0} of ${rollout.concurrencyMax}.`,
  },
  {
    code: 'site-slot',
    phase: 'apply',
    refuses: ({ site }) => site != null && site.disrupting >= site.concurrencyMax,
    detail: ({ site }) => `${site?.name}: ${site?.disrupting} of ${site?.concurrencyMax}.`,
  },
  {
    code: 'global-slot',
    phase: 'apply',
    refuses: facts => facts.disrupting.global >= facts.globalConcurrencyMax,
    detail: facts => `${facts.disrupting.global} of ${facts.globalConcurrencyMax}.`,
  },
  {
    code: 'availability',
    refuses: facts => shortGroup(facts) !== undefined,
    detail: facts => shortGroupText(shortGroup(facts)),
  },
];

/** Pure; the caller holds the locks, and writes permit, job state and audit entry in the same transaction. */
export function decidePermit(facts: PermitFacts): PermitDecision {
  for (const rule of RULES) {
    if (rule.phase !== undefined && rule.phase !== facts.phase) continue;
    if (!rule.refuses(facts)) continue;
    const { retryAfterSeconds, final } = WAITING_ON[rule.code];
    const changesAt = rule.changesAt?.(facts) ?? null;
    return {
      granted: false,
      code: rule.code,
      text: waiting(rule.code, rule.detail?.(facts) ?? null).text,
      retryAfterSeconds,
      final,
      changesAt,
    };
  }
  return { granted: true, expiresAt: addMs(facts.now, PERMIT_MINUTES * MINUTE_MS) };
}

/**
 * Phases that a host enters only with the permit: one that has told of them has used it. `pre-hook` is not among them: a host that stopped in the middle of
 * its pre-hooks has changed no package, asks again, and the answer is decided anew.
 */
export const PERMIT_USED_IN: Readonly<Record<PermitFacts['phase'], readonly JobPhase[]>> = {
  apply: ['apply', 'restart', 'reboot', 'verify', 'smoke-test', 'post-hook'],
  reboot: ['verify', 'smoke-test', 'post-hook'],
};

/** What a host gets that asks: the permit it was given before, a new one, or no. */
type PermitAnswerKind =
  | { readonly kind: 'same' }
  | { readonly kind: 'new'; readonly expiresAt: Instant }
  | { readonly kind: 'no'; readonly refusal: Extract<PermitDecision, { granted: false }> };

/**
 * A host that asks again says that it has not begun: its answer was lost. It is decided anew, so that nobody starts on an old yes after somebody said stop;
 * while the answer stays yes it gets the same permit until that has run out, then another. A permit that was used is not given again.
 */
export function answerPermit(facts: PermitFacts, live: { readonly expiresAt: Instant; readonly begun: boolean } | null): PermitAnswerKind {
  if (live?.begun === true && facts.askedAttempt === facts.job.attempt) {
    const { retryAfterSeconds } = WAITING_ON['wrong-state'];
    return {
      kind: 'no',
      refusal: {
        granted: false,
        code: 'wrong-state',
        text: 'The permit for this has been used.',
        retryAfterSeconds,
        final: true,
        changesAt: null,
      },
    };
  }
  const decision = decidePermit(facts);
  if (!decision.granted) return { kind: 'no', refusal: decision };
  return live !== null && live.expiresAt > facts.now ? { kind: 'same' } : { kind: 'new', expiresAt: decision.expiresAt };
}

/** S7: a valid approval whose hash is the plan's. */
function approvalVoid({ change, rollout, now }: PermitFacts): boolean {
  return change === null || !APPROVED.includes(change.state) || change.planHash !== rollout.planHash || change.expiresAt <= now;
}

/** The one that lasts longest. A freeze that begins while packages are changing does not stop them; it does hold the reboot. */
function blockingFreeze({ freezes, phase, rollout }: PermitFacts): PermitFacts['freezes'][number] | undefined {
  const passes: Readonly<Record<FreezeKind, boolean>> = {
    hard: false,
    soft: rollout.profile === 'emergency',
    'reboot-only': phase === 'apply',
  };
  return longest(freezes.filter(freeze => !passes[freeze.kind]));
}

function longest<One extends { readonly endsAt: Instant }>(ones: readonly One[]): One | undefined {
  return ones.reduce<One | undefined>((last, one) => (last === undefined || one.endsAt > last.endsAt ? one : last), undefined);
}

/** S4, reboots included: a host that is at work is not available to its group, so the answer for a second member is no. */
function shortGroup({ groups }: PermitFacts): PermitFacts['groups'][number] | undefined {
  return groups.find(group => group.available < group.minAvailable);
}

function shortGroupText(group: PermitFacts['groups'][number] | undefined): string {
  const { name = '', available = 0, minAvailable = 0, unwell = [] } = group ?? {};
  const says = unwell.length === 0 ? '' : ` (${unwell.slice(0, 3).join('; ')})`;
  return `${name}: ${counted(available, 'other is', 'others are')} well, ${counted(minAvailable, 'has', 'have')} to stay${says}.`;
}

/** The reserve for the reboot is its own: it may still begin where no change may. */
function cutoffMinutes({ phase, rollout }: PermitFacts): number {
  return phase === 'apply' ? (rollout.cutoffMinutes ?? 0) : 0;
}

function neededMinutes(facts: PermitFacts): number {
  return facts.phase === 'reboot' ? REBOOT_RESERVE_MINUTES : facts.job.estimatedMinutes;
}
