import type { Envelope } from '../core/evidence/envelope.ts';
import type { Instant } from '../core/kernel/instants.ts';
import type { ChangeRequestState } from '../core/rollouts/change-request-states.ts';
import type { MetricReading } from '../core/rollouts/health.ts';
import type { HostPlan, JobResult, Permit } from '../core/rollouts/host-plan.ts';
import { JOB_ACTIVE, JOB_DISRUPTING, JOB_WANTING, type JobState } from '../core/rollouts/job-states.ts';
import type { JobChange, JobStatus } from '../core/rollouts/job-status.ts';
import type { RolloutPlan } from '../core/rollouts/plan.ts';
import type { RehearsalVerdict } from '../core/rollouts/rehearsal.ts';
import type { RingChange, RingStatus } from '../core/rollouts/ring-changes.ts';
import type { RolloutState } from '../core/rollouts/rollout-states.ts';
import { entryHash, FIRST_HASH } from '../server/audit/chain.ts';
import type { Mutants } from './mutants.ts';
import type { SimFreeze, SimGroup, SimHold, SimRetraction } from './safeguards.ts';
import { instantOf } from './timeline.ts';
import type { Witness } from './witness.ts';

export interface SimRollout {
  readonly id: string;
  readonly kind: 'patch' | 'rollback';
  readonly revertsId: string | null;
  readonly plan: RolloutPlan;
  readonly planHash: string;
  readonly ringIds: readonly string[];
  readonly requestedBy: string;
  /** Its canaries rehearse before the first ring opens. */
  readonly rehearse: boolean;
  /** Its rings wait so long for hosts that are off, instead of the three days that a run seldom lasts; null: as shipped. */
  readonly ringMinutes: number | null;
  readonly madeAtMs: number;
  readonly approvalExpiresAt: Instant;
  /** The occurrence of the plan's window that is open or comes next. */
  window: { readonly startsAt: Instant | null; readonly endsAt: Instant | null };
  state: RolloutState;
  stateSince: Instant;
  changeState: ChangeRequestState;
  haltOutcome: 'halted' | 'expired' | 'superseded' | null;
  stopReason: string | null;
  stoppedByRehearsal: boolean;
}

export interface SimRehearsal {
  readonly id: string;
  readonly rolloutId: string;
  readonly hostId: string;
  readonly hostName: string;
  readonly askedAtMs: number;
  readonly expiresAt: Instant;
  readonly envelope: Envelope;
  verdict: RehearsalVerdict | null;
  failure: string | null;
  acceptedBy: string | null;
}

export interface SimAttempt {
  readonly plan: HostPlan;
  readonly envelope: Envelope;
  /** The host has been heard about it. */
  acknowledged: boolean;
  result: JobResult | null;
}

export interface SimPermit extends Permit {
  readonly envelope: Envelope;
}

/** What a member of a group did last, as the server knows it. */
export interface HostPast {
  lastSucceededAt: Instant | null;
  lastFailedAt: Instant | null;
  recovered: boolean;
}

/**
 * What the server keeps through a crash: the tables of src/db/migrations/0004-rollouts.sql in memory. Each method of SimServer changes it as one
 * transaction does: wholly or not at all.
 */
export class SimStore {
  readonly rollouts = new Map<string, SimRollout>();
  readonly open = new Set<SimRollout>();
  readonly rings = new Map<string, RingStatus>();
  readonly jobs = new Map<string, JobStatus>();
  readonly jobsOfRing = new Map<string, string[]>();
  readonly attempts = new Map<string, SimAttempt>();
  readonly permits = new Map<string, SimPermit>();
  /** `job/attempt/sequence` of events that were taken, and `job/attempt/phase` of phases that they began. */
  readonly events = new Set<string>();
  readonly phases = new Set<string>();
  readonly sequences = new Map<string, number>();
  readonly pasts = new Map<string, HostPast>();
  readonly lateResults: { readonly jobId: string; readonly attempt: number; readonly result: JobResult }[] = [];
  readonly freezes: SimFreeze[] = [];
  readonly holds: SimHold[] = [];
  readonly retractions: SimRetraction[] = [];
  /** Jobs whose host has to give evidence first; out of it when somebody has recorded that it was taken. */
  readonly evidenceNeeded = new Set<string>();
  /** In the order in which they were asked, by rollout; and those that have not been answered, by host. */
  readonly rehearsals = new Map<string, SimRehearsal[]>();
  readonly openRehearsals = new Map<string, SimRehearsal[]>();
  readonly groups: SimGroup[] = [];
  /** Rings whose gate a person has overridden. */
  readonly overridden = new Set<string>();
  readonly readings = new Map<string, { readonly atMs: number; readonly readings: readonly MetricReading[] }>();
  killSwitch = false;
  concurrencyMax = 50;
  /** The site that a host names, by host. */
  readonly sites = new Map<string, string>();
  siteConcurrencyMax: number | null = null;
  /** Indexes over jobs, as the database has them. */
  readonly active = new Set<string>();
  readonly disrupting = new Set<string>();
  readonly activeOfHost = new Map<string, Set<string>>();
  readonly activeOfRollout = new Map<string, Set<string>>();
  readonly wantingOfRollout = new Map<string, number>();
  readonly cancelledOfHost = new Map<string, Set<string>>();
  /** Rollouts in which something was written since the reconciler last looked: the hint that `poke` is. */
  readonly dirty = new Set<string>();
  #auditHead: Uint8Array = FIRST_HASH;
  #auditSequence = 0;
  readonly #witness: Witness;
  readonly #mutants: Mutants;

