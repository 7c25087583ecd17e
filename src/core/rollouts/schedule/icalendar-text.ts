import { ianaZone } from './windows-zones.ts';

/** The text of an iCalendar file (RFC 5545) as properties: one map for each event, without what lies inside it (alarms). */
interface Property {
  readonly parameters: ReadonlyMap<string, string>;
  readonly value: string;
}

export type Properties = ReadonlyMap<string, readonly Property[]>;

export function first(properties: Properties, name: string): Property | undefined {
  return properties.get(name)?.[0];
}

/** RFC 5545 3.1: a line that begins with a space goes on from the one before. */
export function eventBlocks(text: string): Properties[] {
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
    const isEvent = value.trim().toUpperCase() === 'VEVENT';
    if (name === 'BEGIN' && isEvent) current = new Map();
    else if (name === 'BEGIN' && current !== null) depth += 1;
    else if (name === 'END' && isEvent) {
      if (current !== null) blocks.push(current);
      current = null;
      depth = 0;
    } else if (name === 'END' && depth > 0) depth -= 1;
    else if (current !== null && depth === 0) {
      current.getOrInsertComputed(name, () => []).push({ parameters: parametersOf(match[2]!), value });
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

/** A date of EXDATE, RDATE or RECURRENCE-ID: a whole day, or one start. `minutes`: what a period says of its own length, or null. */
export type Named = { readonly day: Temporal.PlainDate } | { readonly at: Temporal.ZonedDateTime; readonly minutes: number | null };

/** Both may stand more than once, and hold several dates with commas between them. */
export function timesIn(properties: readonly Property[] | undefined, timeZone: string): Named[] {
  return (properties ?? []).flatMap(property =>
    property.value.split(',').map((value): Named => {
      const [start, end] = value.split('/') as [string, string?];
      const time = timeOf({ ...property, value: start }, timeZone);
      if (start.trim().length === 8) return { day: time.toPlainDate() };
      return { at: time, minutes: end === undefined ? null : minutesUntil(time, { ...property, value: end.trim() }, timeZone) };
    }),
  );
}

/** RFC 5545 3.3.9: a period ends at a time, or after a duration. */
function minutesUntil(start: Temporal.ZonedDateTime, end: Property, timeZone: string): number {
  const ends = /^\+?P/.test(end.value) ? start.add(Temporal.Duration.from(end.value)) : timeOf(end, timeZone);
  const minutes = Math.round(start.until(ends).total({ unit: 'minute', relativeTo: start }));
  if (minutes <= 0) throw new Error('a period ends before it starts');
  return minutes;
}

export function startingOn(named: Named, begins: Temporal.ZonedDateTime): Temporal.ZonedDateTime {
  return 'at' in named ? named.at : named.day.toPlainDateTime(begins.toPlainTime()).toZonedDateTime(begins.timeZoneId);
}

/** `20261224`, `20261224T180000`, `20261224T180000Z`, with or without TZID. */
export function timeOf({ parameters, value }: Property, timeZone: string): Temporal.ZonedDateTime {
  const match = /^(\d{4})(\d{2})(\d{2})(?:T(\d{2})(\d{2})(\d{2})(Z)?)?$/.exec(value.trim());
  if (match === null) throw new Error(`"${value.slice(0, 40)}" is not a date`);
  const [, year, month, day, hour = '00', minute = '00', second = '00', utc] = match;
  const named = parameters.get('TZID');
  const zone = utc === 'Z' ? 'UTC' : named === undefined ? timeZone : ianaZone(named);
  return Temporal.PlainDateTime.from(`${year}-${month}-${day}T${hour}:${minute}:${second}`).toZonedDateTime(zone);
}

export function instant(time: Temporal.ZonedDateTime): string {
  return time.toInstant().toString({ smallestUnit: 'millisecond' });
}

/** RFC 5545 3.3.11. */
export function plainText(text: string): string {
  return text.replace(/\\([nN,;\\])/g, (_, character: string) => (character.toLowerCase() === 'n' ? '\n' : character)).slice(0, 2000);
}
