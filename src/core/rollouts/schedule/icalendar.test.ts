import { describe, expect, it } from 'vitest';
import { readCalendar } from './icalendar.ts';
import { ianaZone, WINDOWS_ZONE_NAMES } from './windows-zones.ts';

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

  it('takes in what holidays and Outlook look like: yearly rules, exceptions, extra dates, the zones of Windows', () => {
    const event = (summary: string, ...lines: string[]) => ['BEGIN:VEVENT', `SUMMARY:${summary}`, ...lines, 'END:VEVENT'].join('\r\n');
    const file = [
      event('Christmas', 'DTSTART;VALUE=DATE:20241224', 'DTEND;VALUE=DATE:20241227', 'RRULE:FREQ=YEARLY'),
      event(
        'Month end',
        'DTSTART;TZID=Europe/Berlin:20261130T180000',
        'DURATION:PT14H',
        'RRULE:FREQ=MONTHLY;BYMONTHDAY=-1;UNTIL=20270228T170000Z',
        'EXDATE;TZID=Europe/Berlin:20261231T180000',
        'EXDATE;VALUE=DATE:20270131',
        'RDATE;TZID=Europe/Berlin:20261215T180000',
      ),
      event('Outlook', 'DTSTART;TZID="W. Europe Standard Time":20261207T180000', 'DTEND;TZID="W. Europe Standard Time":20261207T200000'),
      event('Elsewhere', 'DTSTART;TZID=Olympus Standard Time:20261207T180000', 'DURATION:PT1H'),
    ].join('\r\n');
    const { events, skipped } = readCalendar(file, 'Europe/Berlin', '2026-11-22T00:00:00.000Z', '2027-11-22T00:00:00.000Z');
    expect(
      events.map(one => [one.summary, one.intervals.map(({ startsAt, endsAt }) => `${startsAt.slice(0, 16)} ${endsAt.slice(0, 16)}`)]),
    ).toEqual([
      ['Christmas', ['2026-12-23T23:00 2026-12-26T23:00']],
      ['Month end', ['2026-11-30T17:00 2026-12-01T07:00', '2026-12-15T17:00 2026-12-16T07:00', '2027-02-28T17:00 2027-03-01T07:00']],
      ['Outlook', ['2026-12-07T17:00 2026-12-07T19:00']],
    ]);
    expect(skipped.map(one => one.event)).toEqual(['Elsewhere']);
  });

  it('knows no zone that the platform does not know', () => {
    for (const name of WINDOWS_ZONE_NAMES)
      expect(() => Temporal.PlainDate.from('2026-11-22').toZonedDateTime(ianaZone(name))).not.toThrow();
  });

  it('of something else gives nothing and breaks nothing', () => {
    expect(readCalendar('hello', 'UTC', '2026-01-01T00:00:00.000Z', '2027-01-01T00:00:00.000Z')).toEqual({ events: [], skipped: [] });
    expect(
      readCalendar('BEGIN:VEVENT\nDTSTART:tomorrow\nEND:VEVENT', 'UTC', '2026-01-01T00:00:00.000Z', '2027-01-01T00:00:00.000Z').skipped[0]!
        .reason,
    ).toMatch(/cannot be read/);
  });
});
