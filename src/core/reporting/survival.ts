/**
 * Time until something happens, when for many it has not happened yet. A mean over the closed ones alone flatters: the slow ones are missing
 * from it. The product-limit estimate (Kaplan and Meier 1958) counts the open ones for as long as they were watched, and delayed entry keeps
 * those out of the risk set that were not watched yet (a host enrolled a month after the fix says nothing about that month).
 */
export interface Observation {
  /** Days since the clock's start at which watching began; 0 when it was watched from the start. */
  readonly enteredDays: number;
  /** Days since the clock's start at which it ended or was last seen open. Later than `enteredDays`. */
  readonly leftDays: number;
  /** True when it ended, false when it was still open (censored). */
  readonly ended: boolean;
}

interface SurvivalStep {
  readonly days: number;
  /** Estimated share still open just after `days`, 1 to 0. */
  readonly openShare: number;
  /** How many were watched and open just before. */
  readonly atRisk: number;
  readonly ended: number;
  /** Greenwood's variance of `openShare`; 0 at share 0. */
  readonly variance: number;
}

/**
 * With delayed entry the first risk sets can be so small that one early end sets the whole curve to 0. Ends are left out while fewer than this
 * many are at risk (Lai and Ying 1991); without delayed entry it can only touch the far right of the curve.
 */
const RISK_SET_MIN = 5;

/** One step per time at which something ended. At ties, ends come before censorings. Observations that end before they enter are left out. */
export function survivalCurve(observations: readonly Observation[], riskSetMin: number = RISK_SET_MIN): SurvivalStep[] {
  const valid = observations.filter(seen => seen.leftDays > seen.enteredDays || (seen.enteredDays <= 0 && seen.leftDays >= 0));
  const entries = Float64Array.from(valid, seen => seen.enteredDays).sort();
  const exits = Float64Array.from(valid, seen => seen.leftDays).sort();
  const ends = new Map<number, number>();
  for (const seen of valid) if (seen.ended) ends.set(seen.leftDays, (ends.get(seen.leftDays) ?? 0) + 1);

  const steps: SurvivalStep[] = [];
  let openShare = 1;
  let greenwood = 0;
  let entered = 0;
  let left = 0;
  for (const [days, ended] of [...ends].sort(([a], [b]) => a - b)) {
    while (entered < entries.length && (entries[entered]! < days || (entries[entered]! <= 0 && days <= 0))) entered++;
    while (left < exits.length && exits[left]! < days) left++;
    const atRisk = entered - left;
    if (atRisk < riskSetMin) continue;
    openShare *= 1 - ended / atRisk;
    if (atRisk > ended) greenwood += ended / (atRisk * (atRisk - ended));
    steps.push({ days, openShare, atRisk, ended, variance: openShare * openShare * greenwood });
  }
  return steps;
}

/** The first time at which at least `share` have ended; null when the curve does not get there ("not reached"). */
export function quantileDays(curve: readonly SurvivalStep[], share: number): number | null {
  // 1 - share is not exact in binary (1 - 0.9): without the slack a curve that reaches it exactly would be called "not reached".
  return curve.find(step => step.openShare <= 1 - share + 1e-9)?.days ?? null;
}
