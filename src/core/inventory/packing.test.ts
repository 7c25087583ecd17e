import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { deb } from '../versions/deb.ts';
import { compareVersions } from '../versions/scheme.ts';
import { diffIds, transitionsOf } from './delta.ts';
import { type HistoryEntry, mergeHistory, packHistory, SAME_CHANGE_SECONDS, unpackHistory } from './history.ts';
import { packIds, unpackIds } from './id-set.ts';
import { packSince, unpackSince } from './since.ts';

const id = fc.integer({ min: 1, max: 2_147_483_647 });
const entry = fc.record({ atSeconds: fc.integer({ min: 0, max: 4_102_444_800 }), transitionId: id, causeId: id });

describe('packing', () => {
  it('gives back the sorted set', () => {
    fc.assert(
      fc.property(fc.array(id), ids => {
        expect(unpackIds(packIds(ids))).toEqual([...new Set(ids)].sort((a, b) => a - b));
      }),
    );
  });

  it('gives equal sets equal bytes, so that a set has one name', () => {
    fc.assert(
      fc.property(fc.array(id), ids => {
        expect(packIds([...ids, ...ids].reverse())).toEqual(packIds(ids));
      }),
    );
  });

  it('keeps 600 ids of a fleet with 10,000 versions below 900 bytes', () => {
    const ids = Array.from({ length: 600 }, (_, index) => 1 + index * 16 + (index % 7));
    expect(packIds(ids).length).toBeLessThan(900);
  });

  it('gives back since times and histories', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(id, fc.integer({ min: 0, max: 4_102_444_800 }))), pairs => {
        const since = new Map(pairs);
        expect(unpackSince(packSince(since))).toEqual(new Map([...since].sort(([a], [b]) => a - b)));
      }),
    );
    fc.assert(
      fc.property(fc.array(entry), entries => {
        expect(unpackHistory(packHistory(entries))).toEqual(
          entries.toSorted((a, b) => a.atSeconds - b.atSeconds || a.transitionId - b.transitionId || a.causeId - b.causeId),
        );
      }),
    );
  });

  it('refuses bytes that end in the middle of a number', () => {
    expect(() => unpackIds(Uint8Array.of(3, 0x80))).toThrow(RangeError);
  });
});

describe('deltas', () => {
  it('are what sets differ by', () => {
    const ids = fc.uniqueArray(fc.integer({ min: 1, max: 40 })).map(list => list.sort((a, b) => a - b));
    fc.assert(
      fc.property(ids, ids, (before, after) => {
        expect(diffIds(before, after)).toEqual({
          added: after.filter(x => !before.includes(x)),
          removed: before.filter(x => !after.includes(x)),
        });
      }),
    );
  });

  it('pair old and new versions by name and architecture', () => {
    const compare = (a: string, b: string) => compareVersions(deb, a, b);
    const before = [
      ['openssl', 'amd64', '3.0.15-1'],
      ['libc6', 'amd64', '2.36-9'],
      ['libc6', 'i386', '2.36-9'],
      ['vim', 'amd64', '2:9.0'],
    ].map(([name, arch, version]) => ({ name: name!, arch: arch!, version: version! }));
    const after = [
      ['openssl', 'amd64', '3.0.16-1'],
      ['libc6', 'amd64', '2.36-8'],
      ['libc6', 'i386', '2.36-9'],
      ['nginx', 'amd64', '1.22'],
    ].map(([name, arch, version]) => ({ name: name!, arch: arch!, version: version! }));
    expect(transitionsOf(before, after, compare)).toEqual([
      { action: 'upgrade', name: 'openssl', arch: 'amd64', fromVersion: '3.0.15-1', toVersion: '3.0.16-1' },
      { action: 'downgrade', name: 'libc6', arch: 'amd64', fromVersion: '2.36-9', toVersion: '2.36-8' },
      { action: 'install', name: 'nginx', arch: 'amd64', fromVersion: null, toVersion: '1.22' },
      { action: 'remove', name: 'vim', arch: 'amd64', fromVersion: '2:9.0', toVersion: null },
    ]);
  });
});

describe('histories', () => {
  const origin = (causeId: number) => (['observed', 'log', 'job'] as const)[causeId]!;
  const at = (atSeconds: number, causeId: number, transitionId = 7): HistoryEntry => ({ atSeconds, transitionId, causeId });

  it('keep a change once however often it is sent', () => {
    const anyEntry = fc.record({
      atSeconds: fc.integer({ min: 0, max: 100_000 }),
      transitionId: fc.integer({ min: 1, max: 3 }),
      causeId: fc.integer({ min: 0, max: 2 }),
    });
    fc.assert(
      fc.property(fc.array(anyEntry), entries => {
        const once = mergeHistory([], entries, origin);
        expect(mergeHistory(once, entries, origin)).toEqual(once);
        expect(mergeHistory(entries, once, origin)).toEqual(once);
      }),
    );
  });

  it('let the log line replace the observation that it explains, and only that', () => {
    expect(mergeHistory([at(10_000, 0)], [at(9_000, 1)], origin)).toEqual([at(9_000, 1)]);
    expect(mergeHistory([at(10_000, 0, 8)], [at(9_000, 1, 7)], origin)).toHaveLength(2);
    expect(mergeHistory([at(10_000 + SAME_CHANGE_SECONDS, 0)], [at(9_999, 1)], origin)).toHaveLength(2);
    expect(mergeHistory([at(10_000, 0), at(9_000, 1)], [at(9_001, 2)], origin)).toEqual([at(9_001, 2)]);
  });
});
