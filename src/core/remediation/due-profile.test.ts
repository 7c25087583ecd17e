import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DAY_MS } from '../kernel/instants.ts';
import { type Deadline, deadlineFor, dueAtMs } from './deadline.ts';
import { type DueItem, DueProfile } from './due-profile.ts';

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
  it('answers as each deadline by itself', () => {
    fc.assert(
      fc.property(fc.array(item, { maxLength: 40 }), day, day, (items, sinceMs, atMs) => {
        const profile = new DueProfile(items);
        const dues = items.map(({ deadline, knownMs }) => dueAtMs(deadline, Math.max(knownMs, sinceMs))).filter(due => due !== null);
        expect(profile.countDueBy(atMs, sinceMs)).toBe(dues.filter(due => due <= atMs).length);
        expect(profile.earliestMs(sinceMs)).toBe(dues.length === 0 ? null : Math.min(...dues));
        const later = dues.filter(due => due > atMs);
        expect(profile.nextAfterMs(atMs, sinceMs)).toBe(later.length === 0 ? null : Math.min(...later));
        expect(profile.size).toBe(items.length);
      }),
    );
  });
});
