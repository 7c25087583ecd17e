import { describe, expect, it } from 'vitest';
import { changesAt, endedBy, type WaitTimes } from './wait-changes.ts';
import { WAITING_ON, type WaitingOn } from './waiting.ts';

const at = (hour: number) => `2026-11-22T${String(hour).padStart(2, '0')}:00:00.000Z`;
const TIMES: WaitTimes = {
  now: at(12),
  stateEndsAt: at(13),
  windowStartsAt: at(14),
  windowEndsAt: at(15),
  nextOpeningAt: at(16),
  approvalEndsAt: at(17),
  freezeEndsAt: at(18),
  holdEndsAt: at(19),
  soakEndsAt: at(20),
  notBefore: at(21),
};
const PERSON = null;
const NEVER = null;
const again = (seconds: number) => new Date(Date.parse(at(12)) + seconds * 1000).toISOString();

/** Every reason of the closed list with the instant at which it can change by itself. */
const EXPECTED: Readonly<Record<WaitingOn, string | null>> = {
  submission: PERSON,
  rehearsal: at(13),
  'approval-request': at(13),
  approval: at(13),
  start: at(17),
  'window-not-open': at(14),
  'window-too-short': at(16),
  'window-over': at(16),
  freeze: at(18),
  hold: at(19),
  retracted: PERSON,
  forensic: PERSON,
  availability: again(30),
  'kill-switch': PERSON,
  paused: at(13),
  ended: NEVER,
  'ring-not-open': at(20),
  'ring-stopped': PERSON,
  soak: at(20),
  'gate-decision': PERSON,
  'ring-slot': again(5),
  'rollout-slot': again(5),
  'site-slot': again(10),
  'global-slot': again(10),
  'host-lock': again(30),
  'reboot-shared': again(15),
  host: at(13),
  'host-offline': at(21),
  'host-working': at(13),
  'host-lost': at(13),
  'back-off': at(21),
  infrastructure: PERSON,
  'host-not-ready': PERSON,
  draining: at(13),
  cancelled: NEVER,
  'stale-attempt': NEVER,
  'wrong-state': NEVER,
  'plan-expired': again(15),
  'approval-void': PERSON,
  'reboot-not-allowed': NEVER,
};

describe('when a reason can change', () => {
  it.each(Object.keys(WAITING_ON) as WaitingOn[])('%s', code => {
    expect(changesAt(code, TIMES)).toBe(EXPECTED[code]);
    expect(endedBy(code) === 'time').toBe(EXPECTED[code] !== null);
  });
  it('a final reason ends by nobody, one that time ends is not final', () => {
    for (const code of Object.keys(WAITING_ON) as WaitingOn[])
      if (endedBy(code) === 'nobody') expect(WAITING_ON[code].final, code).toBe(true);
  });
  it('is never past, and unknown where nothing is known', () => {
    expect(changesAt('freeze', { ...TIMES, freezeEndsAt: at(11) })).toBe(again(60));
    expect(changesAt('window-over', { ...TIMES, nextOpeningAt: null })).toBeNull();
  });
});
