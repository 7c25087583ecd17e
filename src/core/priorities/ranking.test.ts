import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { exploitationProbability, type PatchSummary, PRIOR, rankSummaries } from './ranking.ts';

const now = '2026-11-22T00:00:00.000Z';
const day = (n: number) => new Date(Date.parse(now) + n * 86_400_000).toISOString();
const patch = (id: string, more: Partial<PatchSummary> = {}): PatchSummary => ({
  id,
  dueAt: day(60),
  riskRemoved: 1,
  hosts: 1,
  closes: 1,
  knownExploited: [],
  strictest: { vulnerabilityId: 'CVE-2026-1', outcome: '60 days' },
  ...more,
});
const undated = { dueAt: null, strictest: { vulnerabilityId: 'CVE-2026-1', outcome: 'fix on system upgrade' } };

describe('exploitation probability', () => {
  it('is 1 when exploited, else EPSS, else the stated prior', () => {
    const nothing = { knownExploited: false, exploitation: null, epss: null };
    expect(exploitationProbability({ ...nothing, knownExploited: true, epss: 0.01 })).toBe(1);
    expect(exploitationProbability({ ...nothing, exploitation: 'active', epss: 0.01 })).toBe(1);
    expect(exploitationProbability({ ...nothing, exploitation: 'poc', epss: 0.4 })).toBe(0.4);
    expect(exploitationProbability({ ...nothing, exploitation: 'poc' })).toBe(PRIOR.poc);
    expect(exploitationProbability(nothing)).toBe(PRIOR.unknown);
  });
});

describe('the order of patches', () => {
  it('puts the overdue first, then the earliest day, then risk removed, then the undated', () => {
    const order = rankSummaries(
      [
        patch('undated', { ...undated, riskRemoved: 800 }),
        patch('soon-small', { dueAt: day(3), riskRemoved: 0.1 }),
        patch('soon-large', { dueAt: day(2.5), riskRemoved: 5 }),
        patch('later', { dueAt: day(14), riskRemoved: 500, knownExploited: ['CVE-2026-2'] }),
        patch('overdue', { dueAt: day(-2), riskRemoved: 0.001 }),
      ],
      now,
    );
    expect(order.map(entry => entry.id)).toEqual(['overdue', 'soon-large', 'soon-small', 'later', 'undated']);
    expect(order.map(entry => entry.rank)).toEqual([1, 2, 3, 4, 5]);
    expect(order.map(entry => entry.band)).toEqual(['overdue', 'due', 'due', 'due', 'undated']);
  });

  it('says the reason in words', () => {
    const reason = (more: Partial<PatchSummary>) => rankSummaries([patch('p', more)], now)[0]!.reason;
    expect(reason({ dueAt: day(-2) })).toBe('closes 1 vulnerability on 1 host, overdue by 2 days');
    expect(reason({ dueAt: day(-0.5) })).toBe('closes 1 vulnerability on 1 host, overdue since today');
    expect(reason({ dueAt: day(0.5), hosts: 3 })).toBe('closes 1 vulnerability on 3 hosts, due within a day');
    expect(reason({ ...undated, hosts: 3 })).toBe('closes 1 vulnerability on 3 hosts, fix on system upgrade');
    expect(reason({ hosts: 3, closes: 0 })).toBe('closes no known vulnerability on 3 hosts');
    expect(reason({ hosts: 3, closes: 5, knownExploited: ['a', 'b', 'c', 'd', 'e'] })).toBe(
      'closes 5 vulnerabilities on 3 hosts, 5 known exploited (a, b, c and 2 more), due in 60 days',
    );
  });

  it('is the same whatever the order of the input', () => {
    const patches = Array.from({ length: 40 }, (_, at) =>
      patch(`p${at}`, { hosts: (at * 7) % 5, riskRemoved: at % 3, closes: at % 2, ...(at % 4 ? { dueAt: day(at % 9) } : undated) }),
    );
    const expected = rankSummaries(patches, now);
    fc.assert(
      fc.property(fc.shuffledSubarray(patches, { minLength: patches.length }), shuffled => {
        expect(rankSummaries(shuffled, now)).toEqual(expected);
      }),
      { numRuns: 20 },
    );
  });
});
