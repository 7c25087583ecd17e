import { describe, expect, it } from 'vitest';
import { DAY_MS, toInstant } from '../kernel/instants.ts';
import { backfilledChanges } from './backfill.ts';
import type { PackageChange } from './snapshot.ts';

const NOW = Date.parse('2026-11-22T00:00:00Z');
const change = (at: number, action: PackageChange['action'], name: string): PackageChange => ({
  at: toInstant(at),
  action,
  name,
  arch: 'amd64',
  fromVersion: action === 'install' ? null : '1',
  toVersion: action === 'remove' ? null : '2',
  commandLine: null,
  requestedBy: null,
});
const installation = (start: number, count: number) =>
  Array.from({ length: count }, (_, index) => change(start + index * 1_000, 'install', `p${index}`));

describe('history from a host’s own logs', () => {
  it('leaves out the packages of the first installation and keeps what it upgraded', () => {
    const start = NOW - 100 * DAY_MS;
    const kept = backfilledChanges(
      [...installation(start, 300), change(start + 400_000, 'upgrade', 'p7'), change(start + DAY_MS, 'install', 'nginx')],
      toInstant(NOW),
      toInstant(NOW),
    );
    expect(kept.map(row => [row.action, row.name])).toEqual([
      ['upgrade', 'p7'],
      ['install', 'nginx'],
    ]);
  });

  it('keeps a small first run: the log was rotated, the installation is long past', () => {
    expect(backfilledChanges(installation(NOW - 100 * DAY_MS, 20), toInstant(NOW), toInstant(NOW))).toHaveLength(20);
  });

  it('keeps a large run on a host that is known: somebody installed a desktop', () => {
    const enrolledAt = toInstant(NOW - 200 * DAY_MS);
    expect(backfilledChanges(installation(NOW - 100 * DAY_MS, 300), toInstant(NOW), enrolledAt)).toHaveLength(300);
  });

  it('leaves out days that cannot be and changes that change nothing', () => {
    const same = { ...change(NOW - DAY_MS, 'upgrade', 'a'), fromVersion: '2' };
    expect(
      backfilledChanges(
        [change(0, 'upgrade', 'a'), change(NOW + 3 * DAY_MS, 'upgrade', 'a'), same, change(NOW - DAY_MS, 'remove', 'a')],
        toInstant(NOW),
        toInstant(NOW),
      ).map(row => row.action),
    ).toEqual(['remove']);
  });
});
