import { occurrences } from './window.ts';

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
    const summary = plainText(properties.get('SUMMARY')?.value ?? 'unnamed event');
    const read = intervalsOf(properties, timeZone, from, to);
    if (typeof read === 'string') skipped.push({ event: summary, reason: read });
    else if (read.length === 0) skipped.push({ event: summary, reason: 'it is over' });
    else events.push({ summary, description: plainText(properties.get('DESCRIPTION')?.value ?? ''), intervals: read });
  }
  return { events, skipped };
}

interface Property {
  readonly parameters: ReadonlyMap<string, string>;
  readonly value: string;
}

/** RFC 5545 3.1: a line that begins with a space goes on from the one before. Of repeated properties the first counts. */
function eventBlocks(text: string): Map<string, Property>[] {
  const lines = text
    .replace(/\r\n?/g, '\n')
    .replace(/\n[ \t]/g, '')
    .split('\n');
  const blocks: Map<string, Property>[] = [];
  let current: Map<string, Property> | null = null;
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
    else if (current !== null && depth === 0 && !current.has(name)) current.set(name, { parameters: parametersOf(match[2]!), value });
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

function intervalsOf(
  properties: ReadonlyMap<string, Property>,
  timeZone: string,
  from: string,
  to: string,
): { startsAt: string; endsAt: string }[] | string {
  const start = properties.get('DTSTART');
  if (start === undefined) return 'it has no DTSTART';
  if (properties.get('STATUS')?.value.toUpperCase() === 'CANCELLED') return 'it is cancelled';
  try {
    const begins = timeOf(start, timeZone);
    const end = properties.get('DTEND');
    const duration = properties.get('DURATION');
    const ends =
      end !== undefined
        ? timeOf(end, timeZone)
        : duration !== undefined
          ? begins.add(Temporal.Duration.from(duration.value))
          : begins.add({ days: 1 });
    const minutes = Math.round(begins.until(ends).total({ unit: 'minute', relativeTo: begins }));
    if (minutes <= 0) return 'it ends before it starts';
    const rule = properties.get('RRULE');
    if (rule === undefined)
      return [{ startsAt: instant(begins), endsAt: instant(ends) }].filter(one => one.endsAt > from && one.startsAt < to);
    const window = {
      timeZone: begins.timeZoneId,
      firstStart: begins.toPlainDateTime().toString({ smallestUnit: 'minute' }),
      length: { kind: 'exact' as const, minutes },
      repeat: rule.value,
      gap: 'shift-forward' as const,
      overlap: 'first' as const,
    };
    const found = occurrences(window, from, to, OCCURRENCES_MAX);
    return found.length === 0
      ? `its rule ${rule.value} gives no date, or is not supported`
      : found.map(({ startsAt, endsAt }) => ({ startsAt, endsAt }));
  } catch (error) {
    return `its time cannot be read: ${error instanceof Error ? error.message : String(error)}`;
  }
}

/** `20261224`, `20261224T180000`, `20261224T180000Z`, with or without TZID. */
function timeOf({ parameters, value }: Property, timeZone: string): Temporal.ZonedDateTime {
  const match = /^(\d{4})(\d{2})(\d{2})(?:T(\d{2})(\d{2})(\d{2})(Z)?)?$/.exec(value.trim());
  if (match === null) throw new Error(`"${value.slice(0, 40)}" is not a date`);
  const [, year, month, day, hour = '00', minute = '00', second = '00', utc] = match;
  const zone = utc === 'Z' ? 'UTC' : (parameters.get('TZID') ?? timeZone);
  return Temporal.PlainDateTime.from(`${year}-${month}-${day}T${hour}:${minute}:${second}`).toZonedDateTime(zone);
}

function instant(time: Temporal.ZonedDateTime): string {
  return time.toInstant().toString({ smallestUnit: 'millisecond' });
}

/** RFC 5545 3.3.11. */
function plainText(text: string): string {
  return text.replace(/\\([nN,;\\])/g, (_, character: string) => (character.toLowerCase() === 'n' ? '\n' : character)).slice(0, 2000);
}
