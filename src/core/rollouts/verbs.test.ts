import { describe, expect, it } from 'vitest';
import { statesOf } from '../kernel/machine.ts';
import { explain } from './explain.ts';
import { ROLLOUT } from './rollout-states.ts';
import { type Actor, VERBS, type Verb, type VerbFacts, verbStates, whyNot } from './verbs.ts';
import { waiting } from './waiting.ts';

const FACTS: VerbFacts = {
  now: '2026-11-22T12:00:00.000Z',
  state: 'awaiting-approval',
  authorIds: ['per_ada'],
  windowStartsAt: null,
  killSwitch: false,
  approvalExpiresAt: null,
  stopped: null,
};
const ALL = new Set<string>(['rollout.plan', 'rollout.approve', 'rollout.operate']);
const grace: Actor = { personId: 'per_grace', permissions: ALL, viaToken: false, singlePerson: false };
const ada: Actor = { ...grace, personId: 'per_ada' };

describe('verbs', () => {
  it('are enabled, or disabled with a reason, in every state', () => {
    for (const state of statesOf(ROLLOUT))
      for (const { verb, enabled, disabledReason } of verbStates({ ...FACTS, state }, grace)) {
        expect(enabled, `${state} ${verb}`).toBe(disabledReason === null);
        if (!enabled) expect(disabledReason!.length).toBeGreaterThan(8);
      }
  });

  it('approval takes a second person who signed in', () => {
    expect(whyNot('approve', FACTS, grace)).toBeNull();
    expect(whyNot('approve', FACTS, ada)).toMatch(/somebody else/);
    expect(whyNot('approve', FACTS, { ...ada, singlePerson: true })).toBeNull();
    expect(whyNot('approve', FACTS, { ...grace, viaToken: true })).toMatch(/token/);
    expect(whyNot('approve', FACTS, { ...grace, permissions: new Set(['rollout.plan']) })).toMatch(/rollout\.approve/);
  });

  it('stopping needs no second person and no state of grace', () => {
    for (const verb of ['pause', 'halt'] satisfies Verb[])
      expect(whyNot(verb, { ...FACTS, state: 'running', killSwitch: true }, { ...ada, viaToken: true })).toBeNull();
    expect(VERBS.halt.permission).toBe('rollout.operate');
  });

  it('going on after a failed gate takes a second person, trying again does not', () => {
    const paused: VerbFacts = { ...FACTS, state: 'paused', stopped: { ring: 'canary', state: 'failed', canRetry: true } };
    expect(whyNot('resume', paused, ada)).toMatch(/override the gate/);
    expect(whyNot('resume', paused, grace)).toBeNull();
    expect(whyNot('resume', { ...paused, stopped: { ring: 'canary', state: 'gate-pending', canRetry: true } }, ada)).toBeNull();
    expect(whyNot('resume', { ...paused, stopped: { ring: 'canary', state: 'gate-pending', canRetry: false } }, ada)).toMatch(/override/);
    expect(whyNot('resume', { ...paused, killSwitch: true }, grace)).toMatch(/kill switch/);
    expect(whyNot('resume', { ...paused, approvalExpiresAt: paused.now }, grace)).toMatch(/approval has run out/);
  });

  it('starting waits for its window', () => {
    const scheduled: VerbFacts = { ...FACTS, state: 'scheduled' };
    expect(whyNot('start', scheduled, ada)).toBeNull();
    expect(whyNot('start', { ...scheduled, windowStartsAt: '2026-11-22T13:00:00.000Z' }, ada)).toMatch(/opens at 2026-11-22T13/);
    expect(whyNot('start', { ...scheduled, approvalExpiresAt: '2026-11-22T12:00:00.000Z' }, ada)).toMatch(/run out/);
  });
});

describe('explain', () => {
  const facts = {
    now: FACTS.now,
    stateSince: '2026-11-22T11:59:00.000Z',
    stateReason: null,
    windowStartsAt: null,
    windowEndsAt: null,
    killSwitch: { engaged: false, by: null, reason: null },
    pauseReasons: [],
    rehearsals: { asked: 4, answered: 3 },
    ring: null,
    jobs: [],
  };
  it('names a reason in every state that waits', () => {
    for (const state of ['draft', 'rehearsing', 'planned', 'awaiting-approval', 'scheduled', 'paused', 'halting'] as const)
      expect(explain({ ...facts, state }).length, state).toBeGreaterThan(0);
    expect(explain({ ...facts, state: 'completed' })).toEqual([]);
    expect(explain({ ...facts, state: 'rehearsing' })[0]).toEqual(
      waiting('rehearsal', '3 of 4 have answered; the others are predicted after 5 minutes.', '2026-11-22T12:04:00.000Z'),
    );
  });
  it('puts the kill switch first and names hosts', () => {
    const reasons = explain({
      ...facts,
      state: 'running',
      killSwitch: { engaged: true, by: 'ada', reason: 'incident' },
      jobs: [{ waitingOn: 'ring-slot', hosts: 3, sample: ['h1', 'h2'], changesAt: null }],
    });
    expect(reasons.map(one => one.code)).toEqual(['kill-switch', 'ring-slot']);
    expect(reasons[0]!.text).toContain('Engaged by ada: incident.');
    expect(reasons[1]!.text).toContain('3 hosts: h1, h2, ...');
  });
});
