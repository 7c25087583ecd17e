import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { merge, subtract } from './intervals.ts';
import { nextOccurrences, ruleOf } from './planned-window.ts';
import { parseRecurrence } from './recurrence.ts';
import { occurrences, type WindowRule, windowProblem } from './window.ts';

const HANDMADE = path.join(import.meta.dirname, '../../../../../shared/samples/handmade');
const vectors = <Row>(file: string): Row[] => (JSON.parse(readFileSync(path.join(HANDMADE, file), 'utf8')) as { rows: Row[] }).rows;
const rule = (more: Partial<WindowRule>): WindowRule => ({
  timeZone: 'UTC',
  firstStart: '2026-01-01T22:00',
  length: { kind: 'exact', minutes: 60 },
  repeat: 'FREQ=DAILY',
  gap: 'shift-forward',
  overlap: 'first',
  ...more,
});
const starts = (more: Partial<WindowRule>, from = '2026-01-01T00:00:00.000Z', to = '2036-01-01T00:00:00.000Z', most = 6) =>
  occurrences(rule(more), from, to, most).map(one => one.startsAt.slice(0, 16));

describe.skipIf(!existsSync(HANDMADE))('shared vectors (skipped where ../shared is absent)', () => {
  interface ClockChange {
    readonly desc: string;
    readonly local: string;
    readonly tz: string;
    readonly durationMinutes: number;
    readonly startUtc: string;
    readonly endUtc: string;
    readonly policy?: 'shiftForward' | 'first' | 'second';
    readonly rfc5545?: string;
  }
  it.each(existsSync(HANDMADE) ? vectors<ClockChange>('vectors-dst.json').map(row => [row.desc, row] as const) : [])('%s', (_, row) => {
    const window = rule({
      timeZone: row.tz,
      firstStart: row.local,
      length: { kind: 'exact', minutes: row.durationMinutes },
      repeat: 'FREQ=DAILY;COUNT=1',
      overlap: row.policy === 'second' ? 'second' : 'first',
    });
    const [found] = occurrences(window, '2026-01-01T00:00:00.000Z', '2027-01-01T00:00:00.000Z', 1);
    expect([found!.startsAt, found!.endsAt]).toEqual([row.startUtc.replace('Z', '.000Z'), row.endUtc.replace('Z', '.000Z')]);
    if (row.rfc5545 !== undefined)
      expect(occurrences({ ...window, gap: 'skip' }, '2026-01-01T00:00:00.000Z', '2027-01-01T00:00:00.000Z', 1)).toEqual([]);
    if (row.policy !== undefined) expect(found!.note).not.toBeNull();
  });

  interface PatchTuesday {
    readonly month: string;
    readonly patchTuesday: string;
    readonly plus1: string;
    readonly plus7: string;
    readonly plus14: string;
    readonly secondWednesday: string;
  }
  it('names every Patch Tuesday and the days after it', () => {
    const rows = vectors<PatchTuesday>('vectors-patch-tuesday.json');
    expect(rows.length).toBeGreaterThan(20);
    for (const [repeat, column] of [
      ['PATCH-TUESDAY', 'patchTuesday'],
      ['PATCH-TUESDAY+1', 'plus1'],
      ['PATCH-TUESDAY+7', 'plus7'],
      ['PATCH-TUESDAY+14', 'plus14'],
      ['FREQ=MONTHLY;BYDAY=2TU', 'patchTuesday'],
      ['FREQ=MONTHLY;BYDAY=2WE', 'secondWednesday'],
    ] as const)
      expect(
        starts({ repeat, firstStart: '2026-01-01T03:00' }, '2026-01-01T00:00:00.000Z', '2028-01-01T00:00:00.000Z', rows.length).map(at =>
          at.slice(0, 10),
        ),
      ).toEqual(rows.map(row => row[column]));
  });
});

