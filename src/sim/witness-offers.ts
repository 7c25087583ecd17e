import { MINUTE_MS } from '../core/kernel/instants.ts';
import type { JobStatus } from '../core/rollouts/job-status.ts';
import { ATTEMPTS_MAX, type Books, isThrough, type JobSeen, type RolloutSeen, SILENCE_MS } from './books.ts';

/** S3, S9: its turn, a host that is there, and a number that rises by one. */
export function demandOffer(books: Books, job: JobStatus, seen: JobSeen, rollout: RolloutSeen, atMs: number): void {
  const before = rollout.rings.slice(0, job.ringIndex);
  books.ledger.demand('S3', before.every(isThrough), atMs, () => `job ${job.id} of ring ${job.ringIndex} was offered before its turn`);
  const silentMs = atMs - (books.heardMs.get(job.hostId) ?? Number.NEGATIVE_INFINITY);
  books.ledger.demand('S3', silentMs < SILENCE_MS, atMs, () => `job ${job.id} was offered to a host that is silent since ${silentMs} ms`);
  books.ledger.demand('S9', job.attempt === seen.attempt + 1, atMs, () => `job ${job.id}: attempt ${job.attempt} after ${seen.attempt}`);
  books.ledger.demand('L3', job.attempt <= ATTEMPTS_MAX, atMs, () => `job ${job.id} is offered for the ${job.attempt}th time`);
  seen.attempt = job.attempt;
  books.sharing.delete(job.id);
}

/** L3: nobody waits with a reboot longer than half an hour for what has not begun (domain.md 2.8). */
export function demandShortWait(books: Books, job: JobStatus, atMs: number): void {
  books.sharing.add(job.id);
  const others = [...(books.active.get(job.hostId) ?? [])].filter(id => id !== job.id).map(id => books.jobs.get(id)!.state);
  const seen = books.jobs.get(job.id)!;
  // The request that asks for the reboot may be the one that makes it wait: then it has only begun to.
  const waited = seen.state === 'reboot-pending' ? atMs - seen.sinceMs : 0;
  books.ledger.demand(
    'L3',
    others.includes('installing') || waited <= 30 * MINUTE_MS,
    atMs,
    () => `${job.id} waits with its reboot for ${Math.round(waited / MINUTE_MS)} minutes`,
  );
}
