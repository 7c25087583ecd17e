import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Observation, quantileDays, survivalCurve } from './survival.ts';

const watched = (leftDays: number, ended: boolean, enteredDays = 0): Observation => ({ enteredDays, leftDays, ended });

/** Remission times in weeks of 21 patients under 6-MP (Freireich et al. 1963), the textbook example: + is censored. */
const FREIREICH = [
  ...[6, 6, 6, 7, 10, 13, 16, 22, 23].map(t => watched(t, true)),
  ...[6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35].map(t => watched(t, false)),
];

describe('survivalCurve', () => {
  it('gives the published product-limit estimate of the 6-MP data', () => {
    const curve = survivalCurve(FREIREICH, 1);
    expect(curve.map(step => [step.days, step.atRisk, step.ended, Number(step.openShare.toFixed(4))])).toEqual([
      [6, 21, 3, 0.8571],
      [7, 17, 1, 0.8067],
      [10, 15, 1, 0.7529],
      [13, 12, 1, 0.6902],
      [16, 11, 1, 0.6275],
      [22, 7, 1, 0.5378],
      [23, 6, 1, 0.4482],
    ]);
    expect(Math.sqrt(curve[0]!.variance)).toBeCloseTo(0.0764, 4);
    expect(Math.sqrt(curve.at(-1)!.variance)).toBeCloseTo(0.1346, 4);
    expect(quantileDays(curve, 0.5)).toBe(23);
    expect(quantileDays(curve, 0.9)).toBeNull();
  });

  it('without censoring is the empirical share', () => {
    const times = fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 80 });
    fc.assert(
      fc.property(times, days => {
        const curve = survivalCurve(
          days.map(t => watched(t, true)),
          1,
        );
        for (const step of curve) expect(step.openShare).toBeCloseTo(days.filter(t => t > step.days).length / days.length, 9);
      }),
    );
  });

  it('keeps late entries out of the risk set before they enter', () => {
    const curve = survivalCurve(
      [...Array.from({ length: 10 }, () => watched(5, true)), ...Array.from({ length: 10 }, () => watched(40, false, 10))],
      1,
    );
    expect(curve).toMatchObject([{ days: 5, atRisk: 10, openShare: 0 }]);
  });

  it('does not let a tiny first risk set decide the whole curve', () => {
    const late = Array.from({ length: 40 }, (_, at) => watched(20 + at, true, 10));
    expect(quantileDays(survivalCurve([watched(2, true), ...late], 1), 0.5)).toBe(2);
    expect(quantileDays(survivalCurve([watched(2, true), ...late]), 0.5)).toBe(39);
  });

  it('never rises and stays within 0 and 1, whatever it is given', () => {
    const observation = fc.record({
      enteredDays: fc.integer({ min: -5, max: 50 }),
      leftDays: fc.integer({ min: -5, max: 60 }),
      ended: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(observation, { maxLength: 60 }), observations => {
        let before = 1;
        for (const step of survivalCurve(observations)) {
          expect(step.openShare).toBeLessThanOrEqual(before);
          expect(step.openShare).toBeGreaterThanOrEqual(0);
          before = step.openShare;
        }
      }),
    );
  });
});
