import type { Envelope } from '../core/evidence/envelope.ts';
import { invariant } from '../core/kernel/faults.ts';
import { type Instant, MINUTE_MS } from '../core/kernel/instants.ts';
import { isFinal } from '../core/kernel/machine.ts';
import type { Measured } from '../core/rollouts/health.ts';
import { type HostPlan, type JobEvent, type JobResult, PERMIT_TYPE } from '../core/rollouts/host-plan.ts';
import { grantPermit, hearHost, hearPermitRequest, takeResult } from '../core/rollouts/job-changes.ts';
import { JOB, JOB_FAILED } from '../core/rollouts/job-states.ts';
import { type JobStatus, withFields } from '../core/rollouts/job-status.ts';
import { answerPermit, PERMIT_USED_IN } from '../core/rollouts/permit-decision.ts';
import { WAITING_ON } from '../core/rollouts/waiting.ts';
import type { SimKeys } from './keys.ts';
import type { Mutants } from './mutants.ts';
import { permitFacts } from './permit-facts.ts';
import { rehearsalsFor } from './rehearsals.ts';
import { attemptKey, type HostPast, SimStore } from './store.ts';
import { instantOf } from './timeline.ts';
import type { Witness } from './witness.ts';

/** As src/server/rollouts/safety-facts.ts for hosts with an agent. */
const HEALTH_MINUTES = 5;
/** As src/server/rollouts/tasks.ts. */
const CANCEL_NOTICE_MS = 60 * MINUTE_MS;

/** A host's own report of itself. */
export interface HostInventory {
  readonly observedAtMs: number;
  readonly failedUnits: boolean;
  readonly bootedAtMs: number;
}

export interface TaskForHost {
  readonly kind: 'job' | 'cancel' | 'rehearse';
  readonly jobId: string;
  readonly attempt: number;
  readonly envelope: Envelope | null;
}

export interface PermitAnswer {
  readonly permit: Envelope | null;
  readonly refused: { readonly code: string; readonly text: string; readonly retryAfterSeconds: number; readonly final: boolean } | null;
}

/**
 * What hosts can ask of the server, without its database: every decision is that of core/rollouts, this class only keeps what they answer, as
 * src/server/rollouts does in SQL. What it keeps survives a crash; messages and ticks do not.
 */
export class SimServer {
  readonly store: SimStore;
  readonly keys: SimKeys;
  readonly witness: Witness;
  readonly mutants: Mutants;
  /** When the host was last heard of. */
  readonly heardAtMs = new Map<string, number>();
  #permitNumber = 0;

  constructor(witness: Witness, keys: SimKeys, mutants: Mutants) {
    this.store = new SimStore(witness, mutants);
    this.keys = keys;
    this.witness = witness;
    this.mutants = mutants;
  }

  /** What hosts have said of themselves last. */
  readonly inventories = new Map<string, HostInventory>();
  /** The metrics server; none until somebody names one. */
  metrics: (name: string, hostIds: readonly string[]) => Measured = () => ({ ok: false, problem: 'no Prometheus is named' });

  observe(hostId: string, inventory: HostInventory): void {
    this.inventories.set(hostId, inventory);
    this.witness.books.inventories.set(hostId, inventory);
  }

  ask(name: string, hostIds: readonly string[], nowMs: number): Measured {
    const said = this.metrics(name, hostIds);
    const { said: kept } = this.witness.books;
    kept.push({ name, hostIds, said, atMs: nowMs });
    if (kept.length > 20) kept.shift();
    return said;
  }

  hear(hostId: string, nowMs: number): void {
    this.heardAtMs.set(hostId, nowMs);
    this.witness.heard(hostId, nowMs);
  }

  /** `healthy`: what the host's own inventory says; it clears a host that a rollout left failed (domain.md 2.9). */
  tasksFor(hostId: string, healthy: boolean, nowMs: number): TaskForHost[] {
    this.hear(hostId, nowMs);
    if (healthy) {
      this.pastOf(hostId).recovered = true;
      this.witness.saidWell(hostId);
    }
    const { store } = this;
    const everybody = this.mutants.has('host-filter-missing-in-tasks');
    const tasks: TaskForHost[] = rehearsalsFor(this, hostId, nowMs);
    for (const jobId of everybody ? store.active : (store.activeOfHost.get(hostId) ?? [])) {
      const job = store.jobs.get(jobId)!;
      const attempt = store.attempts.get(attemptKey(jobId, job.attempt));
      if (attempt === undefined || attempt.result !== null) continue;
      const task = { jobId, attempt: job.attempt };
      tasks.push(job.cancelRequested ? { kind: 'cancel', ...task, envelope: null } : { kind: 'job', ...task, envelope: attempt.envelope });
      this.witness.told(hostId, job.hostId, jobId, nowMs);
    }
    for (const jobId of store.cancelledOfHost.get(hostId) ?? []) {
      const job = store.jobs.get(jobId)!;
      const attempt = store.attempts.get(attemptKey(jobId, job.attempt));
      if (nowMs - Date.parse(job.finishedAt!) > CANCEL_NOTICE_MS) store.cancelledOfHost.get(hostId)!.delete(jobId);
      else if (attempt?.acknowledged === true && attempt.result === null)
        tasks.push({ kind: 'cancel', jobId, attempt: job.attempt, envelope: null });
    }
    return tasks;
  }

