import { lowerBound } from '../findings/fleet-host-set.ts';
import { DAY_MS } from '../kernel/instants.ts';
import { type Deadline, dueAtMs } from './deadline.ts';

/** One vulnerability that a fix exists for: its deadline and when the fix could first be known, epoch ms. */
export interface DueItem {
  readonly deadline: Deadline;
  readonly knownMs: number;
}

/**
 * The due dates of many vulnerabilities at once. They are the same on every host of one exposure but for the day on which the version came onto
 * the host, so they are kept by number of days, sorted by the day the fix was known; a host asks with its own `sinceMs` and a binary search
 * answers. A kernel with 2,500 vulnerabilities costs a host four searches.
 */
export class DueProfile {
  readonly #bands: readonly Band[];
  readonly #escalated: readonly DueItem[];
  /** All items, those without a date among them. */
  readonly size: number;

  constructor(items: readonly DueItem[]) {
    this.size = items.length;
    this.#escalated = items.filter(item => item.deadline.escalated !== null);
    const plain = Map.groupBy(
      items.filter(item => item.deadline.escalated === null && item.deadline.days !== null),
      item => item.deadline.days!,
    );
    this.#bands = [...plain].map(([days, members]) => ({
      ms: days * DAY_MS,
      known: Float64Array.from(members, item => item.knownMs).sort(),
    }));
  }

  /** How many are due at or before `atMs` on a host that has had the version since `sinceMs`. */
  countDueBy(atMs: number, sinceMs: number): number {
    let count = 0;
    for (const { ms, known } of this.#bands) if (sinceMs + ms <= atMs) count += lowerBound(known, known.length, atMs - ms + 1);
    for (const item of this.#escalated) if (dueOf(item, sinceMs) <= atMs) count += 1;
    return count;
  }

  /** The first due date, null when none has one. */
  earliestMs(sinceMs: number): number | null {
    return this.nextAfterMs(Number.NEGATIVE_INFINITY, sinceMs);
  }

  /** The first due date after `atMs`: until then no count changes. Null when there is none. */
  nextAfterMs(atMs: number, sinceMs: number): number | null {
    let next = Number.POSITIVE_INFINITY;
    for (const { ms, known } of this.#bands) {
      const first = sinceMs + ms > atMs ? 0 : lowerBound(known, known.length, atMs - ms + 1);
      if (first < known.length) next = Math.min(next, Math.max(known[first]!, sinceMs) + ms);
    }
    for (const item of this.#escalated) {
      const due = dueOf(item, sinceMs);
      if (due > atMs) next = Math.min(next, due);
    }
    return next === Number.POSITIVE_INFINITY ? null : next;
  }
}

interface Band {
  readonly ms: number;
  readonly known: Float64Array;
}

/** Escalated deadlines always have a date. Whole milliseconds throughout, so `x < limit + 1` is `x <= limit`. */
function dueOf(item: DueItem, sinceMs: number): number {
  return dueAtMs(item.deadline, Math.max(item.knownMs, sinceMs)) ?? Number.POSITIVE_INFINITY;
}
