import { invariant } from '../core/kernel/faults.ts';
import { addMs, type Instant, MINUTE_MS, toInstant } from '../core/kernel/instants.ts';
import { CHANGE_REQUEST } from '../core/rollouts/change-request-states.ts';
import type { RingCounts } from '../core/rollouts/gate.ts';
import type { HostPlan, JobEvent, JobPhase, JobResult, Permit } from '../core/rollouts/host-plan.ts';
import { hostPlanFor } from '../core/rollouts/host-plan-for.ts';
import { grantPermit, hearEvents, hearPermitRequest, offerJob, takeResult, timeUp } from '../core/rollouts/job-changes.ts';
import { JOB, JOB_FAILED, JOB_SATISFIED } from '../core/rollouts/job-states.ts';
import { type JobStatus, send, unchanged, withFields } from '../core/rollouts/job-status.ts';
import { isFinal, move } from '../core/rollouts/machine.ts';
import { answerPermit, type PermitFacts } from '../core/rollouts/permit-decision.ts';
import { ATTEMPTS_MAX } from '../core/rollouts/retry.ts';
import { progressRing, type RingStatus, sameRing, sendRing } from '../core/rollouts/ring-changes.ts';
import { ending, stepOf } from '../core/rollouts/rollout-changes.ts';
import { ROLLOUT, type RolloutEvent } from '../core/rollouts/rollout-states.ts';
import type { Mutants } from './mutants.ts';
import { countsOf, unknownAsOk } from './ring-counts.ts';
import { attemptKey, type SimRollout, SimStore } from './store.ts';
import type { Witness } from './witness.ts';

/** As src/server/rollouts/offers.ts: twice the slots keep them filled. */
const OFFERS_PER_SLOT = 2;
const BEGUN: Readonly<Record<'apply' | 'reboot', readonly JobPhase[]>> = {
  apply: ['apply', 'restart', 'reboot', 'verify', 'smoke-test'],
  reboot: ['verify', 'smoke-test'],
};
/** As src/server/rollouts/safety-facts.ts for hosts with an agent. */
const HEALTH_MS = 5 * MINUTE_MS;

export interface TaskForHost {
  readonly kind: 'job' | 'cancel';
  readonly jobId: string;
  readonly attempt: number;
  readonly plan: HostPlan | null;
}

export type PermitReply = {
  readonly permit: Permit | null;
  readonly refused: { readonly code: string; readonly retryAfterSeconds: number; readonly final: boolean } | null;
};

/**
 * The server without its database: every decision is that of core/rollouts, this class only keeps what they answer. What it keeps survives a crash;
 * messages and ticks do not. One long class, as its methods are the transactions over one store.
 */
export class SimServer {
  readonly store: SimStore;
  readonly #witness: Witness;
  readonly #mutants: Mutants;
  /** When the host was last heard of, and its packages as it last told them. */
  readonly heardAtMs = new Map<string, number>();
  readonly inventory = new Map<string, ReadonlyMap<string, string>>();
  #permitNumber = 0;
  #planNumber = 0;

  constructor(witness: Witness, mutants: Mutants) {
    this.store = new SimStore(witness);
    this.#witness = witness;
    this.#mutants = mutants;
  }

  /** `healthy`: what the host's own inventory says; it clears a host that a rollout left failed (domain.md 2.9). */
  tasksFor(hostId: string, healthy: boolean, nowMs: number): TaskForHost[] {
    this.heardAtMs.set(hostId, nowMs);
    if (healthy && this.lastEnd.get(hostId)?.good === false) this.lastEnd.delete(hostId);
    const tasks: TaskForHost[] = [];
    for (const jobId of this.store.activeOfHost.get(hostId) ?? []) {
      const job = this.store.jobs.get(jobId)!;
      const attempt = this.store.attempts.get(attemptKey(jobId, job.attempt));
      if (attempt === undefined || attempt.result !== null) continue;
      tasks.push(
        job.cancelRequested
          ? { kind: 'cancel', jobId, attempt: job.attempt, plan: null }
          : { kind: 'job', jobId, attempt: job.attempt, plan: attempt.plan },
      );
    }
    return tasks;
  }

  /** Nothing to say to this host: its check-in needs no message in fair weather. */
  isIdle(hostId: string): boolean {
    return (this.store.activeOfHost.get(hostId)?.size ?? 0) === 0 && this.lastEnd.get(hostId)?.good !== false;
  }

