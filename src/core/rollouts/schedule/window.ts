import { no, ok, type Result } from '../../kernel/faults.ts';
import type { Instant } from '../../kernel/instants.ts';
import { counted } from '../../kernel/words.ts';
import { datesOf, patchTuesdays } from './dates.ts';
import { parseRecurrence, type Recurrence } from './recurrence.ts';

/**
 * A recurring maintenance window: a wall-clock start in an IANA zone and a length. What is stored is the rule; instants are computed with the tables of
 * the running platform. A fixed offset is never stored (domain.md 3.2).
 */
export interface WindowRule {
  readonly timeZone: string;
  /** `2026-11-26T22:00`, the first start; its time of day holds for all. */
  readonly firstStart: string;
  readonly length: WindowLength;
  /** RFC 5545 rule, or `PATCH-TUESDAY+3`. */
  readonly repeat: string;
  /** A start in the hour that the clock skips: half an hour late (shift) or not at all, as RFC 5545 says. */
  readonly gap: 'shift-forward' | 'skip';
  /** A start in the hour that the clock repeats. */
  readonly overlap: 'first' | 'second';
}

/**
 * Exact minutes, or until a wall-clock time: on the night of a clock change these differ by an hour. `days` after the date of the start; left out, the next
 * time that the clock shows it.
 */
export type WindowLength =
  | { readonly kind: 'exact'; readonly minutes: number }
  | { readonly kind: 'until'; readonly time: string; readonly days?: number };

/** Half-open. `note` says what a clock change did to it. */
export interface Occurrence {
  readonly startsAt: Instant;
  readonly endsAt: Instant;
  readonly note: string | null;
}

interface Dates {
  /** From the start to the last one; those before `from` may be left out. */
  of(start: Temporal.PlainDate, last: Temporal.PlainDate, from: Temporal.PlainDate): Iterable<Temporal.PlainDate>;
  readonly untilTime: string | null;
}

function datesFor(repeat: string): Result<Dates, string> {
  const tuesday = /^PATCH-TUESDAY([+-]\d{1,2})?$/i.exec(repeat.trim());
  if (tuesday !== null) {
    const offset = Number(tuesday[1] ?? 0);
    // Azure allows six days before; 27 days after is the last day before the next Patch Tuesday can be (domain.md 3.3).
    return offset < -6 || offset > 27
      ? no('PATCH-TUESDAY takes -6 to +27 days')
      : ok({ of: (start, last) => patchTuesdays(offset, start, last), untilTime: null });
  }
  const rule: Result<Recurrence, string> = parseRecurrence(repeat);
  return rule.ok ? ok({ of: (start, last, from) => datesOf(rule.value, start, last, from), untilTime: rule.value.untilTime }) : rule;
}

/** Every problem that a person can make, as a sentence; null when the rule is sound. */
export function windowProblem(rule: WindowRule): string | null {
  if (/^[+-]/.test(rule.timeZone)) return 'a fixed offset is wrong for half of the year: name a zone such as Europe/Berlin';
  try {
    Temporal.PlainDateTime.from(rule.firstStart).toZonedDateTime(rule.timeZone);
  } catch {
    return `"${rule.firstStart}" in "${rule.timeZone}" is not a date, time and zone`;
  }
  if (rule.length.kind === 'exact' && (rule.length.minutes < 1 || rule.length.minutes > 7 * 1440))
    return 'a window lasts from one minute to seven days';
  if (rule.length.kind === 'until') {
    try {
      Temporal.PlainTime.from(rule.length.time);
    } catch {
      return `"${rule.length.time}" is not a time of day`;
    }
  }
  const dates = datesFor(rule.repeat);
  return dates.ok ? null : dates.problem;
}

