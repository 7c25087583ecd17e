import { epochMs, type Instant, SECOND_MS } from '../kernel/instants.ts';

/** Attempts before a person is asked (domain.md 2.4). */
export const ATTEMPTS_MAX = 3;

/** What a person's resume gives to a job that waits for one. */
export const FRESH_ATTEMPTS = { parked: false, waitingOn: null, notBefore: null, retrySince: null, attemptsLeft: ATTEMPTS_MAX } as const;

/**
 * Pause before the next attempt, in seconds, by the number of attempts made. The host has already waited for locks and asked its mirror more than once,
 * so these are short.
 */
const BACK_OFF_SECONDS = [20, 120];

/** A mirror that is down shows on the rollout within minutes, however slowly it fails; a person, not a timer, decides how long to wait for it. */
const RETRY_SPAN_SECONDS = 180;

/** Seconds until the next attempt, or null when it is a person's turn. `firstBegunAt`: when the first of these attempts was offered. */
export function nextAttemptInSeconds(attemptsMade: number, attemptsLeft: number, firstBegunAt: Instant, now: Instant): number | null {
  if (attemptsLeft <= 0 || epochMs(now) - epochMs(firstBegunAt) > RETRY_SPAN_SECONDS * SECOND_MS) return null;
  return BACK_OFF_SECONDS[Math.min(Math.max(attemptsMade, 1), BACK_OFF_SECONDS.length) - 1]!;
}
