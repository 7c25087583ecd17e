import type { Instant } from '../core/kernel/instants.ts';
import type { Health, RingCounts } from '../core/rollouts/gate.ts';
import type { JobStatus } from '../core/rollouts/job-status.ts';
import { send, unchanged } from '../core/rollouts/job-status.ts';
import { inheritFrom, progressRing, type RingStatus } from '../core/rollouts/ring-changes.ts';
import { type JobGroup, ringCountsOf } from '../core/rollouts/ring-counts.ts';
import { SimRehearsals } from './rehearsals.ts';
import { measureHealth } from './ring-health.ts';
import type { SimServer } from './server.ts';
import type { SimRollout, SimStore } from './store.ts';
import { instantOf } from './timeline.ts';

/** As src/server/rollouts/ring-progress.ts: the rings of a rollout, one after the other, and the ring that comes last for whoever was not reached. */
export class SimRings {
  readonly #server: SimServer;
  readonly #store: SimStore;
  readonly rehearsals: SimRehearsals;

  constructor(server: SimServer) {
    this.#server = server;
    this.rehearsals = new SimRehearsals(server);
    this.#store = server.store;
  }

  progress(rollout: SimRollout, nowMs: number): 'through' | 'stopped' | 'going' {
    let skipped: RingStatus | null = null;
    let isFirst = true;
    for (const ringId of rollout.ringIds) {
      const stored = this.#store.rings.get(ringId)!;
      isFirst &&= stored.state !== 'passed';
      if (stored.state === 'passed' || stored.state === 'skipped') continue;
      const ring: RingStatus = skipped === null ? stored : inheritFrom(skipped, stored);
      this.#store.rings.set(ringId, ring);
      const may = isFirst && stored.state === 'pending' ? this.rehearsals.firstRingMayOpen(rollout, ring, nowMs) : 'open';
      if (may !== 'open') return may === 'stop' ? 'stopped' : 'going';
      const { after, stopped } = this.#progressRing(rollout, ring, nowMs);
      if (stopped) return 'stopped';
      if (after.state !== 'passed' && after.state !== 'skipped') return 'going';
      skipped = after.state === 'skipped' ? after : null;
      isFirst &&= skipped !== null;
    }
    return 'through';
  }

  /** While paused only one thing can still happen: that a host in flight says what the gate could not tell. */
  recheck(rollout: SimRollout, nowMs: number): 'stopped' | 'going' {
    const ring = rollout.ringIds.map(id => this.#store.rings.get(id)!).find(one => one.state === 'gate-pending');
    return ring !== undefined && this.#progressRing(rollout, ring, nowMs).stopped ? 'stopped' : 'going';
  }

  #progressRing(rollout: SimRollout, ring: RingStatus, nowMs: number): { readonly after: RingStatus; readonly stopped: boolean } {
    const now = instantOf(nowMs);
    const jobs = (this.#store.jobsOfRing.get(ring.id) ?? []).map(id => this.#store.jobs.get(id)!);
    const last = jobs.reduce<Instant | null>(
      (latest, job) => (job.state === 'succeeded' && (latest === null || job.finishedAt! > latest) ? job.finishedAt : latest),
      null,
    );
    const { mutants } = this.#server;
    const gate = mutants.has('gate-integer-division') ? { ...ring.gate, errorPercent: 50 } : ring.gate;
    const hurried = rollout.ringMinutes === null || ring.deadlineMinutes != null ? {} : { deadlineMinutes: rollout.ringMinutes };
    const endless = mutants.has('ring-never-ends') ? { deadlineMinutes: 100_000 } : hurried;
    const health = this.#healthOf(rollout, ring, nowMs);
    const change = progressRing({ ...ring, ...endless, gate }, this.#counts(jobs), last, '', now, health);
    const after: RingStatus = { ...change.ring, gate: ring.gate, deadlineMinutes: ring.deadlineMinutes ?? null };
    this.#store.putRing({ ...change, ring: after }, nowMs);
    if (after.state === 'passed') this.#leaveBehind(rollout, after, jobs, now, nowMs);
    return { after, stopped: change.gate !== null && after.state !== 'passed' && after.state !== 'skipped' };
  }

  /** null where there is nothing to measure, or a person has accepted it. */
  #healthOf(rollout: SimRollout, ring: RingStatus, nowMs: number): Health {
    const { store, mutants } = this.#server;
    if ((ring.gate.health ?? []).length === 0 || store.overridden.has(ring.id) || mutants.has('health-not-asked')) return null;
    if (ring.state === 'soaking' && ring.soakEndsAt !== null && ring.soakEndsAt <= instantOf(nowMs))
      store.readings.set(ring.id, { atMs: nowMs, readings: measureHealth(this.#server, rollout, ring, nowMs) });
    const known = store.readings.get(ring.id);
    const since = Math.max(Date.parse(ring.soakEndsAt ?? ring.stateSince), Date.parse(ring.stateSince));
    return ring.soakEndsAt !== null && known !== undefined && known.atMs >= since ? known.readings : 'unmeasured';
  }

  /** Whoever was not reached waits for the ring that comes last, where the plan has one. The jobs stay as they are (S12). */
  #leaveBehind(rollout: SimRollout, ring: RingStatus, jobs: readonly JobStatus[], now: Instant, nowMs: number): void {
    const { store, witness } = this.#server;
    const to = rollout.plan.catchUpDays === undefined ? undefined : store.rings.get(rollout.ringIds.at(-1)!);
    const left = jobs.filter(job => job.state === 'queued');
    if (to === undefined || to.id === ring.id) {
      const reason = `ring ${ring.name} has passed without it`;
      for (const job of left) store.putJob(send(unchanged(job), 'give-up', now, { by: 'system', reason }), nowMs);
      return;
    }
    for (const job of left) {
      store.jobs.set(job.id, { ...job, ringId: to.id, ringIndex: to.ringIndex });
      store.jobsOfRing.get(to.id)!.push(job.id);
      witness.movedToCatchUp(job.id, to.ringIndex, nowMs);
    }
    const gone = new Set(left.map(job => job.id));
    store.jobsOfRing.set(
      ring.id,
      store.jobsOfRing.get(ring.id)!.filter(id => !gone.has(id)),
    );
  }

  #counts(jobs: readonly JobStatus[]): RingCounts {
    const counts = ringCountsOf(jobs.map(groupOfOne));
    if (!this.#server.mutants.has('gate-counts-unknown-as-ok')) return counts;
    const unknown = counts.infrastructure + counts.notReady + counts.unreached;
    return { ...counts, succeeded: counts.succeeded + unknown, infrastructure: 0, notReady: 0, alarms: 0, unreached: 0 };
  }
}

function groupOfOne({ state, parked, infrastructure, failureClass, failureAcceptedBy }: JobStatus): JobGroup {
  return { state, parked, infrastructure, failureClass, accepted: failureAcceptedBy !== null, hosts: 1 };
}
