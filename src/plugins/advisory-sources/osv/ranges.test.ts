import fc from 'fast-check';
import { expect, it } from 'vitest';
import { indexClaims } from '../../../core/advisories/claim-index.ts';
import { matchPackage } from '../../../core/findings/match.ts';
import { affectedByOsv, type OsvEvent } from '../../../core/versions/osv-ranges.testkit.ts';
import { semver } from '../../../core/versions/semver.ts';
import { claimsIn, readAll } from '../testkit.ts';
import { osv } from './index.ts';

it("the intervals made of events hold what OSV's own evaluation holds", () => {
  const version = fc.integer({ min: 1, max: 9 }).map(major => `${major}.0.0`);
  // A range starts somewhere and its events are distinct: two kinds at one version have no agreed order but for the introduction that is its own end.
  const events = fc
    .uniqueArray(fc.tuple(version, fc.constantFrom('introduced', 'fixed', 'last_affected')), {
      minLength: 1,
      maxLength: 6,
      selector: ([at]) => at,
    })
    .map(placed => placed.map(([at, kind]): OsvEvent => ({ [kind]: at })))
    .filter(one => one.some(event => event.introduced !== undefined));
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
    { numRuns: 300 },
  );
});
