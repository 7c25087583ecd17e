import { addMs, type Instant, MINUTE_MS } from '../kernel/instants.ts';
import { counted } from '../kernel/words.ts';
import type { FailureClass, TransactionItem } from './host-plan.ts';
import type { PlannedHost, RolloutPlan } from './plan.ts';

/**
 * Rehearsal level 2: the exact transaction is really run, maintainer scripts included, in a throw-away copy of the host's root file system.
 * A payload type of its own, so that the signature of a rehearsal can never pass for the right to change the host. Like HostPlan it is a closed
 * vocabulary: no field could carry a command, a path or a repository.
 */
export const REHEARSAL_PLAN_TYPE = 'application/vnd.fettle.rehearsal-plan+json;v=1';

export interface RehearsalPlan {
  readonly version: 1;
  readonly rehearsalId: string;
  readonly policyRoot: 1;
  readonly installationId: string;
  readonly hostId: string;
  readonly rolloutId: string;
  readonly rolloutPlanHash: string;
  readonly kind: 'patch' | 'rollback';
  readonly notBefore: Instant;
  readonly notAfter: Instant;
  readonly transaction: readonly TransactionItem[];
}

/** `start`: the program starts; `libraries`: all that it needs is found; `configuration`: the service's own test of its configuration. */
const REHEARSAL_CHECKS = ['start', 'libraries', 'configuration'] as const;
export type RehearsalCheckKind = (typeof REHEARSAL_CHECKS)[number];

export interface RehearsalCheck {
  readonly kind: RehearsalCheckKind;
  readonly subject: string;
  readonly passed: boolean;
  readonly detail: string;
}

/** What was the same in the real system before and after; what differs is named. null: could not be read. */
export interface Untouched {
  /** SHA-256 of dpkg's status file. */
  readonly packages: boolean | null;
  /** Files below /etc that differ, by content; at most ten. */
  readonly etc: readonly string[] | null;
  /** Services whose main process or state differs; at most ten. */
  readonly services: readonly string[] | null;
}

const REHEARSAL_VERDICTS = ['passed', 'failed', 'not-possible'] as const;
export type RehearsalVerdict = (typeof REHEARSAL_VERDICTS)[number];

export interface RehearsalReport {
  readonly verdict: RehearsalVerdict;
  /** Why it failed, or why it could not be rehearsed, in words. `class` and `signature` as for a job. */
  readonly failure: { readonly class: FailureClass; readonly message: string; readonly signature: string } | null;
  /** The transaction alone, without setting up and checks; in memory it is faster than on the host's disk. */
  readonly applySeconds: number | null;
  /** What the copy took up: new files, replaced files and the package database. */
  readonly writtenBytes: number | null;
  readonly rollback: {
    readonly outcome: 'restored' | 'failed' | 'not-possible';
    readonly seconds: number | null;
    readonly reason: string | null;
  } | null;
  readonly checks: readonly RehearsalCheck[];
  /** What the packages asked of the service manager and was withheld: `restart nginx.service`. */
  readonly withheld: readonly string[];
  readonly untouched: Untouched | null;
  /** The end of the package manager's output. */
  readonly output: string;
  readonly startedAt: Instant;
  readonly finishedAt: Instant;
}

/** How the rehearsal of one canary stands: the newest one for the plan in force. */
export interface RehearsalStatus {
  readonly hostName: string;
  readonly verdict: RehearsalVerdict | null;
  readonly failure: string | null;
  readonly expiresAt: Instant;
  /** A second person has said that the rollout goes on in spite of it. */
  readonly acceptedBy: string | null;
}

export type RehearsalStep =
  | { readonly do: 'ask' }
  | { readonly do: 'wait'; readonly until: Instant }
  | { readonly do: 'open'; readonly statement: string }
  | { readonly do: 'stop'; readonly code: 'rehearsal-failed' | 'rehearsal-unanswered'; readonly reason: string };

