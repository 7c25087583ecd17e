import { describe, expect, it } from 'vitest';
import { exceptionFigures } from './exception-figures.ts';

const NOW = '2026-11-22T12:00:00.000Z';
const since = (days: number, kind = 'deferred', renewals = 0) => ({
  kind,
  standsSince: new Date(Date.parse(NOW) - days * 86_400_000).toISOString(),
  renewals,
});

describe('the figures of exceptions', () => {
  it('count by kind, and give the median age and the share that was renewed', () => {
    const standing = [since(400, 'mitigated', 3), since(10), since(20.04), since(30, 'mitigated')];
    expect(exceptionFigures(standing, 2, NOW)).toEqual({
      inForce: 4,
      byKind: [
        { kind: 'deferred', count: 2 },
        { kind: 'mitigated', count: 2 },
      ],
      medianAgeDays: 25,
      renewed: 1,
      renewedPercent: 25,
      expiredOpen: 2,
    });
    expect(exceptionFigures(standing.slice(0, 3), 0, NOW)).toMatchObject({ medianAgeDays: 20, renewedPercent: 33.3 });
  });
  it('say nothing of nothing', () => {
    expect(exceptionFigures([], 0, NOW)).toEqual({
      inForce: 0,
      byKind: [],
      medianAgeDays: null,
      renewed: 0,
      renewedPercent: null,
      expiredOpen: 0,
    });
  });
});