  recordEvents(hostId: string, jobId: string, attempt: number, events: readonly JobEvent[], nowMs: number): boolean {
    this.heardAtMs.set(hostId, nowMs);
    const job = this.store.jobs.get(jobId);
    if (job === undefined || attempt > job.attempt) return true;
    const fresh = events.filter(event => this.#isFresh(`${jobId}/${attempt}/${event.sequence}`));
    for (const event of fresh) this.store.phases.add(`${jobId}/${attempt}/${event.phase}`);
    if (attempt < job.attempt || job.state === 'queued') return true;
    if (isFinal(JOB, job.state)) return job.state === 'cancelled' || job.state === 'superseded';
    this.store.putJob(hearEvents(job, fresh, toInstant(nowMs)), nowMs);
    return job.cancelRequested;
  }

  #isFresh(key: string): boolean {
    if (this.store.events.has(key)) return false;
    this.store.events.add(key);
    return true;
  }

  requestPermit(hostId: string, jobId: string, attempt: number, phase: 'apply' | 'reboot', nowMs: number, hostNowMs: number): PermitReply {
    this.heardAtMs.set(hostId, nowMs);
    const stored = this.store.jobs.get(jobId);
    invariant(stored !== undefined && stored.hostId === hostId, `${hostId} asks for its own job`);
    const now = toInstant(nowMs);
    const asked = this.#mutants.has('stale-attempt-gets-permit') ? stored.attempt : attempt;
    const heard = hearPermitRequest(stored, asked, phase, now);
    const key = `${attemptKey(jobId, attempt)}/${phase}`;
    const live = this.store.permits.get(key);
    const begun = BEGUN[phase].some(one => this.store.phases.has(`${jobId}/${attempt}/${one}`));
    const clock = this.#mutants.has('host-clock-used-for-window') ? toInstant(hostNowMs) : now;
    const facts = this.#permitFacts(heard.job, asked, phase, clock, nowMs);
    const answer = answerPermit(facts, live === undefined ? null : { expiresAt: live.expiresAt, begun });
    if (answer.kind === 'no') {
      this.store.putJob(isFinal(JOB, heard.job.state) ? heard : withFields(heard, { waitingOn: answer.refusal.code }), nowMs);
      const { code, retryAfterSeconds, final } = answer.refusal;
      return { permit: null, refused: { code, retryAfterSeconds, final } };
    }
    if (answer.kind === 'same') {
      this.store.putJob(heard, nowMs);
      return { permit: live!, refused: null };
    }
    const permit: Permit = {
      permitId: `pmt_${++this.#permitNumber}`,
      jobId,
      attempt,
      hostId,
      phase,
      issuedAt: now,
      expiresAt: answer.expiresAt,
    };
    this.store.permits.set(key, permit);
    this.#witness.permitIssued({ ...facts, askedAttempt: attempt }, hostId, stored.rolloutId, nowMs);
    this.store.putJob(grantPermit(heard, phase, now, { permitId: permit.permitId }), nowMs);
    const rollout = this.store.rollouts.get(stored.rolloutId)!;
    if (rollout.changeState === 'scheduled') this.#moveChange(rollout, 'implement');
    return { permit, refused: null };
  }

