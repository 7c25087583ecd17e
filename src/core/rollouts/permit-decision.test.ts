import { describe, expect, it } from 'vitest';
import { decidePermit, type PermitFacts } from './permit-decision.ts';

const NOW = '2026-11-22T12:00:00.000Z';
const GOOD: PermitFacts = {
  now: NOW,
  phase: 'apply',
  rollout: {
    state: 'running',
    planHash: 'h',
    windowStartsAt: '2026-11-22T11:00:00.000Z',
    windowEndsAt: '2026-11-22T13:00:00.000Z',
    reboot: 'if-needed',
  },
  change: { state: 'implementing', planHash: 'h', expiresAt: '2026-11-23T12:00:00.000Z' },
  ring: { state: 'running', concurrency: 2 },
  disrupting: { ring: 1, global: 49 },
  globalConcurrencyMax: 50,
  killSwitch: false,
  freezes: [],
  groups: [],
  job: { state: 'staged', attempt: 2, cancelRequested: false, estimatedMinutes: 30, planNotAfter: '2026-11-22T13:00:00.000Z' },
  askedAttempt: 2,
  otherActiveJobOnHost: false,
};
const refusal = (more: Partial<PermitFacts>) => {
  const decision = decidePermit({ ...GOOD, ...more });
  return decision.granted ? 'granted' : decision.code;
};

