import { type Instant, MINUTE_MS } from '../../kernel/instants.ts';
import type { PlannedWindow } from '../plan.ts';
import type { Interval } from './intervals.ts';
import { type Occurrence, occurrences, type WindowLength, type WindowRule, windowProblem } from './window.ts';

/** How far ahead occurrences are looked for: an approval lasts 30 days, and a monthly rule needs two months to show twice. */
const HORIZON_DAYS = 400;

/** The rule behind a window that repeats: its first occurrence names wall-clock start and length. null for a window that is open once or always. */
export function ruleOf(window: PlannedWindow): WindowRule | null {
  if (window.repeat === null || window.startsAt === null || window.endsAt === null) return null;
  const start = Temporal.Instant.from(window.startsAt).toZonedDateTimeISO(window.timeZone);
  const end = Temporal.Instant.from(window.endsAt).toZonedDateTimeISO(window.timeZone);
  return {
    timeZone: window.timeZone,
    firstStart: start.toPlainDateTime().toString({ smallestUnit: 'minute' }),
    length:
      window.length === 'wall-clock'
        ? untilClock(start.toPlainDateTime(), end.toPlainDateTime())
        : { kind: 'exact', minutes: Math.round((Date.parse(window.endsAt) - Date.parse(window.startsAt)) / MINUTE_MS) },
    repeat: window.repeat,
    gap: window.gap ?? 'shift-forward',
    overlap: window.overlap ?? 'first',
  };
}

/** The end of the first occurrence as a time on the clock, so many days after the start. */
export function untilClock(start: Temporal.PlainDateTime, end: Temporal.PlainDateTime): WindowLength {
  const { days } = start.toPlainDate().until(end.toPlainDate());
  return { kind: 'until', time: end.toPlainTime().toString({ smallestUnit: 'minute' }), days };
}

/** A sentence for the person who typed it, or null. */
export function repeatProblem(window: PlannedWindow): string | null {
  if (window.repeat === null) return null;
  if (window.startsAt === null || window.endsAt === null)
    return 'a window that repeats needs a start and an end: they are its first occurrence';
  try {
    const rule = ruleOf(window);
    return rule === null ? null : windowProblem(rule);
  } catch {
    return `"${window.timeZone}" is not a time zone`;
  }
}

/** The occurrence that is open at `now`, or the next one; null when there is none any more. A window that does not repeat is its own only occurrence. */
export function currentOrNext(
  window: PlannedWindow,
  now: Instant,
): { readonly startsAt: Instant | null; readonly endsAt: Instant | null } | null {
  const rule = ruleOf(window);
  if (rule === null) return window.endsAt !== null && window.endsAt <= now ? null : { startsAt: window.startsAt, endsAt: window.endsAt };
  const [next] = nextOccurrences(rule, now, 1);
  return next ?? null;
}

export function nextOccurrences(rule: WindowRule, now: Instant, most: number): Occurrence[] {
  const horizon = new Date(Date.parse(now) + HORIZON_DAYS * 86_400_000).toISOString();
  return occurrences(rule, now, horizon, most);
}

export function minutesOf(intervals: readonly Interval[]): number {
  return intervals.reduce((sum, one) => sum + Math.floor((Date.parse(one.endsAt) - Date.parse(one.startsAt)) / MINUTE_MS), 0);
}
