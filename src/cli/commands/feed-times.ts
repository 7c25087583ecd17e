/** Times of feeds as people say them: an age to judge by, not a date to reckon from. */

export function dayOf(instant: string | null): string | null {
  return instant === null ? null : instant.slice(0, 10);
}

/** `3 h`, `12 d`; a day (without a time) counts from its beginning. */
export function ageOf(instant: string | null, now: string, suffix = ''): string | null {
  return instant === null ? null : `${span(Date.parse(now) - Date.parse(instant))}${suffix}`;
}

export function inTime(instant: string | null, now: string): string | null {
  if (instant === null) return 'at once';
  const ms = Date.parse(instant) - Date.parse(now);
  return ms <= 0 ? 'now' : `in ${span(ms)}`;
}

function span(ms: number): string {
  const minutes = Math.max(0, Math.round(ms / 60_000));
  if (minutes < 120) return `${minutes} min`;
  return minutes < 48 * 60 ? `${Math.round(minutes / 60)} h` : `${Math.floor(minutes / 1_440)} d`;
}
