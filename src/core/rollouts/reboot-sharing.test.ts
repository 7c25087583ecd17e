import { describe, expect, it } from 'vitest';
import { type OtherJobOnHost, rebootWaitsFor, SHARE_WAIT_MINUTES } from './reboot-sharing.ts';

const at = (minute: number) => new Date(Date.parse('2026-11-22T22:00:00.000Z') + minute * 60_000).toISOString();
const other = (more: Partial<OtherJobOnHost> = {}): OtherJobOnHost => ({
  rolloutName: 'nginx',
  state: 'queued',
  parked: false,
  notBefore: null,
  waitingOn: null,
  estimatedMinutes: 20,
  reboot: 'if-needed',
  rolloutState: 'running',
  ringState: 'running',
  windowStartsAt: at(0),
  windowEndsAt: at(120),
  ...more,
});
const OWN = { state: 'reboot-pending', since: at(5), windowEndsAt: at(120), profile: 'normal' } as const;
const waits = (more: Partial<OtherJobOnHost> = {}, minute = 10, ownEnd: string | null = at(120)) =>
  rebootWaitsFor({ ...OWN, windowEndsAt: ownEnd }, [other(more)], at(minute));

describe('one reboot for several rollouts', () => {
  it.each(['queued', 'offered', 'precheck', 'staging', 'staged', 'installing'] as const)('waits for one that is %s', state =>
    expect(waits({ state })).toBe('nginx'),
  );
  const alone: [string, Partial<OtherJobOnHost>][] = [
    ['has installed', { state: 'reboot-pending' }],
    ['has ended', { state: 'succeeded' }],
    ['is lost', { state: 'lost' }],
    ['never reboots', { reboot: 'never' }],
    ['is paused', { rolloutState: 'paused' }],
    ['has its ring closed', { ringState: 'pending' }],
    ['waits for a person', { parked: true }],
    ['backs off', { notBefore: at(11) }],
    ['is held by a freeze', { state: 'staged', waitingOn: 'freeze' }],
    ['is held by its group', { state: 'staged', waitingOn: 'availability' }],
    ['has a window that opens later', { windowStartsAt: at(11) }],
    ['does not fit what is left of its window', { windowEndsAt: at(29) }],
  ];
  it.each(alone)('does not wait for one that %s', (_, more) => expect(waits(more)).toBeNull());
  it('does not wait beyond its own window', () => {
    expect(waits({}, 10, at(30))).toBe('nginx');
    expect(waits({}, 10, at(29))).toBeNull();
    expect(waits({}, 10, null)).toBe('nginx');
  });
  it('waits for half an hour at most, but never reboots into a transaction', () => {
    expect(waits({}, 5 + SHARE_WAIT_MINUTES - 1)).toBe('nginx');
    expect(waits({}, 5 + SHARE_WAIT_MINUTES)).toBeNull();
    expect(waits({ state: 'installing', windowEndsAt: at(1), reboot: 'never' }, 500)).toBe('nginx');
  });
});
