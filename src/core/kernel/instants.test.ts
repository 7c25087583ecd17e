import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addMs, epochMs, toInstant } from './instants.ts';

const MS = fc.oneof(
  fc.integer({ min: 0, max: 253_402_300_799_999 }),
  fc.integer({ min: -100_000_000_000, max: 100_000_000_000 }),
  fc.integer({ min: 1_700_000_000_000, max: 1_900_000_000_000 }),
);

describe('instants', () => {
  it('are written and read as Date does', () => {
    fc.assert(
      fc.property(MS, ms => {
        expect(toInstant(ms)).toBe(new Date(ms).toISOString());
        expect(epochMs(toInstant(ms))).toBe(ms);
      }),
      { numRuns: 5_000 },
    );
  });

  it('keep every day of leap years and centuries', () => {
    for (const year of [1970, 1999, 2000, 2024, 2026, 2100, 2400])
      for (let day = 0; day < 366; day++) {
        const ms = Date.UTC(year, 0, 1) + day * 86_400_000 + 86_399_999;
        expect(toInstant(ms)).toBe(new Date(ms).toISOString());
        expect(epochMs(new Date(ms).toISOString())).toBe(ms);
      }
  });

  it('read other forms too, and refuse what is none', () => {
    expect(epochMs('2026-11-22T02:36:00Z')).toBe(Date.UTC(2026, 10, 22, 2, 36));
    expect(epochMs('2026-11-22T02:36:00.000+01:00')).toBe(Date.UTC(2026, 10, 22, 1, 36));
    for (const bad of ['', 'yesterday', '2026-13-01T00:00:00.000Z', '2026-11-22T24:61:00.000Z', '2026-1a-22T02:36:00.000Z'])
      expect(() => epochMs(bad)).toThrow(RangeError);
    expect(addMs('2026-02-28T23:59:59.999Z', 1)).toBe('2026-03-01T00:00:00.000Z');
  });
});
