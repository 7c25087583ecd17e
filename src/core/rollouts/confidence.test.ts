import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { proofGap, sampleFor, sequentialTest, soakMinutesFor } from './confidence.ts';
import { evaluateGate, isTripped } from './gate.ts';
import { NO_HOSTS } from './ring-counts.ts';
import { drawRings } from './rings.ts';
import { failureRateUpper, fisherAtLeast } from './statistics.ts';

const PROOF = { failurePercent: 5, confidencePercent: 95 };

describe('a stated confidence', () => {
  it('asks for the textbook number of hosts', () => {
    expect([0, 1, 2].map(failed => sampleFor(PROOF, failed))).toEqual([59, 93, 124]);
    expect(sampleFor({ failurePercent: 1, confidencePercent: 95 }, 0)).toBe(299);
    expect(sampleFor({ failurePercent: 45, confidencePercent: 95 }, 0)).toBe(6);
  });

  it('is the smallest number that shows it', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 60 }),
        fc.integer({ min: 50, max: 99 }),
        fc.nat(4),
        (failurePercent, confidencePercent, failed) => {
          const n = sampleFor({ failurePercent, confidencePercent }, failed);
          const bound = (hosts: number) => failureRateUpper(failed, hosts, confidencePercent / 100);
          expect(bound(n)).toBeLessThanOrEqual(failurePercent / 100);
          if (n > Math.max(1, failed)) expect(bound(n - 1)).toBeGreaterThan(failurePercent / 100);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('makes size and soak of a ring', () => {
    const members = Array.from({ length: 200 }, (_, n) => ({ hostId: `h${String(n).padStart(3, '0')}`, likeness: 'same', last: false }));
    const [canary] = drawRings(
      [
        { name: 'canary', soakMinutes: 0, concurrency: 1, proof: PROOF, proveSoak: true },
        { name: 'rest', percent: 100, soakMinutes: 0, concurrency: 5 },
      ],
      members,
      'patch',
    );
    expect([canary!.hostIds.length, canary!.gate.proof]).toEqual([59, PROOF]);
    expect(canary!.soakMinutes).toBe(soakMinutesFor(PROOF, 59));
    expect(soakMinutesFor(PROOF, 59)).toBe(1463);
    expect(soakMinutesFor(PROOF, 118)).toBe(732);
  });

  it('decides the gate: shown, not shown yet, cannot be shown here', () => {
    const gate = { errorPercent: 5, minSample: 0, minCoveragePercent: 100, proof: PROOF };
    const ring = (succeeded: number, failed: number, hosts = succeeded + failed) => ({
      ...NO_HOSTS,
      hosts,
      succeeded,
      failed,
      waiting: hosts - succeeded - failed,
    });
    expect(evaluateGate(ring(59, 0), gate).verdict).toBe('pass');
    const short = evaluateGate(ring(58, 0), gate);
    expect([short.verdict, short.reasons[0]]).toEqual([
      'inconclusive',
      'to show at 95 % that fewer than 5 % fail takes 59 hosts with 0 failed; 58 were tried',
    ]);
    expect(evaluateGate(ring(92, 1), gate).verdict).toBe('pass');
    // One failure among 59 leaves too few to show it: no reason to touch the other 50.
    expect(isTripped(ring(8, 1, 59), { ...gate, minCoveragePercent: 80 })).toBe(true);
    expect(isTripped(ring(8, 1, 100), { ...gate, minCoveragePercent: 80 })).toBe(false);
    expect(proofGap(PROOF, 0, 59)).toBeNull();
  });

  it('Wald’s test refuses what is bad long before the last host, and errs no more often than it says', () => {
    expect(sequentialTest(3, 3, { failurePercent: 20, confidencePercent: 95 })).toBe('reject');
    expect(sequentialTest(0, 3, { failurePercent: 20, confidencePercent: 95 })).toBe('continue');
    expect(sequentialTest(0, 60, { failurePercent: 20, confidencePercent: 95 })).toBe('accept');
    let state = 7;
    const random = () => (state = (state * 48271) % 2147483647) / 2147483647;
    const refusedAt = (rate: number) => {
      let refused = 0;
      for (let run = 0; run < 1000; run++) {
        let failed = 0;
        for (let n = 1; n <= 400; n++) {
          failed += Number(random() < rate);
          const answer = sequentialTest(failed, n, { failurePercent: 20, confidencePercent: 95 });
          if (answer === 'reject') refused += 1;
          if (answer !== 'continue') break;
        }
      }
      return refused / 1000;
    };
    expect(refusedAt(0.05)).toBeLessThan(0.07);
    expect(refusedAt(0.2)).toBeGreaterThan(0.93);
  });
});

describe('canary against untouched hosts', () => {
  it('is Fisher’s exact test (the lady tasting tea: 3 of 4 is 0.243)', () => {
    expect(fisherAtLeast(3, 4, 1, 4)).toBeCloseTo(0.2429, 4);
    expect(fisherAtLeast(4, 4, 0, 4)).toBeCloseTo(1 / 70, 6);
    expect(fisherAtLeast(0, 5, 3, 95)).toBeCloseTo(1, 9);
  });
});
