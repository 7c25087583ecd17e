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

/** As the security tracker's own data/DSA/list has it. */
const LIST = [
  '[20 Nov 2026] DSA-6500-1 openssl - security update',
  '\t{CVE-2026-1001 CVE-2026-1002}',
  '\t[bookworm] - openssl 3.0.22-1~deb12u2',
  '\t[trixie] - openssl 3.5.4-1~deb13u1',
  '\tNOTE: fixed with a delay',
  '[19 Nov 2026] DSA-6499-1 nginx',
  '\t[bookworm] - nginx <not-affected> (vulnerable code introduced later)',
  '',
].join('\n');

contractTests(debianNotices, { fileName: 'list', content: LIST });

describe('the list of the security tracker', () => {
  it('is read notice by notice', () => {
    expect(
      claimsIn(readAll(debianNotices, 'list', LIST)).map(claim =>
        [claim.vulnerabilityId, claim.packageName, claim.release, claim.state, claim.fixedVersion, claim.statedOn, claim.advisoryId].join(
          ' ',
        ),
      ),
    ).toEqual([
      'CVE-2026-1001 openssl debian:12 fixed 3.0.22-1~deb12u2 2026-11-20 DSA-6500-1',
      'CVE-2026-1002 openssl debian:12 fixed 3.0.22-1~deb12u2 2026-11-20 DSA-6500-1',
      'CVE-2026-1001 openssl debian:13 fixed 3.5.4-1~deb13u1 2026-11-20 DSA-6500-1',
      'CVE-2026-1002 openssl debian:13 fixed 3.5.4-1~deb13u1 2026-11-20 DSA-6500-1',
      'DSA-6499-1 nginx debian:12 not-affected 0 2026-11-19 DSA-6499-1',
    ]);
  });
  it('puts aside a line that is none, and a word that the tracker does not have, and keeps the others', () => {
    const items = readAll(debianNotices, 'list', LIST.replace('NOTE: fixed', 'who knows').replace('3.5.4-1~deb13u1', '<who-knows>'));
    expect(quarantinedIn(items).map(item => item.record)).toEqual(['line 5', 'line 1 (DSA-6500-1 openssl)']);
    expect(claimsIn(items)).toHaveLength(3);
  });
});

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
