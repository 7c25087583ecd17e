import { describe, expect, it } from 'vitest';
import { indexClaims } from '../../../core/advisories/claim-index.ts';
import { matchPackage } from '../../../core/findings/match.ts';
import { claimsIn, contractTests, readAll } from '../testkit.ts';
import { almalinuxErrata } from './index.ts';

const LINES = [
  '{"id":"ALSA-2025:1","summary":"Important: openssl security update","published":"2025-01-01","modified":"2025-01-02","cves":["CVE-2025-0001"],"fixed":{"AlmaLinux:9":{"openssl":"1:3.2.2-6.el9_5.1","openssl-libs":"1:3.2.2-6.el9_5.1"}}}',
  '{"id":"ALSA-2025:2","summary":"Moderate: nodejs:20 security update","published":"2025-01-01","modified":"2025-01-02","cves":["CVE-2025-0002","CVE-2025-0003"],"fixed":{"AlmaLinux:9":{"nodejs":"1:20.18.2-1.module_el9.5.0+132+1"}}}',
  '{"id":"ALBA-2025:3","summary":"bash bug fix update","published":"2025-01-01","modified":"2025-01-02","cves":[],"fixed":{"AlmaLinux:9":{"bash":"5.1.8-9.el9"}}}',
  '',
].join('\n');
const RECORD = {
  id: 'ALSA-2025:16157',
  summary: 'Important: thunderbird security update',
  related: ['CVE-2025-10527', 'CVE-2025-10532'],
  published: '2025-09-18T00:00:00Z',
  modified: '2025-09-26T09:47:50Z',
  details: 'Mozilla Thunderbird',
  affected: [
    {
      package: { ecosystem: 'AlmaLinux:10', name: 'thunderbird' },
      ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }, { fixed: '140.3.0-1.el10_0.alma.1' }] }],
    },
  ],
};

contractTests(almalinuxErrata, { fileName: 'errata.jsonl', content: LINES });
contractTests(almalinuxErrata, { fileName: 'ALSA-2025:16157.json', content: JSON.stringify(RECORD, null, 2) });

describe('almalinux-errata', () => {
  const index = indexClaims(claimsIn(readAll(almalinuxErrata, 'x', LINES)));
  const match = (packageName: string, packageVersion: string, module: string | null = null) =>
    matchPackage(index, {
      release: 'almalinux:9',
      sourceName: packageName,
      sourceVersion: packageVersion,
      packageName,
      packageVersion,
      originTrusted: true,
      module,
    }).map(found => [found.vulnerabilityId, found.state]);

  it('a bug fix says nothing of a vulnerability', () => {
    expect(match('bash', '5.1.8-1.el9')).toEqual([]);
    expect(match('bash', '0:1-1')).toEqual([]);
  });

  it("epochs: stated ones are compared, an unknown one is the advisory's", () => {
    expect(match('openssl', '1:3.2.2-6.el9_5')).toEqual([['CVE-2025-0001', 'fixed']]);
    expect(match('openssl', '1:3.2.2-6.el9_5.1')).toEqual([]);
    expect(match('openssl', '3.2.2-6.el9_5.1')).toEqual([]);
    expect(match('openssl', '3.2.2-6.el9_5')).toEqual([['CVE-2025-0001', 'fixed']]);
    // Epoch 0, stated, is below epoch 1 whatever follows.
    expect(match('openssl', '0:9.9-1')).toEqual([['CVE-2025-0001', 'fixed']]);
  });

  it('modules: the same stream is compared, another is not, an unknown one needs module info', () => {
    const installed = '1:20.11.0-1.module_el9.4.0+99+1';
    expect(match('nodejs', installed, 'nodejs:20')).toEqual([
      ['CVE-2025-0002', 'fixed'],
      ['CVE-2025-0003', 'fixed'],
    ]);
    expect(match('nodejs', '1:18.20.0-1.module_el9.4.0+99+1', 'nodejs:18')).toEqual([]);
    expect(match('nodejs', '1:16.20.2-8.el9', '')).toEqual([]);
    expect(match('nodejs', installed)).toEqual([
      ['CVE-2025-0002', 'unknown'],
      ['CVE-2025-0003', 'unknown'],
    ]);
  });

  it("reads AlmaLinux's OSV records: related CVEs are what the notice fixes", () => {
    expect(
      claimsIn(readAll(almalinuxErrata, 'x', JSON.stringify(RECORD))).map(claim => [
        claim.vulnerabilityId,
        claim.advisoryId,
        claim.severity,
        claim.fixedVersion,
      ]),
    ).toEqual([
      ['CVE-2025-10527', 'ALSA-2025:16157', 'important', '140.3.0-1.el10_0.alma.1'],
      ['CVE-2025-10532', 'ALSA-2025:16157', 'important', '140.3.0-1.el10_0.alma.1'],
    ]);
  });
});
