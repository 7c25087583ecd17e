import { describe, expect, it } from 'vitest';
import { indexClaims } from '../../../core/advisories/claim-index.ts';
import { matchPackage } from '../../../core/findings/match.ts';
import { claimsIn, contractTests, quarantinedIn, readAll } from '../testkit.ts';
import { osv } from './index.ts';

/** Shapes of go.dev/vuln, PyPA and Debian records. */
const GO = {
  schema_version: '1.3.1',
  id: 'GO-2020-0001',
  modified: '0001-01-01T00:00:00Z',
  published: '2021-04-14T20:04:52Z',
  aliases: ['CVE-2020-36567', 'GHSA-6vm3-jj99-7229'],
  summary: 'Log injection',
  affected: [
    {
      package: { name: 'github.com/gin-gonic/gin', ecosystem: 'Go' },
      ranges: [{ type: 'SEMVER', events: [{ introduced: '0' }, { fixed: '1.6.0' }] }],
    },
  ],
};
const PYPI = {
  id: 'PYSEC-2021-335',
  modified: '2021-09-26T23:31:32Z',
  published: '2021-07-30T22:15:00Z',
  aliases: ['CVE-2021-32807'],
  details: 'The module AccessControl',
  affected: [
    {
      package: { name: 'AccessControl', ecosystem: 'PyPI', purl: 'pkg:pypi/accesscontrol' },
      versions: ['4.0', '4.1', '4.2', '5.0', '5.1', '2.13.legacy'],
      ranges: [
        { type: 'GIT', repo: 'https://x', events: [{ introduced: '0' }, { fixed: 'b42d' }] },
        { type: 'ECOSYSTEM', events: [{ fixed: '5.2' }, { introduced: '5.0' }, { introduced: '4.0' }, { fixed: '4.3' }] },
      ],
    },
  ],
};
const DEBIAN = {
  id: 'DSA-5417-1',
  modified: '2023-05-31T00:00:00Z',
  summary: 'openssl - security update',
  upstream: ['CVE-2023-0464', 'CVE-2023-2650'],
  affected: [
    {
      package: { name: 'openssl', ecosystem: 'Debian:11' },
      ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }, { fixed: '1.1.1n-0+deb11u5' }] }],
      ecosystem_specific: { urgency: 'not yet assigned' },
    },
  ],
};
const lines = (...records: readonly object[]) => records.map(record => `${JSON.stringify(record)}\n`).join('');

contractTests(osv, { fileName: 'go.jsonl', content: lines(GO, PYPI, DEBIAN) });
contractTests(osv, { fileName: 'DSA-5417-1.json', content: JSON.stringify(DEBIAN, null, 2) });
contractTests(osv, { fileName: 'all.json', content: JSON.stringify([GO, PYPI]) });

describe('osv', () => {
  const claims = claimsIn(readAll(osv, 'x', lines(GO, PYPI, DEBIAN)));
  const index = indexClaims(claims);
  const match = (release: string, name: string, version: string) =>
    matchPackage(index, { release, sourceName: name, sourceVersion: version, packageName: name, originTrusted: true }).map(found => [
      found.vulnerabilityId,
      found.fixedVersion,
    ]);

  it('keeps aliases, and shows the CVE', () => {
    expect(match('Go', 'github.com/gin-gonic/gin', '1.5.0')).toEqual([['CVE-2020-36567', '1.6.0']]);
    expect(match('Go', 'github.com/gin-gonic/gin', '1.6.0')).toEqual([]);
    expect(claims[0]!.aliases).toEqual(['CVE-2020-36567', 'GHSA-6vm3-jj99-7229']);
    expect(claims[0]!.statedOn).toBe('2021-04-14');
  });

  it.each([
    ['3.9', null],
    ['4.0', '4.3'],
    ['4.2.9', '4.3'],
    ['4.3', null],
    ['4.9', null],
    ['5.1', '5.2'],
    ['5.2', null],
  ])('ranges in any order, each with its own fix: %s -> %s', (version, fixed) => {
    expect(match('PyPI', 'accesscontrol', version)).toEqual(fixed === null ? [] : [['CVE-2021-32807', fixed]]);
  });

  it('a listed version is affected although no range can place it', () => {
    expect(match('PyPI', 'accesscontrol', '2.13.legacy')).toMatchObject([['CVE-2021-32807', '5.2']]);
  });

  it('a notice names several vulnerabilities of one release', () => {
    expect(
      claims
        .filter(claim => claim.release === 'debian:11')
        .map(claim => [claim.vulnerabilityId, claim.advisoryId, claim.fixedVersion, claim.affected]),
    ).toEqual([
      ['CVE-2023-0464', 'DSA-5417-1', '1.1.1n-0+deb11u5', undefined],
      ['CVE-2023-2650', 'DSA-5417-1', '1.1.1n-0+deb11u5', undefined],
    ]);
  });

  it('puts aside withdrawn records and unreadable versions; passes over malicious packages and ecosystems that are not matched', () => {
    const items = readAll(
      osv,
      'x',
      lines(
        { ...GO, withdrawn: '2022-01-01T00:00:00Z' },
        {
          ...DEBIAN,
          id: 'DSA-1-1',
          affected: [
            {
              package: { name: 'x', ecosystem: 'Debian:11' },
              ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '1' }, { fixed: '1 2' }] }],
            },
          ],
        },
        { ...GO, id: 'MAL-2024-1' },
        { ...GO, id: 'ASB-A-1', affected: [{ package: { name: 'x', ecosystem: 'Android' } }] },
      ),
    );
    expect(claimsIn(items)).toEqual([]);
    expect(quarantinedIn(items).map(item => item.reason)).toEqual([
      'GO-2020-0001 was withdrawn on 2022-01-01T00:00:00Z',
      expect.stringContaining('cannot be ordered'),
    ]);
  });

  it('no fix is open, from its introduction on', () => {
    const open = indexClaims(
      claimsIn(
        readAll(
          osv,
          'x',
          lines({
            ...GO,
            affected: [{ package: { name: 'x', ecosystem: 'Go' }, ranges: [{ type: 'SEMVER', events: [{ introduced: '1.2.0' }] }] }],
          }),
        ),
      ),
    );
    const states = (version: string) =>
      matchPackage(open, { release: 'Go', sourceName: 'x', sourceVersion: version, packageName: 'x', originTrusted: true }).map(
        found => found.state,
      );
    expect([states('1.1.9'), states('1.2.0'), states('v2.0.0')]).toEqual([[], ['open'], ['open']]);
  });
});
