import { counted } from '../kernel/words.ts';
import { proofGap, sampleFor, sequentialTest } from './confidence.ts';
import { judgeHealth, type MetricReading } from './health.ts';
import type { GateThresholds } from './plan.ts';
import { failureRateUpper95, sampleStatement } from './statistics.ts';

export type Verdict = 'pass' | 'fail' | 'inconclusive';

/** Hosts of one ring, each counted once (domain.md 2.3). Integers. */
export interface RingCounts {
  readonly hosts: number;
  /** Excluded or not applicable. */
  readonly excluded: number;
  /** Among `excluded`: taken out by a person. */
  readonly skipped?: number;
  readonly succeeded: number;
  readonly compliant: number;
  /** Failures that count against the patch and that nobody has accepted. */
  readonly failed: number;
  /** Among `failed`: those that no threshold excuses. */
  readonly blockers: number;
  /** Failures taken out of the count by a recorded override. */
  readonly accepted: number;
  /** Waiting for a person because of infrastructure; nothing was changed on them. */
  readonly infrastructure: number;
  /** Waiting for a person because the host was not ready; nothing was changed on them. */
  readonly notReady: number;
  /** Among those two: what no ring may go on with, such as a package with a wrong digest. */
  readonly alarms: number;
  /** Never reached, cancelled, unreachable. */
  readonly unreached: number;
  readonly waiting: number;
  readonly active: number;
}

/** Readings of the ring's metrics; null where it has none, or where a person has accepted them. */
export type Health = readonly MetricReading[] | 'unmeasured' | null;

export interface GateDecision {
  readonly verdict: Verdict;
  /** True when there was nothing to try: the ring is skipped and proves nothing. */
  readonly nothingAttempted: boolean;
  readonly inputs: Readonly<Record<string, number>>;
  readonly statement: string;
  readonly reasons: readonly string[];
  readonly metrics: readonly MetricReading[];
}

/**
 * The gate. Fail outweighs inconclusive outweighs pass, so that a broken mirror never hides a broken patch; and what is not the patch's doing is never
 * blamed on it. No data never passes.
 */
export function evaluateGate(counts: RingCounts, thresholds: GateThresholds, health: Health = null): GateDecision {
  const population = counts.hosts - counts.excluded;
  const attempted = counts.succeeded + counts.failed + counts.accepted;
  const covered = attempted + counts.compliant;
  const metrics = Array.isArray(health) ? (health as readonly MetricReading[]) : [];
  const judged = judgeHealth(metrics);
  const failReasons = [...failures(counts, thresholds, attempted), ...judged.failed];
  const doubts = [...uncertainties(counts, thresholds, population, attempted, covered), ...judged.doubts];
  if (health === 'unmeasured') doubts.push('the health metrics have not been measured');
  const nothingAttempted = attempted === 0 && covered === population;
  const verdict: Verdict = failReasons.length > 0 ? 'fail' : doubts.length > 0 ? 'inconclusive' : 'pass';
  const why = population === 0 && counts.excluded > 0 ? 'every host was left out' : 'no host needed it';
  const statement = nothingAttempted
    ? `${why}: nothing was attempted, so this shows nothing`
    : sampleStatement(counts.failed + counts.accepted, attempted);
  const acceptance =
    counts.accepted > 0
      ? [`${counted(counts.accepted, 'host')} failed and ${counts.accepted === 1 ? 'was' : 'were'} accepted by an override`]
      : [];
  return {
    verdict,
    nothingAttempted,
    inputs: {
      ...counts,
      population,
      attempted,
      coveragePercent: population === 0 ? 100 : Math.floor((covered * 100) / population),
      failureUpperPercent: Math.round(failureRateUpper95(counts.failed + counts.accepted, attempted) * 100),
    },
    statement,
    reasons: [...failReasons, ...doubts, ...acceptance],
    metrics,
  };
}

/** Integer arithmetic, strictly greater: 5 % of 20 hosts allows exactly one. */
function failures(counts: RingCounts, thresholds: GateThresholds, attempted: number): string[] {
  const reasons: string[] = [];
  if (counts.blockers > 0) reasons.push(`${counted(counts.blockers, 'host')} failed in a way that no threshold excuses`);
  if (counts.failed * 100 > thresholds.errorPercent * attempted)
    reasons.push(`${counts.failed} of ${counted(attempted, 'attempted host')} failed, allowed are ${thresholds.errorPercent} %`);
  return reasons;
}

function uncertainties(counts: RingCounts, thresholds: GateThresholds, population: number, attempted: number, covered: number): string[] {
  const reasons: string[] = [];
  if (counts.infrastructure > 0)
    reasons.push(`infrastructure, not the patch: ${counted(counts.infrastructure, 'host')} could not be tried`);
  if (counts.alarms > 0) reasons.push(`${counted(counts.alarms, 'host')} got a package that is not what its repository signed`);
  if (counts.notReady > 0)
    reasons.push(`not the patch: ${counted(counts.notReady, 'host')} ${counts.notReady === 1 ? 'was' : 'were'} not ready for any change`);
  if ((counts.skipped ?? 0) * 10 > counts.hosts)
    reasons.push(
      `${counts.skipped ?? 0} of ${counted(counts.hosts, 'host')} ${counts.skipped === 1 ? 'was' : 'were'} left out by people: more than a tenth needs a decision`,
    );
  if (counts.active > 0) reasons.push(`${counted(counts.active, 'host')} ${counts.active === 1 ? 'is' : 'are'} still at work`);
  const toTry = population - counts.compliant;
  const sample = Math.min(thresholds.minSample, toTry);
  if (attempted < sample) reasons.push(`${attempted} of at least ${counted(sample, 'host')} ${attempted === 1 ? 'was' : 'were'} tried`);
  const gap = thresholds.proof === undefined ? null : proofGap(thresholds.proof, counts.failed, attempted);
  if (gap !== null && attempted > 0) reasons.push(gap);
  if (covered * 100 < thresholds.minCoveragePercent * population)
    reasons.push(
      `${covered} of ${counted(population, 'host')} ${covered === 1 ? 'has' : 'have'} an answer, needed are ${thresholds.minCoveragePercent} %`,
    );
  return reasons;
}

/** True as soon as no further result can change the answer: asked after every result, so that a ring stops early (domain.md 2.3 "trip early"). */
export function isTripped(counts: RingCounts, thresholds: GateThresholds): boolean {
  const population = counts.hosts - counts.excluded;
  if (counts.blockers > 0 || counts.alarms > 0) return true;
  if (counts.failed * 100 > thresholds.errorPercent * Math.max(population, Math.min(thresholds.minSample, population))) return true;
  if (thresholds.proof !== undefined && counts.failed > 0 && !canProve(counts, thresholds.proof, population)) return true;
  // Stuck hosts stop a canary at once: its coverage must be complete. Later rings go on until a tenth of them is stuck (domain.md 2.11).
  const stuck = counts.infrastructure + counts.notReady;
  return thresholds.minCoveragePercent === 100 ? stuck > 0 : stuck * 10 > population;
}

/** Wald's test says that it is bad, or so many have failed that the rest of the ring could not show otherwise. */
function canProve(counts: RingCounts, proof: NonNullable<GateThresholds['proof']>, population: number): boolean {
  if (sequentialTest(counts.failed, counts.failed + counts.succeeded, proof) === 'reject') return false;
  return sampleFor(proof, counts.failed) <= population - counts.compliant;
}