/**
 * May the first ring open? One failure stops before any host is touched, whatever the others say. A host that cannot be rehearsed proves nothing and
 * holds up nothing: its report says why. Silence of all is no proof either, so a person decides.
 */
export function rehearsalStep(rehearsals: readonly RehearsalStatus[], now: Instant): RehearsalStep {
  if (rehearsals.length === 0) return { do: 'ask' };
  const failed = rehearsals.filter(one => one.verdict === 'failed' && one.acceptedBy === null);
  if (failed.length > 0) {
    const words = failed.slice(0, 3).map(one => `${one.hostName}: ${firstLine(one.failure)}`);
    return { do: 'stop', code: 'rehearsal-failed', reason: `the rehearsal failed, and no host was changed; ${words.join('; ')}` };
  }
  const open = rehearsals.filter(one => one.verdict === null && one.acceptedBy === null);
  const until = open
    .map(one => one.expiresAt)
    .sort()
    .at(-1);
  if (until !== undefined && now < until) return { do: 'wait', until };
  const answered = rehearsals.length - open.length;
  if (answered === 0)
    return {
      do: 'stop',
      code: 'rehearsal-unanswered',
      reason: `no host answered the rehearsal in time: ${open
        .slice(0, 3)
        .map(one => one.hostName)
        .join(', ')}`,
    };
  const passed = rehearsals.filter(one => one.verdict === 'passed').length;
  const without = rehearsals.filter(one => one.verdict === 'not-possible').map(one => `${one.hostName}: ${firstLine(one.failure)}`);
  const accepted = rehearsals.filter(one => one.acceptedBy !== null).length;
  return {
    do: 'open',
    statement: [
      `rehearsed on ${passed} of ${counted(rehearsals.length, 'host')}`,
      ...(without.length > 0 ? [`not possible on ${without.length} (${without.slice(0, 2).join('; ')})`] : []),
      ...(open.length > 0 ? [`${open.length} did not answer`] : []),
      ...(accepted > 0 ? [`${accepted} accepted by a person`] : []),
    ].join('; '),
  };
}

function firstLine(text: string | null): string {
  return (text ?? 'no reason given').split('\n')[0]!.slice(0, 200);
}

/** One host for each distinct transaction first; more of the same prove little more. */
const CANARIES_MAX = 10;

/** Whom to ask before this ring may open. */
export function canariesOf(plan: Pick<RolloutPlan, 'rings'>, ringIndex: number): PlannedHost[] {
  const hosts = plan.rings[ringIndex]?.hosts ?? [];
  const firstOf = new Map<number, PlannedHost>();
  for (const host of hosts) if (!firstOf.has(host.transaction)) firstOf.set(host.transaction, host);
  const one = [...firstOf.values()];
  return [...one, ...hosts.filter(host => !one.includes(host))].slice(0, CANARIES_MAX);
}

/** A host that is asked answers within some minutes of its next check-in; one that does not within this time is away. */
const REHEARSAL_MINUTES = 30;
const CLOCK_SKEW_MINUTES = 5;

/** What one host is asked to rehearse. */
export function rehearsalPlanFor(
  rollout: { readonly id: string; readonly planHash: string; readonly kind: RehearsalPlan['kind']; readonly installationId: string },
  { rehearsalId, hostId, transaction }: Pick<RehearsalPlan, 'rehearsalId' | 'hostId' | 'transaction'>,
  now: Instant,
): RehearsalPlan {
  return {
    version: 1,
    rehearsalId,
    policyRoot: 1,
    installationId: rollout.installationId,
    hostId,
    rolloutId: rollout.id,
    rolloutPlanHash: rollout.planHash,
    kind: rollout.kind,
    notBefore: addMs(now, -CLOCK_SKEW_MINUTES * MINUTE_MS),
    notAfter: addMs(now, REHEARSAL_MINUTES * MINUTE_MS),
    transaction,
  };
}
