import { describe, expect, it } from 'vitest';
import { evaluateGate, isTripped, type RingCounts } from './gate.ts';
import type { GateThresholds } from './plan.ts';
import { NO_HOSTS } from './ring-counts.ts';
import { failureRateUpper95, sampleStatement } from './statistics.ts';

const CANARY: GateThresholds = { errorPercent: 0, minSample: 5, minCoveragePercent: 100 };
const ring = (counts: Partial<RingCounts>): RingCounts => ({ ...NO_HOSTS, ...counts });

describe('the gate', () => {
  it('passes a canary whose every host succeeded', () => {
    expect(evaluateGate(ring({ hosts: 5, succeeded: 5 }), CANARY)).toMatchObject({ verdict: 'pass', nothingAttempted: false });
    expect(evaluateGate(ring({ hosts: 1, succeeded: 1 }), CANARY).verdict).toBe('pass');
  });

  it('fails it on any failure, and says so', () => {
    const gate = evaluateGate(ring({ hosts: 5, succeeded: 4, failed: 1 }), CANARY);
    expect(gate.verdict).toBe('fail');
    expect(gate.reasons).toEqual(['1 of 5 attempted hosts failed, allowed are 0 %']);
  });

  it('never passes without data', () => {
    expect(evaluateGate(ring({ hosts: 5, unreached: 5 }), CANARY).verdict).toBe('inconclusive');
    expect(evaluateGate(ring({ hosts: 5, succeeded: 4, unreached: 1 }), CANARY).verdict).toBe('inconclusive');
    expect(evaluateGate(ring({ hosts: 5, succeeded: 4, active: 1 }), CANARY).verdict).toBe('inconclusive');
  });

  it('does not blame the patch for infrastructure, nor hide a bad patch behind it', () => {
    const broken = evaluateGate(ring({ hosts: 2, succeeded: 1, infrastructure: 1 }), CANARY);
    expect(broken.verdict).toBe('inconclusive');
    expect(broken.reasons[0]).toMatch(/^infrastructure, not the patch/);
    expect(evaluateGate(ring({ hosts: 2, failed: 1, infrastructure: 1 }), CANARY).verdict).toBe('fail');
  });

  it('skips a ring in which nothing had to be done', () => {
    expect(evaluateGate(ring({ hosts: 0 }), CANARY)).toMatchObject({ nothingAttempted: true });
    expect(evaluateGate(ring({ hosts: 3, excluded: 1, compliant: 2 }), CANARY)).toMatchObject({ nothingAttempted: true, verdict: 'pass' });
    expect(evaluateGate(ring({ hosts: 1, excluded: 1, skipped: 1 }), CANARY).statement).toMatch(
      /^every host was left out: nothing was attempted/,
    );
    expect(evaluateGate(ring({ hosts: 3, compliant: 2, unreached: 1 }), CANARY)).toMatchObject({
      nothingAttempted: false,
      verdict: 'inconclusive',
    });
  });

  it('counts accepted failures as tried and not as failed', () => {
    const gate = evaluateGate(ring({ hosts: 1, accepted: 1 }), CANARY);
    expect(gate.verdict).toBe('pass');
    expect(gate.reasons).toEqual(['1 host failed and was accepted by an override']);
    expect(gate.statement).toBe('1 of 1 failed');
  });

  it('compares in integers, strictly: 5 % of 20 allows exactly one', () => {
    const five: GateThresholds = { errorPercent: 5, minSample: 0, minCoveragePercent: 80 };
    expect(evaluateGate(ring({ hosts: 20, succeeded: 19, failed: 1 }), five).verdict).toBe('pass');
    expect(evaluateGate(ring({ hosts: 19, succeeded: 18, failed: 1 }), five).verdict).toBe('fail');
    expect(evaluateGate(ring({ hosts: 20, succeeded: 19, failed: 1, blockers: 1 }), five).verdict).toBe('fail');
    expect(evaluateGate(ring({ hosts: 10, succeeded: 8, unreached: 2 }), five).verdict).toBe('pass');
    expect(evaluateGate(ring({ hosts: 10, succeeded: 7, unreached: 3 }), five).verdict).toBe('inconclusive');
  });
});

describe('tripping early', () => {
  it('stops a canary at its first failure and its first stuck host, a later ring at a tenth of stuck hosts', () => {
    expect(isTripped(ring({ hosts: 5, failed: 1, active: 4 }), CANARY)).toBe(true);
    expect(isTripped(ring({ hosts: 5, infrastructure: 1, active: 4 }), CANARY)).toBe(true);
    const later: GateThresholds = { errorPercent: 5, minSample: 10, minCoveragePercent: 80 };
    expect(isTripped(ring({ hosts: 100, failed: 5, active: 95 }), later)).toBe(false);
    expect(isTripped(ring({ hosts: 100, failed: 6, active: 94 }), later)).toBe(true);
    expect(isTripped(ring({ hosts: 100, infrastructure: 10 }), later)).toBe(false);
    expect(isTripped(ring({ hosts: 100, infrastructure: 11 }), later)).toBe(true);
    expect(isTripped(ring({ hosts: 100, infrastructure: 1, alarms: 1 }), later)).toBe(true);
  });
});

describe('what a sample shows', () => {
  it('is the exact one-sided bound', () => {
    for (const n of [1, 5, 20, 59, 1000]) expect(failureRateUpper95(0, n)).toBeCloseTo(1 - 0.05 ** (1 / n), 10);
    // Clopper-Pearson tables: 1 of 10, 2 of 20, 5 of 100.
    expect(failureRateUpper95(1, 10)).toBeCloseTo(0.394163, 5);
    expect(failureRateUpper95(2, 20)).toBeCloseTo(0.282617, 5);
    expect(failureRateUpper95(5, 100)).toBeCloseTo(0.102253, 5);
    expect(failureRateUpper95(3, 3)).toBe(1);
    expect(failureRateUpper95(0, 0)).toBe(1);
    expect(failureRateUpper95(100, 100_000)).toBeLessThan(0.0012);
  });

  it('is said in plain words', () => {
    expect(sampleStatement(0, 5)).toBe('0 of 5 failed: at 95 % this only shows that fewer than 45 % fail');
    expect(sampleStatement(0, 1000)).toBe('0 of 1000 failed: at 95 % this only shows that fewer than 0.30 % fail');
    expect(sampleStatement(0, 0)).toBe('nothing was attempted: this shows nothing');
  });
});
