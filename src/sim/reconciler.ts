import { invariant } from '../core/kernel/faults.ts';
import { type Instant, MINUTE_MS } from '../core/kernel/instants.ts';
import { isFinal, move } from '../core/kernel/machine.ts';
import { CHANGE_REQUEST } from '../core/rollouts/change-request-states.ts';
import { timeUp } from '../core/rollouts/job-changes.ts';
import { JOB, JOB_ACCEPTABLE, JOB_SATISFIED } from '../core/rollouts/job-states.ts';
import { type JobStatus, send, unchanged, withFields } from '../core/rollouts/job-status.ts';
import { FRESH_ATTEMPTS } from '../core/rollouts/retry.ts';
import { type RingStatus, sameRing, sendRing } from '../core/rollouts/ring-changes.ts';
import { ending, stepOf } from '../core/rollouts/rollout-changes.ts';
import { ROLLOUT, type RolloutEvent } from '../core/rollouts/rollout-states.ts';
import { currentOrNext } from '../core/rollouts/schedule/planned-window.ts';
import { needsOverride, type VerbFacts } from '../core/rollouts/verbs.ts';
import { SimOffers } from './offers.ts';
import { SimRings } from './rings.ts';
import { retractedInPlan, type SimRetraction } from './safeguards.ts';
import type { SimServer } from './server.ts';
import { attemptKey, type SimRollout, type SimStore } from './store.ts';
import { instantOf } from './timeline.ts';

const HALT_OUTCOMES = { halt: 'halted', expire: 'expired', supersede: 'superseded' } as const;

/** The shipped reconciler looks every second; this one upon news, and else at this pace: what depends on time alone comes a little later. */
const IDLE_MS = 30_000;

/**
 * What src/server/rollouts does by the clock and at a person's word, over the store in memory: the decisions are core's, in the same order. One class, as
 * its methods are the transactions over one store.
 */
export class SimReconciler {
  readonly #server: SimServer;
  readonly #store: SimStore;
  readonly #lookedAtMs = new Map<string, number>();
  readonly #offers: SimOffers;
  readonly #rings: SimRings;

  constructor(server: SimServer) {
    this.#server = server;
    this.#store = server.store;
    this.#offers = new SimOffers(server);
    this.#rings = new SimRings(server);
  }

