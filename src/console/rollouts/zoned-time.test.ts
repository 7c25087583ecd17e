import { describe, expect, it } from 'vitest';
import { instantOf, localOf } from './zoned-time.ts';

describe('zoned time', () => {
  it('reads the wall clock of a zone, before and after its clock change', () => {
    expect(instantOf('2026-10-24T02:30', 'Europe/Berlin')).toBe('2026-10-24T00:30:00.000Z');
    expect(instantOf('2026-10-25T04:30', 'Europe/Berlin')).toBe('2026-10-25T03:30:00.000Z');
    expect(instantOf('2026-07-01T09:00', 'Asia/Kolkata')).toBe('2026-07-01T03:30:00.000Z');
  });

  it('moves a time that the clock change skips to after the gap', () => {
    expect(instantOf('2027-03-28T02:30', 'Europe/Berlin')).toBe('2027-03-28T01:30:00.000Z');
  });

  it('agrees with Temporal on every hour of a year, gaps and folds included', () => {
    const zones = ['Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'UTC'];
    for (const zone of zones) {
      for (let hour = 0; hour < 365 * 24; hour += 1) {
        const instant = new Date(Date.UTC(2026, 0, 1, hour)).toISOString();
        const wall = Temporal.Instant.from(instant).toZonedDateTimeISO(zone).toPlainDateTime().toString().slice(0, 16);
        expect(localOf(instant, zone)).toBe(wall);
      }
    }
  }, 60_000);

  it('answers null for what is no time', () => {
    expect(instantOf('', 'UTC')).toBeNull();
    expect(localOf(null, 'UTC')).toBe('');
  });
});
