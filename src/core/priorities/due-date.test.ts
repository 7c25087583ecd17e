import { describe, expect, it } from 'vitest';
import { bod2604 } from './decision-tables/bod-26-04.ts';
import { ssvcDeployer } from './decision-tables/ssvc-deployer.ts';
import { dueAt, timelineOf } from './due-date.ts';

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
