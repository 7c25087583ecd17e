import { occurrences, type WindowRule } from './window.ts';
import { ianaZone } from './windows-zones.ts';

/** One event of an iCalendar file (RFC 5545) as plain intervals: freezes are imported from calendars that people keep elsewhere. */
export interface CalendarEvent {
  readonly summary: string;
  readonly description: string;
  readonly intervals: readonly { readonly startsAt: string; readonly endsAt: string }[];
}

export interface CalendarRead {
  readonly events: readonly CalendarEvent[];
  readonly skipped: readonly { readonly event: string; readonly reason: string }[];
}

/** More events than a year of daily freezes: a calendar of something else. */
const EVENTS_MAX = 500;
const OCCURRENCES_MAX = 100;

/** `from` to `to`: what is outside is left out. Times without a zone ("floating") are read in `timeZone`. */
export function readCalendar(text: string, timeZone: string, from: string, to: string): CalendarRead {
  const events: CalendarEvent[] = [];
  const skipped: { event: string; reason: string }[] = [];
  for (const properties of eventBlocks(text).slice(0, EVENTS_MAX)) {
    const summary = plainText(first(properties, 'SUMMARY')?.value ?? 'unnamed event');
    const read = intervalsOf(properties, timeZone, from, to);
    if (typeof read === 'string') skipped.push({ event: summary, reason: read });
    else if (read.length === 0) skipped.push({ event: summary, reason: 'it is over' });
    else events.push({ summary, description: plainText(first(properties, 'DESCRIPTION')?.value ?? ''), intervals: read });
  }
  return { events, skipped };
}

interface Property {
  readonly parameters: ReadonlyMap<string, string>;
  readonly value: string;
}

type Properties = ReadonlyMap<string, readonly Property[]>;

function first(properties: Properties, name: string): Property | undefined {
  return properties.get(name)?.[0];
}

/** RFC 5545 3.1: a line that begins with a space goes on from the one before. */
function eventBlocks(text: string): Properties[] {
  const lines = text
    .replace(/\r\n?/g, '\n')
    .replace(/\n[ \t]/g, '')
    .split('\n');
  const blocks: Properties[] = [];
  let current: Map<string, Property[]> | null = null;
  let depth = 0;
  for (const line of lines) {
    const match = /^([A-Za-z-]+)((?:;[A-Za-z-]+=(?:"[^"]*"|[^;:"]*))*):(.*)$/.exec(line);
    if (match === null) continue;
    const [name, value] = [match[1]!.toUpperCase(), match[3]!];
    if (name === 'BEGIN' && value === 'VEVENT') current = new Map();
    else if (name === 'BEGIN' && current !== null) depth += 1;
    else if (name === 'END' && value === 'VEVENT') {
      if (current !== null) blocks.push(current);
      current = null;
      depth = 0;
    } else if (name === 'END' && depth > 0) depth -= 1;
    else if (current !== null && depth === 0) {
      const known = current.get(name) ?? [];
      current.set(name, [...known, { parameters: parametersOf(match[2]!), value }]);
    }
  }
  return blocks;
}

function parametersOf(text: string): Map<string, string> {
  return new Map(
    [...text.matchAll(/;([A-Za-z-]+)=(?:"([^"]*)"|([^;:"]*))/g)].map(([, name, quoted, plain]) => [
      name!.toUpperCase(),
      quoted ?? plain ?? '',
    ]),
  );
}

function intervalsOf(properties: Properties, timeZone: string, from: string, to: string): { startsAt: string; endsAt: string }[] | string {
  const start = first(properties, 'DTSTART');
  if (start === undefined) return 'it has no DTSTART';
  if (first(properties, 'STATUS')?.value.toUpperCase() === 'CANCELLED') return 'it is cancelled';
  try {
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
    if (minutes <= 0) return 'it ends before it starts';
    const rule = first(properties, 'RRULE');
    const more = timesIn(properties.get('RDATE'), timeZone).map(date => startingOn(date, begins));
    const single = [...(rule === undefined ? [begins] : []), ...more].map(start => ({
      startsAt: instant(start),
      endsAt: instant(start.add({ minutes })),
    }));
    const found = rule === undefined ? [] : occurrences(windowOf(begins, minutes, rule.value), from, to, OCCURRENCES_MAX);
    if (rule !== undefined && found.length === 0 && single.length === 0) return `its rule ${rule.value} gives no date, or is not supported`;
    const except = timesIn(properties.get('EXDATE'), timeZone);
    return [...found.map(({ startsAt, endsAt }) => ({ startsAt, endsAt })), ...single]
      .filter(one => one.endsAt > from && one.startsAt < to && !except.some(date => isExcepted(one.startsAt, date, begins)))
      .sort((a, b) => (a.startsAt < b.startsAt ? -1 : 1));
  } catch (error) {
    return `its time cannot be read: ${error instanceof Error ? error.message : String(error)}`;
  }
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

/** A date of EXDATE or RDATE: a whole day, or one start. */
type Named = { readonly day: Temporal.PlainDate } | { readonly at: Temporal.ZonedDateTime };

/** Both may stand more than once, and hold several dates with commas between them. */
function timesIn(properties: readonly Property[] | undefined, timeZone: string): Named[] {
  return (properties ?? []).flatMap(property =>
    property.value.split(',').map((value): Named => {
      const start = { ...property, value: value.split('/')[0]! };
      const time = timeOf(start, timeZone);
      return start.value.trim().length === 8 ? { day: time.toPlainDate() } : { at: time };
    }),
  );
}

function startingOn(named: Named, begins: Temporal.ZonedDateTime): Temporal.ZonedDateTime {
  return 'at' in named ? named.at : named.day.toPlainDateTime(begins.toPlainTime()).toZonedDateTime(begins.timeZoneId);
}

function isExcepted(startsAt: string, named: Named, begins: Temporal.ZonedDateTime): boolean {
  return startsAt === instant(startingOn(named, begins));
}

/** `20261224`, `20261224T180000`, `20261224T180000Z`, with or without TZID. */
function timeOf({ parameters, value }: Property, timeZone: string): Temporal.ZonedDateTime {
  const match = /^(\d{4})(\d{2})(\d{2})(?:T(\d{2})(\d{2})(\d{2})(Z)?)?$/.exec(value.trim());
  if (match === null) throw new Error(`"${value.slice(0, 40)}" is not a date`);
  const [, year, month, day, hour = '00', minute = '00', second = '00', utc] = match;
  const named = parameters.get('TZID');
  const zone = utc === 'Z' ? 'UTC' : named === undefined ? timeZone : ianaZone(named);
  return Temporal.PlainDateTime.from(`${year}-${month}-${day}T${hour}:${minute}:${second}`).toZonedDateTime(zone);
}

function instant(time: Temporal.ZonedDateTime): string {
  return time.toInstant().toString({ smallestUnit: 'millisecond' });
}

/** RFC 5545 3.3.11. */
function plainText(text: string): string {
  return text.replace(/\\([nN,;\\])/g, (_, character: string) => (character.toLowerCase() === 'n' ? '\n' : character)).slice(0, 2000);
}
