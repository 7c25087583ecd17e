/** An instant: RFC 3339 in UTC with milliseconds, `2026-11-22T02:36:00.000Z`. Text order is time order. Zones exist at the edge only. */
export type Instant = string;

export const SECOND_MS = 1_000;
export const MINUTE_MS = 60_000;
export const HOUR_MS = 3_600_000;
export const DAY_MS = 86_400_000;

export function toInstant(epochMs: number): Instant {
  return new Date(epochMs).toISOString();
}

/** Milliseconds since the epoch; throws on text that is not an instant (parse at the edge). */
export function epochMs(instant: Instant): number {
  const ms = Date.parse(instant);
  if (Number.isNaN(ms)) throw new RangeError(`not an instant: ${instant}`);
  return ms;
}

export function addMs(instant: Instant, ms: number): Instant {
  return toInstant(epochMs(instant) + ms);
}

/** A clock is always passed in, so that tests and the simulator hold time in their hand. */
export interface Clock {
  now(): Instant;
}

export const systemClock: Clock = { now: () => new Date().toISOString() };
