import { useSyncExternalStore } from 'react';
import { Toned } from './mark.tsx';

/** One clock for the page: relative times tick together, and a table of 50 rows keeps one timer. */
const TICK_MS = 10_000;
let now = Date.now();
const listeners = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;
function subscribe(listener: () => void): () => void {
  if (listeners.size === 0) now = Date.now();
  listeners.add(listener);
  timer ??= setInterval(() => {
    now = Date.now();
    for (const each of listeners) each();
  }, TICK_MS);
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) {
      clearInterval(timer);
      timer = undefined;
    }
  };
}
export function useNow(): number {
  return useSyncExternalStore(subscribe, () => now);
}

/** From `least` on the unit is used: 43 days say more than a month, 18 months more than a year. */
const UNITS: readonly { readonly one: string; readonly many: string; readonly ms: number; readonly least: number }[] = [
  { one: 'year', many: 'years', ms: 31_557_600_000, least: 63_115_200_000 },
  { one: 'month', many: 'months', ms: 2_629_800_000, least: 7_776_000_000 },
  { one: 'day', many: 'days', ms: 86_400_000, least: 86_400_000 },
  { one: 'h', many: 'h', ms: 3_600_000, least: 3_600_000 },
  { one: 'min', many: 'min', ms: 60_000, least: 60_000 },
];

/** The server's clock may be this much ahead of the browser's, and what has just happened must not seem to come. */
const SKEW_MS = 5_000;

/** `5 min ago`, `in 3 days`; under a minute there are no numbers, because clocks differ by seconds. */
export function relative(atMs: number, nowMs: number): string {
  const words = span(atMs - nowMs);
  if (words === null) return atMs - nowMs > SKEW_MS ? 'within a minute' : 'just now';
  return atMs < nowMs ? `${words} ago` : `in ${words}`;
}

/** A length of time in its largest unit, null under a minute. */
export function span(ms: number): string | null {
  const unit = UNITS.find(each => Math.abs(ms) >= each.least);
  if (!unit) return null;
  const many = Math.trunc(Math.abs(ms) / unit.ms);
  return `${many} ${many === 1 ? unit.one : unit.many}`;
}

const LOCAL = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'medium' });
export const ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone;
/** Both clocks: the reader's for meetings, UTC for logs. */
export function absolute(at: string): string {
  const date = new Date(at);
  const utc = `${date.toISOString().slice(0, 19).replace('T', ' ')} UTC`;
  return ZONE === 'UTC' ? utc : `${LOCAL.format(date)} (${ZONE})\n${utc}`;
}

export function Ago({ at, none = 'never' }: { readonly at: string | null | undefined; readonly none?: string }) {
  const nowMs = useNow();
  if (!at) return <Toned tone="quiet">{none}</Toned>;
  return (
    <time dateTime={at} title={absolute(at)} style={{ whiteSpace: 'nowrap' }}>
      {relative(Date.parse(at), nowMs)}
    </time>
  );
}

const WEEK_MS = 7 * 86_400_000;
export function Due({ at, none = 'none' }: { readonly at: string | null | undefined; readonly none?: string }) {
  const nowMs = useNow();
  if (!at) return <Toned tone="quiet">{none}</Toned>;
  const atMs = Date.parse(at);
  const late = atMs < nowMs;
  const length = span(atMs - nowMs);
  const words = length === null ? 'due now' : late ? `${length} overdue` : `in ${length}`;
  return (
    <Toned tone={late ? 'bad' : atMs - nowMs < WEEK_MS ? 'warn' : 'quiet'} strong={late}>
      <time dateTime={at} title={absolute(at)} style={{ whiteSpace: 'nowrap' }}>
        {words}
      </time>
    </Toned>
  );
}

/** To the minute, with its zone: a time that is read by people in two countries must say whose it is. */
const MINUTE = new Intl.DateTimeFormat('en-GB', {
  day: 'numeric',
  month: 'short',
  year: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
  timeZoneName: 'short',
});
function minuteOf(at: string): string {
  return MINUTE.format(new Date(at));
}
/** The same in a zone of choice, with its weekday: what a person there reads on the wall. */
export function minuteIn(at: string, timeZone: string): string {
  return new Intl.DateTimeFormat('en-GB', {
    weekday: 'short',
    day: 'numeric',
    month: 'short',
    hour: '2-digit',
    minute: '2-digit',
    timeZone,
  }).format(new Date(at));
}
/** What times of day without a date are in. */
export const ZONE_WORD = MINUTE.formatToParts(0).find(part => part.type === 'timeZoneName')?.value ?? ZONE;

export function At({ at }: { readonly at: string | null | undefined }) {
  if (!at) return <Toned tone="quiet">–</Toned>;
  return (
    <time dateTime={at} title={absolute(at)} style={{ whiteSpace: 'nowrap' }}>
      {minuteOf(at)}
    </time>
  );
}

/** Instants that the server wrote into a sentence, as the reader's clock shows them. */
export function withLocalTimes(text: string): string {
  return text.replaceAll(/\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g, minuteOf);
}

/** Time of day with seconds, for log lines. */
const CLOCK = new Intl.DateTimeFormat('en-GB', { timeStyle: 'medium' });
export function clockOf(at: string): string {
  return CLOCK.format(new Date(at));
}
