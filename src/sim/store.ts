import type { Instant } from '../core/kernel/instants.ts';
import type { ChangeRequestState } from '../core/rollouts/change-request-states.ts';
import type { HostPlan, JobResult, Permit } from '../core/rollouts/host-plan.ts';
import { JOB_ACTIVE, JOB_DISRUPTING, type JobState } from '../core/rollouts/job-states.ts';
import type { JobChange, JobStatus } from '../core/rollouts/job-status.ts';
import type { RolloutPlan } from '../core/rollouts/plan.ts';
import type { RingChange, RingStatus } from '../core/rollouts/ring-changes.ts';
import type { RolloutState } from '../core/rollouts/rollout-states.ts';
import type { Witness } from './witness.ts';

export interface SimRollout {
  readonly id: string;
  readonly kind: 'patch' | 'rollback';
  readonly revertsId: string | null;
  readonly plan: RolloutPlan;
  readonly planHash: string;
  readonly ringIds: readonly string[];
  readonly approvalExpiresAt: Instant;
  state: RolloutState;
  stateSince: Instant;
  changeState: ChangeRequestState;
  haltOutcome: 'halted' | 'expired' | null;
  stopReason: string | null;
}

export interface SimAttempt {
  readonly plan: HostPlan;
  result: JobResult | null;
}

export interface SimFreeze {
  readonly name: string;
  readonly kind: 'hard' | 'reboot-only';
  readonly startsAt: Instant;
  readonly endsAt: Instant;
}

export interface SimGroup {
  readonly name: string;
  readonly hostIds: ReadonlySet<string>;
  readonly minAvailable: number;
  readonly memberSoakMinutes: number;
}

/**
 * What the server keeps through a crash: the tables of src/db/migrations/0004-rollouts.sql in memory. Each method of SimServer changes it as one
 * transaction does: wholly or not at all.
 */
export class SimStore {
  readonly rollouts = new Map<string, SimRollout>();
  readonly rings = new Map<string, RingStatus>();
  readonly jobs = new Map<string, JobStatus>();
  readonly jobsOfRing = new Map<string, string[]>();
  readonly attempts = new Map<string, SimAttempt>();
  readonly permits = new Map<string, Permit>();
  /** `job/attempt/sequence` of events that were taken, and `job/attempt/phase` of phases that they began. */
  readonly events = new Set<string>();
  readonly phases = new Set<string>();
  readonly sequences = new Map<string, number>();
  readonly lateResults: { readonly jobId: string; readonly attempt: number; readonly result: JobResult }[] = [];
  readonly freezes: SimFreeze[] = [];
  readonly groups: SimGroup[] = [];
  killSwitch = false;
  concurrencyMax = 50;
  /** Indexes over jobs, as the database has them. */
  readonly active = new Set<string>();
  readonly disrupting = new Set<string>();
  readonly activeOfHost = new Map<string, Set<string>>();
  readonly #witness: Witness;

  constructor(witness: Witness) {
    this.#witness = witness;
  }

  putJob(change: JobChange, nowMs: number): void {
    const { job, moves } = change;
    this.jobs.set(job.id, job);
    this.#index(job);
    for (const moved of moves) this.#witness.jobMoved(job, moved, nowMs);
  }

  putRing(change: RingChange, nowMs: number): void {
    this.rings.set(change.ring.id, change.ring);
    for (const moved of change.moves) this.#witness.ringMoved(change.ring, moved, nowMs);
    if (change.gate !== null) this.#witness.gateAsked(change.ring, change.gate, nowMs);
  }

  #index(job: JobStatus): void {
    const isActive = ACTIVE.has(job.state);
    if (isActive) this.active.add(job.id);
    else this.active.delete(job.id);
    if (DISRUPTING.has(job.state)) this.disrupting.add(job.id);
    else this.disrupting.delete(job.id);
    const own = this.activeOfHost.get(job.hostId) ?? new Set();
    if (isActive) own.add(job.id);
    else own.delete(job.id);
    this.activeOfHost.set(job.hostId, own);
  }
}

const ACTIVE: ReadonlySet<JobState> = new Set(JOB_ACTIVE);
const DISRUPTING: ReadonlySet<JobState> = new Set(JOB_DISRUPTING);

export function attemptKey(jobId: string, attempt: number): string {
  return `${jobId}/${attempt}`;
}
