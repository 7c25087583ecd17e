import type { CvssVector } from './vector.ts';

/** CVSS v2 (first.org/cvss/v2/guide, section 3.2). */
const WEIGHT: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  AV: { L: 0.395, A: 0.646, N: 1 },
  AC: { H: 0.35, M: 0.61, L: 0.71 },
  Au: { M: 0.45, S: 0.56, N: 0.704 },
  C: { N: 0, P: 0.275, C: 0.66 },
  I: { N: 0, P: 0.275, C: 0.66 },
  A: { N: 0, P: 0.275, C: 0.66 },
  E: { ND: 1, U: 0.85, POC: 0.9, F: 0.95, H: 1 },
  RL: { ND: 1, OF: 0.87, TF: 0.9, W: 0.95, U: 1 },
  RC: { ND: 1, UC: 0.9, UR: 0.95, C: 1 },
  CDP: { ND: 0, N: 0, L: 0.1, LM: 0.3, MH: 0.4, H: 0.5 },
  TD: { ND: 1, N: 0, L: 0.25, M: 0.75, H: 1 },
  CR: { ND: 1, L: 0.5, M: 1, H: 1.51 },
  IR: { ND: 1, L: 0.5, M: 1, H: 1.51 },
  AR: { ND: 1, L: 0.5, M: 1, H: 1.51 },
};

export function baseScoreV2(vector: CvssVector): number {
  const w = weightsOf(vector);
  return baseFromImpact(vector, 10.41 * (1 - (1 - w('C')) * (1 - w('I')) * (1 - w('A'))));
}

export function temporalScoreV2(vector: CvssVector): number {
  return temporalFromBase(vector, baseScoreV2(vector));
}

export function environmentalScoreV2(vector: CvssVector): number {
  const w = weightsOf(vector);
  const impact = Math.min(10, 10.41 * (1 - (1 - w('C') * w('CR')) * (1 - w('I') * w('IR')) * (1 - w('A') * w('AR'))));
  const temporal = temporalFromBase(vector, baseFromImpact(vector, impact));
  return toOneDecimal((temporal + (10 - temporal) * w('CDP')) * w('TD'));
}

function baseFromImpact(vector: CvssVector, impact: number): number {
  const w = weightsOf(vector);
  const exploitability = 20 * w('AV') * w('AC') * w('Au');
  // A small impact with low requirements makes the formula negative (-0.2); scores start at 0.
  return Math.max(0, toOneDecimal((0.6 * impact + 0.4 * exploitability - 1.5) * (impact === 0 ? 0 : 1.176)));
}

function temporalFromBase(vector: CvssVector, base: number): number {
  const w = weightsOf(vector);
  return toOneDecimal(base * w('E') * w('RL') * w('RC'));
}

/** Half up on the decimal number that is meant: 9 * 0.95 is 8.55 and gives 8.6, though its floating-point product is 8.549999. */
function toOneDecimal(score: number): number {
  return Math.round(score * 10 + 1e-9) / 10;
}

function weightsOf({ metrics }: CvssVector): (metric: string) => number {
  return metric => WEIGHT[metric]![metrics[metric]!]!;
}