  /** Nothing to say to this host and nothing to learn from it: its check-in needs no message in fair weather. */
  isIdle(hostId: string): boolean {
    const { store } = this;
    return (
      (store.activeOfHost.get(hostId)?.size ?? 0) === 0 &&
      (store.cancelledOfHost.get(hostId)?.size ?? 0) === 0 &&
      store.pasts.get(hostId)?.recovered !== false &&
      !store.openRehearsals.has(hostId) &&
      !this.mutants.has('host-filter-missing-in-tasks')
    );
  }

  pastOf(hostId: string): HostPast {
    const known = this.store.pasts.get(hostId);
    if (known !== undefined) return known;
    const fresh: HostPast = { lastSucceededAt: null, lastFailedAt: null, recovered: true };
    this.store.pasts.set(hostId, fresh);
    return fresh;
  }

  recordEvents(hostId: string, jobId: string, attempt: number, events: readonly JobEvent[], nowMs: number): boolean {
    this.hear(hostId, nowMs);
    const job = this.store.jobs.get(jobId);
    if (job === undefined || job.hostId !== hostId || attempt > job.attempt) return true;
    const fresh = events.filter(event => this.#isFresh(`${jobId}/${attempt}/${event.sequence}`));
    for (const event of fresh) this.store.phases.add(`${jobId}/${attempt}/${event.phase}`);
    const { change, cancelRequested } = hearHost(job, attempt, fresh, instantOf(nowMs));
    if (change === null) return cancelRequested;
    this.store.attempts.get(attemptKey(jobId, attempt))!.acknowledged = true;
    this.store.putJob(change, nowMs);
    return cancelRequested;
  }

  #isFresh(key: string): boolean {
    if (this.store.events.has(key)) return false;
    this.store.events.add(key);
    return true;
  }

  requestPermit(
    hostId: string,
    { jobId, attempt }: Pick<HostPlan, 'jobId' | 'attempt'>,
    phase: 'apply' | 'reboot',
    nowMs: number,
    hostNowMs: number,
    sharesReboot: boolean,
  ): PermitAnswer {
    this.hear(hostId, nowMs);
    const { store, mutants } = this;
    const stored = store.jobs.get(jobId);
    if (stored === undefined || stored.hostId !== hostId) return NOT_YOURS;
    const now = instantOf(nowMs);
    const asked = mutants.has('stale-attempt-gets-permit') ? stored.attempt : attempt;
    const heard = hearPermitRequest(stored, asked, phase, now);
    const key = `${attemptKey(jobId, attempt)}/${phase}`;
    const live = store.permits.get(key);
    const begun = PERMIT_USED_IN[phase].some(one => store.phases.has(`${jobId}/${attempt}/${one}`));
    const clock = mutants.has('host-clock-used-for-window') ? instantOf(hostNowMs) : now;
    const facts = permitFacts(this, heard.job, { attempt: asked, phase, sharesReboot }, clock, nowMs);
    const answer = answerPermit(facts, live === undefined ? null : { expiresAt: live.expiresAt, begun });
    if (answer.kind === 'no') {
      const { code, text, retryAfterSeconds, final } = answer.refusal;
      const waitingOn = mutants.has('wait-without-reason') ? null : code;
      const shared = code === 'reboot-shared' ? { sharesReboot: true } : {};
      if (code === 'reboot-shared') this.witness.rebootShared(heard.job, nowMs);
      store.putJob(isFinal(JOB, heard.job.state) ? heard : withFields(heard, { waitingOn, ...shared }), nowMs);
      return { permit: null, refused: { code, text, retryAfterSeconds, final } };
    }
    if (answer.kind === 'same') {
      store.putJob(heard, nowMs);
      return { permit: live!.envelope, refused: null };
    }
    const permit = {
      permitId: `pmt_${++this.#permitNumber}`,
      jobId,
      attempt,
      hostId,
      phase,
      issuedAt: now,
      expiresAt: answer.expiresAt,
    };
    const envelope = this.keys.sign(PERMIT_TYPE, permit);
    store.permits.set(key, { ...permit, envelope });
    this.witness.permitIssued(permit, stored, nowMs);
    store.putJob(grantPermit(heard, phase, now, { permitId: permit.permitId }), nowMs);
    const rollout = store.rollouts.get(stored.rolloutId)!;
    if (rollout.changeState === 'scheduled') rollout.changeState = 'implementing';
    return { permit: envelope, refused: null };
  }