describe('the permit decision', () => {
  it('is granted for five minutes when every fact allows it', () => {
    expect(decidePermit(GOOD)).toEqual({ granted: true, expiresAt: '2026-11-22T12:05:00.000Z' });
  });

  const { rollout, change, ring, job } = GOOD;
  it.each([
    ['stale-attempt', { askedAttempt: 1 }],
    ['cancelled', { job: { ...job, cancelRequested: true } }],
    ['cancelled', { job: { ...job, state: 'cancelled' } }],
    ['wrong-state', { job: { ...job, state: 'verifying' } }],
    ['wrong-state', { job: { ...job, state: 'succeeded' } }],
    ['ended', { rollout: { ...rollout, state: 'halting' } }],
    ['ended', { rollout: { ...rollout, state: 'completed' } }],
    ['approval-void', { change: null }],
    ['approval-void', { change: { ...change!, planHash: 'other' } }],
    ['approval-void', { change: { ...change!, expiresAt: NOW } }],
    ['approval-void', { change: { ...change!, state: 'cancelled' } }],
    ['plan-expired', { job: { ...job, planNotAfter: NOW } }],
    ['kill-switch', { killSwitch: true }],
    ['freeze', { freezes: [{ name: 'quarter end', kind: 'hard', endsAt: '2026-11-30T00:00:00.000Z' }] }],
    ['availability', { groups: [{ name: 'db pair', available: 0, minAvailable: 1 }] }],
    ['freeze', { freezes: [{ name: 'sales', kind: 'soft', endsAt: '2026-11-30T00:00:00.000Z' }] }],
    ['hold', { holds: [{ name: 'db driver', endsAt: '2026-11-30T00:00:00.000Z' }] }],
    ['retracted', { retracted: ['openssl 2'] }],
    ['forensic', { job: { ...job, forensicNeeded: true } }],
    ['window-too-short', { rollout: { ...rollout, cutoffMinutes: 31 } }],
    ['rollout-slot', { rollout: { ...rollout, concurrencyMax: 3 }, disrupting: { ring: 1, global: 3, rollout: 3 } }],
    ['paused', { rollout: { ...rollout, state: 'paused' } }],
    ['ring-stopped', { ring: { ...ring, state: 'failed' } }],
    ['ring-not-open', { ring: { ...ring, state: 'pending' } }],
    ['host-lock', { otherActiveJobOnHost: true }],
    ['window-not-open', { rollout: { ...rollout, windowStartsAt: '2026-11-22T12:00:00.001Z' } }],
    ['window-over', { rollout: { ...rollout, windowEndsAt: NOW } }],
    ['window-too-short', { rollout: { ...rollout, windowEndsAt: '2026-11-22T12:29:59.999Z' } }],
    ['ring-slot', { disrupting: { ring: 2, global: 2 } }],
    ['site-slot', { site: { name: 'fra', disrupting: 4, concurrencyMax: 4 } }],
    ['global-slot', { disrupting: { ring: 1, global: 50 } }],
  ] as const satisfies readonly (readonly [string, Partial<PermitFacts>])[])('is refused: %s', (code, facts) => {
    expect(refusal(facts)).toBe(code);
  });

  it('an emergency passes a soft freeze and no hard one', () => {
    const emergency = { ...rollout, profile: 'emergency' as const };
    const endsAt = '2026-11-30T00:00:00.000Z';
    expect(refusal({ rollout: emergency, freezes: [{ name: 'sales', kind: 'soft', endsAt }] })).toBe('granted');
    expect(refusal({ rollout: emergency, freezes: [{ name: 'move', kind: 'hard', endsAt }] })).toBe('freeze');
  });

  it('the cutoff, holds and evidence stop a change, not the reboot that ends one', () => {
    const reboot: Partial<PermitFacts> = { phase: 'reboot', job: { ...job, state: 'reboot-pending', forensicNeeded: true } };
    expect(refusal({ ...reboot, rollout: { ...rollout, cutoffMinutes: 55 }, retracted: ['x'], holds: [{ name: 'h', endsAt: NOW }] })).toBe(
      'granted',
    );
  });

  it('lets a host start that just fits: the window is half-open', () => {
    expect(refusal({ rollout: { ...rollout, windowEndsAt: '2026-11-22T12:30:00.000Z' } })).toBe('granted');
    expect(refusal({ rollout: { ...rollout, windowStartsAt: NOW } })).toBe('granted');
  });

  it('a reboot-only freeze lets packages change, and a group that stays whole lets its member go', () => {
    expect(refusal({ freezes: [{ name: 'night shift', kind: 'reboot-only', endsAt: '2026-11-30T00:00:00.000Z' }] })).toBe('granted');
    expect(refusal({ groups: [{ name: 'web', available: 2, minAvailable: 2 }] })).toBe('granted');
  });

  it('names the freeze that lasts longest, and when it ends', () => {
    const decision = decidePermit({
      ...GOOD,
      freezes: [
        { name: 'a', kind: 'hard', endsAt: '2026-11-23T00:00:00.000Z' },
        { name: 'b', kind: 'hard', endsAt: '2026-11-25T00:00:00.000Z' },
      ],
    });
    expect(decision).toMatchObject({ code: 'freeze', changesAt: '2026-11-25T00:00:00.000Z', final: false });
  });

  describe('for the reboot', () => {
    const reboot: Partial<PermitFacts> = { phase: 'reboot', job: { ...job, state: 'reboot-pending' } };
    it('keeps the slot, so full caps and a stopped ring do not leave the host half way', () => {
      expect(refusal({ ...reboot, disrupting: { ring: 9, global: 99 }, ring: { ...ring, state: 'failed' } })).toBe('granted');
      expect(refusal({ ...reboot, rollout: { ...rollout, state: 'halting' } })).toBe('granted');
    });
    it('needs the policy, the window with its reserve, and nobody who said stop', () => {
      expect(refusal({ ...reboot, rollout: { ...rollout, reboot: 'never' } })).toBe('reboot-not-allowed');
      expect(refusal({ ...reboot, rollout: { ...rollout, windowEndsAt: '2026-11-22T12:09:00.000Z' } })).toBe('window-too-short');
      expect(refusal({ ...reboot, rollout: { ...rollout, state: 'paused' } })).toBe('paused');
      expect(refusal({ ...reboot, killSwitch: true })).toBe('kill-switch');
      expect(refusal({ ...reboot, freezes: [{ name: 'night shift', kind: 'reboot-only', endsAt: '2026-11-30T00:00:00.000Z' }] })).toBe(
        'freeze',
      );
      expect(refusal({ ...reboot, groups: [{ name: 'db pair', available: 0, minAvailable: 1 }] })).toBe('availability');
      expect(refusal({ ...reboot, job: { ...job, state: 'staged' } })).toBe('wrong-state');
    });
  });
});
