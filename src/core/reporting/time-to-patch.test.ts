import { describe, expect, it } from 'vitest';
import { DAY_MS } from '../kernel/instants.ts';
import { EVENTS_MIN, type NeededFix, timeToPatch } from './time-to-patch.ts';

const NOW = 1_000 * DAY_MS;
const patched = (knownDay: number, days: number, watchedDay = 0): NeededFix => ({
  knownMs: knownDay * DAY_MS,
  watchedMs: watchedDay * DAY_MS,
  patchedMs: (knownDay + days) * DAY_MS,
});
const open = (knownDay: number): NeededFix => ({ knownMs: knownDay * DAY_MS, watchedMs: 0, patchedMs: null });

describe('timeToPatch', () => {
  it('says nothing below the smallest number of ends', () => {
    expect(
      timeToPatch(
        Array.from({ length: EVENTS_MIN - 1 }, () => patched(10, 5)),
        NOW,
      ),
    ).toBeNull();
    expect(
      timeToPatch(
        Array.from({ length: EVENTS_MIN }, () => patched(10, 5)),
        NOW,
      ),
    ).toMatchObject({ events: EVENTS_MIN, open: 0, medianDays: 5, naiveMeanDays: 5 });
  });

  it('counts the open ones, which a mean of the closed ones forgets', () => {
    const fixes = [...Array.from({ length: 30 }, () => patched(900, 4)), ...Array.from({ length: 70 }, () => open(900))];
    expect(timeToPatch(fixes, NOW)).toMatchObject({ events: 30, open: 70, medianDays: null, naiveMeanDays: 4 });
  });

  it('in the net view watches an excused fix until its exception began; gross counts it on', () => {
    const excused = Array.from({ length: 40 }, () => ({ ...open(900), excusedMs: 902 * DAY_MS }));
    const rest = [...Array.from({ length: 25 }, () => patched(900, 4)), ...Array.from({ length: 5 }, () => open(900))];
    const both = timeToPatch([...rest, ...excused], NOW)!;
    expect(both).toMatchObject({ events: 25, open: 45, medianDays: null, net: { censored: 40, medianDays: 4, ninetiethDays: null } });
    expect(timeToPatch(rest, NOW)!.net).toBeNull();
    // An exception of before the fix leaves nothing to watch; of a fix that came in time it says nothing.
    expect(timeToPatch([...rest, { ...open(900), excusedMs: 800 * DAY_MS }], NOW)!.net).toMatchObject({ censored: 1, medianDays: 4 });
    expect(timeToPatch([...rest, { ...patched(900, 4), excusedMs: 901 * DAY_MS }], NOW)!.net).toBeNull();
  });

  it('leaves out what was in place before it was known or before the host was watched', () => {
    const old = [patched(10, -3), patched(10, 0), patched(10, 20, 100)];
    const fixes = [...Array.from({ length: 25 }, () => patched(500, 8)), ...old];
    expect(timeToPatch(fixes, NOW)).toMatchObject({ events: 25, open: 0, medianDays: 8 });
  });

  it('takes hosts that came later into the risk set from the day they came', () => {
    const late = Array.from({ length: 30 }, (_, at) => patched(100, 60 + at, 150));
    const early = Array.from({ length: 30 }, () => patched(100, 10));
    const result = timeToPatch([...early, ...late], NOW)!;
    // All that were watched in the first days were patched on day 10: the late ones must not water that down.
    expect(result.curve.find(point => point.days === 10)?.openShare).toBe(0);
    expect(result.medianDays).toBe(10);
  });

  it('keeps the ends of a long curve when it thins it', () => {
    const fixes = Array.from({ length: 400 }, (_, at) => patched(100, 1 + at / 2));
    const { curve } = timeToPatch(fixes, NOW)!;
    expect(curve.length).toBeLessThanOrEqual(120);
    expect(curve[0]).toEqual({ days: 0, openShare: 1 });
    expect(curve.at(-1)).toMatchObject({ openShare: expect.closeTo(curve.at(-1)!.openShare) });
  });
});
