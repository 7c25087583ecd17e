import { isCancelled, OCCURRENCES_MAX, orProblem, type Span, seriesOf, singleOf, withinSpan } from './icalendar-series.ts';
import { eventBlocks, first, type Properties, plainText } from './icalendar-text.ts';
import type { Interval } from './intervals.ts';

/** One event of an iCalendar file (RFC 5545) as plain intervals: freezes are imported from calendars that people keep elsewhere. */
interface CalendarEvent {
  readonly summary: string;
  readonly description: string;
  readonly intervals: readonly Interval[];
}

interface CalendarRead {
  readonly events: readonly CalendarEvent[];
  readonly skipped: readonly Skipped[];
}

interface Skipped {
  readonly event: string;
  readonly reason: string;
}

/** More events that are not over than a year of daily freezes: a calendar of something else. As many series are worked out at most. */
const EVENTS_MAX = 500;
/** Left out events that are named one by one, what a limit left out first, what is over last; of more only their number is told. */
const SKIPPED_MAX = 500;
/** In the order in which they are named. */
const WEIGHTS = ['limit', 'unread', 'over'] as const;

interface Left extends Skipped {
  readonly weight: (typeof WEIGHTS)[number];
}

/** `from` to `to`: what is outside is left out. Times without a zone ("floating") are read in `timeZone`. */
export function readCalendar(text: string, timeZone: string, from: string, to: string): CalendarRead {
  const events: CalendarEvent[] = [];
  const left: Left[] = [];
  const span = { timeZone, from, to };
  const { found, cuts } = intervalsByEvent(latest(eventBlocks(text)), span);
  for (const [properties, read] of found) {
    const event = plainText(first(properties, 'SUMMARY')?.value ?? 'unnamed event');
    const cut = cuts.get(properties);
    if (cut !== undefined) left.push({ event, reason: cut, weight: 'limit' });
    if (typeof read === 'string') left.push({ event, reason: read, weight: 'unread' });
    else if (read.length === 0 && cut === undefined) left.push({ event, reason: 'it is over', weight: 'over' });
    else if (read.length > 0 && events.length >= EVENTS_MAX)
      left.push({ event, reason: `no more than ${EVENTS_MAX} events of a calendar are taken`, weight: 'limit' });
    else if (read.length > 0)
      events.push({ summary: event, description: plainText(first(properties, 'DESCRIPTION')?.value ?? ''), intervals: read });
  }
  return { events, skipped: skippedOf(left) };
}

function skippedOf(left: readonly Left[]): Skipped[] {
  const said = ({ event, reason }: Left): Skipped => ({ event, reason });
  if (left.length <= SKIPPED_MAX) return left.map(said);
  const ordered = WEIGHTS.flatMap(weight => left.filter(one => one.weight === weight));
  const unnamed = ordered.slice(SKIPPED_MAX);
  const reason = unnamed.every(one => one.weight === 'over') ? 'they are over' : 'they are left out too';
  return [...ordered.slice(0, SKIPPED_MAX).map(said), { event: `${unnamed.length} more`, reason }];
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
const repeats = (properties: Properties): boolean => properties.has('RRULE') || properties.has('RDATE');

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
  let series = 0;
  for (const properties of blocks) {
    if (isOverride(properties) || isCancelled(properties)) continue;
    if (repeats(properties) && ++series > EVENTS_MAX) {
      found.set(properties, []);
      cuts.set(properties, `no more than ${EVENTS_MAX} series of a calendar are worked out`);
      continue;
    }
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
