import type { CvssVersion } from './metrics.ts';
import { baseScoreV2, environmentalScoreV2, temporalScoreV2 } from './v2.ts';
import { baseScoreV3, environmentalScoreV3, temporalScoreV3 } from './v3.ts';
import { scoreV4 } from './v4.ts';
import { type CvssVector, definesGroup, parseVector, withoutGroups } from './vector.ts';

export type Severity = 'None' | 'Low' | 'Medium' | 'High' | 'Critical';

/** Scores are 0.0 to 10.0 with one decimal. A group that the vector does not define has null. */
export interface CvssScores {
  readonly version: CvssVersion;
  readonly base: number;
  readonly severity: Severity;
  /** v2 and v3 */
  readonly temporal: number | null;
  /** v4: CVSS-BT */
  readonly threat: number | null;
  /** v2 and v3: with the temporal metrics. v4: CVSS-BE or, with threat metrics, CVSS-BTE. */
  readonly environmental: number | null;
  /** The score of everything that the vector says, and its severity. */
  readonly overall: number;
  readonly overallSeverity: Severity;
}

type CvssResult = { readonly ok: true; readonly scores: CvssScores } | { readonly ok: false; readonly reason: string };

/** Scores from the vector alone. A stated score is never read: of 3,050 vectors in use, 165 carry the temporal score as the base score. */
export function scoreCvss(text: string): CvssResult {
  const parsed = parseVector(text);
  return parsed.ok ? { ok: true, scores: scoreVector(parsed.vector) } : parsed;
}

function scoreVector(vector: CvssVector): CvssScores {
  const hasTemporal = definesGroup(vector, 'temporal');
  const hasThreat = definesGroup(vector, 'threat');
  const hasEnvironmental = definesGroup(vector, 'environmental');
  const formulas = FORMULAS[vector.version];
  const base = formulas.base(vector);
  const temporal = hasTemporal ? formulas.temporal(vector) : null;
  const threat = hasThreat ? scoreV4(withoutGroups(vector, ['environmental'])) : null;
  const environmental = hasEnvironmental ? formulas.environmental(vector) : null;
  const overall = environmental ?? threat ?? temporal ?? base;
  const severity = (score: number) => severityOf(vector.version, score);
  return {
    version: vector.version,
    base,
    severity: severity(base),
    temporal,
    threat,
    environmental,
    overall,
    overallSeverity: severity(overall),
  };
}

type Formula = (vector: CvssVector) => number;

const V3 = { base: baseScoreV3, temporal: temporalScoreV3, environmental: environmentalScoreV3 };
const FORMULAS: Readonly<Record<CvssVersion, { readonly base: Formula; readonly temporal: Formula; readonly environmental: Formula }>> = {
  '2.0': { base: baseScoreV2, temporal: temporalScoreV2, environmental: environmentalScoreV2 },
  '3.0': V3,
  '3.1': V3,
  '4.0': { base: vector => scoreV4(withoutGroups(vector, ['threat', 'environmental'])), temporal: scoreV4, environmental: scoreV4 },
};

/** The rating scale of v3 and v4. v2 has none of its own; NVD's (no None, no Critical) is the one in use. */
export function severityOf(version: CvssVersion, score: number): Severity {
  if (version === '2.0') return score < 4 ? 'Low' : score < 7 ? 'Medium' : 'High';
  if (score === 0) return 'None';
  return score < 4 ? 'Low' : score < 7 ? 'Medium' : score < 9 ? 'High' : 'Critical';
}
