import { describe, expect, it } from 'vitest';
import { datesOf } from './dates.ts';
import { parseRecurrence, type Recurrence } from './recurrence.ts';
import { occurrences, type WindowRule } from './window.ts';

function ruleOf(text: string): Recurrence {
  const read = parseRecurrence(text);
  if (!read.ok) throw new Error(read.problem);
  return read.value;
}

const RULES = [
  'FREQ=DAILY',
  'FREQ=DAILY;INTERVAL=7;BYMONTH=3,12',
  'FREQ=WEEKLY;INTERVAL=3;BYDAY=MO,SU;WKST=SU',
  'FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,SA;UNTIL=20261231',
  'FREQ=MONTHLY;BYMONTHDAY=31',
  'FREQ=MONTHLY;INTERVAL=5;BYDAY=2TU,-1FR',
  'FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1',
  'FREQ=YEARLY',
  'FREQ=YEARLY;INTERVAL=4;BYMONTH=2;BYMONTHDAY=29',
  'FREQ=DAILY;COUNT=1500',
];

describe('the dates of a rule, from a later day on', () => {
  it.each(RULES)('%s: those that the walk from its start gives', text => {
    const last = Temporal.PlainDate.from('2028-03-01');
    for (const begins of ['2024-01-31', '2024-02-29', '2024-12-30', '2026-11-22']) {
      const start = Temporal.PlainDate.from(begins);
      const whole = [...datesOf(ruleOf(text), start, last)].map(String);
      for (let day = start.subtract({ days: 40 }); Temporal.PlainDate.compare(day, last) < 0; day = day.add({ days: 37 })) {
        const since = day.toString();
        const some = [...datesOf(ruleOf(text), start, last, day)].map(String);
        expect(
          some.filter(date => date >= since),
          `${begins} ${since}`,
        ).toEqual(whole.filter(date => date >= since));
      }
    }
  });

  it('a daily window of twenty years ago still opens, the long one of yesterday too', () => {
    const rule = (minutes: number, repeat: string): WindowRule => ({
      timeZone: 'Pacific/Kiritimati',
      firstStart: '2004-01-01T23:00',
      length: { kind: 'exact', minutes },
      repeat,
      gap: 'shift-forward',
      overlap: 'first',
    });
    const [from, to] = ['2026-11-22T00:00:00.000Z', '2026-11-23T00:00:00.000Z'];
    expect(occurrences(rule(60, 'FREQ=DAILY'), from, to, 10).map(one => one.startsAt)).toEqual(['2026-11-22T09:00:00.000Z']);
    const week = occurrences(rule(7 * 1440, 'FREQ=DAILY'), from, to, 20).map(one => one.startsAt.slice(5, 10));
    expect(week).toEqual(['11-15', '11-16', '11-17', '11-18', '11-19', '11-20', '11-21', '11-22']);
  });
});
