import { epochMs, HOUR_MS, type Instant } from '../kernel/instants.ts';
import { isHeard, type MemberFacts } from './availability.ts';
import { isPreparing, type JobState } from './job-states.ts';
import type { JobStatus } from './job-status.ts';
import type { RolloutProfile } from './permit-decision.ts';
import type { RingState } from './ring-states.ts';
import type { RolloutState } from './rollout-states.ts';

/** Hosts prepare (simulate, download) while others are at work; the permit keeps the concurrency. Twice the slots keep them filled. */
export const OFFERS_PER_SLOT = 2;
/** Hosts prepare this long before their window opens: downloads need no window (domain.md 2.4), and a plan that lay for days describes another host. */
export const PREPARE_MS = HOUR_MS;

/** Everything that an offer depends on, read under the locks of one transaction. */
export interface OfferFacts {
  readonly now: Instant;
  readonly rollout: { readonly state: RolloutState; readonly windowStartsAt: Instant | null };
  readonly ring: { readonly state: RingState; readonly concurrency: number };
  readonly job: Pick<JobStatus, 'state' | 'parked' | 'notBefore'>;
  /** Jobs of the ring that are offered or at work. */
  readonly taken: number;
  /** Any rollout's; for an emergency without those that it would take the host from. */
  readonly activeJobsOnHost: number;
  /** When it was last heard of, and how long that is good for: an agent asks once a minute, and what it says is written down within another. */
  readonly host: Pick<MemberFacts, 'lastSeenAt' | 'healthMinutes'>;
}

/**
 * An emergency takes hosts over that only prepare for another rollout (domain.md 2.8), after those that are free, and only what it has places for: a host that
 * it cannot use at once would go back to the other rollout and be taken again, for ever.
 */
export function isTakenOver(state: JobState, profile: RolloutProfile): boolean {
  return isPreparing(state) && profile !== 'emergency';
}

/**
 * Whether a job may leave the queue now: S3 (its ring has been opened), S5 (one job per host), and only to a host that is there (domain.md 2.4: seen within
 * two polls), so that hosts that are off hold no place of the ring. Nothing is disrupted by it; that takes a permit.
 */
export function mayOffer({ now, rollout, ring, job, taken, activeJobsOnHost, host }: OfferFacts): boolean {
  if (rollout.state !== 'running' || ring.state !== 'running' || job.state !== 'queued' || job.parked) return false;
  if (job.notBefore !== null && job.notBefore > now) return false;
  if (rollout.windowStartsAt !== null && epochMs(rollout.windowStartsAt) > epochMs(now) + PREPARE_MS) return false;
  if (!isHeard(host, now)) return false;
  return taken < ring.concurrency * OFFERS_PER_SLOT && activeJobsOnHost === 0;
}