  lastHeard(hostId: string): { readonly lastSeenAt: Instant | null; readonly healthMinutes: number } {
    const heardAtMs = this.heardAtMs.get(hostId);
    return { lastSeenAt: heardAtMs === undefined ? null : instantOf(heardAtMs), healthMinutes: HEALTH_MINUTES };
  }

  /** For an offer. */
  presenceOf(hostId: string, nowMs: number): { readonly lastSeenAt: Instant | null; readonly healthMinutes: number } {
    const heard = this.lastHeard(hostId);
    return this.mutants.has('offered-to-silent-host') ? { ...heard, lastSeenAt: instantOf(nowMs) } : heard;
  }

  recordResult(hostId: string, jobId: string, attempt: number, result: JobResult, nowMs: number): void {
    this.hear(hostId, nowMs);
    const { store, mutants } = this;
    const job = store.jobs.get(jobId);
    if (job === undefined || job.hostId !== hostId) return;
    const tried = store.attempts.get(attemptKey(jobId, attempt));
    const twice = mutants.has('duplicate-result-counts-twice');
    if (tried?.result != null && !twice) return;
    const known = { offered: tried !== undefined, answered: tried?.result != null && !twice };
    const { kind } = store.rollouts.get(job.rolloutId)!;
    const again = twice && isFinal(JOB, job.state) && result.outcome !== 'cancelled';
    const asked = again ? { ...job, state: 'verifying' as const, cancelRequested: false } : job;
    const taken = takeResult(asked, kind, this.#attemptFor(job, attempt), this.#heardAs(job, result), known, instantOf(nowMs));
    if (tried !== undefined) tried.result ??= result;
    if (taken.late !== null) {
      store.lateResults.push({ jobId, attempt, result });
      return;
    }
    const after = mutants.has('retry-after-touch') ? withFields(taken, { touched: result.touched }) : taken;
    store.putJob(after, nowMs);
    this.ended(after.job, result.touched, nowMs);
    if (tried !== undefined) this.witness.resultTaken(after.job, tried.plan, nowMs);
  }

  #attemptFor(job: JobStatus, attempt: number): number {
    return this.mutants.has('outbox-order-lost') ? job.attempt : attempt;
  }

  #heardAs(job: JobStatus, result: JobResult): JobResult {
    if (this.mutants.has('success-believed') && result.outcome === 'succeeded')
      return {
        ...result,
        after: job.transaction.map(({ name, arch, toVersion }) => ({ name, arch, version: toVersion, state: 'installed' })),
      };
    if (this.mutants.has('retry-after-touch') && result.failure !== null)
      return { ...result, touched: false, failure: { ...result.failure, class: 'interrupted' } };
    return result;
  }

  /** Kept for the groups of the host: how its last change ended. */
  ended(job: JobStatus, touched: boolean, nowMs: number): void {
    if (!isFinal(JOB, job.state)) return;
    const past = this.pastOf(job.hostId);
    if (job.state === 'succeeded') past.lastSucceededAt = instantOf(nowMs);
    if (!JOB_FAILED.includes(job.state) || !touched) return;
    past.lastFailedAt = instantOf(nowMs);
    past.recovered = false;
  }

  hasResult(jobId: string, attempt: number): boolean {
    return (
      this.store.attempts.get(attemptKey(jobId, attempt))?.result != null ||
      this.store.lateResults.some(late => late.jobId === jobId && late.attempt === attempt)
    );
  }

  planOf(jobId: string, attempt: number): HostPlan {
    const tried = this.store.attempts.get(attemptKey(jobId, attempt));
    invariant(tried !== undefined, `${jobId} was offered`);
    return tried.plan;
  }
}

const NOT_YOURS: PermitAnswer = { permit: null, refused: { code: 'wrong-state', ...WAITING_ON['wrong-state'] } };
