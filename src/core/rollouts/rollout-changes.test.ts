import { describe, expect, it } from 'vitest';
import { addMs, DAY_MS, MINUTE_MS } from '../kernel/instants.ts';
import { type RolloutFacts, stepOf } from './rollout-changes.ts';

const now = '2026-11-22T12:00:00.000Z';

describe('what the clock does to a rollout', () => {
  const scheduled: RolloutFacts = {
    now,
    state: 'scheduled',
    stateSince: now,
    isEmergency: false,
    windowStartsAt: now,
    windowEndsAt: addMs(now, 60 * MINUTE_MS),
    approvalExpiresAt: addMs(now, 120 * MINUTE_MS),
    killSwitch: false,
    retracted: false,
    openRehearsals: 0,
    wanting: 3,
  };

  it('starts an approved one when its window opens, and not while something speaks against it', () => {
    expect(stepOf(scheduled)).toEqual({ do: 'start' });
    expect(stepOf({ ...scheduled, windowStartsAt: addMs(now, 1) })).toEqual({ do: 'nothing' });
    expect(stepOf({ ...scheduled, killSwitch: true })).toEqual({ do: 'nothing' });
    expect(stepOf({ ...scheduled, retracted: true })).toEqual({ do: 'nothing' });
    expect(stepOf({ ...scheduled, windowStartsAt: null })).toEqual({ do: 'nothing' });
  });

  it('ends one that has never started when its time is over, retracted or not', () => {
    expect(stepOf({ ...scheduled, windowEndsAt: now, retracted: true })).toMatchObject({ do: 'expire' });
    expect(stepOf({ ...scheduled, approvalExpiresAt: now })).toMatchObject({ do: 'expire' });
  });

  it('halts what was paused for a week, and an emergency after a day', () => {
    const later = addMs(now, 60 * DAY_MS);
    const paused = { ...scheduled, state: 'paused' as const, windowEndsAt: later, approvalExpiresAt: later };
    const stepAfter = (days: number, isEmergency: boolean) => stepOf({ ...paused, isEmergency, now: addMs(now, days * DAY_MS) }).do;
    expect([stepAfter(0.9, false), stepAfter(6.9, false), stepAfter(7, false)]).toEqual(['recheck', 'recheck', 'halt']);
    expect([stepAfter(0.9, true), stepAfter(1, true)]).toEqual(['recheck', 'halt']);
  });
});
