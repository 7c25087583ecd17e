import { eventBlocks, first, instant, type Named, type Properties, plainText, startingOn, timeOf, timesIn } from './icalendar-text.ts';
import { occurrences, type WindowRule } from './window.ts';

type Interval = CalendarEvent['intervals'][number];

/** One event of an iCalendar file (RFC 5545) as plain intervals: freezes are imported from calendars that people keep elsewhere. */
interface CalendarEvent {
  readonly summary: string;
  readonly description: string;
  readonly intervals: readonly { readonly startsAt: string; readonly endsAt: string }[];
}

interface CalendarRead {
  readonly events: readonly CalendarEvent[];
  readonly skipped: readonly { readonly event: string; readonly reason: string }[];
}

/** More events than a year of daily freezes: a calendar of something else. */
const EVENTS_MAX = 500;
/** Dates of one series: each becomes a freeze. A daily one is better a window; what is left out is said. */
const OCCURRENCES_MAX = 100;

/** `from` to `to`: what is outside is left out. Times without a zone ("floating") are read in `timeZone`. */
export function readCalendar(text: string, timeZone: string, from: string, to: string): CalendarRead {
  const events: CalendarEvent[] = [];
  const skipped: { event: string; reason: string }[] = [];
  const span = { timeZone, from, to };
  const { found, cuts } = intervalsByEvent(latest(eventBlocks(text).slice(0, EVENTS_MAX)), span);
  for (const [properties, read] of found) {
    const summary = plainText(first(properties, 'SUMMARY')?.value ?? 'unnamed event');
    const cut = cuts.get(properties);
    if (cut !== undefined) skipped.push({ event: summary, reason: cut });
    if (typeof read === 'string') skipped.push({ event: summary, reason: read });
    else if (read.length === 0 && cut === undefined) skipped.push({ event: summary, reason: 'it is over' });
    else if (read.length > 0)
      events.push({ summary, description: plainText(first(properties, 'DESCRIPTION')?.value ?? ''), intervals: read });
  }
  return { events, skipped };
}

/** RFC 5545 3.8.7.4: of one event, or of one instance of a series, the latest revision counts. What has no UID is told from nothing. */
function latest(blocks: readonly Properties[]): Properties[] {
  const value = (properties: Properties, name: string): string => first(properties, name)?.value.trim() ?? '';
  const revision = (properties: Properties): string => `${value(properties, 'SEQUENCE').padStart(12, '0')} ${value(properties, 'DTSTAMP')}`;
  const kept = new Map<unknown, Properties>();
  for (const properties of blocks) {
    const uid = uidOf(properties);
    const key = uid === null ? properties : `${uid}\n${value(properties, 'RECURRENCE-ID')}`;
    const known = kept.get(key);
    if (known === undefined || revision(properties) >= revision(known)) kept.set(key, properties);
  }
  return [...kept.values()];
}

function uidOf(properties: Properties): string | null {
  return first(properties, 'UID')?.value.trim() || null;
}

const isOverride = (properties: Properties): boolean => properties.has('RECURRENCE-ID');
const isCancelled = (properties: Properties): boolean => first(properties, 'STATUS')?.value.toUpperCase() === 'CANCELLED';

interface Span {
  readonly timeZone: string;
  readonly from: string;
  readonly to: string;
}

interface Found {
  /** Each event with its intervals, or with what is wrong with it. */
  readonly found: ReadonlyMap<Properties, readonly Interval[] | string>;
  /** What a limit leaves out of a series, for people. */
  readonly cuts: ReadonlyMap<Properties, string>;
}

