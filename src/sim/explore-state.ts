import type { TransactionItem } from '../core/rollouts/host-plan.ts';
import { JOB_ACTIVE, JOB_DISRUPTING } from '../core/rollouts/job-states.ts';
import { FRESH_JOB, type JobStatus } from '../core/rollouts/job-status.ts';
import type { RingStatus } from '../core/rollouts/ring-changes.ts';
import type { RolloutState } from '../core/rollouts/rollout-states.ts';

export interface HostState {
  /** What the host holds: the attempt it works on, and how far it is. `changed`: packages were moved, the result is not told yet. */
  readonly attempt: number;
  readonly stage: 'idle' | 'ready' | 'permitted' | 'changing' | 'changed' | 'told';
  readonly outcome: 'good' | 'bad' | null;
}

export interface State {
  readonly rollout: RolloutState;
  readonly rings: readonly RingStatus[];
  readonly jobs: readonly JobStatus[];
  readonly hosts: readonly HostState[];
  /** Per job: the permit of the present attempt, as the server knows it. */
  readonly permits: readonly ('none' | 'live' | 'over')[];
  readonly begun: readonly boolean[];
  readonly answered: readonly boolean[];
  readonly windowOpen: boolean;
  /** A permit was given after the halt: must never be. */
  readonly permitAfterHalt: boolean;
  /** What people may still do: kept small so that the states can be counted. */
  readonly pausesLeft: number;
  readonly resumesLeft: number;
}

export interface ExploreOptions {
  readonly hosts: number;
  readonly statesMax: number;
  /** `lean`: one attempt, no dead mirror, nobody pauses: fewer states per host, so that more hosts fit. */
  readonly detail: 'full' | 'lean';
  /** Hosts at once; 2 by default, so that the pairs are what holds them apart. */
  readonly concurrency?: number;
  /** Planted for tests: leaves one rule out. */
  readonly without?: 'availability' | 'concurrency' | 'gate' | 'fencing' | 'halt';
}

export const T0 = '2026-01-05T00:00:00.000Z';
export const LATER = '2026-01-08T00:00:00.000Z';
export const OPEN_UNTIL = '2026-01-06T00:00:00.000Z';
const ITEM: TransactionItem = { action: 'upgrade', name: 'p', arch: 'amd64', fromVersion: '1', toVersion: '2' };
/** Hosts 0 and 1, 2 and 3: of each pair one stays. */
export const PAIR = (host: number): number => host ^ 1;
/** One less than the engine gives: the second try is like the third. */
const ATTEMPTS = 2;

export function firstState({ hosts, detail, concurrency = 2 }: ExploreOptions): State {
  const job = (n: number): JobStatus => ({
    id: `j${n}`,
    rolloutId: 'r',
    ringId: n === 0 ? 'canary' : 'rest',
    ringIndex: n === 0 ? 0 : 1,
    position: n,
    hostId: `h${n}`,
    hostName: `h${n}`,
    transaction: [ITEM],
    estimatedMinutes: 5,
    ...FRESH_JOB,
    stateSince: T0,
    attemptsLeft: detail === 'full' ? ATTEMPTS : 1,
  });
  const ring = (id: string, ringIndex: number, count: number): RingStatus => ({
    id,
    rolloutId: 'r',
    ringIndex,
    name: id,
    hosts: count,
    soakMinutes: 0,
    concurrency,
    gate: { errorPercent: 0, minSample: count, minCoveragePercent: 100 },
    state: 'pending',
    stateSince: T0,
    stateReason: null,
    soakEndsAt: null,
    lastSuccessAt: null,
  });
  const each = <Value>(value: Value): Value[] => Array.from({ length: hosts }, () => value);
  return {
    rollout: 'running',
    rings: [ring('canary', 0, 1), ring('rest', 1, hosts - 1)],
    jobs: Array.from({ length: hosts }, (_, n) => job(n)),
    hosts: each({ attempt: 0, stage: 'idle', outcome: null } as HostState),
    permits: each('none' as const),
    begun: each(false),
    answered: each(false),
    windowOpen: true,
    permitAfterHalt: false,
    pausesLeft: detail === 'full' ? 1 : 0,
    resumesLeft: detail === 'full' ? 1 : 0,
  };
}

/** Times are put back after every step, so that states differ only in what matters. */
export function put(state: State, n: number, job: JobStatus): State {
  const timeless: JobStatus = {
    ...job,
    stateSince: T0,
    lastHeardAt: null,
    notBefore: null,
    retrySince: null,
    startedAt: null,
    finishedAt: job.finishedAt === null ? null : T0,
    result: null,
    failure: null,
    failureSignature: null,
    waitingOn: null,
    phase: null,
  };
  return { ...state, jobs: replace(state.jobs, n, timeless) };
}

export function replace<Item>(items: readonly Item[], n: number, item: Item): readonly Item[] {
  return items.map((one, index) => (index === n ? item : one));
}

export function isActive(job: JobStatus): boolean {
  return JOB_ACTIVE.includes(job.state);
}
export function isDisrupting(job: JobStatus): boolean {
  return (JOB_DISRUPTING as readonly string[]).includes(job.state);
}
