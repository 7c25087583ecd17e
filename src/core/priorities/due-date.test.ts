import { describe, expect, it } from 'vitest';
import { bod2604 } from './decision-tables/bod-26-04.ts';
import { ssvcDeployer } from './decision-tables/ssvc-deployer.ts';
import { dueAfterChange, dueAt, timelineOf } from './due-date.ts';

const bod = (outcome: string) => timelineOf('bod-26-04', outcome)!;
const start = '2026-11-01T00:00:00.000Z';

describe('timelines', () => {
  it.each([bod2604, ssvcDeployer])('every outcome of $id has one', table => {
    for (const outcome of table.outcome.values) expect(timelineOf(table.id, outcome), outcome).toBeDefined();
  });

  it('are shorter the more urgent the outcome', () => {
    for (const table of [bod2604, ssvcDeployer]) {
      const days = table.outcome.values.map(outcome => timelineOf(table.id, outcome)!.days ?? Number.POSITIVE_INFINITY);
      expect(days).toEqual(days.toSorted((a, b) => a - b));
    }
  });
});

describe('dueAt', () => {
  it('counts calendar days from the start of the clock', () => {
    expect(dueAt(start, bod('3 days'))).toBe('2026-11-04T00:00:00.000Z');
    expect(dueAt(start, bod('60 days'))).toBe('2026-12-31T00:00:00.000Z');
    expect(dueAt(start, bod('fix on system upgrade'))).toBeNull();
  });
});

describe('dueAfterChange', () => {
  const standing = { clockStart: start, timeline: bod('60 days'), dueAt: dueAt(start, bod('60 days')) };

  it('gives the new days from the change when urgency rises', () => {
    expect(dueAfterChange(standing, '2026-11-20T12:00:00.000Z', bod('3 days'))).toBe('2026-11-23T12:00:00.000Z');
  });
  it('never moves a deadline back when urgency rises', () => {
    expect(dueAfterChange(standing, '2026-12-30T00:00:00.000Z', bod('14 days'))).toBe(standing.dueAt);
    const late = { ...standing, dueAt: '2026-11-10T00:00:00.000Z' };
    expect(dueAfterChange(late, '2026-11-20T00:00:00.000Z', bod('3 days'))).toBe(late.dueAt);
  });
  it('sets a first date where there was none', () => {
    const none = { clockStart: start, timeline: bod('fix on system upgrade'), dueAt: null };
    expect(dueAfterChange(none, '2027-02-01T00:00:00.000Z', bod('14 days'))).toBe('2027-02-15T00:00:00.000Z');
  });
  it('counts a longer timeline from the first start when urgency falls', () => {
    const urgent = { clockStart: start, timeline: bod('3 days'), dueAt: dueAt(start, bod('3 days')) };
    expect(dueAfterChange(urgent, '2026-11-02T00:00:00.000Z', bod('60 days'))).toBe('2026-12-31T00:00:00.000Z');
    expect(dueAfterChange(urgent, '2026-11-02T00:00:00.000Z', bod('fix on system upgrade'))).toBeNull();
  });
  it('keeps the date when only the wording changes', () => {
    const urgent = { clockStart: start, timeline: bod('3 days'), dueAt: '2026-11-03T00:00:00.000Z' };
    expect(dueAfterChange(urgent, '2026-11-02T00:00:00.000Z', bod('3 days & forensic investigation'))).toBe('2026-11-03T00:00:00.000Z');
  });
});