/** An override whose series is not in the file stands for itself. */
function intervalsByEvent(blocks: readonly Properties[], span: Span): Found {
  const overrides = Map.groupBy(blocks.filter(isOverride), uidOf);
  const found = new Map<Properties, readonly Interval[] | string>();
  const cuts = new Map<Properties, string>();
  for (const properties of blocks)
    found.set(
      properties,
      orProblem(() => (isCancelled(properties) ? 'it is cancelled' : withinSpan(singleOf(properties, span.timeZone), span))),
    );
  for (const properties of blocks) {
    if (isOverride(properties) || isCancelled(properties)) continue;
    const own = (uidOf(properties) === null ? [] : overrides.get(uidOf(properties)))?.filter(one => isReadable(found.get(one))) ?? [];
    const read = orProblem(() => seriesOf(properties, own, span));
    if (typeof read === 'string') {
      found.set(properties, read);
      continue;
    }
    for (const [event, intervals] of read.moved)
      found.set(event, [...(event === properties ? [] : listOf(found.get(event))), ...intervals]);
    if (read.leftOutFrom !== null)
      cuts.set(
        properties,
        `its dates from ${read.leftOutFrom.slice(0, 10)} on are left out: no more than ${OCCURRENCES_MAX} of a series are taken`,
      );
  }
  return { found, cuts };
}

const isReadable = (read: readonly Interval[] | string | undefined): boolean => typeof read !== 'string' || read === 'it is cancelled';
const listOf = (read: readonly Interval[] | string | undefined): readonly Interval[] => (typeof read === 'object' ? read : []);

/** What is wrong with an event, in words of our own. */
class Unread extends Error {}

function orProblem<T>(read: () => T): T | string {
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
        ? begins.add(Temporal.Duration.from(duration.value))
        : begins.add({ days: 1 });
  const minutes = Math.round(begins.until(ends).total({ unit: 'minute', relativeTo: begins }));
  if (minutes <= 0) throw new Unread('it ends before it starts');
  return { begins, minutes };
}

function singleOf(properties: Properties, timeZone: string): Interval[] {
  const { begins, minutes } = timesOf(properties, timeZone);
  return [intervalAt(begins, minutes)];
}

function intervalAt(start: Temporal.ZonedDateTime, minutes: number): Interval {
  return { startsAt: instant(start), endsAt: instant(start.add({ minutes })) };
}

function withinSpan(intervals: readonly Interval[], { from, to }: Span): Interval[] {
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

function seriesOf(properties: Properties, overriding: readonly Properties[], span: Span): Series {
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
  for (const startsAt of starts) {
    const own = overrides.findLast(one => one.at === startsAt);
    // Its own component says where it has gone.
    if (own !== undefined) continue;
    const since = overrides.findLast(one => one.following && one.at < startsAt);
    if (since === undefined) moved.get(properties)!.push(intervalAt(zoned(startsAt, begins), minutes));
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

/** The starts of a series within the span, before any override: its rule, its further dates, without its exceptions; the first ones where there are too many. */
function startsOf(
  properties: Properties,
  begins: Temporal.ZonedDateTime,
  minutes: number,
  { timeZone, from, to }: Span,
): { readonly starts: readonly string[]; readonly leftOutFrom: string | null } {
  const rule = first(properties, 'RRULE');
  const more = timesIn(properties.get('RDATE'), timeZone).map(date => startingOn(date, begins));
  const single = [...(rule === undefined ? [begins] : []), ...more];
  const found = rule === undefined ? [] : occurrences(windowOf(begins, minutes, rule.value), from, to, OCCURRENCES_MAX + 1);
  if (rule !== undefined && found.length === 0 && single.length === 0)
    throw new Unread(`its rule ${rule.value} gives no date, or is not supported`);
  const except = new Set(timesIn(properties.get('EXDATE'), timeZone).map(date => instant(startingOn(date, begins))));
  const within = single.map(start => intervalAt(start, minutes)).filter(one => one.endsAt > from && one.startsAt < to);
  const starts = [...new Set([...found, ...within].map(one => one.startsAt))].filter(startsAt => !except.has(startsAt)).sort();
  const ends = [found[OCCURRENCES_MAX]?.startsAt, starts[OCCURRENCES_MAX]].filter(startsAt => startsAt !== undefined).sort();
  const leftOutFrom = ends[0] ?? null;
  return { starts: leftOutFrom === null ? starts : starts.filter(startsAt => startsAt < leftOutFrom), leftOutFrom };
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
