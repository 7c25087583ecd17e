import { first, instant, type Named, type Properties, startingOn, timeOf, timesIn } from './icalendar-text.ts';
import type { Interval } from './intervals.ts';
import { occurrences, type WindowRule } from './window.ts';

/** Dates of one series: each becomes a freeze. A daily one is better a window; what is left out is said. */
export const OCCURRENCES_MAX = 100;

export interface Span {
  readonly timeZone: string;
  readonly from: string;
  readonly to: string;
}

export const isCancelled = (properties: Properties): boolean => first(properties, 'STATUS')?.value.trim().toUpperCase() === 'CANCELLED';

/** What is wrong with an event, in words of our own. */
class Unread extends Error {}

export function orProblem<T>(read: () => T): T | string {
  try {
    return read();
  } catch (error) {
    if (error instanceof Unread) return error.message;
    return `its time cannot be read: ${error instanceof Error ? error.message : String(error)}`;
  }
}

/** When it begins by its own words, and for how long. */
function timesOf(properties: Properties, timeZone: string): { readonly begins: Temporal.ZonedDateTime; readonly minutes: number } {
  const start = first(properties, 'DTSTART');
  if (start === undefined) throw new Unread('it has no DTSTART');
  const begins = timeOf(start, timeZone);
  const end = first(properties, 'DTEND');
  const duration = first(properties, 'DURATION');
  const ends =
    end !== undefined
      ? timeOf(end, timeZone)
      : duration !== undefined
        ? begins.add(Temporal.Duration.from(duration.value.trim()))
        : begins.add({ days: 1 });
  const minutes = Math.round(begins.until(ends).total({ unit: 'minute', relativeTo: begins }));
  if (minutes <= 0) throw new Unread('it ends before it starts');
  return { begins, minutes };
}

export function singleOf(properties: Properties, timeZone: string): Interval[] {
  const { begins, minutes } = timesOf(properties, timeZone);
  return [intervalAt(begins, minutes)];
}

function intervalAt(start: Temporal.ZonedDateTime, minutes: number): Interval {
  return { startsAt: instant(start), endsAt: instant(start.add({ minutes })) };
}

export function withinSpan(intervals: readonly Interval[], { from, to }: Span): Interval[] {
  return intervals.filter(one => one.endsAt > from && one.startsAt < to).sort((a, b) => (a.startsAt < b.startsAt ? -1 : 1));
}

/** RFC 5545 3.8.4.4: what takes the place of the instance that began at `at`, or of it and of all that follow. */
interface Override {
  readonly event: Properties;
  readonly at: string;
  readonly following: boolean;
  /** null: cancelled. The shift is one of the wall clock, so that it is the same on both sides of a change of clocks. */
  readonly moves: { readonly shift: Temporal.Duration; readonly minutes: number } | null;
}

function overrideOf(event: Properties, master: Temporal.ZonedDateTime, timeZone: string): Override {
  const id = first(event, 'RECURRENCE-ID')!;
  const [named] = timesIn([id], timeZone) as [Named];
  const original = startingOn(named, master);
  const following = id.parameters.get('RANGE')?.toUpperCase() === 'THISANDFUTURE';
  if (isCancelled(event)) return { event, at: instant(original), following, moves: null };
  const { begins, minutes } = timesOf(event, timeZone);
  const wall = (time: Temporal.ZonedDateTime) => time.withTimeZone(master.timeZoneId).toPlainDateTime();
  return { event, at: instant(original), following, moves: { shift: wall(original).until(wall(begins)), minutes } };
}

interface Series {
  /** Its intervals, by the event that speaks of them: the series itself, and overrides that go for all that follows. */
  readonly moved: ReadonlyMap<Properties, readonly Interval[]>;
  /** The first start that is too many; null when all are taken. */
  readonly leftOutFrom: string | null;
}

