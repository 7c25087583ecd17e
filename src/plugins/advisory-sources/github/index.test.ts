import { describe, expect, it } from 'vitest';
import { indexClaims } from '../../../core/advisories/claim-index.ts';
import { matchPackage } from '../../../core/findings/match.ts';
import { claimsIn, contractTests, quarantinedIn, readAll } from '../testkit.ts';
import { github } from './index.ts';

const ANSWER = [
  {
    ghsa_id: 'GHSA-aaaa-bbbb-cccc',
    cve_id: 'CVE-2026-0001',
    summary: 'x',
    severity: 'high',
    updated_at: '2026-01-01T00:00:00Z',
    withdrawn_at: null,
    vulnerabilities: [
      { package: { ecosystem: 'pip', name: 'Some_Package' }, vulnerable_version_range: '>= 1.0, < 1.2', first_patched_version: '1.2' },
      { package: { ecosystem: 'npm', name: 'left-pad' }, vulnerable_version_range: '<= 2.0.0', first_patched_version: null },
      { package: { ecosystem: 'npm', name: 'only' }, vulnerable_version_range: '= 1.3.0', first_patched_version: { identifier: '1.3.1' } },
    ],
  },
];
contractTests(github, { fileName: 'advisories.json', content: JSON.stringify(ANSWER, null, 2) });

describe('github', () => {
  const index = indexClaims(claimsIn(readAll(github, 'x', JSON.stringify(ANSWER))));
  const match = (release: string, name: string, version: string) =>
    matchPackage(index, { release, sourceName: name, sourceVersion: version, packageName: name, originTrusted: true }).map(
      found => `${found.vulnerabilityId} ${found.state} ${found.fixedVersion}`,
    );

  it('reads every comparator', () => {
    expect([match('PyPI', 'some-package', '0.9'), match('PyPI', 'some-package', '1.1'), match('PyPI', 'some-package', '1.2')]).toEqual([
      [],
      ['CVE-2026-0001 fixed 1.2'],
      [],
    ]);
    expect([match('npm', 'left-pad', '2.0.0'), match('npm', 'left-pad', '2.0.1')]).toEqual([['CVE-2026-0001 open null'], []]);
    expect([match('npm', 'only', '1.2.9'), match('npm', 'only', '1.3.0').length, match('npm', 'only', '1.3.1')]).toEqual([[], 1, []]);
  });

  it('means every range of a package, each of which is an entry by itself', () => {
    const entry = (range: string, patched: string) => ({
      package: { ecosystem: 'npm', name: 'twice' },
      vulnerable_version_range: range,
      first_patched_version: patched,
    });
    const twice = [{ ...ANSWER[0], vulnerabilities: [entry('< 1.2.0', '1.2.0'), entry('>= 2.0.0, < 2.3.0', '2.3.0')] }];
    const said = indexClaims(claimsIn(readAll(github, 'x', JSON.stringify(twice))));
    const fixFor = (sourceVersion: string) =>
      matchPackage(said, { release: 'npm', sourceName: 'twice', sourceVersion, packageName: 'twice', originTrusted: true }).map(
        found => found.fixedVersion,
      );
    expect(['1.1.0', '1.5.0', '2.1.0', '2.3.0'].map(fixFor)).toEqual([['1.2.0'], [], ['2.3.0'], []]);
  });

  it('puts aside withdrawn advisories and ranges that are none', () => {
    const odd = [
      { ...ANSWER[0], withdrawn_at: '2026-02-01T00:00:00Z' },
      { ...ANSWER[0], vulnerabilities: [{ package: { ecosystem: 'npm', name: 'x' }, vulnerable_version_range: 'all of them' }] },
    ];
    expect(quarantinedIn(readAll(github, 'x', JSON.stringify(odd))).map(item => item.reason)).toEqual([
      'GHSA-aaaa-bbbb-cccc was withdrawn on 2026-02-01T00:00:00Z',
      'all of them is not a version range',
    ]);
  });
});
