import type { ByDay, Recurrence } from './recurrence.ts';

/** A rule without end must not be walked for ever: at one period a step, 5,000 steps are 13 years of days. */
const PERIODS_MAX = 5_000;

/**
 * The dates of a rule that begins on `start`, in order, until `last` (inclusive). RFC 5545 3.3.10: the start itself counts as the first only where the
 * rule matches it; dates that do not exist (31 February) are left out and not counted. Dates before `from` may be left out: a daily rule of 2013 is not
 * walked day by day to this year, unless it counts.
 */
export function* datesOf(
  rule: Recurrence,
  start: Temporal.PlainDate,
  last: Temporal.PlainDate,
  from: Temporal.PlainDate = start,
): Generator<Temporal.PlainDate> {
  const end = rule.until === null ? last : earlier(Temporal.PlainDate.from(rule.until), last);
  let counted = 0;
  const firstPeriod = rule.count === null ? periodBefore(rule, start, from) : 0;
  for (let period = firstPeriod; period < firstPeriod + PERIODS_MAX; period++) {
    const dates = datesInPeriod(rule, start, period);
    if (dates.first && Temporal.PlainDate.compare(dates.first, end) > 0) return;
    for (const date of dates.list) {
      if (Temporal.PlainDate.compare(date, start) < 0) continue;
      if (Temporal.PlainDate.compare(date, end) > 0) return;
      counted += 1;
      yield date;
      if (rule.count !== null && counted >= rule.count) return;
    }
  }
}

const UNIT = { DAILY: 'days', WEEKLY: 'weeks', MONTHLY: 'months', YEARLY: 'years' } as const;

/** One whose predecessors are all over before `from`: one more is left, because the first week, month or year began before the start. */
function periodBefore({ frequency, interval }: Recurrence, start: Temporal.PlainDate, from: Temporal.PlainDate): number {
  const unit = UNIT[frequency];
  return Math.max(0, Math.floor(start.until(from, { largestUnit: unit })[unit] / interval) - 1);
}

interface Period {
  /** First day of the period: once it is past the end, nothing more can come. */
  readonly first: Temporal.PlainDate;
  readonly list: readonly Temporal.PlainDate[];
}

function datesInPeriod(rule: Recurrence, start: Temporal.PlainDate, period: number): Period {
  const step = period * rule.interval;
  if (rule.frequency === 'DAILY') {
    const day = start.add({ days: step });
    const fits =
      (rule.byDay.length === 0 || rule.byDay.some(one => one.weekday === day.dayOfWeek)) &&
      (rule.byMonthDay.length === 0 || isMonthDay(rule.byMonthDay, day));
    return { first: day, list: inMonths(rule, fits ? [day] : []) };
  }
  if (rule.frequency === 'WEEKLY') {
    const first = startOfWeek(start, rule).add({ weeks: step });
    const weekdays = rule.byDay.length === 0 ? [start.dayOfWeek] : rule.byDay.map(one => one.weekday as number);
    const days = Array.from({ length: 7 }, (_, n) => first.add({ days: n })).filter(day => weekdays.includes(day.dayOfWeek));
    return { first, list: atPositions(rule, inMonths(rule, days)) };
  }
  if (rule.frequency === 'YEARLY') {
    const year = start.with({ month: 1, day: 1 }).add({ years: step });
    const days = monthsOf(rule, start).flatMap(month => daysOf(year.with({ month })).filter(day => matchesMonthly(rule, start, day)));
    return { first: year, list: atPositions(rule, days) };
  }
  const first = start.with({ day: 1 }).add({ months: step });
  const days = daysOf(first).filter(day => matchesMonthly(rule, start, day));
  return { first, list: atPositions(rule, inMonths(rule, days)) };
}

/** RFC 5545 3.3.10: what a yearly rule does not say comes from its start; days without a month are those of every month. */
function monthsOf(rule: Recurrence, start: Temporal.PlainDate): readonly number[] {
  if (rule.byMonth.length > 0) return [...rule.byMonth].sort((a, b) => a - b);
  return rule.byDay.length + rule.byMonthDay.length > 0 ? Array.from({ length: 12 }, (_, n) => n + 1) : [start.month];
}

function daysOf(first: Temporal.PlainDate): Temporal.PlainDate[] {
  return Array.from({ length: first.daysInMonth }, (_, n) => first.add({ days: n }));
}

function matchesMonthly(rule: Recurrence, start: Temporal.PlainDate, day: Temporal.PlainDate): boolean {
  if (rule.byDay.length === 0 && rule.byMonthDay.length === 0) return day.day === start.day;
  return (
    (rule.byMonthDay.length === 0 || isMonthDay(rule.byMonthDay, day)) &&
    (rule.byDay.length === 0 || rule.byDay.some(one => isNth(one, day)))
  );
}

function isMonthDay(numbers: readonly number[], day: Temporal.PlainDate): boolean {
  return numbers.includes(day.day) || numbers.includes(day.day - day.daysInMonth - 1);
}

function isNth({ weekday, ordinal }: ByDay, day: Temporal.PlainDate): boolean {
  if (day.dayOfWeek !== weekday) return false;
  if (ordinal === null) return true;
  return ordinal > 0 ? Math.ceil(day.day / 7) === ordinal : Math.ceil((day.daysInMonth - day.day + 1) / 7) === -ordinal;
}

function inMonths(rule: Recurrence, days: readonly Temporal.PlainDate[]): readonly Temporal.PlainDate[] {
  return rule.byMonth.length === 0 ? days : days.filter(day => rule.byMonth.includes(day.month));
}

function atPositions(rule: Recurrence, days: readonly Temporal.PlainDate[]): readonly Temporal.PlainDate[] {
  if (rule.bySetPosition.length === 0) return days;
  return days.filter((_, index) => rule.bySetPosition.includes(index + 1) || rule.bySetPosition.includes(index - days.length));
}

function startOfWeek(day: Temporal.PlainDate, rule: Recurrence): Temporal.PlainDate {
  return day.subtract({ days: (day.dayOfWeek - rule.weekStart + 7) % 7 });
}

function earlier(a: Temporal.PlainDate, b: Temporal.PlainDate): Temporal.PlainDate {
  return Temporal.PlainDate.compare(a, b) < 0 ? a : b;
}

/** The second Tuesday of a month (day 8 to 14) and `offsetDays` calendar days more; from 15 on that may lie in the next month (domain.md 3.3). */
export function* patchTuesdays(offsetDays: number, start: Temporal.PlainDate, last: Temporal.PlainDate): Generator<Temporal.PlainDate> {
  let month = start.subtract({ days: Math.max(0, offsetDays) }).toPlainYearMonth();
  for (; ; month = month.add({ months: 1 })) {
    const first = month.toPlainDate({ day: 1 });
    const tuesday = first.add({ days: ((2 - first.dayOfWeek + 7) % 7) + 7 });
    const date = tuesday.add({ days: offsetDays });
    if (Temporal.PlainDate.compare(date, last) > 0 && Temporal.PlainDate.compare(tuesday, last) > 0) return;
    if (Temporal.PlainDate.compare(date, start) >= 0 && Temporal.PlainDate.compare(date, last) <= 0) yield date;
  }
}
