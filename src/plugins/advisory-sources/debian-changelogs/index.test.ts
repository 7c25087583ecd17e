import { describe, expect, it } from 'vitest';
import { claimsIn, contractTests, quarantinedIn, readAll } from '../testkit.ts';
import { debianChangelogs } from './index.ts';

const LINES = [
  '{"cve":"CVE-2023-52168","src":"7zip","fixed":"22.01+dfsg-8+deb12u1","suite":"bookworm","date":"2024-10-18","also":["22.01+dfsg-8+deb12u2"]}',
  '{"cve":"CVE-2009-4411","src":"acl","fixed":"2.2.49-2","suite":"unstable","date":"2010-02-02"}',
  '',
].join('\n');

contractTests(debianChangelogs, { fileName: 'fixed.jsonl', content: LINES });

describe('debian-changelogs', () => {
  it('reads both kinds as "from this version on"', () => {
    expect(claimsIn(readAll(debianChangelogs, 'x', LINES))).toMatchObject([
      {
        vulnerabilityId: 'CVE-2023-52168',
        packageName: '7zip',
        release: 'debian:12',
        state: 'fixed',
        fixedVersion: '22.01+dfsg-8+deb12u1',
        statedOn: '2024-10-18',
        note: expect.stringContaining('again in 22.01+dfsg-8+deb12u2'),
      },
      { vulnerabilityId: 'CVE-2009-4411', fixedVersion: '2.2.49-2', note: expect.stringContaining('unstable') },
    ]);
  });

  it('drops a date of the future and keeps the claim', () => {
    const [claim] = claimsIn(readAll(debianChangelogs, 'x', LINES.replace('2024-10-18', '2099-01-01')));
    expect(claim).toMatchObject({ vulnerabilityId: 'CVE-2023-52168', statedOn: null });
  });

  it('puts aside lines that are no JSON, no record or no version, with their place', () => {
    const items = readAll(debianChangelogs, 'x', `nonsense\n[1]\n{"cve":"CVE-2024-0001","src":"a","fixed":"1 2","suite":"sid"}\n${LINES}`);
    expect(claimsIn(items)).toHaveLength(2);
    expect(quarantinedIn(items)).toEqual([
      { kind: 'quarantined', record: 'line 1', reason: 'the line is not JSON' },
      { kind: 'quarantined', record: 'line 2', reason: 'the record is not a JSON object' },
      { kind: 'quarantined', record: 'line 3 (CVE-2024-0001)', reason: expect.stringContaining('embedded spaces') },
    ]);
  });

  it('passes over packages that are not wanted', () => {
    expect(claimsIn(readAll(debianChangelogs, 'x', LINES, 10, { packages: new Set(['acl']) })).map(claim => claim.packageName)).toEqual([
      'acl',
    ]);
  });
});
