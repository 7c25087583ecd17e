import { MINUTE_MS } from '../core/kernel/instants.ts';
import { deadlineAt, isFinal } from '../core/kernel/machine.ts';
import { JOB } from '../core/rollouts/job-states.ts';
import type { JobStatus } from '../core/rollouts/job-status.ts';
import { ROLLOUT } from '../core/rollouts/rollout-states.ts';
import { type Books, isActive, isDisrupting, type JobSeen, LATE_MINUTES, type RolloutSeen, SILENCE_MS } from './books.ts';
import { contains } from './windows.ts';

/** What is looked at now and then: that nothing stands still, and that the store says what was seen. */
export class Looks {
  readonly #books: Books;
  /** Since which look a host has been heard of without a gap. */
  readonly #presentSince = new Map<string, number>();

  constructor(books: Books) {
    this.#books = books;
  }

  /** L1 to L5, S12, now and then: nothing stands still that may not. `jobs`: the rows as they are stored. */
  look(jobs: ReadonlyMap<string, JobStatus>, sinceServerUpMs: number, atMs: number): void {
    for (const [hostId, heardMs] of this.#books.heardMs) {
      if (atMs - heardMs >= SILENCE_MS) this.#presentSince.delete(hostId);
      else if (!this.#presentSince.has(hostId)) this.#presentSince.set(hostId, atMs);
    }
    for (const rollout of this.#books.rollouts.values()) {
      if (isFinal(ROLLOUT, rollout.state) || rollout.jobs.size === 0) continue;
      this.#books.ledger.demand(
        'S12',
        rollout.jobs.size === rollout.planned.size,
        atMs,
        () => `${rollout.id} has ${rollout.jobs.size} jobs for ${rollout.planned.size} hosts`,
      );
      if (rollout.state === 'paused')
        this.#books.ledger.demand(
          'L4',
          atMs <=
            deadlineAt(ROLLOUT, 'paused', rollout.sinceMs, null, rollout.plan.profile === 'emergency')!.atMs + LATE_MINUTES * MINUTE_MS,
          atMs,
          () => `${rollout.id} has been paused since ${rollout.sinceMs}`,
        );
      for (const ring of rollout.rings)
        if (ring.state === 'running' && rollout.state === 'running')
          this.#books.ledger.demand(
            'L2',
            atMs - ring.sinceMs <= ((ring.days === null ? 72 : ring.days * 24) * 60 + LATE_MINUTES) * MINUTE_MS,
            atMs,
            () => `a ring of ${rollout.id} runs since ${ring.sinceMs}`,
          );
      for (const [jobId, seen] of rollout.jobs) this.#lookAtJob(jobId, seen, rollout, jobs, sinceServerUpMs, atMs);
    }
  }

  #lookAtJob(
    jobId: string,
    seen: JobSeen,
    rollout: RolloutSeen,
    jobs: ReadonlyMap<string, JobStatus>,
    sinceServerUpMs: number,
    atMs: number,
  ): void {
    const stored = jobs.get(jobId);
    this.#books.ledger.demand(
      'S12',
      stored?.state === seen.state,
      atMs,
      () => `${jobId} is stored as ${stored?.state}, it was seen as ${seen.state}`,
    );
    if (stored === undefined || sinceServerUpMs < LATE_MINUTES * MINUTE_MS) return;
    const deadline = JOB.states[seen.state].deadline;
    if (deadline !== undefined && isActive(seen.state)) {
      const from =
        deadline.from === 'entered' || stored.lastHeardAt === null ? seen.sinceMs : Math.max(seen.sinceMs, Date.parse(stored.lastHeardAt));
      this.#books.ledger.demand(
        'L1',
        atMs - from <= (deadline.minutes + LATE_MINUTES) * MINUTE_MS,
        atMs,
        () => `job ${jobId} is ${seen.state} beyond its deadline`,
      );
    }
    // A host that waits for its permit knows, and people can read, what it waits for.
    if (seen.state === 'staged' && atMs - seen.sinceMs > 15 * MINUTE_MS)
      this.#books.ledger.demand('L5', stored.waitingOn !== null, atMs, () => `job ${jobId} waits for its permit and nobody can say why`);
    if (seen.state === 'queued' && rollout.plan.profile === 'emergency') this.#demandPriority(jobId, seen, rollout, stored, atMs);
    if (seen.state === 'queued' && rollout.state === 'running') this.#demandProgress(jobId, seen, rollout, stored, atMs);
  }

  /** L3: a job that could be offered is offered, at the latest when its ring has had nothing else to do for an hour. */
  #demandProgress(jobId: string, seen: JobSeen, rollout: RolloutSeen, stored: JobStatus, atMs: number): void {
    const ring = rollout.rings[seen.ringIndex]!;
    if (ring.state !== 'running') return;
    const waits = stored.parked || (stored.notBefore !== null && Date.parse(stored.notBefore) > atMs - 60 * MINUTE_MS);
    const hostIsBusy = (this.#books.active.get(seen.hostId)?.size ?? 0) > 0;
    const ringIsBusy = [...rollout.jobs.values()].some(job => job.ringIndex === seen.ringIndex && isActive(job.state));
    const closed = this.#books.killSwitchSinceMs !== null || !contains(rollout.plan.window, atMs, atMs);
    const presentSince = this.#presentSince.get(seen.hostId) ?? atMs;
    const freeSince = this.#books.freeSinceMs.get(seen.hostId) ?? 0;
    const since = Math.max(seen.sinceMs, ring.sinceMs, rollout.sinceMs, seen.heardMs, presentSince, freeSince);
    const stuck = !waits && !hostIsBusy && !ringIsBusy && !closed && atMs - since > 60 * MINUTE_MS;
    this.#books.ledger.demand('L3', !stuck, atMs, () => `job ${jobId} could be offered for an hour and is not`);
  }

  /** L3: an emergency with a free place does not wait for a host that merely prepares for something else; nor does it take hosts that it has no place for. */
  #demandPriority(jobId: string, seen: JobSeen, rollout: RolloutSeen, stored: JobStatus, atMs: number): void {
    const ring = rollout.rings[seen.ringIndex]!;
    if (ring.state !== 'running' || rollout.state !== 'running' || stored.parked) return;
    const held = stored.notBefore !== null && Date.parse(stored.notBefore) > atMs - LATE_MINUTES * MINUTE_MS;
    const absent = atMs - (this.#presentSince.get(seen.hostId) ?? atMs) < LATE_MINUTES * MINUTE_MS;
    const own = [...rollout.jobs.values()].filter(job => job.ringIndex === seen.ringIndex);
    const full = own.filter(job => isActive(job.state)).length >= 2 * ring.concurrency;
    const moved = Math.max(...own.map(job => job.sinceMs));
    if (held || absent || full || atMs - moved <= LATE_MINUTES * MINUTE_MS) return;
    const inTheWay = [...(this.#books.active.get(seen.hostId) ?? [])].map(id => this.#books.jobs.get(id)!);
    const since = (job: JobSeen): number => Math.max(job.sinceMs, seen.sinceMs, ring.sinceMs, rollout.sinceMs);
    const waits = inTheWay.some(
      job =>
        !isDisrupting(job.state) &&
        this.#books.rollouts.get(job.rolloutId)!.plan.profile !== 'emergency' &&
        atMs - since(job) > LATE_MINUTES * MINUTE_MS,
    );
    this.#books.ledger.demand('L3', !waits, atMs, () => `emergency job ${jobId} waits for a host that only prepares for another rollout`);
  }
}