export function seriesOf(properties: Properties, overriding: readonly Properties[], span: Span): Series {
  const { begins, minutes } = timesOf(properties, span.timeZone);
  // One that cannot be read takes nothing away: it freezes too much rather than too little.
  const overrides = overriding
    .flatMap(event => {
      const read = orProblem(() => overrideOf(event, begins, span.timeZone));
      return typeof read === 'string' ? [] : [read];
    })
    .sort((a, b) => (a.at < b.at ? -1 : 1));
  const moved = new Map<Properties, Interval[]>([[properties, []]]);
  const { starts, leftOutFrom } = startsOf(properties, begins, minutes, wide(span, overrides));
  for (const [startsAt, ownMinutes] of starts) {
    const own = overrides.findLast(one => one.at === startsAt);
    // Its own component says where it has gone.
    if (own !== undefined) continue;
    const since = overrides.findLast(one => one.following && one.at < startsAt);
    if (since === undefined) moved.get(properties)!.push(intervalAt(zoned(startsAt, begins), ownMinutes));
    else if (since.moves !== null) {
      const start = zoned(startsAt, begins).toPlainDateTime().add(since.moves.shift).toZonedDateTime(begins.timeZoneId);
      moved.getOrInsertComputed(since.event, () => []).push(intervalAt(start, since.moves.minutes));
    }
  }
  return { moved: new Map([...moved].map(([event, intervals]) => [event, withinSpan(intervals, span)])), leftOutFrom };
}

function zoned(startsAt: string, { timeZoneId }: Temporal.ZonedDateTime): Temporal.ZonedDateTime {
  return Temporal.Instant.from(startsAt).toZonedDateTimeISO(timeZoneId);
}

/** So that what is moved into the span is found. */
function wide(span: Span, overrides: readonly Override[]): Span {
  const days = Math.max(
    0,
    ...overrides.map(one => (one.following && one.moves !== null ? Math.ceil(Math.abs(one.moves.shift.total('day'))) : 0)),
  );
  const moved = (at: string, by: number) =>
    Temporal.Instant.from(at)
      .add({ hours: 24 * by })
      .toString({ smallestUnit: 'millisecond' });
  return days === 0 ? span : { ...span, from: moved(span.from, -days), to: moved(span.to, days) };
}

/**
 * The starts of a series within the span, before any override, with the minutes that each lasts: its rule, its further dates, without its exceptions; the
 * first ones where there are too many.
 */
function startsOf(
  properties: Properties,
  begins: Temporal.ZonedDateTime,
  minutes: number,
  { timeZone, from, to }: Span,
): { readonly starts: readonly (readonly [string, number])[]; readonly leftOutFrom: string | null } {
  const rule = first(properties, 'RRULE');
  const more = timesIn(properties.get('RDATE'), timeZone).map(date => ({
    start: startingOn(date, begins),
    minutes: ('at' in date ? date.minutes : null) ?? minutes,
  }));
  const single = [...(rule === undefined ? [{ start: begins, minutes }] : []), ...more];
  const found = rule === undefined ? [] : occurrences(windowOf(begins, minutes, rule.value), from, to, OCCURRENCES_MAX + 1);
  if (rule !== undefined && found.length === 0 && single.length === 0)
    throw new Unread(`its rule ${rule.value} gives no date, or is not supported`);
  const lasting = new Map(found.map(one => [one.startsAt as string, minutes]));
  for (const { start, minutes: own } of single) {
    const { startsAt, endsAt } = intervalAt(start, own);
    // Named twice, the longer one counts: it freezes too much rather than too little.
    if (endsAt > from && startsAt < to) lasting.set(startsAt, Math.max(own, lasting.get(startsAt) ?? 0));
  }
  for (const date of timesIn(properties.get('EXDATE'), timeZone)) lasting.delete(instant(startingOn(date, begins)));
  const starts = [...lasting].sort(([a], [b]) => (a < b ? -1 : 1));
  const ends = [found[OCCURRENCES_MAX]?.startsAt, starts[OCCURRENCES_MAX]?.[0]].filter(startsAt => startsAt !== undefined).sort();
  const leftOutFrom = ends[0] ?? null;
  return { starts: leftOutFrom === null ? starts : starts.filter(([startsAt]) => startsAt < leftOutFrom), leftOutFrom };
}

function windowOf(begins: Temporal.ZonedDateTime, minutes: number, repeat: string): WindowRule {
  return {
    timeZone: begins.timeZoneId,
    firstStart: begins.toPlainDateTime().toString({ smallestUnit: 'minute' }),
    length: { kind: 'exact', minutes },
    repeat,
    gap: 'shift-forward',
    overlap: 'first',
  };
}
