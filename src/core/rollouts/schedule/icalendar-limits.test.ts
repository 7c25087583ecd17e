import { describe, expect, it } from 'vitest';
import { readCalendar } from './icalendar.ts';

describe('an iCalendar file of more than is taken', () => {
  describe('in dates', () => {
    const read = (...lines: string[]) => readCalendar(lines.join('\r\n'), 'UTC', '2026-11-22T00:00:00.000Z', '2027-12-31T00:00:00.000Z');
    const event = (...lines: string[]) => ['BEGIN:VEVENT', ...lines, 'END:VEVENT'].join('\r\n');
    const leftOut = (event: string, date: string) => ({
      event,
      reason: `its dates from ${date} on are left out: no more than 100 of a series are taken`,
    });

    it('a list of dates without end is cut and says so, although another event speaks of its dates', () => {
      const day = Temporal.PlainDate.from('2026-12-01');
      const stamp = (n: number) =>
        day
          .toPlainDateTime()
          .add({ minutes: 15 * n })
          .toString({ smallestUnit: 'second' })
          .replaceAll(/[-:]/g, '');
      const list = Array.from({ length: 30_000 }, (_, n) => `${stamp(n)}Z`).join(',');
      const series = event('UID:1', 'SUMMARY:Much', 'DTSTART:20261130T000000Z', 'DURATION:PT5M', `RDATE:${list}`);
      const moves = event(
        'UID:1',
        'SUMMARY:Later',
        'RECURRENCE-ID;RANGE=THISANDFUTURE:20261130T000000Z',
        'DTSTART:20261130T000100Z',
        'DURATION:PT5M',
      );
      const { events, skipped } = read(series, moves);
      expect(events.map(one => [one.summary, one.intervals.length])).toEqual([['Later', 100]]);
      expect(skipped).toEqual([leftOut('Much', '2026-12-02')]);
    });

    it('dates that are over do not use up the places of those to come', () => {
      const past = Array.from(
        { length: 200 },
        (_, n) => `2025${String(1 + (n % 12)).padStart(2, '0')}${String(1 + Math.floor(n / 12)).padStart(2, '0')}T000000Z`,
      );
      const { events, skipped } = read(
        event('SUMMARY:Old and new', 'DTSTART:20250101T000000Z', 'DURATION:PT1H', `RDATE:${[...past, '20261224T000000Z'].join(',')}`),
      );
      expect(events.map(one => one.intervals)).toEqual([[{ startsAt: '2026-12-24T00:00:00.000Z', endsAt: '2026-12-24T01:00:00.000Z' }]]);
      expect(skipped).toEqual([]);
    });

    it('a daily rule is cut, and says from when on', () => {
      const { events, skipped } = read(event('SUMMARY:Daily', 'DTSTART:20261122T000000Z', 'DURATION:PT1H', 'RRULE:FREQ=DAILY'));
      expect(events[0]!.intervals).toHaveLength(100);
      expect(skipped).toEqual([leftOut('Daily', '2027-03-02')]);
    });
  });

  describe('in events', () => {
    const read = (events: readonly string[]) =>
      readCalendar(events.join('\r\n'), 'UTC', '2026-11-22T00:00:00.000Z', '2027-12-31T00:00:00.000Z');
    const single = (summary: string, start: string, ...lines: string[]) =>
      ['BEGIN:VEVENT', `SUMMARY:${summary}`, `DTSTART:${start}`, 'DURATION:PT1H', ...lines, 'END:VEVENT'].join('\r\n');
    const many = (count: number, summary: string, start: string, ...lines: string[]) =>
      Array.from({ length: count }, (_, n) => single(`${summary} ${n}`, start, ...lines));

    it('what is over takes no places, and is counted where it is too much to name', () => {
      const { events, skipped } = read([...many(600, 'Old', '20250101T000000Z'), single('New', '20261224T000000Z'), single('Bad', 'soon')]);
      expect(events.map(one => one.summary)).toEqual(['New']);
      expect(skipped.slice(0, 2).map(one => one.event)).toEqual(['Bad', 'Old 0']);
      expect(skipped.slice(-2)).toEqual([
        { event: 'Old 498', reason: 'it is over' },
        { event: '101 more', reason: 'they are over' },
      ]);
      expect(skipped).toHaveLength(501);
    });

    it('those past the limit are named as left out', () => {
      const { events, skipped } = read([...many(500, 'First', '20261224T000000Z'), single('Last', '20261225T000000Z')]);
      expect(events).toHaveLength(500);
      expect(skipped).toEqual([{ event: 'Last', reason: 'no more than 500 events of a calendar are taken' }]);
      const series = read([
        ...many(500, 'Over', '20250101T000000Z', 'RRULE:FREQ=DAILY;COUNT=2'),
        single('Last', '20261225T000000Z', 'RRULE:FREQ=DAILY;COUNT=2'),
      ]);
      expect(series.skipped).toContainEqual({ event: 'Last', reason: 'no more than 500 series of a calendar are worked out' });
    });
  });

  it('a period of RDATE lasts as long as it says, and a blank at the end of a line means nothing', () => {
    const read = (...lines: string[]) =>
      readCalendar(
        ['BEGIN:VEVENT ', 'SUMMARY:Move', 'DTSTART:20261201T000000Z', 'DURATION:PT1H ', ...lines, 'END:VEVENT '].join('\r\n'),
        'UTC',
        '2026-11-22T00:00:00.000Z',
        '2027-11-22T00:00:00.000Z',
      );
    const periods = '20261205T000000Z/PT12H,20261206T000000Z/20261206T030000Z,20261207T000000Z';
    const first = '2026-12-01T00:00 2026-12-01T01:00';
    expect(
      read(`RDATE;VALUE=PERIOD:${periods}`).events[0]!.intervals.map(one => `${one.startsAt.slice(0, 16)} ${one.endsAt.slice(0, 16)}`),
    ).toEqual([first, '2026-12-05T00:00 2026-12-05T12:00', '2026-12-06T00:00 2026-12-06T03:00', '2026-12-07T00:00 2026-12-07T01:00']);
    expect(read('RDATE;VALUE=PERIOD:20261205T000000Z/20261204T000000Z').skipped).toEqual([
      { event: 'Move', reason: 'its time cannot be read: a period ends before it starts' },
    ]);
    expect(read('STATUS:CANCELLED ')).toEqual({ events: [], skipped: [{ event: 'Move', reason: 'it is cancelled' }] });
  });
});
