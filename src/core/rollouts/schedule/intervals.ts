import type { Instant } from '../../kernel/instants.ts';

/** Half-open, in UTC. Text order of instants is time order. */
export interface Interval {
  readonly startsAt: Instant;
  readonly endsAt: Instant;
}

/** What is left of the intervals when the others are taken out; deny wins over allow (domain.md 2.8). Inputs in any order; the result is in order. */
export function subtract(allowed: readonly Interval[], denied: readonly Interval[]): Interval[] {
  const cuts = merge(denied);
  return merge(allowed).flatMap(interval => {
    const left: Interval[] = [];
    let from = interval.startsAt;
    for (const cut of cuts) {
      if (cut.endsAt <= from || cut.startsAt >= interval.endsAt) continue;
      if (cut.startsAt > from) left.push({ startsAt: from, endsAt: cut.startsAt });
      from = cut.endsAt;
    }
    if (from < interval.endsAt) left.push({ startsAt: from, endsAt: interval.endsAt });
    return left;
  });
}

/** Overlapping and adjacent intervals become one; empty ones go. */
export function merge(intervals: readonly Interval[]): Interval[] {
  const ordered = intervals
    .filter(one => one.startsAt < one.endsAt)
    .sort((a, b) => (a.startsAt < b.startsAt ? -1 : a.startsAt > b.startsAt ? 1 : 0));
  const merged: Interval[] = [];
  for (const one of ordered) {
    const last = merged.at(-1);
    if (last === undefined || one.startsAt > last.endsAt) merged.push(one);
    else if (one.endsAt > last.endsAt) merged[merged.length - 1] = { startsAt: last.startsAt, endsAt: one.endsAt };
  }
  return merged;
}