  /** A mutant lies to the decision, never to the witness. */
  #permitFacts(job: JobStatus, askedAttempt: number, phase: 'apply' | 'reboot', now: Instant, nowMs: number): PermitFacts {
    const { store } = this;
    const rollout = store.rollouts.get(job.rolloutId)!;
    const ring = store.rings.get(job.ringId)!;
    const window = this.#mutants.has('window-checked-only-at-offer') ? { startsAt: null, endsAt: null } : rollout.plan.window;
    const halted = this.#mutants.has('halt-ignored-by-permits') && rollout.state !== 'running';
    const others = (ids: ReadonlySet<string>): number => ids.size - (ids.has(job.id) ? 1 : 0);
    const inRing = (store.jobsOfRing.get(ring.id) ?? []).filter(id => id !== job.id && store.disrupting.has(id)).length;
    return {
      now,
      phase,
      rollout: {
        state: halted ? 'running' : rollout.state,
        planHash: rollout.planHash,
        windowStartsAt: window.startsAt,
        windowEndsAt: window.endsAt,
        reboot: rollout.plan.reboot,
      },
      change: { state: halted ? 'implementing' : rollout.changeState, planHash: rollout.planHash, expiresAt: rollout.approvalExpiresAt },
      ring: { state: halted ? 'running' : ring.state, concurrency: ring.concurrency },
      disrupting: { ring: inRing, global: others(store.disrupting) },
      globalConcurrencyMax: store.concurrencyMax,
      killSwitch: store.killSwitch && !this.#mutants.has('kill-switch-ignored'),
      freezes: store.freezes.filter(freeze => freeze.startsAt <= now && now < freeze.endsAt),
      groups: this.#mutants.has('availability-without-lock') ? [] : this.#groupsOf(job.hostId, nowMs),
      job: {
        state: job.state,
        attempt: job.attempt,
        cancelRequested: job.cancelRequested,
        estimatedMinutes: estimateOf(rollout, job),
        planNotAfter: store.attempts.get(attemptKey(job.id, job.attempt))?.plan.notAfter ?? now,
      },
      askedAttempt,
      otherActiveJobOnHost: others(store.activeOfHost.get(job.hostId) ?? new Set()) > 0,
    };
  }

  /** Members that are known to be well, as src/server/rollouts/safety-facts.ts counts them. */
  #groupsOf(hostId: string, nowMs: number): PermitFacts['groups'] {
    return this.store.groups
      .filter(group => group.hostIds.has(hostId))
      .map(group => ({
        name: group.name,
        minAvailable: group.minAvailable,
        available: [...group.hostIds].filter(member => member !== hostId && this.#isWell(member, group.memberSoakMinutes, nowMs)).length,
      }));
  }

  #isWell(hostId: string, soakMinutes: number, nowMs: number): boolean {
    if (nowMs - (this.heardAtMs.get(hostId) ?? Number.NEGATIVE_INFINITY) >= HEALTH_MS) return false;
    for (const id of this.store.activeOfHost.get(hostId) ?? []) if (this.store.disrupting.has(id)) return false;
    const last = this.lastEnd.get(hostId);
    if (last === undefined) return true;
    return last.good ? nowMs - last.atMs >= soakMinutes * MINUTE_MS : false;
  }

  /** How the last job that changed the host ended. */
  readonly lastEnd = new Map<string, { readonly good: boolean; readonly atMs: number }>();

  recordResult(hostId: string, jobId: string, attempt: number, result: JobResult, nowMs: number): void {
    this.heardAtMs.set(hostId, nowMs);
    const job = this.store.jobs.get(jobId);
    if (job === undefined) return;
    const key = attemptKey(jobId, attempt);
    const tried = this.store.attempts.get(key);
    const twice = this.#mutants.has('duplicate-result-counts-twice');
    if (tried?.result != null && !twice) return;
    const known = { offered: tried !== undefined, answered: tried?.result != null && !twice };
    const rollout = this.store.rollouts.get(job.rolloutId)!;
    const asked = twice && isFinal(JOB, job.state) ? { ...job, state: 'verifying' as const } : job;
    const heard =
      this.#mutants.has('success-believed') && result.outcome === 'succeeded'
        ? {
            ...result,
            after: job.transaction.map(item => ({ name: item.name, arch: item.arch, version: item.toVersion, state: 'installed' })),
          }
        : result;
    const judged =
      this.#mutants.has('retry-after-touch') && result.failure !== null
        ? { ...heard, touched: false, failure: { ...result.failure, class: 'interrupted' as const } }
        : heard;
    const taken = takeResult(asked, rollout.kind, attempt, judged, known, toInstant(nowMs));
    if (tried !== undefined) tried.result ??= result;
    if (taken.late !== null) {
      this.store.lateResults.push({ jobId, attempt, result });
      return;
    }
    const touched = result.touched;
    this.store.putJob(this.#mutants.has('retry-after-touch') ? withFields(taken, { touched }) : taken, nowMs);
    if (touched && isFinal(JOB, taken.job.state)) this.lastEnd.set(hostId, { good: JOB_SATISFIED.includes(taken.job.state), atMs: nowMs });
    if (tried !== undefined) this.#witness.resultAccepted(taken.job, tried.plan, nowMs);
  }

  /** Jobs whose time is up although nothing holds the server: their deadline is not kept. */
  overdue(nowMs: number): JobStatus[] {
    const before = toInstant(nowMs - 2 * MINUTE_MS);
    return [...this.store.active]
      .map(id => this.store.jobs.get(id)!)
      .filter(job => timeUp(job, this.store.attempts.get(attemptKey(job.id, job.attempt))?.plan.notAfter ?? null, before) !== null);
  }

  hasResult(jobId: string, attempt: number): boolean {
    return (
      this.store.attempts.get(attemptKey(jobId, attempt))?.result != null ||
      this.store.lateResults.some(late => late.jobId === jobId && late.attempt === attempt)
    );
  }

  /** One pass of the reconciler over everything that is open. */
  reconcile(nowMs: number): void {
    for (const rollout of this.store.rollouts.values()) if (!isFinal(ROLLOUT, rollout.state)) this.#reconcileOne(rollout, nowMs);
  }

  #reconcileOne(rollout: SimRollout, nowMs: number): void {
    const now = toInstant(nowMs);
    for (const jobId of [...this.store.active]) {
      const job = this.store.jobs.get(jobId)!;
      if (job.rolloutId !== rollout.id || this.#mutants.has('lease-never-expires')) continue;
      const change = timeUp(job, this.store.attempts.get(attemptKey(jobId, job.attempt))?.plan.notAfter ?? null, now);
      if (change === null) continue;
      this.store.putJob(change, nowMs);
      if (change.job.state === 'timed-out') this.lastEnd.set(job.hostId, { good: false, atMs: nowMs });
      if (this.#mutants.has('lost-host-releases-slot') && change.job.state === 'lost') this.store.disrupting.delete(jobId);
    }
    const { window } = rollout.plan;
    const wanting = this.#jobsOf(rollout).filter(
      job => job.state === 'queued' || (this.store.active.has(job.id) && !this.store.disrupting.has(job.id)),
    ).length;
    const facts = {
      now,
      state: rollout.state,
      stateSince: rollout.stateSince,
      windowStartsAt: window.startsAt,
      windowEndsAt: window.endsAt,
      approvalExpiresAt: rollout.approvalExpiresAt,
      killSwitch: this.store.killSwitch,
      openRehearsals: 0,
      wanting,
    };
    const next = stepOf(facts);
    if (next.do === 'start') this.begin(rollout, nowMs);
    if (next.do === 'progress' || next.do === 'start') this.#progress(rollout, nowMs);
    if (next.do === 'recheck') this.#recheck(rollout, nowMs);
    if (next.do === 'expire') this.#end(rollout, 'expire', next.reason, nowMs);
    if (next.do === 'halt') this.halt(rollout, next.event, next.reason, nowMs);
    if (next.do === 'drain') this.#drain(rollout, nowMs);
    if (rollout.state === 'running') this.#offer(rollout, nowMs);
  }

  begin(rollout: SimRollout, nowMs: number): void {
    this.#moveRollout(rollout, 'start', nowMs);
  }

  #progress(rollout: SimRollout, nowMs: number): void {
    for (const ringId of rollout.ringIds) {
      const ring = this.store.rings.get(ringId)!;
      if (ring.state === 'passed' || ring.state === 'skipped') continue;
      const after = this.#progressRing(rollout, ring, nowMs);
      if (after.state !== 'passed' && after.state !== 'skipped') return;
    }
    const jobs = this.#jobsOf(rollout);
    const end = ending(jobs.length, jobs.filter(job => JOB_SATISFIED.includes(job.state)).length);
    this.#closeChange(rollout);
    this.#moveRollout(rollout, end.event, nowMs);
  }

  #progressRing(rollout: SimRollout, ring: RingStatus, nowMs: number): RingStatus {
    const now = toInstant(nowMs);
    const counts = this.#counts(ring.id);
    const last = this.#jobsOfRing(ring.id).reduce<Instant | null>(
      (latest, job) => (job.state === 'succeeded' && (latest === null || job.finishedAt! > latest) ? job.finishedAt : latest),
      null,
    );
    const gate = this.#mutants.has('gate-integer-division') ? { ...ring.gate, errorPercent: 50 } : ring.gate;
    const change = progressRing({ ...ring, gate }, counts, last, '', now);
    this.store.putRing({ ...change, ring: { ...change.ring, gate: ring.gate } }, nowMs);
    if (change.ring.state === 'passed')
      for (const job of this.#jobsOfRing(ring.id))
        if (job.state === 'queued')
          this.store.putJob(send(unchanged(job), 'give-up', now, { by: 'system', reason: 'the ring has passed without it' }), nowMs);
    if (change.gate !== null && change.ring.state !== 'passed' && change.ring.state !== 'skipped' && rollout.state === 'running') {
      this.#moveRollout(rollout, 'gate-stopped', nowMs);
      this.#stop(rollout, `its gate said ${change.gate.verdict}`, nowMs);
    }
    return change.ring;
  }

  #recheck(rollout: SimRollout, nowMs: number): void {
    const ring = rollout.ringIds.map(id => this.store.rings.get(id)!).find(one => one.state === 'gate-pending');
    if (ring !== undefined) this.#progressRing(rollout, ring, nowMs);
  }

  #offer(rollout: SimRollout, nowMs: number): void {
    const ring = rollout.ringIds.map(id => this.store.rings.get(id)!).find(one => one.state === 'running');
    const { window } = rollout.plan;
    if (ring === undefined || (window.startsAt !== null && Date.parse(window.startsAt) > nowMs + 60 * MINUTE_MS)) return;
    const now = toInstant(nowMs);
    let taken = this.#jobsOfRing(ring.id).filter(job => this.store.active.has(job.id)).length;
    for (const job of this.#jobsOfRing(ring.id)) {
      if (taken >= ring.concurrency * OFFERS_PER_SLOT) return;
      if (job.state !== 'queued' || job.parked || (job.notBefore ?? now) > now) continue;
      if ((this.store.activeOfHost.get(job.hostId)?.size ?? 0) > 0 && !this.#mutants.has('two-active-jobs-per-host')) continue;
      const sequence = (this.store.sequences.get(job.hostId) ?? 0) + 1;
      this.store.sequences.set(job.hostId, sequence);
      const planId = `plan_${++this.#planNumber}`;
      const change = offerJob(job, now, { planId, sequence });
      const terms = {
        installationId: 'sim',
        planId,
        sequence,
        rolloutPlanHash: rollout.planHash,
        kind: rollout.kind,
        restart: rollout.plan.restart,
        reboot: rollout.plan.reboot,
        smokeTests: [],
        windowEndsAt: window.endsAt,
      };
      this.store.attempts.set(attemptKey(job.id, change.job.attempt), { plan: hostPlanFor(change.job, terms, now), result: null });
      this.store.putJob(change, nowMs);
      taken += 1;
    }
  }

  pause(rollout: SimRollout, nowMs: number): void {
    this.#moveRollout(rollout, 'pause', nowMs);
    this.#stop(rollout, 'it was paused', nowMs);
  }

  /** As src/server/rollouts/running.ts `resume`: the same ring goes on, and where nothing is left to try its failures are accepted. */
  resume(rollout: SimRollout, nowMs: number): void {
    const stopped = rollout.ringIds
      .map(id => this.store.rings.get(id)!)
      .find(ring => ring.state === 'failed' || ring.state === 'gate-pending');
    if (stopped !== undefined) {
      const override = stopped.state === 'failed' || !this.#jobsOfRing(stopped.id).some(job => job.parked);
      for (const job of this.#jobsOfRing(stopped.id)) {
        if (override && (JOB_FAILED.includes(job.state) || job.state === 'unreachable'))
          this.store.putJob(withFields(unchanged(job), { failureAcceptedBy: 'operator' }), nowMs);
        if (job.parked)
          this.store.putJob(
            withFields(unchanged(job), { parked: false, waitingOn: null, notBefore: null, retrySince: null, attemptsLeft: ATTEMPTS_MAX }),
            nowMs,
          );
      }
      this.store.putRing(sendRing(sameRing(stopped), 'reopen', toInstant(nowMs)), nowMs);
    }
    this.#moveRollout(rollout, 'resume', nowMs);
    this.#witness.rolloutGoesOn(rollout.id);
  }

  halt(rollout: SimRollout, event: 'halt' | 'expire', reason: string, nowMs: number): void {
    rollout.haltOutcome = event === 'halt' ? 'halted' : 'expired';
    rollout.stopReason = reason;
    this.#moveRollout(rollout, event, nowMs);
    this.#stop(rollout, 'it was halted', nowMs);
    this.#cancelWhatCan(rollout, nowMs);
    for (const job of this.#jobsOf(rollout))
      if (this.store.active.has(job.id)) this.store.putJob(withFields(unchanged(job), { cancelRequested: true }), nowMs);
    this.#drain(rollout, nowMs);
  }

  #cancelWhatCan(rollout: SimRollout, nowMs: number): void {
    if (this.#mutants.has('halt-ignored-by-permits')) return;
    for (const job of this.#jobsOf(rollout))
      if (move(JOB, job.state, 'cancel').ok) this.store.putJob(send(unchanged(job), 'cancel', toInstant(nowMs), { by: 'system' }), nowMs);
  }

  #drain(rollout: SimRollout, nowMs: number): void {
    this.#cancelWhatCan(rollout, nowMs);
    if (this.#jobsOf(rollout).some(job => this.store.active.has(job.id))) return;
    this.#closeChange(rollout);
    for (const id of rollout.ringIds) {
      const ring = this.store.rings.get(id)!;
      if (!['failed', 'passed', 'skipped', 'cancelled'].includes(ring.state))
        this.store.putRing(sendRing(sameRing(ring), 'cancel', toInstant(nowMs)), nowMs);
    }
    this.#moveRollout(rollout, `drained-${rollout.haltOutcome ?? 'halted'}`, nowMs);
  }

  #end(rollout: SimRollout, event: 'expire', reason: string, nowMs: number): void {
    rollout.stopReason = reason;
    for (const id of rollout.ringIds) this.store.putRing(sendRing(sameRing(this.store.rings.get(id)!), 'cancel', toInstant(nowMs)), nowMs);
    for (const job of this.#jobsOf(rollout)) this.store.putJob(send(unchanged(job), 'cancel', toInstant(nowMs), { by: 'system' }), nowMs);
    this.#moveChange(rollout, 'cancel');
    this.#moveRollout(rollout, event, nowMs);
  }

  #stop(rollout: SimRollout, why: string, nowMs: number): void {
    this.#witness.rolloutStopped(rollout.id, why, nowMs);
  }

  setKillSwitch(engaged: boolean, nowMs: number): void {
    this.store.killSwitch = engaged;
    this.#witness.killSwitch(engaged, nowMs);
  }

  #moveRollout(rollout: SimRollout, event: RolloutEvent, nowMs: number): void {
    const step = move(ROLLOUT, rollout.state, event);
    invariant(step.ok, `rollout ${rollout.id}: ${event} in ${rollout.state}`);
    rollout.state = step.to;
    rollout.stateSince = toInstant(nowMs);
  }

  #moveChange(rollout: SimRollout, event: 'implement' | 'begin-review' | 'close' | 'cancel'): void {
    const step = move(CHANGE_REQUEST, rollout.changeState, event);
    invariant(step.ok, `change request of ${rollout.id}: ${event} in ${rollout.changeState}`);
    rollout.changeState = step.to;
  }

  #closeChange(rollout: SimRollout): void {
    if (rollout.changeState === 'scheduled' || rollout.changeState === 'implementing') this.#moveChange(rollout, 'begin-review');
    if (rollout.changeState === 'review') this.#moveChange(rollout, 'close');
  }

  #jobsOf(rollout: SimRollout): JobStatus[] {
    return rollout.ringIds.flatMap(id => this.#jobsOfRing(id));
  }

  #jobsOfRing(ringId: string): JobStatus[] {
    return (this.store.jobsOfRing.get(ringId) ?? []).map(id => this.store.jobs.get(id)!);
  }

  #counts(ringId: string): RingCounts {
    const counts = countsOf(this.#jobsOfRing(ringId), id => this.store.active.has(id));
    return this.#mutants.has('gate-counts-unknown-as-ok') ? unknownAsOk(counts) : counts;
  }
}

function estimateOf(rollout: SimRollout, job: JobStatus): number {
  return rollout.plan.rings[job.ringIndex]?.hosts.find(host => host.hostId === job.hostId)?.estimatedMinutes ?? 30;
}

/** When an approval made now runs out. */
export function approvalUntil(nowMs: number): Instant {
  return addMs(toInstant(nowMs), 30 * 24 * 60 * MINUTE_MS);
}
