import { describe, expect, it } from 'vitest';
import { afterTuesday, RHYTHMS, type Rhythm, repeatOf, repeatWords, rhythmOf, tuesdayOffset } from './repeat.ts';

describe('how a window repeats', () => {
  it('reads back each rhythm that it writes', () => {
    for (const rhythm of Object.keys(RHYTHMS) as Rhythm[]) expect(rhythmOf(repeatOf(rhythm, '2026-11-26T02:00'))).toBe(rhythm);
  });

  it('takes the weekday of the first opening for every month', () => {
    expect(repeatOf('monthly', '2026-11-26T02:00')).toBe('FREQ=MONTHLY;BYDAY=4TH');
    expect(repeatOf('monthly', '2026-11-01T23:30')).toBe('FREQ=MONTHLY;BYDAY=1SU');
  });

  it('counts days from Patch Tuesday both ways', () => {
    for (const days of [-6, 0, 3, 20]) expect(tuesdayOffset(afterTuesday(days))).toBe(days);
    expect(repeatWords('PATCH-TUESDAY+3')).toBe('3 days after Patch Tuesday');
    expect(repeatWords('PATCH-TUESDAY')).toBe('on Patch Tuesday');
  });

  it('leaves a rule that it does not know as it is', () => {
    expect(rhythmOf('FREQ=MONTHLY;BYDAY=TU;BYSETPOS=-1')).toBe('rule');
    expect(repeatWords('FREQ=YEARLY')).toBe('by the rule FREQ=YEARLY');
  });

  it('says the usual rules in words', () => {
    expect(repeatWords('FREQ=DAILY')).toBe('every day');
    expect(repeatWords('FREQ=WEEKLY;INTERVAL=2;BYDAY=TH')).toBe('every two weeks on Thursday');
    expect(repeatWords('FREQ=WEEKLY;BYDAY=TU,TH')).toBe('every week on Tuesday and Thursday');
    expect(repeatWords('FREQ=MONTHLY;BYDAY=4TH')).toBe('every month on the fourth Thursday');
  });
});