  /** One pass over everything that is open and may have something to do. */
  reconcile(nowMs: number): void {
    // Emergencies first (domain.md 2.7, L3).
    const open = [...this.#store.open].sort((a, b) => +(b.plan.profile === 'emergency') - +(a.plan.profile === 'emergency'));
    for (const rollout of open) {
      if (!this.#store.dirty.delete(rollout.id) && nowMs - (this.#lookedAtMs.get(rollout.id) ?? 0) < IDLE_MS) continue;
      this.#lookedAtMs.set(rollout.id, nowMs);
      this.#reconcileOne(rollout, nowMs);
    }
  }

  #reconcileOne(rollout: SimRollout, nowMs: number): void {
    const now = instantOf(nowMs);
    const { mutants } = this.#server;
    this.#keepDeadlines(rollout, nowMs);
    if (rollout.plan.window.repeat !== null && rollout.window.endsAt !== null && rollout.window.endsAt <= now)
      rollout.window = currentOrNext(rollout.plan.window, now) ?? rollout.window;
    const next = stepOf({
      now,
      state: rollout.state,
      stateSince: mutants.has('pause-never-ends') ? now : rollout.stateSince,
      isEmergency: rollout.plan.profile === 'emergency',
      windowStartsAt: rollout.window.startsAt,
      windowEndsAt: rollout.window.endsAt,
      approvalExpiresAt: rollout.approvalExpiresAt,
      killSwitch: this.#store.killSwitch,
      retracted: this.retractedIn(rollout) !== null,
      openRehearsals: 0,
      wanting: this.#store.wantingOfRollout.get(rollout.id) ?? 0,
    });
    if (next.do === 'start') this.moveRollout(rollout, 'start', 'system', nowMs);
    const rings = next.do === 'progress' || next.do === 'start' ? 'progress' : next.do === 'recheck' ? 'recheck' : null;
    const came = rings === null ? null : this.#rings[rings](rollout, nowMs);
    if (came === 'stopped' && rollout.state === 'running') this.moveRollout(rollout, 'gate-stopped', 'system', nowMs);
    if (came === 'through') this.#complete(rollout, nowMs);
    if (next.do === 'expire') this.#end(rollout, 'expire', 'system', next.reason, nowMs);
    if (next.do === 'halt') this.halt(rollout, next.event, 'system', next.reason, nowMs);
    if (next.do === 'drain') this.#drain(rollout, nowMs);
    if (rollout.state === 'running') this.#offers.offer(rollout, nowMs);
  }

  #keepDeadlines(rollout: SimRollout, nowMs: number): void {
    if (this.#server.mutants.has('lease-never-expires')) return;
    const now = instantOf(nowMs);
    for (const jobId of [...(this.#store.activeOfRollout.get(rollout.id) ?? [])]) {
      const job = this.#store.jobs.get(jobId)!;
      const change = timeUp(job, this.#store.attempts.get(attemptKey(jobId, job.attempt))?.plan.notAfter ?? null, now);
      if (change === null) continue;
      this.#store.putJob(change, nowMs);
      this.#server.ended(change.job, true, nowMs);
      if (this.#server.mutants.has('lost-host-releases-slot') && change.job.state === 'lost') this.#store.disrupting.delete(jobId);
    }
  }

  /** All rings are through. */
  #complete(rollout: SimRollout, nowMs: number): void {
    const jobs = this.jobsOf(rollout);
    const end = ending(jobs.length, jobs.filter(job => JOB_SATISFIED.includes(job.state)).length);
    this.#closeChange(rollout);
    this.moveRollout(rollout, end.event, 'system', nowMs);
  }

  pause(rollout: SimRollout, by: string, nowMs: number): void {
    this.moveRollout(rollout, 'pause', by, nowMs);
  }

  /** Whether going on overrides a gate or a rehearsal, which takes a second person. */
  needsOverride(rollout: SimRollout, nowMs: number): boolean {
    return needsOverride({ stopped: this.stopped(rollout, nowMs) });
  }

  stopped(rollout: SimRollout, nowMs: number): VerbFacts['stopped'] {
    const ring = this.stoppedRing(rollout);
    if (ring !== undefined) return { ring: ring.name, state: ring.state, canRetry: this.jobsOfRing(ring.id).some(job => job.parked) };
    return this.#rings.rehearsals.stops(rollout, nowMs) ? { ring: 'the first', state: 'pending', canRetry: false } : null;
  }

  stoppedRing(rollout: SimRollout): RingStatus | undefined {
    return rollout.ringIds.map(id => this.#store.rings.get(id)!).find(ring => ring.state === 'failed' || ring.state === 'gate-pending');
  }

  /** The same ring goes on, none is skipped. */
  resume(rollout: SimRollout, by: string, nowMs: number): void {
    const stopped = this.stoppedRing(rollout);
    if (stopped !== undefined) {
      const override = this.needsOverride(rollout, nowMs);
      if (override) {
        this.#store.overridden.add(stopped.id);
        this.#server.witness.overridden(rollout.id, stopped.id, by, nowMs);
      }
      for (const job of this.jobsOfRing(stopped.id)) {
        if (override && JOB_ACCEPTABLE.includes(job.state) && job.failureAcceptedBy === null) {
          this.#store.putJob(withFields(unchanged(job), { failureAcceptedBy: by }), nowMs);
          this.#server.witness.accepted(job.id);
        }
        if (job.parked) this.#store.putJob(withFields(unchanged(job), FRESH_ATTEMPTS), nowMs);
      }
      this.#store.putRing(sendRing(sameRing(stopped), 'reopen', instantOf(nowMs)), nowMs);
    }
    if (this.#rings.rehearsals.stops(rollout, nowMs)) {
      this.#server.witness.overridden(rollout.id, rollout.ringIds[0]!, by, nowMs);
      this.#rings.rehearsals.accept(rollout, by);
    }
    this.moveRollout(rollout, 'resume', by, nowMs);
  }

  halt(rollout: SimRollout, event: keyof typeof HALT_OUTCOMES, by: string, reason: string, nowMs: number): void {
    rollout.haltOutcome = HALT_OUTCOMES[event];
    rollout.stopReason = reason;
    this.moveRollout(rollout, event, by, nowMs);
    this.#cancelWhatCan(rollout, event === 'supersede' ? 'supersede' : 'cancel', nowMs);
    for (const id of [...(this.#store.activeOfRollout.get(rollout.id) ?? [])])
      this.#store.putJob(withFields(unchanged(this.#store.jobs.get(id)!), { cancelRequested: true }), nowMs);
    this.#drain(rollout, nowMs);
  }

  #cancelWhatCan(rollout: SimRollout, event: 'cancel' | 'supersede', nowMs: number): void {
    if (this.#server.mutants.has('halt-ignored-by-permits')) return;
    for (const job of this.jobsOf(rollout))
      if (move(JOB, job.state, event).ok) this.#store.putJob(send(unchanged(job), event, instantOf(nowMs), { by: 'system' }), nowMs);
  }

  #drain(rollout: SimRollout, nowMs: number): void {
    this.#cancelWhatCan(rollout, 'cancel', nowMs);
    if ((this.#store.activeOfRollout.get(rollout.id)?.size ?? 0) > 0) return;
    this.#closeChange(rollout);
    for (const id of rollout.ringIds) {
      const ring = this.#store.rings.get(id)!;
      if (!['failed', 'passed', 'skipped', 'cancelled'].includes(ring.state))
        this.#store.putRing(sendRing(sameRing(ring), 'cancel', instantOf(nowMs)), nowMs);
    }
    this.moveRollout(rollout, `drained-${rollout.haltOutcome ?? 'halted'}`, 'system', nowMs);
  }

  /** It has not started: nothing is at work. */
  #end(rollout: SimRollout, event: 'expire' | 'supersede', by: string, reason: string, nowMs: number): void {
    const now = instantOf(nowMs);
    rollout.stopReason = reason;
    for (const id of rollout.ringIds) this.#store.putRing(sendRing(sameRing(this.#store.rings.get(id)!), 'cancel', now), nowMs);
    for (const job of this.jobsOf(rollout)) this.#store.putJob(send(unchanged(job), 'cancel', now, { by: 'system' }), nowMs);
    this.#moveChange(rollout, 'cancel');
    this.moveRollout(rollout, event, by, nowMs);
  }

  /** A newer one takes its place: what has not begun ends, what has is brought to its end (domain.md 2.8). */
  supersede(rollout: SimRollout, by: string, nowMs: number): void {
    const reason = `superseded by ${by}`;
    if (rollout.state === 'running' || rollout.state === 'paused') this.halt(rollout, 'supersede', by, reason, nowMs);
    else this.#end(rollout, 'supersede', by, reason, nowMs);
  }

  /** The block and every pause in one step, so that no permit slips in between. */
  retract(retraction: SimRetraction, by: string, nowMs: number): void {
    const { store, witness, mutants } = this.#server;
    store.retractions.push(retraction);
    witness.books.retractions.push(retraction);
    for (const rollout of [...store.open])
      if (rollout.state === 'running' && this.retractedIn(rollout) !== null && !mutants.has('retraction-ignored'))
        this.moveRollout(rollout, 'pause', by, nowMs);
    witness.retracted(nowMs);
  }

  liftRetraction(retraction: SimRetraction): void {
    const { store, witness } = this.#server;
    for (const all of [store.retractions, witness.books.retractions]) {
      const at = all.indexOf(retraction);
      if (at >= 0) all.splice(at, 1);
    }
  }

  /** Somebody says that the evidence was taken. */
  recordEvidence(jobId: string): void {
    this.#store.evidenceNeeded.delete(jobId);
    this.#server.witness.books.evidence.add(jobId);
  }

  /** What of its plan has been retracted, in words. */
  retractedIn(rollout: SimRollout): string | null {
    return this.#server.mutants.has('retraction-ignored') ? null : retractedInPlan(rollout.plan, this.#store.retractions);
  }

  setKillSwitch(engaged: boolean, nowMs: number): void {
    this.#store.killSwitch = engaged;
    this.#server.witness.killSwitch(engaged, nowMs);
    for (const rollout of this.#store.open) this.#store.dirty.add(rollout.id);
  }

  moveRollout(rollout: SimRollout, event: RolloutEvent, by: string, nowMs: number): void {
    const from = rollout.state;
    const step = move(ROLLOUT, from, event);
    invariant(step.ok, `rollout ${rollout.id}: ${event} in ${from}`);
    rollout.state = step.to;
    rollout.stateSince = instantOf(nowMs);
    this.#store.dirty.add(rollout.id);
    if (isFinal(ROLLOUT, step.to)) this.#store.open.delete(rollout);
    this.#store.audit(`rollout.${event}`, rollout.id, from, step.to, nowMs);
    this.#server.witness.rolloutMoved(rollout.id, event, from, step.to, by, nowMs);
  }

  #moveChange(rollout: SimRollout, event: 'begin-review' | 'close' | 'cancel'): void {
    const step = move(CHANGE_REQUEST, rollout.changeState, event);
    invariant(step.ok, `change request of ${rollout.id}: ${event} in ${rollout.changeState}`);
    rollout.changeState = step.to;
  }

  #closeChange(rollout: SimRollout): void {
    if (rollout.changeState === 'scheduled' || rollout.changeState === 'implementing') this.#moveChange(rollout, 'begin-review');
    if (rollout.changeState === 'review') this.#moveChange(rollout, 'close');
  }

  jobsOf(rollout: SimRollout): JobStatus[] {
    return rollout.ringIds.flatMap(id => this.jobsOfRing(id));
  }

  jobsOfRing(ringId: string): JobStatus[] {
    return (this.#store.jobsOfRing.get(ringId) ?? []).map(id => this.#store.jobs.get(id)!);
  }
}

/** When an approval made now runs out. */
export function approvalUntil(nowMs: number, minutes: number): Instant {
  return instantOf(nowMs + minutes * MINUTE_MS);
}
