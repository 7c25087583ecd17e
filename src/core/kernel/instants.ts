/** An instant: RFC 3339 in UTC with milliseconds, `2026-11-22T02:36:00.000Z`. Text order is time order. Zones exist at the edge only. */
export type Instant = string;

export const SECOND_MS = 1_000;
export const MINUTE_MS = 60_000;
export const HOUR_MS = 3_600_000;
export const DAY_MS = 86_400_000;

const TWO: readonly string[] = Array.from({ length: 100 }, (_, n) => String(n).padStart(2, '0'));
const THREE: readonly string[] = Array.from({ length: 1000 }, (_, n) => String(n).padStart(3, '0'));
/** The first day of the year 10000: from there on a year has more digits. */
const YEAR_10000_MS = 253_402_300_800_000;

/** By arithmetic (Howard Hinnant's civil_from_days) where it can: the engine writes and reads instants more often than anything else, and Date takes ten times as long. */
export function toInstant(epochMs: number): Instant {
  if (!(epochMs >= 0 && epochMs < YEAR_10000_MS && Number.isInteger(epochMs))) return new Date(epochMs).toISOString();
  const days = Math.floor(epochMs / DAY_MS);
  const rest = epochMs - days * DAY_MS;
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1_460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const fromMarch = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * fromMarch + 2) / 5) + 1;
  const month = fromMarch < 10 ? fromMarch + 3 : fromMarch - 9;
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  const seconds = Math.floor(rest / 1000);
  const minutes = Math.floor(seconds / 60);
  return `${year}-${TWO[month]}-${TWO[day]}T${TWO[Math.floor(minutes / 60)]}:${TWO[minutes % 60]}:${TWO[seconds % 60]}.${THREE[rest % 1000]}Z`;
}

/** The number that the digits of `text` from `at` on are; NaN when one of them is none. */
function digits(text: string, at: number, count: number): number {
  let value = 0;
  for (let n = at; n < at + count; n++) {
    const digit = text.charCodeAt(n) - 48;
    if (!(digit >= 0 && digit <= 9)) return Number.NaN;
    value = value * 10 + digit;
  }
  return value;
}

/** Of `2026-11-22T02:36:00.000Z` and its like; NaN for every other form, which Date may still know. The last days of a month are left to Date as well. */
function parsed(text: string): number {
  if (text.length !== 24 || text[4] !== '-' || text[7] !== '-' || text[10] !== 'T' || text[13] !== ':' || text[16] !== ':')
    return Number.NaN;
  if (text[19] !== '.' || text[23] !== 'Z') return Number.NaN;
  const [month, day, hour] = [digits(text, 5, 2), digits(text, 8, 2), digits(text, 11, 2)];
  const [minute, second] = [digits(text, 14, 2), digits(text, 17, 2)];
  if (!(month >= 1 && month <= 12 && day >= 1 && day <= 28 && hour <= 23 && minute <= 59 && second <= 59)) return Number.NaN;
  const year = digits(text, 0, 4) - (month <= 2 ? 1 : 0);
  const era = Math.floor(year / 400);
  const yearOfEra = year - era * 400;
  const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1;
  const days = era * 146_097 + yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear - 719_468;
  return days * DAY_MS + ((hour * 60 + minute) * 60 + second) * 1000 + digits(text, 20, 3);
}

/** Milliseconds since the epoch; throws on text that is not an instant (parse at the edge). */
export function epochMs(instant: Instant): number {
  const fast = parsed(instant);
  const ms = Number.isNaN(fast) ? Date.parse(instant) : fast;
  if (Number.isNaN(ms)) throw new RangeError(`not an instant: ${instant}`);
  return ms;
}

export function addMs(instant: Instant, ms: number): Instant {
  return toInstant(epochMs(instant) + ms);
}

/** A clock is always passed in, so that tests and the simulator hold time in their hand. */
export interface Clock {
  now(): Instant;
}

export const systemClock: Clock = { now: () => new Date().toISOString() };
