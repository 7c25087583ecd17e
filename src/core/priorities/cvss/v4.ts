import { MACRO_SCORE_TENTHS, SEVERITY_LEVELS, SEVERITY_STEPS, type SeverityLevel } from './v4-tables.ts';
import type { CvssVector } from './vector.ts';

/**
 * CVSS v4.0 (first.org/cvss/v4.0/specification-document, section 8): the score of the vector's MacroVector, less the mean, over the equivalence sets that
 * have a next lower MacroVector, of (score distance to it) * (steps below the set's highest vector / depth). In whole numbers throughout, rounded
 * half up at the end: floating-point implementations give 5.6 where 5.7 is right.
 */
export function scoreV4(vector: CvssVector): number {
  const value = (metric: string) => effectiveValue(vector, metric);
  if (['VC', 'VI', 'VA', 'SC', 'SI', 'SA'].every(metric => value(metric) === 'N')) return 0;
  const macro = macroVector(value);
  const top = MACRO_SCORE_TENTHS.get(macroKey(macro))!;
  let lowerSets = 0;
  /** In 1/COMMON_DEPTH of a tenth. */
  let reduction = 0;
  for (const { lower, level } of steps(macro)) {
    const scores = lower.map(next => MACRO_SCORE_TENTHS.get(macroKey(next))).filter(score => score !== undefined);
    if (scores.length === 0) continue;
    lowerSets++;
    if (level) reduction += (top - Math.max(...scores)) * stepsBelow(level, value) * (COMMON_DEPTH / level.depth);
  }
  const parts = COMMON_DEPTH * Math.max(lowerSets, 1);
  const tenths = Math.floor((2 * (top * parts - reduction) + parts) / (2 * parts));
  return Math.min(100, Math.max(0, tenths)) / 10;
}

/** Least common multiple of the levels' depths (1, 2, 4, 5, 6, 7, 8, 10). */
const COMMON_DEPTH = 840;

type Macro = readonly [eq1: number, eq2: number, eq3: number, eq4: number, eq5: number, eq6: number];

function macroKey(macro: Macro): string {
  return macro.join('');
}

/** What counts for the score: the modified metric where it is defined; without threat and requirement metrics the worst is assumed. */
function effectiveValue({ metrics }: CvssVector, metric: string): string {
  const modified = metrics[`M${metric}`];
  if (modified !== undefined && modified !== 'X') return modified;
  const value = metrics[metric]!;
  if (value !== 'X') return value;
  return metric === 'E' ? 'A' : 'H';
}

function macroVector(value: (metric: string) => string): Macro {
  const is = (metric: string, expected: string) => value(metric) === expected;
  const easy = [is('AV', 'N'), is('PR', 'N'), is('UI', 'N')];
  const eq1 = easy.every(Boolean) ? 0 : easy.some(Boolean) && !is('AV', 'P') ? 1 : 2;
  const eq2 = is('AC', 'L') && is('AT', 'N') ? 0 : 1;
  const eq3 = is('VC', 'H') && is('VI', 'H') ? 0 : is('VC', 'H') || is('VI', 'H') || is('VA', 'H') ? 1 : 2;
  const eq4 = is('SI', 'S') || is('SA', 'S') ? 0 : is('SC', 'H') || is('SI', 'H') || is('SA', 'H') ? 1 : 2;
  const eq5 = ['A', 'P', 'U'].indexOf(value('E'));
  const required = (is('CR', 'H') && is('VC', 'H')) || (is('IR', 'H') && is('VI', 'H')) || (is('AR', 'H') && is('VA', 'H'));
  return [eq1, eq2, eq3, eq4, eq5, required ? 0 : 1];
}

/** For each equivalence set: the next lower MacroVectors (those that do not exist are dropped by the caller) and the level the vector is in. */
function steps([eq1, eq2, eq3, eq4, eq5, eq6]: Macro): readonly { lower: readonly Macro[]; level: SeverityLevel | null }[] {
  const lowerEq3: Macro = [eq1, eq2, eq3 + 1, eq4, eq5, eq6];
  const lowerEq6: Macro = [eq1, eq2, eq3, eq4, eq5, eq6 + 1];
  // EQ3 and EQ6 lower together: from 00 to the higher of 01 and 10; from 10 only to 11, since 20 does not exist.
  const lowerEq3Eq6 = eq6 === 1 ? [lowerEq3] : eq3 === 0 ? [lowerEq6, lowerEq3] : [lowerEq6];
  return [
    { lower: [[eq1 + 1, eq2, eq3, eq4, eq5, eq6]], level: SEVERITY_LEVELS.eq1[eq1]! },
    { lower: [[eq1, eq2 + 1, eq3, eq4, eq5, eq6]], level: SEVERITY_LEVELS.eq2[eq2]! },
    { lower: lowerEq3Eq6, level: SEVERITY_LEVELS.eq3eq6[`${eq3}${eq6}`]! },
    { lower: [[eq1, eq2, eq3, eq4 + 1, eq5, eq6]], level: SEVERITY_LEVELS.eq4[eq4]! },
    { lower: [[eq1, eq2, eq3, eq4, eq5 + 1, eq6]], level: null },
  ];
}

/** Steps from the first highest vector of the level that is nowhere less severe than this one. */
function stepsBelow(level: SeverityLevel, value: (metric: string) => string): number {
  for (const highest of level.highest) {
    const distances = Object.entries(highest).map(
      ([metric, top]) => SEVERITY_STEPS[metric]![value(metric)]! - SEVERITY_STEPS[metric]![top]!,
    );
    if (distances.every(distance => distance >= 0)) return distances.reduce((sum, distance) => sum + distance, 0);
  }
  throw new Error('a level without a highest vector for one of its members');
}
