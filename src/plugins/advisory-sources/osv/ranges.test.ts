import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { indexClaims } from '../../../core/advisories/claim-index.ts';
import { matchPackage } from '../../../core/findings/match.ts';
import { affectedByOsv, type OsvEvent } from '../../../core/versions/osv-ranges.testkit.ts';
import { semver } from '../../../core/versions/semver.ts';
import { claimsIn, quarantinedIn, readAll } from '../testkit.ts';
import { osv } from './index.ts';

it("the intervals made of events hold what OSV's own evaluation holds", () => {
  const version = fc.integer({ min: 1, max: 9 }).map(major => `${major}.0.0`);
  // A range starts somewhere and its events are distinct: two kinds at one version have no agreed order but for the introduction that is its own end.
  const limits = fc.array(fc.oneof(version, fc.constantFrom('*', '5.*')), { maxLength: 2 });
  const placed = fc
    .uniqueArray(fc.tuple(version, fc.constantFrom('introduced', 'fixed', 'last_affected')), {
      minLength: 1,
      maxLength: 6,
      selector: ([at]) => at,
    })
    .map(placed => placed.map(([at, kind]): OsvEvent => ({ [kind]: at })))
    .filter(one => one.some(event => event.introduced !== undefined));
  const events = fc.tuple(placed, limits).map(([list, ends]) => [...ends.map((limit): OsvEvent => ({ limit })), ...list]);
  fc.assert(
    fc.property(
      fc.array(events, { minLength: 1, maxLength: 3 }),
      fc.subarray(['3.0.0', '5.0.0']),
      fc.boolean(),
      (ranges, versions, isApart) => {
        const affected = { ranges: ranges.map(list => ({ type: 'SEMVER', events: list })), versions };
        const record = {
          id: 'GHSA-2222-3333-4444',
          aliases: ['CVE-2026-0001'],
          modified: '2026-01-01T00:00:00Z',
          // GitHub's records have an entry for each range.
          affected: (isApart ? [...affected.ranges.map(range => ({ ranges: [range] })), { versions }] : [affected]).map(one => ({
            package: { ecosystem: 'npm', name: 'acme' },
            ...one,
          })),
        };
        const index = indexClaims(claimsIn(readAll(osv, 'x.json', JSON.stringify(record))));
        for (let major = 0; major <= 10; major++) {
          const sourceVersion = `${major}.0.0`;
          const found = matchPackage(index, {
            release: 'npm',
            sourceName: 'acme',
            sourceVersion,
            packageName: 'acme',
            originTrusted: true,
          });
          expect([sourceVersion, found.length > 0 ? 'yes' : 'no']).toEqual([
            sourceVersion,
            affectedByOsv(semver, sourceVersion, affected, null).inside,
          ]);
        }
      },
    ),
    { numRuns: 1000 },
  );
});

describe('limits', () => {
  const found = (ecosystem: string, version: string, ...events: readonly OsvEvent[]) => {
    const record = {
      id: 'GHSA-2222-3333-4444',
      modified: '2026-01-01T00:00:00Z',
      affected: [{ package: { ecosystem, name: 'acme' }, ranges: [{ type: 'ECOSYSTEM', events }] }],
    };
    const items = readAll(osv, 'x.json', JSON.stringify(record));
    const release = claimsIn(items)[0]?.release ?? '';
    const matches = matchPackage(indexClaims(claimsIn(items)), {
      release,
      sourceName: 'acme',
      sourceVersion: version,
      packageName: 'acme',
      originTrusted: true,
    });
    return matches.map(match => `${match.state} ${match.fixedVersion}`);
  };

  it.each([
    ['1.9', ['open null']],
    ['2.0rc1', ['open null']],
    ['2.0', []],
    ['3.0', []],
  ])('end a range, and are no fix: %s', (version, states) => {
    expect(found('PyPI', version, { introduced: '0' }, { limit: '2.0' })).toEqual(states);
    // Any limit is enough.
    expect(found('PyPI', version, { limit: '1.0' }, { introduced: '0' }, { limit: '2.0' })).toEqual(states);
  });

  it.each(['*', '2.*'])('%s ends nothing', limit => {
    expect(found('PyPI', '9', { introduced: '0' }, { limit }, { limit: '2.0' })).toEqual(['open null']);
  });

  it("leave the fix what it is, and are asked of a distribution's releases too", () => {
    expect(found('PyPI', '1.0', { introduced: '0' }, { fixed: '3.0' }, { limit: '2.0' })).toEqual(['fixed 3.0']);
    expect(found('PyPI', '2.5', { introduced: '0' }, { fixed: '3.0' }, { limit: '2.0' })).toEqual([]);
    expect(found('Debian:12', '1-1', { introduced: '0' }, { fixed: '3-1' }, { limit: '2-1' })).toEqual(['fixed 3-1']);
    expect(found('Debian:12', '2-1', { introduced: '0' }, { fixed: '3-1' }, { limit: '2-1' })).toEqual([]);
  });

  it('that have no place in the order put the record aside', () => {
    const record = (limit: string) => ({
      id: 'GHSA-2222-3333-4444',
      modified: '2026-01-01T00:00:00Z',
      affected: [{ package: { ecosystem: 'npm', name: 'acme' }, ranges: [{ type: 'SEMVER', events: [{ introduced: '0' }, { limit }] }] }],
    });
    expect(readAll(osv, 'x.json', JSON.stringify(record('soon')))).toMatchObject([
      { kind: 'quarantined', reason: expect.stringContaining('version soon cannot be ordered') },
    ]);
  });
});

it.each([
  ['affected is not a list', { affected: { package: { ecosystem: 'npm', name: 'acme' } } }],
  [
    'fixed is not text',
    {
      affected: [
        { package: { ecosystem: 'npm', name: 'acme' }, ranges: [{ type: 'SEMVER', events: [{ introduced: '0' }, { fixed: 2 }] }] },
      ],
    },
  ],
])('says of a record that it cannot be followed: %s', (reason, more) => {
  const items = readAll(
    osv,
    'x.json',
    JSON.stringify({ schema_version: '1.7.0', id: 'GHSA-2222-3333-4444', modified: '2026-01-01T00:00:00Z', ...more }),
  );
  expect(claimsIn(items)).toEqual([]);
  expect(quarantinedIn(items)).toMatchObject([{ reason }]);
});

it("knows the vulnerabilities of a notice also by the distribution's records of them", () => {
  const notice = {
    id: 'USN-1-1',
    schema_version: '1.7.0',
    modified: '2026-01-01T00:00:00Z',
    upstream: ['UBUNTU-CVE-2026-1001', 'CVE-2026-1002', 'UBUNTU-CVE-2026-1002'],
    affected: [
      {
        package: { ecosystem: 'Ubuntu:22.04:LTS', name: 'x' },
        ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }, { fixed: '1-1' }] }],
      },
    ],
  };
  expect(claimsIn(readAll(osv, 'x.json', JSON.stringify(notice))).map(claim => [claim.vulnerabilityId, claim.advisoryId])).toEqual([
    ['CVE-2026-1001', 'USN-1-1'],
    ['CVE-2026-1002', 'USN-1-1'],
  ]);
});
