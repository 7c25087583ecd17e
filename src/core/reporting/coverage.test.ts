import { describe, expect, it } from 'vitest';
import { type CoveredHost, coverageOf } from './coverage.ts';

const patched: CoveredHost = { isCurrent: true, candidatesKnown: true, securityPatches: 0, restartPending: false, rebootPending: false };

describe('coverageOf', () => {
  it('keeps every host in the denominator and tells why it does not count', () => {
    const hosts = [
      patched,
      { ...patched, isCurrent: false },
      { ...patched, isCurrent: false, securityPatches: 4 },
      { ...patched, securityPatches: 1, rebootPending: true },
      { ...patched, restartPending: true },
      { ...patched, candidatesKnown: false },
    ];
    expect(coverageOf(hosts)).toEqual({
      patchedHosts: 1,
      ofHosts: 6,
      note: 'Not counted as patched: 2 without a current inventory, 1 whose package manager could not be asked, 1 with security updates missing, 1 with a restart or reboot pending.',
    });
  });
  it('has no note when all are patched, and no percentage of nothing', () => {
    expect(coverageOf([patched, patched])).toEqual({ patchedHosts: 2, ofHosts: 2, note: '' });
    expect(coverageOf([])).toEqual({ patchedHosts: 0, ofHosts: 0, note: '' });
  });
});
