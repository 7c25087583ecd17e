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

  describe('with instances that were moved (RECURRENCE-ID)', () => {
    const event = (...lines: string[]) => ['BEGIN:VEVENT', ...lines, 'END:VEVENT'].join('\r\n');
    const master = event(
      'UID:closing@example.org',
      'SUMMARY:Closing',
      'DTSTART;TZID=Europe/Berlin:20261005T180000',
      'DURATION:PT4H',
      'RRULE:FREQ=WEEKLY;COUNT=6',
      'EXDATE;TZID=Europe/Berlin:20261012T180000',
    );
    const read = (...blocks: string[]) => {
      const { events, skipped } = readCalendar(blocks.join('\r\n'), 'UTC', '2026-10-01T00:00:00.000Z', '2027-01-01T00:00:00.000Z');
      const intervals = events.flatMap(one =>
        one.intervals.map(({ startsAt, endsAt }) => `${one.summary} ${startsAt.slice(5, 16)} ${endsAt.slice(11, 16)}`),
      );
      return { intervals, skipped: skipped.map(one => `${one.event}: ${one.reason}`) };
    };
    const override = (id: string, ...lines: string[]) => event('UID:closing@example.org', `RECURRENCE-ID${id}`, ...lines);
    const usual = ['10-05T16:00 20:00', '10-19T16:00 20:00', '10-26T17:00 21:00', '11-02T17:00 21:00', '11-09T17:00 21:00'];
    const left = (...without: string[]) => usual.filter(one => !without.includes(one.slice(0, 5))).map(one => `Closing ${one}`);

    it('the moved one is where it was moved to, and only there', () => {
      const moved = override(
        ';TZID=Europe/Berlin:20261019T180000',
        'SUMMARY:Later',
        'DTSTART;TZID=Europe/Berlin:20261020T200000',
        'DURATION:PT2H',
      );
      // The override may stand before its series, and name the instance in UTC or by its day.
      expect(read(moved, master).intervals.sort()).toEqual([...left('10-19'), 'Later 10-20T18:00 20:00']);
      for (const id of [':20261019T160000Z', ';VALUE=DATE:20261019'])
        expect(read(master, override(id, 'SUMMARY:Later', 'DTSTART:20261020T180000Z', 'DURATION:PT2H')).intervals.sort(), id).toEqual([
          ...left('10-19'),
          'Later 10-20T18:00 20:00',
        ]);
      expect(read(master).intervals).toEqual(left());
    });

    it('a cancelled one is gone; the latest revision of an instance counts', () => {
      const cancelled = override(
        ';TZID=Europe/Berlin:20261102T180000',
        'SUMMARY:Not',
        'SEQUENCE:2',
        'STATUS:CANCELLED',
        'DTSTART:20261102T170000Z',
      );
      const before = override(
        ';TZID=Europe/Berlin:20261102T180000',
        'SUMMARY:Moved',
        'SEQUENCE:1',
        'DTSTART:20261103T170000Z',
        'DURATION:PT1H',
      );
      for (const blocks of [
        [master, before, cancelled],
        [cancelled, before, master],
      ])
        expect(read(...blocks)).toEqual({ intervals: left('11-02'), skipped: ['Not: it is cancelled'] });
    });

    it('one that goes for all that follow moves them by the same time and gives them its length, over a change of clocks', () => {
      const following = override(
        ';RANGE=THISANDFUTURE;TZID=Europe/Berlin:20261019T180000',
        'SUMMARY:From now on',
        'DTSTART;TZID=Europe/Berlin:20261020T200000',
        'DURATION:PT1H',
      );
      const one = override(
        ';TZID=Europe/Berlin:20261102T180000',
        'SUMMARY:Once',
        'DTSTART;TZID=Europe/Berlin:20261102T060000',
        'DURATION:PT1H',
      );
      const later = ['10-20T18:00 19:00', '10-27T19:00 20:00', '11-10T19:00 20:00'].map(text => `From now on ${text}`);
      expect(read(master, following, one).intervals.sort()).toEqual(['Closing 10-05T16:00 20:00', ...later, 'Once 11-02T05:00 06:00']);
      const ended = override(
        ';RANGE=THISANDFUTURE;TZID=Europe/Berlin:20261026T180000',
        'SUMMARY:No more',
        'STATUS:CANCELLED',
        'DTSTART:20261026T170000Z',
      );
      expect(read(master, ended).intervals).toEqual(left('10-26', '11-02', '11-09'));
    });

    it('one that cannot be read, or whose series is elsewhere, takes nothing away', () => {
      const broken = override(';TZID=Europe/Berlin:20261019T180000', 'SUMMARY:Broken', 'DTSTART:soon');
      expect(read(master, broken).intervals).toEqual(left());
      const nameless = override(':someday', 'SUMMARY:Nameless', 'DTSTART:20261020T180000Z', 'DURATION:PT2H');
      expect(read(master, nameless).intervals.sort()).toEqual([...left(), 'Nameless 10-20T18:00 20:00']);
      const alone = override(':20261019T160000Z', 'SUMMARY:Alone', 'DTSTART:20261020T180000Z', 'DURATION:PT2H');
      expect(read(alone).intervals).toEqual(['Alone 10-20T18:00 20:00']);
    });
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
