import { MINUTE_MS } from '../core/kernel/instants.ts';
import type { PlannedWindow } from '../core/rollouts/plan.ts';

/** The witness's own reading of a window, from its text and the zone alone: it shares no code with core/rollouts/schedule. Only daily repeats are read. */
export function contains(window: PlannedWindow, fromMs: number, toMs: number): boolean {
  if (window.startsAt === null || window.endsAt === null) return true;
  const startMs = Date.parse(window.startsAt);
  const lengthMs = Date.parse(window.endsAt) - startMs;
  if (window.repeat === null) return fromMs >= startMs && toMs <= startMs + lengthMs;
  const zone = window.timeZone;
  const time = Temporal.Instant.fromEpochMilliseconds(startMs).toZonedDateTimeISO(zone).toPlainTime();
  const today = Temporal.Instant.fromEpochMilliseconds(fromMs).toZonedDateTimeISO(zone).toPlainDate();
  return [today, today.subtract({ days: 1 })].some(date => {
    const opens = date.toPlainDateTime(time).toZonedDateTime(zone, { disambiguation: 'compatible' }).epochMilliseconds;
    return opens >= startMs && fromMs >= opens && toMs <= opens + lengthMs;
  });
}

/** Whether so many minutes fit the window at all. */
export function fitsWindow(window: PlannedWindow, minutes: number): boolean {
  if (window.startsAt === null || window.endsAt === null) return true;
  return minutes * MINUTE_MS <= Date.parse(window.endsAt) - Date.parse(window.startsAt);
}
