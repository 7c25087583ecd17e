import type { CvssVector } from './vector.ts';

/** CVSS v3.0 and v3.1 (first.org/cvss/v3.1/specification-document, section 7). They differ in Roundup and in one term of the environmental score. */
const WEIGHT: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  AV: { N: 0.85, A: 0.62, L: 0.55, P: 0.2 },
  AC: { L: 0.77, H: 0.44 },
  UI: { N: 0.85, R: 0.62 },
  C: { H: 0.56, L: 0.22, N: 0 },
  I: { H: 0.56, L: 0.22, N: 0 },
  A: { H: 0.56, L: 0.22, N: 0 },
  E: { X: 1, H: 1, F: 0.97, P: 0.94, U: 0.91 },
  RL: { X: 1, U: 1, W: 0.97, T: 0.96, O: 0.95 },
  RC: { X: 1, C: 1, R: 0.96, U: 0.92 },
  CR: { X: 1, H: 1.5, M: 1, L: 0.5 },
  IR: { X: 1, H: 1.5, M: 1, L: 0.5 },
  AR: { X: 1, H: 1.5, M: 1, L: 0.5 },
};
/** Privileges Required weighs less on the score where the scope changes. */
const PRIVILEGES: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  U: { N: 0.85, L: 0.62, H: 0.27 },
  C: { N: 0.85, L: 0.68, H: 0.5 },
};
const MODIFIED_IMPACT_MAX = 0.915;

export function baseScoreV3(vector: CvssVector): number {
  const { metrics } = vector;
  const impact = 1 - (1 - weight('C', metrics.C!)) * (1 - weight('I', metrics.I!)) * (1 - weight('A', metrics.A!));
  const isChanged = metrics.S === 'C';
  const impactScore = isChanged ? 7.52 * (impact - 0.029) - 3.25 * (impact - 0.02) ** 15 : 6.42 * impact;
  return combine(
    vector,
    impactScore,
    exploitability(metric => metrics[metric]!),
    isChanged,
  );
}

export function temporalScoreV3(vector: CvssVector): number {
  return roundUp(vector, baseScoreV3(vector) * temporalFactor(vector));
}

export function environmentalScoreV3(vector: CvssVector): number {
  const { metrics } = vector;
  const modified = (metric: string) => (metrics[`M${metric}`] === 'X' ? metrics[metric]! : metrics[`M${metric}`]!);
  const left = (metric: string, requirement: string) => 1 - weight(metric, modified(metric)) * weight(requirement, metrics[requirement]!);
  const impact = Math.min(1 - left('C', 'CR') * left('I', 'IR') * left('A', 'AR'), MODIFIED_IMPACT_MAX);
  const isChanged = modified('S') === 'C';
  const impactScore = isChanged ? changedModifiedImpact(vector, impact) : 6.42 * impact;
  const score = combine(vector, impactScore, exploitability(modified), isChanged);
  return roundUp(vector, score * temporalFactor(vector));
}

function changedModifiedImpact({ version }: CvssVector, impact: number): number {
  const last = version === '3.0' ? (impact - 0.02) ** 15 : (impact * 0.9731 - 0.02) ** 13;
  return 7.52 * (impact - 0.029) - 3.25 * last;
}

function exploitability(value: (metric: string) => string): number {
  return 8.22 * weight('AV', value('AV')) * weight('AC', value('AC')) * PRIVILEGES[value('S')]![value('PR')]! * weight('UI', value('UI'));
}

function combine(vector: CvssVector, impactScore: number, exploitabilityScore: number, isChanged: boolean): number {
  if (impactScore <= 0) return 0;
  const sum = impactScore + exploitabilityScore;
  return roundUp(vector, Math.min(isChanged ? 1.08 * sum : sum, 10));
}

function temporalFactor({ metrics }: CvssVector): number {
  return weight('E', metrics.E!) * weight('RL', metrics.RL!) * weight('RC', metrics.RC!);
}

/**
 * v3.1 states Roundup on integers (appendix A). v3.0 states "the smallest number with one decimal that is not below the input"; the allowance
 * keeps floating-point dust (4.000000000000001) from counting, and is smaller than any real distance between a score and a tenth.
 */
function roundUp({ version }: CvssVector, score: number): number {
  if (version === '3.0') return Math.ceil(score * 10 - 1e-9) / 10;
  const hundredThousandths = Math.round(score * 100_000);
  return hundredThousandths % 10_000 === 0 ? hundredThousandths / 100_000 : (Math.floor(hundredThousandths / 10_000) + 1) / 10;
}

function weight(metric: string, value: string): number {
  return WEIGHT[metric]![value]!;
}