/** Occurrences that end after `from` and start before `to`, at most `most`. The rule must be sound. */
export function occurrences(rule: WindowRule, from: Instant, to: Instant, most: number): Occurrence[] {
  const dates = datesFor(rule.repeat);
  if (!dates.ok) return [];
  const first = Temporal.PlainDateTime.from(rule.firstStart);
  const time = first.toPlainTime();
  // Two days on both sides: zones differ by up to 26 hours, and a window may have begun before `from`.
  const dateOf = (at: Instant) => Temporal.Instant.from(at).toZonedDateTimeISO('UTC').toPlainDate();
  const lastDate = dateOf(to).add({ days: 2 });
  const firstDate = dateOf(from).subtract({ days: 2 + daysOf(rule.length) });
  const found: Occurrence[] = [];
  const until = untilInstant(dates.value.untilTime, rule.timeZone);
  for (const date of dates.value.of(first.toPlainDate(), lastDate, firstDate)) {
    if (Temporal.PlainDate.compare(date, firstDate) < 0) continue;
    const occurrence = occurrenceOn(rule, date, time);
    if (occurrence === null || occurrence.endsAt <= from) continue;
    if (occurrence.startsAt >= to || (until !== null && occurrence.startsAt > until)) break;
    found.push(occurrence);
    if (found.length >= most) break;
  }
  return found;
}

/** Whole days that it reaches past the day of its start at most. */
function daysOf(length: WindowLength): number {
  return length.kind === 'exact' ? Math.ceil(length.minutes / 1440) + 1 : (length.days ?? 1) + 1;
}

function untilInstant(time: string | null, timeZone: string): Instant | null {
  if (time === null) return null;
  if (time.endsWith('Z')) return Temporal.Instant.from(time).toString({ smallestUnit: 'millisecond' });
  return text(Temporal.PlainDateTime.from(time).toZonedDateTime(timeZone));
}

function occurrenceOn(rule: WindowRule, date: Temporal.PlainDate, time: Temporal.PlainTime): Occurrence | null {
  const wall = date.toPlainDateTime(time);
  const earlierReading = wall.toZonedDateTime(rule.timeZone, { disambiguation: 'earlier' });
  const laterReading = wall.toZonedDateTime(rule.timeZone, { disambiguation: 'later' });
  const inGap = Temporal.PlainDateTime.compare(laterReading.toPlainDateTime(), wall) !== 0;
  const twice = !inGap && !earlierReading.equals(laterReading);
  if (inGap && rule.gap === 'skip') return null;
  const start = inGap || (twice && rule.overlap === 'second') ? laterReading : earlierReading;
  const end = endOf(rule, start);
  if (end.epochMilliseconds <= start.epochMilliseconds) return null;
  return { startsAt: text(start), endsAt: text(end), note: noteOf(rule, wall, start, end, inGap, twice) };
}

function endOf(rule: WindowRule, start: Temporal.ZonedDateTime): Temporal.ZonedDateTime {
  if (rule.length.kind === 'exact') return start.add({ minutes: rule.length.minutes });
  const time = Temporal.PlainTime.from(rule.length.time);
  if (rule.length.days !== undefined)
    return start.toPlainDate().add({ days: rule.length.days }).toPlainDateTime(time).toZonedDateTime(rule.timeZone);
  const sameDay = start.toPlainDate().toPlainDateTime(time).toZonedDateTime(rule.timeZone);
  return Temporal.ZonedDateTime.compare(sameDay, start) > 0
    ? sameDay
    : start.toPlainDate().add({ days: 1 }).toPlainDateTime(time).toZonedDateTime(rule.timeZone);
}

function noteOf(
  rule: WindowRule,
  wall: Temporal.PlainDateTime,
  start: Temporal.ZonedDateTime,
  end: Temporal.ZonedDateTime,
  inGap: boolean,
  twice: boolean,
): string | null {
  const clock = (time: Temporal.ZonedDateTime | Temporal.PlainDateTime) => time.toPlainTime().toString({ smallestUnit: 'minute' });
  if (inGap) return `${clock(wall)} does not exist on this night: it starts at ${clock(start)}`;
  if (twice) return `${clock(wall)} comes twice on this night: the ${rule.overlap} is meant`;
  const shift = (end.offsetNanoseconds - start.offsetNanoseconds) / 60e9;
  if (shift === 0) return null;
  return rule.length.kind === 'exact'
    ? `the clock changes meanwhile: it ends at ${clock(end)}`
    : `the clock changes meanwhile: it lasts ${counted(Math.abs(shift), 'minute')} ${shift > 0 ? 'less' : 'more'}`;
}

function text(time: Temporal.ZonedDateTime): Instant {
  return time.toInstant().toString({ smallestUnit: 'millisecond' });
}
