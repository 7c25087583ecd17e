import { no, ok, type Result } from '../../kernel/faults.ts';

/**
 * The part of RFC 5545 recurrence rules that maintenance windows and calendars of freezes need, as calendar dates: FREQ DAILY, WEEKLY, MONTHLY or YEARLY with
 * INTERVAL, BYDAY (ordinals within a month), BYMONTHDAY, BYMONTH, BYSETPOS, COUNT, UNTIL and WKST. Whatever else a rule says is refused by name: a part that is silently left
 * out would open a window on the wrong night. Cron is not accepted at all: its day-of-month OR day-of-week surprises people (domain.md 3.1).
 */
export interface Recurrence {
  readonly frequency: (typeof FREQUENCIES)[number];
  readonly interval: number;
  readonly byDay: readonly ByDay[];
  readonly byMonthDay: readonly number[];
  readonly byMonth: readonly number[];
  readonly bySetPosition: readonly number[];
  readonly count: number | null;
  /** Last date, inclusive; where UNTIL names a time, the last date on which any zone may still be before it. */
  readonly until: string | null;
  /** UNTIL as a time: a start after it does not count (3.3.10). An instant with Z, else wall clock of the rule's own zone. */
  readonly untilTime: string | null;
  readonly weekStart: Weekday;
}

const FREQUENCIES = ['DAILY', 'WEEKLY', 'MONTHLY', 'YEARLY'] as const;
/** 1 Monday to 7 Sunday, as Temporal counts. */
type Weekday = 1 | 2 | 3 | 4 | 5 | 6 | 7;
export interface ByDay {
  readonly weekday: Weekday;
  /** `2TU`: the second; `-1FR`: the last; null: every one. */
  readonly ordinal: number | null;
}

const WEEKDAYS: Readonly<Record<string, Weekday>> = { MO: 1, TU: 2, WE: 3, TH: 4, FR: 5, SA: 6, SU: 7 };
const PARTS = ['FREQ', 'INTERVAL', 'BYDAY', 'BYMONTHDAY', 'BYMONTH', 'BYSETPOS', 'COUNT', 'UNTIL', 'WKST'];

/** `FREQ=WEEKLY;BYDAY=TH`. The problem is a sentence for the person who typed it. */
export function parseRecurrence(text: string): Result<Recurrence, string> {
  const parts = new Map<string, string>();
  for (const piece of text
    .trim()
    .replace(/^RRULE:/i, '')
    .split(';')) {
    const [name, value] = piece.split('=', 2);
    const key = (name ?? '').trim().toUpperCase();
    if (value === undefined || value.trim() === '') return no(`"${piece}" is not NAME=VALUE`);
    if (!PARTS.includes(key)) return no(`${key} is not supported; supported are ${PARTS.join(', ')}`);
    if (parts.has(key)) return no(`${key} stands twice`);
    parts.set(key, value.trim().toUpperCase());
  }
  return read(parts);
}

function read(parts: ReadonlyMap<string, string>): Result<Recurrence, string> {
  const frequency = FREQUENCIES.find(one => one === parts.get('FREQ'));
  if (frequency === undefined) return no('FREQ must be DAILY, WEEKLY, MONTHLY or YEARLY');
  if (parts.has('COUNT') && parts.has('UNTIL')) return no('COUNT and UNTIL exclude each other');
  const interval = integers(parts.get('INTERVAL') ?? '1', 1, 366);
  const count = integers(parts.get('COUNT') ?? '1', 1, 10_000);
  const byMonthDay = integers(parts.get('BYMONTHDAY') ?? '', -31, 31);
  const byMonth = integers(parts.get('BYMONTH') ?? '', 1, 12);
  const bySetPosition = integers(parts.get('BYSETPOS') ?? '', -366, 366);
  const ordinals = frequency === 'MONTHLY' || (frequency === 'YEARLY' && parts.has('BYMONTH'));
  const byDay = byDays(parts.get('BYDAY') ?? '', ordinals);
  const until = untilOf(parts.get('UNTIL'));
  const weekStart = WEEKDAYS[parts.get('WKST') ?? 'MO'];
  if (interval?.[0] === undefined || interval.length !== 1) return no('INTERVAL must be a whole number from 1 to 366');
  if (count?.[0] === undefined || count.length !== 1) return no('COUNT must be a whole number from 1 to 10000');
  if (byMonthDay === null) return no('BYMONTHDAY must be whole numbers from 1 to 31, or negative from the end');
  if (byMonth === null) return no('BYMONTH must be whole numbers from 1 to 12');
  if (bySetPosition === null) return no('BYSETPOS must be whole numbers other than 0');
  if (byDay === null)
    return no(
      `BYDAY must be days such as TU${ordinals ? ', 2TU or -1FR' : '; a number before the day needs FREQ=MONTHLY, or FREQ=YEARLY with BYMONTH'}`,
    );
  if (until === null) return no('UNTIL must be a date such as 20261231, or a time such as 20261231T210000Z');
  if (weekStart === undefined) return no('WKST must be a day such as MO');
  if (bySetPosition.length > 0 && byDay.length + byMonthDay.length === 0) return no('BYSETPOS needs BYDAY or BYMONTHDAY');
  if (frequency === 'WEEKLY' && byMonthDay.length > 0) return no('BYMONTHDAY does not go with FREQ=WEEKLY');
  return ok({
    frequency,
    interval: interval[0],
    byDay,
    byMonthDay,
    byMonth,
    bySetPosition,
    count: parts.has('COUNT') ? count[0] : null,
    ...until,
    weekStart,
  });
}

/** null when one is not a whole number in the range, or is 0. */
function integers(text: string, least: number, most: number): number[] | null {
  if (text === '') return [];
  const numbers = text.split(',').map(piece => (/^[+-]?\d{1,5}$/.test(piece) ? Number(piece) : 0));
  return numbers.every(number => number !== 0 && number >= least && number <= most) ? numbers : null;
}

function byDays(text: string, ordinals: boolean): ByDay[] | null {
  if (text === '') return [];
  const days = text.split(',').map((piece): ByDay | null => {
    const match = /^([+-]?\d{1,2})?(MO|TU|WE|TH|FR|SA|SU)$/.exec(piece);
    if (match === null) return null;
    const ordinal = match[1] === undefined ? null : Number(match[1]);
    const allowed = ordinal === null || (ordinals && ordinal !== 0 && Math.abs(ordinal) <= 5);
    return allowed ? { weekday: WEEKDAYS[match[2]!]!, ordinal } : null;
  });
  return days.every(day => day !== null) ? days : null;
}

/** null: neither a date nor a time. */
function untilOf(text: string | undefined): Pick<Recurrence, 'until' | 'untilTime'> | null {
  if (text === undefined) return { until: null, untilTime: null };
  const match = /^(\d{4})(\d{2})(\d{2})(?:T(\d{2})(\d{2})(\d{2})(Z?))?$/.exec(text);
  if (match === null) return null;
  const [, year, month, day, hour, minute, second, utc = ''] = match;
  try {
    const date = Temporal.PlainDate.from(`${year}-${month}-${day}`);
    if (hour === undefined) return { until: date.toString(), untilTime: null };
    const time = Temporal.PlainDateTime.from(`${date}T${hour}:${minute}:${second}`);
    return { until: date.add({ days: 1 }).toString(), untilTime: `${time}${utc}` };
  } catch {
    return null;
  }
}
