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
  overdue: number;
  /** Due within 7 days, the overdue among them; and so on. */
  week: number;
  month: number;
  dated: number;
  earliestMs: number;
  /** From here on a count is another one. Infinity when none will change. */
  validUntilMs: number;
  atMs: number;
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
  /** Hosts that have had the version since then or longer share their due dates. Infinity without items. */
  readonly firstKnownMs: number;
  #shared: DueCounts | null = null;
  readonly #own = noCounts();
  #sharedEarliest: number | undefined;
  /** All items, those without a date among them. */
  readonly size: number;

  /** `known`: when each fix could be known, rising; `deadlineOf` answers for an index of it. */
  constructor(known: Float64Array, deadlineOf: (at: number) => Deadline) {
    this.size = known.length;
    this.firstKnownMs = known.length === 0 ? Number.POSITIVE_INFINITY : known[0]!;
    const first = known.length === 0 ? null : deadlineOf(0);
    let alike = 0;
    while (alike < known.length && deadlineOf(alike) === first) alike += 1;
    // Mostly nothing is known of any of them, and they have one deadline for all.
    if (first !== null && alike === known.length && first.escalated === null) {
      this.#escalated = [];
      this.#bands = first.days === null ? [] : [bandOf(first.days * DAY_MS, known)];
      return;
    }
    const byDays = new Map<number, number[]>();
    const escalated: DueItem[] = [];
    for (let at = 0; at < known.length; at++) {
      const deadline = deadlineOf(at);
      const knownMs = known[at]!;
      if (deadline.escalated !== null) escalated.push({ deadline, knownMs });
      else if (deadline.days !== null) byDays.getOrInsertComputed(deadline.days, () => []).push(knownMs);
    }
    this.#escalated = escalated;
    this.#bands = Array.from(byDays, ([days, ofDays]) => bandOf(days * DAY_MS, Float64Array.from(ofDays)));
  }

  /** The answer holds until the next one. */
  counts(sinceMs: number, nowMs: number): Readonly<DueCounts> {
    if (sinceMs > this.firstKnownMs) return this.#count(sinceMs, nowMs, this.#own);
    if (this.#shared === null || nowMs < this.#shared.atMs || nowMs >= this.#shared.validUntilMs)
      this.#shared = this.#count(sinceMs, nowMs, noCounts());
    return this.#shared;
  }

  /** The first due date of all, Infinity when none has one. */
  earliestMs(sinceMs: number): number {
    if (sinceMs > this.firstKnownMs) return this.nextAfterMs(Number.NEGATIVE_INFINITY, sinceMs);
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

  #count(sinceMs: number, nowMs: number, counts: DueCounts): DueCounts {
    counts.overdue = 0;
    counts.week = 0;
    counts.month = 0;
    counts.dated = this.#escalated.length;
    counts.earliestMs = Number.POSITIVE_INFINITY;
    counts.validUntilMs = Number.POSITIVE_INFINITY;
    counts.atMs = nowMs;
    for (const band of this.#bands) addBand(counts, band, sinceMs, nowMs);
    if (this.#escalated.length > 0) this.#addEscalated(counts, sinceMs, nowMs);
    return counts;
  }

  #addEscalated(counts: DueCounts, sinceMs: number, nowMs: number): void {
    for (const item of this.#escalated) {
      const due = dueOf(item, sinceMs);
      counts.overdue += Number(due <= nowMs);
      counts.week += Number(due <= nowMs + WEEK_MS);
      counts.month += Number(due <= nowMs + MONTH_MS);
      counts.earliestMs = Math.min(counts.earliestMs, due);
      for (const ahead of HORIZONS_MS) if (due > nowMs + ahead) counts.validUntilMs = Math.min(counts.validUntilMs, due - ahead);
    }
  }
}

function noCounts(): DueCounts {
  return { overdue: 0, week: 0, month: 0, dated: 0, earliestMs: 0, validUntilMs: 0, atMs: 0 };
}

const HORIZONS_MS = [0, WEEK_MS, MONTH_MS] as const;
/** In a band's `seen`. */
const LIMITS = 0;
const DUE_BY = 3;
const CHANGES = 6;

/**
 * A host that has had the version since a day after `limits[i]` has nothing due by that horizon. On any other host as many are due as were known by the
 * limit, whatever the host's own day is: all that has to be searched for is searched for once a moment, not once a host.
 */
function addBand(counts: DueCounts, band: Band, sinceMs: number, nowMs: number): void {
  if (band.atMs !== nowMs) lookFrom(band, nowMs);
  const { first, ms, seen } = band;
  const firstDue = (sinceMs > first ? sinceMs : first) + ms;
  let until = counts.validUntilMs;
  let change = firstDue;
  if (sinceMs <= seen[LIMITS]!) {
    counts.overdue += seen[DUE_BY]!;
    change = seen[CHANGES]!;
  }
  if (change < until) until = change;
  change = firstDue - WEEK_MS;
  if (sinceMs <= seen[LIMITS + 1]!) {
    counts.week += seen[DUE_BY + 1]!;
    change = seen[CHANGES + 1]!;
  }
  if (change < until) until = change;
  change = firstDue - MONTH_MS;
  if (sinceMs <= seen[LIMITS + 2]!) {
    counts.month += seen[DUE_BY + 2]!;
    change = seen[CHANGES + 2]!;
  }
  if (change < until) until = change;
  counts.validUntilMs = until;
  counts.dated += band.size;
  if (firstDue < counts.earliestMs) counts.earliestMs = firstDue;
}

function lookFrom(band: Band, nowMs: number): void {
  const { known, ms, seen } = band;
  for (const [at, ahead] of HORIZONS_MS.entries()) {
    const limit = nowMs + ahead - ms;
    const due = lowerBound(known, known.length, limit + 1);
    seen[LIMITS + at] = limit;
    seen[DUE_BY + at] = due;
    seen[CHANGES + at] = due < known.length ? known[due]! + ms - ahead : Number.POSITIVE_INFINITY;
  }
  band.atMs = nowMs;
}

/** The items with one number of days. */
interface Band {
  readonly ms: number;
  /** When each fix could be known, rising. */
  readonly known: Float64Array;
  readonly first: number;
  readonly size: number;
  atMs: number;
  /**
   * Seen from `atMs`, three numbers each: the last day of a host with which something is due by a horizon, how many are, and when that number changes.
   */
  readonly seen: Float64Array;
}

function bandOf(ms: number, known: Float64Array): Band {
  return { ms, known, first: known[0]!, size: known.length, atMs: Number.NaN, seen: new Float64Array(3 * HORIZONS_MS.length) };
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