  constructor(witness: Witness, mutants: Mutants) {
    this.#witness = witness;
    this.#mutants = mutants;
  }

  putJob(change: JobChange, nowMs: number): void {
    const { job, moves } = change;
    const before = this.jobs.get(job.id)?.state;
    this.jobs.set(job.id, job);
    if (before !== job.state) this.#index(job, before);
    if (moves.length > 0) this.dirty.add(job.rolloutId);
    for (const moved of moves) {
      this.#audit(`job.${moved.event}`, job.id, moved.from, moved.to, nowMs);
      this.#witness.jobMoved(job, moved, nowMs);
    }
  }

  putRing(change: RingChange, nowMs: number): void {
    const { ring } = change;
    this.rings.set(ring.id, ring);
    this.dirty.add(ring.rolloutId);
    if (change.gate !== null) this.#witness.gateAsked(ring, change.gate, nowMs);
    for (const moved of change.moves) {
      this.#audit(`ring.${moved.event}`, ring.id, moved.from, moved.to, nowMs);
      this.#witness.ringMoved(ring, moved, nowMs);
    }
  }

  /** Written in the transaction of the move that it tells of (S10); the chain is the one of src/server/audit. */
  audit(action: string, subject: string, from: string, to: string, nowMs: number): void {
    this.#audit(action, subject, from, to, nowMs);
  }

  #audit(action: string, subject: string, from: string, to: string, nowMs: number): void {
    const sequence = this.#auditSequence + 1;
    const entry = { sequence, at: instantOf(nowMs), actor: 'system', action, subject, detail: { from, to } };
    const previous = this.#auditHead;
    const hash = entryHash(previous, entry);
    const left = this.#mutants.has('audit-row-without-leaf') && sequence % 50 === 0;
    if (!left) {
      this.#auditHead = hash;
      this.#auditSequence = sequence;
    }
    const rewritten = this.#mutants.has('audit-entry-rewritten') && sequence % 50 === 0;
    const stored = rewritten ? { ...entry, detail: { from, to: from } } : entry;
    this.#witness.audited({ entry: stored, previous, hash: left ? null : hash }, nowMs);
  }

  #index(job: JobStatus, before: JobState | undefined): void {
    const isActive = ACTIVE.has(job.state);
    if (isActive) this.active.add(job.id);
    else this.active.delete(job.id);
    if (DISRUPTING.has(job.state)) this.disrupting.add(job.id);
    else this.disrupting.delete(job.id);
    keep(this.activeOfHost, job.hostId, job.id, isActive);
    keep(this.activeOfRollout, job.rolloutId, job.id, isActive);
    if (job.state === 'cancelled' || job.state === 'superseded') keep(this.cancelledOfHost, job.hostId, job.id, true);
    const wanted = +WANTING.has(job.state) - +(before !== undefined && WANTING.has(before));
    this.wantingOfRollout.set(job.rolloutId, (this.wantingOfRollout.get(job.rolloutId) ?? 0) + wanted);
  }
}

function keep(index: Map<string, Set<string>>, key: string, id: string, isIn: boolean): void {
  const own = index.get(key);
  if (own !== undefined) isIn ? own.add(id) : own.delete(id);
  else if (isIn) index.set(key, new Set([id]));
}

const ACTIVE: ReadonlySet<JobState> = new Set(JOB_ACTIVE);
const DISRUPTING: ReadonlySet<JobState> = new Set(JOB_DISRUPTING);
const WANTING: ReadonlySet<JobState> = new Set(JOB_WANTING);

export function attemptKey(jobId: string, attempt: number): string {
  return `${jobId}/${attempt}`;
}
