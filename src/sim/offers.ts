import type { Instant } from '../core/kernel/instants.ts';
import { HOST_PLAN_TYPE } from '../core/rollouts/host-plan.ts';
import { hostPlanFor } from '../core/rollouts/host-plan-for.ts';
import { offerJob } from '../core/rollouts/job-changes.ts';
import { isPreparing } from '../core/rollouts/job-states.ts';
import { type JobStatus, send, unchanged, withFields } from '../core/rollouts/job-status.ts';
import { mayOffer, OFFERS_PER_SLOT } from '../core/rollouts/offer-decision.ts';
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
    const { activeOfHost, rings } = this.#store;
    const ring = rollout.ringIds.map(id => rings.get(id)!).find(one => one.state === 'running');
    if (ring === undefined) return;
    const now = instantOf(nowMs);
    if (rollout.plan.profile === 'emergency') this.#takeOver(ring, now, nowMs);
    let taken = 0;
    for (const id of this.#store.activeOfRollout.get(rollout.id) ?? []) if (this.#store.jobs.get(id)!.ringId === ring.id) taken += 1;
    const twice = this.#server.mutants.has('two-active-jobs-per-host');
    for (const jobId of this.#store.jobsOfRing.get(ring.id) ?? []) {
      const job = this.#store.jobs.get(jobId)!;
      if (taken >= ring.concurrency * OFFERS_PER_SLOT) return;
      // Asked first because it is cheap and most often says no; the decision asks it again.
      if (job.state !== 'queued' || job.parked || (job.notBefore !== null && job.notBefore > now)) continue;
      const activeJobsOnHost = twice ? 0 : this.#holding(activeOfHost.get(job.hostId));
      const facts = { now, rollout: { state: rollout.state, windowStartsAt: rollout.window.startsAt }, ring, job, taken, activeJobsOnHost };
      if (!mayOffer({ ...facts, host: this.#server.presenceOf(job.hostId, nowMs) })) continue;
      this.#sign(rollout, job, now, nowMs);
      taken += 1;
    }
  }

  /** One that waits with its reboot for another rollout's leaves the host to it. */
  #holding(active: ReadonlySet<string> | undefined): number {
    let holding = 0;
    for (const id of active ?? []) if (!sharesItsReboot(this.#store.jobs.get(id)!)) holding += 1;
    return holding;
  }

  /** An emergency takes over hosts that only prepare for another rollout (domain.md 2.8); who has a permit is never disturbed. */
  #takeOver(ring: RingStatus, now: Instant, nowMs: number): void {
    if (this.#server.mutants.has('emergency-waits')) return;
    for (const job of (this.#store.jobsOfRing.get(ring.id) ?? []).map(id => this.#store.jobs.get(id)!)) {
      if (job.state !== 'queued' || job.parked) continue;
      for (const otherId of [...(this.#store.activeOfHost.get(job.hostId) ?? [])]) {
        const other = this.#store.jobs.get(otherId)!;
        if (!isPreparing(other.state) || this.#store.rollouts.get(other.rolloutId)!.plan.profile === 'emergency') continue;
        const waits = withFields(unchanged(other), { attemptsLeft: other.attemptsLeft + 1, waitingOn: 'host-lock' });
        const reason = 'an emergency rollout needs the host; nothing was changed on it';
        this.#store.putJob(send(waits, 'retry', now, { by: 'system', reason }), nowMs);
      }
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
