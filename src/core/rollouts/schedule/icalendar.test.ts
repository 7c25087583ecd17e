import { describe, expect, it } from 'vitest';
import { readCalendar } from './icalendar.ts';

const FILE = `BEGIN:VCALENDAR
VERSION:2.0
BEGIN:VTIMEZONE
TZID:Europe/Berlin
BEGIN:STANDARD
DTSTART:19701025T030000
END:STANDARD
END:VTIMEZONE
BEGIN:VEVENT
UID:1
SUMMARY:Quarter end\\, closing
DESCRIPTION:no change
  at all
DTSTART;TZID=Europe/Berlin:20261230T180000
DTEND;TZID=Europe/Berlin:20270102T060000
BEGIN:VALARM
SUMMARY:alarm
END:VALARM
END:VEVENT
BEGIN:VEVENT
SUMMARY:Black Friday
DTSTART;VALUE=DATE:20261127
DTEND;VALUE=DATE:20261128
END:VEVENT
BEGIN:VEVENT
SUMMARY:Payday
DTSTART:20261101T080000Z
DURATION:PT4H
RRULE:FREQ=MONTHLY;BYMONTHDAY=25
END:VEVENT
BEGIN:VEVENT
SUMMARY:Over
DTSTART:20250101T000000Z
DTEND:20250102T000000Z
END:VEVENT
BEGIN:VEVENT
SUMMARY:Unknown
DTSTART:20261101T080000Z
DTEND:20261101T090000Z
RRULE:FREQ=SECONDLY
END:VEVENT
END:VCALENDAR
`.replaceAll('\n', '\r\n');

describe('an iCalendar file', () => {
  it('becomes intervals in UTC, with the reason for what is left out', () => {
    const { events, skipped } = readCalendar(FILE, 'America/New_York', '2026-11-22T00:00:00.000Z', '2027-01-31T00:00:00.000Z');
    expect(events).toEqual([
      {
        summary: 'Quarter end, closing',
        description: 'no change at all',
        intervals: [{ startsAt: '2026-12-30T17:00:00.000Z', endsAt: '2027-01-02T05:00:00.000Z' }],
      },
      {
        summary: 'Black Friday',
        description: '',
        intervals: [{ startsAt: '2026-11-27T05:00:00.000Z', endsAt: '2026-11-28T05:00:00.000Z' }],
      },
      {
        summary: 'Payday',
        description: '',
        intervals: [
          { startsAt: '2026-11-25T08:00:00.000Z', endsAt: '2026-11-25T12:00:00.000Z' },
          { startsAt: '2026-12-25T08:00:00.000Z', endsAt: '2026-12-25T12:00:00.000Z' },
          { startsAt: '2027-01-25T08:00:00.000Z', endsAt: '2027-01-25T12:00:00.000Z' },
        ],
      },
    ]);
    expect(skipped).toEqual([
      { event: 'Over', reason: 'it is over' },
      { event: 'Unknown', reason: 'its rule FREQ=SECONDLY gives no date, or is not supported' },
    ]);
  });

  it('of something else gives nothing and breaks nothing', () => {
    expect(readCalendar('hello', 'UTC', '2026-01-01T00:00:00.000Z', '2027-01-01T00:00:00.000Z')).toEqual({ events: [], skipped: [] });
    expect(
      readCalendar('BEGIN:VEVENT\nDTSTART:tomorrow\nEND:VEVENT', 'UTC', '2026-01-01T00:00:00.000Z', '2027-01-01T00:00:00.000Z').skipped[0]!
        .reason,
    ).toMatch(/cannot be read/);
  });
});
