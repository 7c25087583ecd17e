import { lowerBound } from '../findings/fleet-host-set.ts';
import { DAY_MS } from '../kernel/instants.ts';
import { type Deadline, dueAtMs } from './deadline.ts';

/** One vulnerability that a fix exists for: its deadline and when the fix could first be known, epoch ms. */
interface DueItem {
  readonly deadline: Deadline;
  readonly knownMs: number;
}

export const WEEK_MS = 7 * DAY_MS;
export const MONTH_MS = 30 * DAY_MS;

/** How many of a group are due by when, seen from `atMs`. */
export interface DueCounts {
  readonly overdue: number;
  /** Due within 7 days, the overdue among them; and so on. */
  readonly week: number;
  readonly month: number;
  readonly dated: number;
  readonly earliestMs: number;
  /** From here on a count is another one. Infinity when none will change. */
  readonly validUntilMs: number;
  readonly atMs: number;
}

/**
 * The due dates of many vulnerabilities at once. They are the same on every host of one exposure but for the day on which the version came onto
 * the host, so they are kept by number of days, sorted by the day the fix was known; a host asks with its own `sinceMs` and a binary search
 * answers. A kernel with 2,500 vulnerabilities costs a host four searches, and nothing when the version was there before the first of the fixes:
 * then the host's own date does not matter and all such hosts share one answer.
 */
export class DueProfile {
  readonly #bands: readonly Band[];
  readonly #escalated: readonly DueItem[];
  readonly #firstKnownMs: number;
  #shared: DueCounts | null = null;
  #sharedEarliest: number | undefined;
  /** All items, those without a date among them. */
  readonly size: number;

  /** `deadlineOf` answers for the index of each of `fixes`. */
  constructor(fixes: readonly { readonly knownMs: number }[], deadlineOf: (at: number) => Deadline) {
    this.size = fixes.length;
    const byDays = new Map<number, number[]>();
    const escalated: DueItem[] = [];
    let firstKnownMs = Number.POSITIVE_INFINITY;
    let days: number | null = null;
    let known: number[] = [];
    for (let at = 0; at < fixes.length; at++) {
      const { knownMs } = fixes[at]!;
      const deadline = deadlineOf(at);
      if (knownMs < firstKnownMs) firstKnownMs = knownMs;
      if (deadline.escalated !== null) escalated.push({ deadline, knownMs });
      else if (deadline.days !== null) {
        if (deadline.days !== days) {
          days = deadline.days;
          known = byDays.get(days) ?? [];
          byDays.set(days, known);
        }
        known.push(knownMs);
      }
    }
    this.#escalated = escalated;
    this.#bands = Array.from(byDays, ([days, known]) => ({ ms: days * DAY_MS, known: new Float64Array(known).sort() }));
    this.#firstKnownMs = firstKnownMs;
  }

  counts(sinceMs: number, nowMs: number): DueCounts {
    if (sinceMs > this.#firstKnownMs) return this.#count(sinceMs, nowMs);
    if (this.#shared === null || nowMs < this.#shared.atMs || nowMs >= this.#shared.validUntilMs)
      this.#shared = this.#count(sinceMs, nowMs);
    return this.#shared;
  }

  /** The first due date of all, Infinity when none has one. */
  earliestMs(sinceMs: number): number {
    if (sinceMs > this.#firstKnownMs) return this.nextAfterMs(Number.NEGATIVE_INFINITY, sinceMs);
    return (this.#sharedEarliest ??= this.nextAfterMs(Number.NEGATIVE_INFINITY, sinceMs));
  }

  /** How many are due at or before `atMs` on a host that has had the version since `sinceMs`. */
  countDueBy(atMs: number, sinceMs: number): number {
    let count = 0;
    for (const { ms, known } of this.#bands) if (sinceMs + ms <= atMs) count += countUpTo(known, atMs - ms, sinceMs);
    for (const item of this.#escalated) if (dueOf(item, sinceMs) <= atMs) count += 1;
    return count;
  }

  /** The first due date after `atMs`: until then no count changes. Infinity when there is none. */
  nextAfterMs(atMs: number, sinceMs: number): number {
    let next = Number.POSITIVE_INFINITY;
    for (const { ms, known } of this.#bands) {
      const first = sinceMs + ms > atMs ? 0 : countUpTo(known, atMs - ms, sinceMs);
      if (first < known.length) next = Math.min(next, Math.max(known[first]!, sinceMs) + ms);
    }
    for (const item of this.#escalated) {
      const due = dueOf(item, sinceMs);
      if (due > atMs) next = Math.min(next, due);
    }
    return next;
  }

  #count(sinceMs: number, nowMs: number): DueCounts {
    return {
      overdue: this.countDueBy(nowMs, sinceMs),
      week: this.countDueBy(nowMs + WEEK_MS, sinceMs),
      month: this.countDueBy(nowMs + MONTH_MS, sinceMs),
      dated: this.countDueBy(Number.MAX_SAFE_INTEGER, sinceMs),
      earliestMs: this.earliestMs(sinceMs),
      validUntilMs: Math.min(
        this.nextAfterMs(nowMs, sinceMs),
        this.nextAfterMs(nowMs + WEEK_MS, sinceMs) - WEEK_MS,
        this.nextAfterMs(nowMs + MONTH_MS, sinceMs) - MONTH_MS,
      ),
      atMs: nowMs,
    };
  }
}

interface Band {
  readonly ms: number;
  readonly known: Float64Array;
}

/** Fixes known at or before `limit`, which is not before `sinceMs`. Most hosts got the version before the first fix or after the last one. */
function countUpTo(known: Float64Array, limit: number, sinceMs: number): number {
  const last = known[known.length - 1]!;
  if (last <= limit || last <= sinceMs) return known.length;
  // Whole milliseconds throughout, so `x < limit + 1` is `x <= limit`.
  return lowerBound(known, known.length, limit + 1);
}

/** Escalated deadlines always have a date. */
function dueOf(item: DueItem, sinceMs: number): number {
  return dueAtMs(item.deadline, Math.max(item.knownMs, sinceMs)) ?? Number.POSITIVE_INFINITY;
}
