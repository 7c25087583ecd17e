import { describe, expect, it } from 'vitest';
import { indexClaims } from '../../../core/advisories/claim-index.ts';
import { matchPackage } from '../../../core/findings/match.ts';
import { claimsIn, contractTests, quarantinedIn, readAll } from '../testkit.ts';
import { arch } from './index.ts';

const group = (name: string, status: string, more: object = {}) => ({
  name,
  packages: ['poppler', 'poppler-glib'],
  status,
  severity: 'High',
  type: 'arbitrary code execution',
  affected: '22.05.0-1',
  fixed: '22.08.0-2',
  ticket: null,
  issues: ['CVE-2022-1001', 'CVE-2022-1002'],
  advisories: ['ASA-202208-1'],
  ...more,
});
const GROUPS = [
  group('AVG-1', 'Fixed'),
  group('AVG-2', 'Vulnerable', { packages: ['djvulibre'], fixed: null, issues: ['CVE-2022-2'], severity: 'Unknown' }),
  group('AVG-3', 'Not affected', { packages: ['bash'], issues: ['CVE-2022-3'] }),
  group('AVG-4', 'Testing', { packages: ['curl'], issues: ['CVE-2022-4'] }),
];

contractTests(arch, { fileName: 'all.json', content: JSON.stringify(GROUPS, null, 2) });

describe('arch', () => {
  const claims = claimsIn(readAll(arch, 'all.json', JSON.stringify(GROUPS)));

  it('speaks of each package of a group and each of its issues', () => {
    expect(claims.map(claim => [claim.packageName, claim.vulnerabilityId, claim.state, claim.fixedVersion, claim.severity])).toEqual([
      ['poppler', 'CVE-2022-1001', 'fixed', '22.08.0-2', 'high'],
      ['poppler', 'CVE-2022-1002', 'fixed', '22.08.0-2', 'high'],
      ['poppler-glib', 'CVE-2022-1001', 'fixed', '22.08.0-2', 'high'],
      ['poppler-glib', 'CVE-2022-1002', 'fixed', '22.08.0-2', 'high'],
      ['djvulibre', 'CVE-2022-2', 'open', null, null],
      ['bash', 'CVE-2022-3', 'not-affected', '0', 'high'],
      ['curl', 'CVE-2022-4', 'open', null, 'high'],
    ]);
  });

  it('orders versions as pacman does', () => {
    const found = (version: string) =>
      matchPackage(indexClaims(claims), {
        release: 'arch',
        sourceName: 'poppler',
        sourceVersion: version,
        packageName: 'poppler',
        originTrusted: true,
      }).length;
    expect([found('22.08.0-1'), found('22.08.0-2'), found('1:1.0-1')]).toEqual([2, 0, 0]);
  });

  it('puts a group aside whose status it does not know', () => {
    const items = readAll(arch, 'x', JSON.stringify([group('AVG-9', 'Perhaps'), GROUPS[1]]));
    expect(quarantinedIn(items)).toMatchObject([{ reason: 'its status Perhaps is not known' }]);
    expect(claimsIn(items)).toHaveLength(1);
  });
});