describe('recurrence', () => {
  it('follows the rule', () => {
    expect(starts({ repeat: 'FREQ=WEEKLY;INTERVAL=2;BYDAY=TH' }, undefined, undefined, 3)).toEqual([
      '2026-01-01T22:00',
      '2026-01-15T22:00',
      '2026-01-29T22:00',
    ]);
    expect(starts({ repeat: 'FREQ=MONTHLY;BYDAY=-1FR' }, undefined, undefined, 2)).toEqual(['2026-01-30T22:00', '2026-02-27T22:00']);
    expect(starts({ repeat: 'FREQ=MONTHLY;BYMONTHDAY=31' }, undefined, undefined, 3)).toEqual([
      '2026-01-31T22:00',
      '2026-03-31T22:00',
      '2026-05-31T22:00',
    ]);
    expect(starts({ repeat: 'FREQ=MONTHLY;BYMONTHDAY=-1' }, undefined, undefined, 2)).toEqual(['2026-01-31T22:00', '2026-02-28T22:00']);
    expect(starts({ repeat: 'FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1' }, undefined, undefined, 2)).toEqual([
      '2026-01-30T22:00',
      '2026-02-27T22:00',
    ]);
    expect(starts({ repeat: 'FREQ=DAILY;BYMONTH=3;BYDAY=SA,SU;COUNT=3' })).toEqual([
      '2026-03-01T22:00',
      '2026-03-07T22:00',
      '2026-03-08T22:00',
    ]);
    expect(starts({ repeat: 'FREQ=WEEKLY;BYDAY=MO,TH;UNTIL=20260110' })).toEqual([
      '2026-01-01T22:00',
      '2026-01-05T22:00',
      '2026-01-08T22:00',
    ]);
  });

  it('follows yearly rules, as calendars of holidays have them', () => {
    const yearly = (repeat: string, firstStart = '2026-12-24T00:00') => starts({ repeat, firstStart }, undefined, undefined, 3);
    expect(yearly('FREQ=YEARLY')).toEqual(['2026-12-24T00:00', '2027-12-24T00:00', '2028-12-24T00:00']);
    expect(yearly('FREQ=YEARLY', '2024-02-29T00:00')).toEqual(['2028-02-29T00:00', '2032-02-29T00:00']);
    expect(yearly('FREQ=YEARLY;BYMONTH=11;BYDAY=4TH')).toEqual(['2027-11-25T00:00', '2028-11-23T00:00', '2029-11-22T00:00']);
    expect(yearly('FREQ=YEARLY;INTERVAL=2;BYMONTH=3,9;BYMONTHDAY=-1', '2026-01-01T00:00')).toEqual([
      '2026-03-31T00:00',
      '2026-09-30T00:00',
      '2028-03-31T00:00',
    ]);
    expect(yearly('FREQ=YEARLY;BYDAY=MO;BYSETPOS=1', '2026-01-01T00:00')).toEqual([
      '2026-01-05T00:00',
      '2027-01-04T00:00',
      '2028-01-03T00:00',
    ]);
  });

  it('ends at the time that UNTIL names, in its zone', () => {
    const nights = { timeZone: 'America/New_York', firstStart: '2026-12-29T22:00' };
    const until = (text: string) => starts({ ...nights, repeat: `FREQ=DAILY;UNTIL=${text}` });
    // 22:00 in New York is 03:00 of the next day in UTC.
    expect(until('20261231T030000Z')).toEqual(['2026-12-30T03:00', '2026-12-31T03:00']);
    expect(until('20261231T025959Z')).toEqual(['2026-12-30T03:00']);
    expect(until('20261230T220000')).toEqual(['2026-12-30T03:00', '2026-12-31T03:00']);
    expect(until('20261230')).toEqual(['2026-12-30T03:00', '2026-12-31T03:00']);
  });

  it('crosses month ends from the fifteenth day after Patch Tuesday on', () => {
    expect(starts({ repeat: 'PATCH-TUESDAY+20', firstStart: '2026-01-01T03:00' }, undefined, undefined, 3)).toEqual([
      '2026-02-02T03:00',
      '2026-03-02T03:00',
      '2026-03-30T03:00',
    ]);
    expect(starts({ repeat: 'PATCH-TUESDAY-6', firstStart: '2026-01-01T03:00' }, undefined, undefined, 2)).toEqual([
      '2026-01-07T03:00',
      '2026-02-04T03:00',
    ]);
  });

  it('refuses what it does not know, by name', () => {
    const problem = (text: string) => {
      const parsed = parseRecurrence(text);
      return parsed.ok ? 'accepted' : parsed.problem;
    };
    expect(problem('FREQ=HOURLY')).toMatch(/FREQ must be/);
    expect(problem('FREQ=DAILY;BYHOUR=3')).toMatch(/BYHOUR is not supported/);
    expect(problem('FREQ=WEEKLY;BYDAY=2TU')).toMatch(/FREQ=MONTHLY/);
    expect(problem('FREQ=YEARLY;BYDAY=20MO')).toMatch(/FREQ=YEARLY with BYMONTH/);
    expect(problem('FREQ=YEARLY;BYWEEKNO=20')).toMatch(/BYWEEKNO is not supported/);
    expect(problem('FREQ=DAILY;COUNT=2;UNTIL=20260101')).toMatch(/exclude/);
    expect(problem('FREQ=DAILY;UNTIL=20260231')).toMatch(/UNTIL/);
    expect(problem('0 22 * * 4')).toMatch(/NAME=VALUE/);
    expect(windowProblem(rule({ timeZone: '+02:00' }))).toMatch(/half of the year/);
    expect(windowProblem(rule({ timeZone: 'Mars/Olympus' }))).toMatch(/not a date, time and zone/);
    expect(windowProblem(rule({ repeat: 'PATCH-TUESDAY+28' }))).toMatch(/-6 to \+27/);
    expect(windowProblem(rule({}))).toBeNull();
  });
});

