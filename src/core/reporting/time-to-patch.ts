import { DAY_MS } from '../kernel/instants.ts';
import { type Observation, quantileDays, survivalCurve } from './survival.ts';

/** One fix that one host needed: a source package in a version that closes vulnerabilities. */
export interface NeededFix {
  /** When the fix could be known, epoch ms: the clock's start. */
  readonly knownMs: number;
  /** From when on we know what the host had: the begin of its logs, or its enrolment. */
  readonly watchedMs: number;
  /** When the last of the source's packages on the host had it; null while one has not. */
  readonly patchedMs: number | null;
  /** Of one that is open: since when an exception excuses all of it; null or absent: none does. */
  readonly excusedMs?: number | null;
}

export interface TimeToPatch {
  readonly events: number;
  readonly open: number;
  readonly medianDays: number | null;
  readonly ninetiethDays: number | null;
  /** Mean of the closed ones alone, which flatters: shown beside the others, never by itself. */
  readonly naiveMeanDays: number | null;
  /** An exception is no end: in the net view an excused fix is watched until its exception began, and no longer (domain.md 5). null: nothing is excused. */
  readonly net: { readonly censored: number; readonly medianDays: number | null; readonly ninetiethDays: number | null } | null;
  readonly curve: readonly { readonly days: number; readonly openShare: number }[];
}

/** Below this many ends a curve says more about chance than about the organisation (domain.md section 5). */
export const EVENTS_MIN = 20;
const CURVE_POINTS_MAX = 120;

/** Fixes that were in place before they could be known, or before the host was watched, say nothing about patching. null below EVENTS_MIN ends. */
export function timeToPatch(fixes: readonly NeededFix[], nowMs: number): TimeToPatch | null {
  const observations = fixes.map(fix => observe(fix, nowMs)).filter(seen => seen !== null);
  const ended = observations.filter(seen => seen.ended);
  if (ended.length < EVENTS_MIN) return null;
  const curve = survivalCurve(observations);
  const total = ended.reduce((sum, seen) => sum + seen.leftDays, 0);
  return {
    events: ended.length,
    open: observations.length - ended.length,
    medianDays: rounded(quantileDays(curve, 0.5)),
    ninetiethDays: rounded(quantileDays(curve, 0.9)),
    naiveMeanDays: rounded(total / ended.length),
    net: netOf(fixes, nowMs),
    curve: thinned([
      { days: 0, openShare: 1 },
      ...curve.map(({ days, openShare }) => ({ days: rounded(days)!, openShare: Math.round(openShare * 10_000) / 10_000 })),
    ]),
  };
}

function netOf(fixes: readonly NeededFix[], nowMs: number): TimeToPatch['net'] {
  const isExcused = (fix: NeededFix): boolean => fix.patchedMs === null && fix.excusedMs != null;
  const censored = fixes.filter(isExcused).length;
  if (censored === 0) return null;
  const curve = survivalCurve(fixes.map(fix => observe(fix, isExcused(fix) ? fix.excusedMs! : nowMs)).filter(seen => seen !== null));
  return { censored, medianDays: rounded(quantileDays(curve, 0.5)), ninetiethDays: rounded(quantileDays(curve, 0.9)) };
}

function observe({ knownMs, watchedMs, patchedMs }: NeededFix, nowMs: number): Observation | null {
  const enteredDays = Math.max(0, (watchedMs - knownMs) / DAY_MS);
  const leftDays = ((patchedMs ?? nowMs) - knownMs) / DAY_MS;
  return leftDays <= enteredDays ? null : { enteredDays, leftDays, ended: patchedMs !== null };
}

function rounded(days: number | null): number | null {
  return days === null ? null : Math.round(days * 10) / 10;
}

/** First and last point stay. */
function thinned<Point>(points: readonly Point[]): Point[] {
  if (points.length <= CURVE_POINTS_MAX) return [...points];
  const step = (points.length - 1) / (CURVE_POINTS_MAX - 1);
  return Array.from({ length: CURVE_POINTS_MAX }, (_, at) => points[Math.round(at * step)]!);
}
