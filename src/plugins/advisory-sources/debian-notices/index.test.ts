import { describe, expect, it } from 'vitest';
import { claimsIn, contractTests, quarantinedIn, readAll } from '../testkit.ts';
import { debianNotices } from './index.ts';

const LINES = [
  '{"id":"DSA-136","date":"2002-07-30","pkg":"openssl","title":"multiple remote exploits","cves":["CVE-2002-0655","CVE-2002-0656"],"fixed":{"woody":{"openssl094":"0.9.4-6.woody.2","openssl":"0.9.6c-2.woody.1"}}}',
  '{"id":"DLA-732-3","date":"2016-12-12","pkg":"monit","title":"regression update","cves":[],"fixed":{"wheezy":{"monit":"1:5.4-2+deb7u3"}}}',
  '{"id":"DSA-177","date":"2002-10-17","pkg":"pam","title":"serious security violation","cves":["CVE-2002-1227"],"fixed":{"woody":{"pam":"<not-affected>"}}}',
  '',
].join('\n');

contractTests(debianNotices, { fileName: 'dsa.jsonl', content: LINES });

describe('debian-notices', () => {
  it('makes one claim for each vulnerability and package, and never calls the notice an alias of them', () => {
    const claims = claimsIn(readAll(debianNotices, 'x', LINES));
    expect(
      claims.map(claim => [claim.vulnerabilityId, claim.packageName, claim.release, claim.state, claim.fixedVersion, claim.advisoryId]),
    ).toEqual([
      ['CVE-2002-0655', 'openssl094', 'debian:3.0', 'fixed', '0.9.4-6.woody.2', 'DSA-136'],
      ['CVE-2002-0656', 'openssl094', 'debian:3.0', 'fixed', '0.9.4-6.woody.2', 'DSA-136'],
      ['CVE-2002-0655', 'openssl', 'debian:3.0', 'fixed', '0.9.6c-2.woody.1', 'DSA-136'],
      ['CVE-2002-0656', 'openssl', 'debian:3.0', 'fixed', '0.9.6c-2.woody.1', 'DSA-136'],
      ['DLA-732-3', 'monit', 'debian:7', 'fixed', '1:5.4-2+deb7u3', 'DLA-732-3'],
      ['CVE-2002-1227', 'pam', 'debian:3.0', 'not-affected', '0', 'DSA-177'],
    ]);
    expect(claims.every(claim => claim.aliases.length === 0)).toBe(true);
  });

  it('puts aside words that the tracker does not have', () => {
    expect(quarantinedIn(readAll(debianNotices, 'x', LINES.replace('<not-affected>', '<who-knows>')))).toMatchObject([
      { record: 'line 3 (DSA-177 pam)' },
    ]);
  });
});