describe('a window', () => {
  const night = rule({ timeZone: 'Europe/Berlin', firstStart: '2026-10-24T22:00', repeat: 'FREQ=DAILY;COUNT=2' });
  it('that ends at a wall-clock time lasts longer on the night of the change, and says so', () => {
    const [change, plain] = occurrences(
      { ...night, length: { kind: 'until', time: '05:00' } },
      '2026-10-24T00:00:00.000Z',
      '2026-10-27T00:00:00.000Z',
      5,
    );
    expect(change).toEqual({
      startsAt: '2026-10-24T20:00:00.000Z',
      endsAt: '2026-10-25T04:00:00.000Z',
      note: 'the clock changes meanwhile: it lasts 60 minutes more',
    });
    expect(plain).toEqual({ startsAt: '2026-10-25T21:00:00.000Z', endsAt: '2026-10-26T04:00:00.000Z', note: null });
  });
  it('that is open now is found, although it began before', () => {
    expect(occurrences(night, '2026-10-24T20:30:00.000Z', '2026-10-24T20:31:00.000Z', 1)).toHaveLength(1);
    expect(occurrences(night, '2026-10-24T21:00:00.000Z', '2026-10-24T21:01:00.000Z', 1)).toHaveLength(0);
  });
});

describe('a planned window that repeats', () => {
  // Three nights in Berlin, the second with the hour that comes twice (25 October 2026, 03:00 to 02:00).
  const nights = {
    startsAt: '2026-10-23T20:00:00.000Z',
    endsAt: '2026-10-24T03:00:00.000Z',
    timeZone: 'Europe/Berlin',
    repeat: 'FREQ=DAILY;COUNT=3',
  };
  const ends = (more: object) => nextOccurrences(ruleOf({ ...nights, ...more })!, '2026-10-23T00:00:00.000Z', 5).map(one => one.endsAt);
  it('is as long as the first, or ends when the first does by the clock', () => {
    expect(ends({})).toEqual(['2026-10-24T03:00:00.000Z', '2026-10-25T03:00:00.000Z', '2026-10-26T04:00:00.000Z']);
    expect(ends({ length: 'wall-clock' })).toEqual(['2026-10-24T03:00:00.000Z', '2026-10-25T04:00:00.000Z', '2026-10-26T04:00:00.000Z']);
    const long = { endsAt: '2026-10-25T20:30:00.000Z', length: 'wall-clock', repeat: 'FREQ=DAILY;COUNT=1' };
    expect(ends(long)).toEqual(['2026-10-25T20:30:00.000Z']);
  });
  it('goes by its own word for the hours that are skipped or come twice', () => {
    const skipped = { startsAt: '2027-03-27T01:30:00.000Z', endsAt: '2027-03-27T02:30:00.000Z', repeat: 'FREQ=DAILY;COUNT=2' };
    expect(nextOccurrences(ruleOf({ ...nights, ...skipped })!, '2027-03-27T00:00:00.000Z', 5)).toHaveLength(2);
    expect(nextOccurrences(ruleOf({ ...nights, ...skipped, gap: 'skip' })!, '2027-03-27T00:00:00.000Z', 5)).toHaveLength(1);
    const twice = { startsAt: '2026-10-24T00:30:00.000Z', endsAt: '2026-10-24T01:00:00.000Z', repeat: 'FREQ=DAILY;COUNT=2' };
    const start = (more: object) => nextOccurrences(ruleOf({ ...nights, ...twice, ...more })!, '2026-10-24T12:00:00.000Z', 1)[0]!.startsAt;
    expect(start({})).toBe('2026-10-25T00:30:00.000Z');
    expect(start({ overlap: 'second' })).toBe('2026-10-25T01:30:00.000Z');
  });
});

describe('intervals', () => {
  const at = (n: number) => new Date(Date.UTC(2026, 0, 1) + n * 60_000).toISOString();
  const interval = fc.tuple(fc.nat(60), fc.nat(60)).map(([a, b]) => ({ startsAt: at(Math.min(a, b)), endsAt: at(Math.max(a, b)) }));
  it('subtract minute by minute', () => {
    const covers = (list: readonly { startsAt: string; endsAt: string }[], n: number) =>
      list.some(one => one.startsAt <= at(n) && at(n) < one.endsAt);
    fc.assert(
      fc.property(fc.array(interval, { maxLength: 6 }), fc.array(interval, { maxLength: 6 }), (allowed, denied) => {
        const left = subtract(allowed, denied);
        for (let n = 0; n <= 60; n++) expect(covers(left, n)).toBe(covers(allowed, n) && !covers(denied, n));
        expect(merge(left)).toEqual(left);
      }),
    );
  });
});
