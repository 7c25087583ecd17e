import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DAY_MS } from '../kernel/instants.ts';
import { type Deadline, deadlineFor, dueAtMs } from './deadline.ts';
import { DueProfile } from './due-profile.ts';

interface DueItem {
  readonly deadline: Deadline;
  readonly knownMs: number;
}

const base: Deadline = { ...deadlineFor(null, 'public'), escalated: null };
const day = fc.integer({ min: 0, max: 200 }).map(n => n * DAY_MS);
const escalated = fc.record({ atMs: day, daysBefore: fc.constantFrom(null, 60, 14) });
const item: fc.Arbitrary<DueItem> = fc.oneof(
  fc
    .record({ days: fc.constantFrom(null, 3, 14, 60), knownMs: day })
    .map(({ days, knownMs }) => ({ deadline: { ...base, days }, knownMs })),
  fc.record({ escalated, knownMs: day }).map(({ escalated, knownMs }) => ({ deadline: { ...base, days: 3, escalated }, knownMs })),
);

describe('DueProfile', () => {
  it('of fixes with one deadline for all answers as with one for each', () => {
    const one = deadlineFor(null, 'public');
    const known = Float64Array.of(0, 1, 5, 9).map(days => days * DAY_MS);
    const [alike, each] = [new DueProfile(known, () => one), new DueProfile(known, () => ({ ...one }))];
    for (const sinceDays of [0, 3, 20])
      for (const days of [0, 10, 30, 61, 100])
        expect(alike.counts(sinceDays * DAY_MS, days * DAY_MS)).toEqual(each.counts(sinceDays * DAY_MS, days * DAY_MS));
  });

  it('answers as each deadline by itself', () => {
    fc.assert(
      fc.property(fc.array(item, { maxLength: 40 }), day, day, (unsorted, sinceMs, atMs) => {
        const items = unsorted.toSorted((a, b) => a.knownMs - b.knownMs);
        const known = Float64Array.from(items, ({ knownMs }) => knownMs);
        const profile = new DueProfile(known, at => items[at]!.deadline);
        const dues = items.map(({ deadline, knownMs }) => dueAtMs(deadline, Math.max(knownMs, sinceMs))).filter(due => due !== null);
        const later = (ms: number) => Math.min(Number.POSITIVE_INFINITY, ...dues.filter(due => due > ms));
        expect(profile.countDueBy(atMs, sinceMs)).toBe(dues.filter(due => due <= atMs).length);
        expect(profile.nextAfterMs(atMs, sinceMs)).toBe(later(atMs));
        // Asked twice, with another date in between: what hosts share must not leak from one to the other.
        for (const now of [atMs, atMs + 3 * DAY_MS, atMs]) {
          const dueBy = (ms: number) => dues.filter(due => due <= now + ms).length;
          expect(profile.counts(sinceMs, now)).toMatchObject({
            overdue: dueBy(0),
            week: dueBy(7 * DAY_MS),
            month: dueBy(30 * DAY_MS),
            dated: dues.length,
            earliestMs: later(Number.NEGATIVE_INFINITY),
          });
          const { validUntilMs } = profile.counts(sinceMs, now);
          if (!Number.isFinite(validUntilMs)) continue;
          expect(profile.counts(sinceMs, validUntilMs - 1)).toMatchObject({
            overdue: dueBy(0),
            week: dueBy(7 * DAY_MS),
            month: dueBy(30 * DAY_MS),
          });
          expect(validUntilMs).toBeGreaterThan(now);
        }
        expect(profile.size).toBe(items.length);
      }),
    );
  });
});
