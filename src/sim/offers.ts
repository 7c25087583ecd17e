import type { Instant } from '../core/kernel/instants.ts';
import { HOST_PLAN_TYPE } from '../core/rollouts/host-plan.ts';
import { hostPlanFor } from '../core/rollouts/host-plan-for.ts';
import { offerJob } from '../core/rollouts/job-changes.ts';
import { type JobStatus, send, unchanged, withFields } from '../core/rollouts/job-status.ts';
import { isTakenOver, mayOffer, OFFERS_PER_SLOT } from '../core/rollouts/offer-decision.ts';
import { sharesItsReboot } from '../core/rollouts/reboot-sharing.ts';
import type { RingStatus } from '../core/rollouts/ring-changes.ts';
import type { SimServer } from './server.ts';
import { attemptKey, type SimRollout, type SimStore } from './store.ts';
import { instantOf } from './timeline.ts';

/** As src/server/rollouts/offers.ts: jobs of the open ring are offered up to its free places, each as a signed plan. */
export class SimOffers {
  readonly #server: SimServer;
  readonly #store: SimStore;
  #planNumber = 0;

  constructor(server: SimServer) {
    this.#server = server;
    this.#store = server.store;
  }

  offer(rollout: SimRollout, nowMs: number): void {
    const { rings } = this.#store;
    const ring = rollout.ringIds.map(id => rings.get(id)!).find(one => one.state === 'running');
    if (ring === undefined) return;
    let taken = 0;
    for (const id of this.#store.activeOfRollout.get(rollout.id) ?? []) if (this.#store.jobs.get(id)!.ringId === ring.id) taken += 1;
    taken = this.#offerTo(rollout, ring, taken, nowMs, false);
    if (rollout.plan.profile === 'emergency' && this.#server.mutants.has('emergency-takes-all')) this.#takeAll(ring, nowMs);
    if (rollout.plan.profile === 'emergency' && !this.#server.mutants.has('emergency-waits'))
      this.#offerTo(rollout, ring, taken, nowMs, true);
  }

  /** `takesOver`: from what only prepares there; otherwise to hosts that are free. Answers with the places that are taken then. */
  #offerTo(rollout: SimRollout, ring: RingStatus, takenBefore: number, nowMs: number, takesOver: boolean): number {
    const now = instantOf(nowMs);
    const { activeOfHost } = this.#store;
    let taken = takenBefore;
    const twice = this.#server.mutants.has('two-active-jobs-per-host');
    for (const jobId of this.#store.jobsOfRing.get(ring.id) ?? []) {
      const job = this.#store.jobs.get(jobId)!;
      if (taken >= ring.concurrency * OFFERS_PER_SLOT) break;
      // Asked first because it is cheap and most often says no; the decision asks it again.
      if (job.state !== 'queued' || job.parked || (job.notBefore !== null && job.notBefore > now)) continue;
      const activeJobsOnHost = twice ? 0 : this.#holding(activeOfHost.get(job.hostId), takesOver);
      const facts = { now, rollout: { state: rollout.state, windowStartsAt: rollout.window.startsAt }, ring, job, taken, activeJobsOnHost };
      if (!mayOffer({ ...facts, host: this.#server.presenceOf(job.hostId, nowMs) })) continue;
      if (takesOver) this.#free(job.hostId, now, nowMs);
      this.#sign(rollout, job, now, nowMs);
      taken += 1;
    }
    return taken;
  }

  /** One that waits with its reboot for another rollout's leaves the host to it. */
  #holding(active: ReadonlySet<string> | undefined, takesOver: boolean): number {
    let holding = 0;
    for (const id of active ?? []) {
      const job = this.#store.jobs.get(id)!;
      if (!sharesItsReboot(job) && !(takesOver && this.#isTakenOver(job))) holding += 1;
    }
    return holding;
  }

  #isTakenOver({ state, rolloutId }: JobStatus): boolean {
    return isTakenOver(state, this.#store.rollouts.get(rolloutId)!.plan.profile ?? 'normal');
  }

  /** For the mutant. */
  #takeAll(ring: RingStatus, nowMs: number): void {
    for (const id of this.#store.jobsOfRing.get(ring.id) ?? []) {
      const { state, hostId } = this.#store.jobs.get(id)!;
      if (state === 'queued') this.#free(hostId, instantOf(nowMs), nowMs);
    }
  }

  #free(hostId: string, now: Instant, nowMs: number): void {
    for (const id of [...(this.#store.activeOfHost.get(hostId) ?? [])]) {
      const other = this.#store.jobs.get(id)!;
      if (!this.#isTakenOver(other)) continue;
      const waits = withFields(unchanged(other), { attemptsLeft: other.attemptsLeft + 1, waitingOn: 'host-lock' });
      const reason = 'an emergency rollout needs the host; nothing was changed on it';
      this.#store.putJob(send(waits, 'retry', now, { by: 'system', reason }), nowMs);
    }
  }

  #sign(rollout: SimRollout, job: JobStatus, now: Instant, nowMs: number): void {
    const { sequences, attempts } = this.#store;
    const sequence = (sequences.get(job.hostId) ?? 0) + 1;
    sequences.set(job.hostId, sequence);
    const planId = `plan_${++this.#planNumber}`;
    const change = offerJob(job, now, { planId, sequence });
    const { kind, planHash, plan: approved } = rollout;
    const terms = {
      installationId: 'sim',
      planId,
      sequence,
      rolloutPlanHash: planHash,
      kind,
      restart: approved.restart,
      reboot: approved.reboot,
      smokeTests: approved.smokeTests,
      ...(approved.hooks === undefined ? {} : { hooks: approved.hooks }),
      windowEndsAt: rollout.window.endsAt,
    };
    const plan = hostPlanFor(change.job, terms, now);
    const envelope = this.#server.keys.sign(HOST_PLAN_TYPE, plan);
    attempts.set(attemptKey(job.id, change.job.attempt), { plan, envelope, acknowledged: false, result: null });
    this.#server.witness.planSigned(plan);
    this.#store.putJob(change, nowMs);
  }
}
