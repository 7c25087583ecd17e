import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ClosedVulnerability, exploitationProbability, type PatchCandidate, PRIOR, rankPatches, riskRemoved } from './ranking.ts';

const now = '2026-11-22T00:00:00.000Z';
const day = (n: number) => new Date(Date.parse(now) + n * 86_400_000).toISOString();

function vulnerability(id: string, more: Partial<ClosedVulnerability> = {}): ClosedVulnerability {
  return { id, knownExploited: false, exploitation: null, epss: null, dueAt: day(60), outcome: '60 days', ...more };
}
function patch(id: string, hosts: number, ...closes: ClosedVulnerability[]): PatchCandidate {
  return { id, cohorts: [{ hosts, weight: hosts, closes }] };
}

describe('exploitation probability', () => {
  it('is 1 when exploited, else EPSS, else the stated prior', () => {
    expect(exploitationProbability(vulnerability('a', { knownExploited: true, epss: 0.01 }))).toBe(1);
    expect(exploitationProbability(vulnerability('a', { exploitation: 'active', epss: 0.01 }))).toBe(1);
    expect(exploitationProbability(vulnerability('a', { exploitation: 'poc', epss: 0.4 }))).toBe(0.4);
    expect(exploitationProbability(vulnerability('a', { exploitation: 'poc' }))).toBe(PRIOR.poc);
    expect(exploitationProbability(vulnerability('a'))).toBe(PRIOR.unknown);
  });
});

describe('risk removed', () => {
  it('joins vulnerabilities on a host and adds hosts', () => {
    const closes = [vulnerability('a', { epss: 0.5 }), vulnerability('b', { epss: 0.5 })];
    expect(riskRemoved([{ hosts: 4, weight: 4, closes }])).toBeCloseTo(3);
  });

  const chance = fc.double({ min: 0, max: 1, noNaN: true });
  it('is bounded by the weights and never falls when a vulnerability is added', () => {
    fc.assert(
      fc.property(fc.array(chance, { maxLength: 30 }), chance, fc.integer({ min: 1, max: 1000 }), (chances, extra, hosts) => {
        const closes = chances.map((epss, at) => vulnerability(`v${at}`, { epss }));
        const before = riskRemoved([{ hosts, weight: hosts, closes }]);
        const after = riskRemoved([{ hosts, weight: hosts, closes: [...closes, vulnerability('x', { epss: extra })] }]);
        expect(after).toBeGreaterThanOrEqual(before - 1e-9);
        expect(after).toBeLessThanOrEqual(hosts);
      }),
    );
  });
});

describe('rankPatches', () => {
  it('puts the overdue first, then the earliest day, then risk removed, then the undated', () => {
    const order = rankPatches(
      [
        patch('undated', 900, vulnerability('a', { dueAt: null, outcome: 'fix on system upgrade', epss: 0.9 })),
        patch('soon-small', 1, vulnerability('b', { dueAt: day(3), epss: 0.1 })),
        patch('soon-large', 50, vulnerability('c', { dueAt: day(2.5), epss: 0.1 })),
        patch('later', 500, vulnerability('d', { dueAt: day(14), knownExploited: true })),
        patch('overdue', 1, vulnerability('e', { dueAt: day(-2), epss: 0.001 })),
      ],
      now,
    );
    expect(order.map(entry => entry.id)).toEqual(['overdue', 'soon-large', 'soon-small', 'later', 'undated']);
    expect(order.map(entry => entry.rank)).toEqual([1, 2, 3, 4, 5]);
    expect(order.map(entry => entry.band)).toEqual(['overdue', 'due', 'due', 'due', 'undated']);
  });

  it('takes the band from the strictest of all findings that the patch closes', () => {
    const candidate: PatchCandidate = {
      id: 'linux',
      cohorts: [
        { hosts: 90, weight: 90, closes: [vulnerability('CVE-2026-1'), vulnerability('CVE-2026-2', { dueAt: null })] },
        { hosts: 2, weight: 2, closes: [vulnerability('CVE-2026-1', { dueAt: day(3), outcome: '3 days', knownExploited: true })] },
      ],
    };
    const [ranked] = rankPatches([candidate], now);
    expect(ranked).toMatchObject({
      dueAt: day(3),
      daysLeft: 3,
      hosts: 92,
      closes: 2,
      strictest: { vulnerabilityId: 'CVE-2026-1', outcome: '3 days' },
    });
    expect(ranked!.reason).toBe('closes 2 vulnerabilities on 92 hosts, 1 known exploited (CVE-2026-1), due in 3 days');
  });

  it('says the reason in words', () => {
    const reason = (candidate: PatchCandidate) => rankPatches([candidate], now)[0]!.reason;
    expect(reason(patch('p', 1, vulnerability('a', { dueAt: day(-2) })))).toBe('closes 1 vulnerability on 1 host, overdue by 2 days');
    expect(reason(patch('p', 1, vulnerability('a', { dueAt: day(-0.5) })))).toBe('closes 1 vulnerability on 1 host, overdue since today');
    expect(reason(patch('p', 3, vulnerability('a', { dueAt: day(0.5) })))).toBe('closes 1 vulnerability on 3 hosts, due within a day');
    expect(reason(patch('p', 3, vulnerability('a', { dueAt: null, outcome: 'fix on system upgrade' })))).toBe(
      'closes 1 vulnerability on 3 hosts, fix on system upgrade',
    );
    expect(reason(patch('p', 3))).toBe('closes no known vulnerability on 3 hosts');
    const many = ['a', 'b', 'c', 'd', 'e'].map(id => vulnerability(id, { knownExploited: true }));
    expect(reason(patch('p', 3, ...many))).toBe(
      'closes 5 vulnerabilities on 3 hosts, 5 known exploited (a, b, c and 2 more), due in 60 days',
    );
  });

  it('is the same whatever the order of the input', () => {
    const candidates = Array.from({ length: 40 }, (_, at) =>
      patch(`p${at}`, (at * 7) % 5, vulnerability(`v${at % 6}`, { dueAt: at % 4 ? day(at % 9) : null })),
    );
    const expected = rankPatches(candidates, now);
    fc.assert(
      fc.property(fc.shuffledSubarray(candidates, { minLength: candidates.length }), shuffled => {
        expect(rankPatches(shuffled, now)).toEqual(expected);
      }),
      { numRuns: 20 },
    );
  });
});
