import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { claimsFromChangelog, claimsOfRebuild, entriesBetween, parseChangelog } from './index.ts';

const CHANGELOG = `openssl (3.0.22-1~deb12u2) bookworm-security; urgency=medium

  * CVE-2026-63072: a flaw
  * Cherry-pick the fix of CVE-2026-63074,
    and of CVE-2026-63076 as well.
  * Fix CVE-2026-75803, -75805 and CVE-2026-75806/77696.

 -- A Maintainer <a@example.org>  Sat, 05 Sep 2026 12:00:00 +0200

openssl (3.0.22-1~deb12u1) bookworm; urgency=medium

  [ Somebody ]
  * Rebuild for bookworm.
  * Revert the patch for CVE-2026-11111, it breaks TLS.

 -- A Maintainer <a@example.org>  Tue,  1 Sep 2026 08:00:00 +0000

openssl (3.0.22-1) unstable; urgency=high

  * Import 3.0.22
    - CVE-2026-54872 (Closes: #123)
    - CVE-2026-11111

 -- A Maintainer <a@example.org>  Mon, 31 Aug 2026 08:00:00 +0000

openssl (3.0.20-1~deb12u2) bookworm-security; urgency=medium

  * CVE-2026-00001

 -- A Maintainer <a@example.org>  Fri, 31 Jul 2026 08:00:00 +0000
`;

const question = { release: 'debian:12', installedVersion: '3.0.20-1~deb12u2', candidateVersion: '3.0.22-1~deb12u2', today: '2026-11-22' };

describe('parseChangelog', () => {
  it('reads version, suites, urgency, day and what an upload closes', () => {
    const [first, second] = parseChangelog(CHANGELOG);
    expect(first).toEqual({
      sourceName: 'openssl',
      version: '3.0.22-1~deb12u2',
      suites: ['bookworm-security'],
      urgency: 'medium',
      uploadedOn: '2026-09-05',
      closes: [
        'CVE-2026-63072',
        'CVE-2026-63074',
        'CVE-2026-63076',
        'CVE-2026-75803',
        'CVE-2026-75806',
        'CVE-2026-75805',
        'CVE-2026-77696',
      ],
      doubts: [],
    });
    expect(second).toMatchObject({ uploadedOn: '2026-09-01', closes: [], doubts: ['CVE-2026-11111'] });
  });

  it("passes over apt's own lines, a missing trailer and text that is no changelog", () => {
    expect(
      parseChangelog(`Get:1 https://metadata.ftp-master.debian.org openssl 3.0.22 Changelog [10 kB]\nFetched 10 kB in 0s\n${CHANGELOG}`),
    ).toHaveLength(4);
    expect(parseChangelog('a (1) sid; urgency=low\n  * CVE-2026-0001\nb (2) sid; urgency=low\n')).toMatchObject([
      { version: '1', closes: ['CVE-2026-0001'], uploadedOn: null },
      { version: '2' },
    ]);
    expect(parseChangelog('E: Failed to fetch the changelog')).toEqual([]);
  });

  it('takes no year, range or bug number for a vulnerability', () => {
    expect(
      parseChangelog('a (1) sid; urgency=low\n\n  * Fix CVE-2026-1234, 2026 copyright, closes: 1098765 and 12345.6789\n')[0]!.closes,
    ).toEqual(['CVE-2026-1234']);
  });
});

describe('claimsFromChangelog', () => {
  const claims = claimsFromChangelog(CHANGELOG, question);

  it("names the lowest version of the release's line that has the fix: unstable's entries arrived with the rebuild", () => {
    expect(claims.find(claim => claim.vulnerabilityId === 'CVE-2026-54872')).toMatchObject({
      source: 'changelog',
      release: 'debian:12',
      packageName: 'openssl',
      state: 'fixed',
      fixedVersion: '3.0.22-1~deb12u1',
      statedOn: '2026-08-31',
    });
    expect(claims.find(claim => claim.vulnerabilityId === 'CVE-2026-63072')).toMatchObject({ fixedVersion: '3.0.22-1~deb12u2' });
  });

  it('leaves out what the installed version has', () => {
    expect(claims.map(claim => claim.vulnerabilityId)).not.toContain('CVE-2026-00001');
    expect(claimsFromChangelog(CHANGELOG, { ...question, installedVersion: null }).map(claim => claim.vulnerabilityId)).toContain(
      'CVE-2026-00001',
    );
    const installedChangelog = 'openssl (3.0.20-1~deb12u2) bookworm-security; urgency=medium\n\n  * CVE-2026-54872 cherry-picked\n';
    expect(claimsFromChangelog(CHANGELOG, { ...question, installedChangelog }).map(claim => claim.vulnerabilityId)).not.toContain(
      'CVE-2026-54872',
    );
  });

  it('a later entry in doubt takes the earlier fix away; the fix that comes back counts', () => {
    // Newest first: u1 reverts what 3.0.22-1 fixed.
    expect(claims.map(claim => claim.vulnerabilityId)).not.toContain('CVE-2026-11111');
  });

  it('finds the branch point when the installed version has no entry of its own', () => {
    const entries = parseChangelog(
      'a (2-1~deb12u1) bookworm; urgency=low\n\na (2-1) unstable; urgency=low\n\na (1-1) unstable; urgency=low\n',
    );
    expect(entriesBetween(entries, '1-1~deb12u3', '2-1~deb12u1').map(entry => entry.version)).toEqual(['2-1~deb12u1', '2-1']);
    expect(entriesBetween(entries, '1-1', null).map(entry => entry.version)).toEqual(['2-1~deb12u1', '2-1']);
    expect(entriesBetween(entries, '1-1', '9-9')).toEqual([]);
  });
});

const REAL = '/usr/share/doc/libc6/changelog.Debian.gz';

describe.skipIf(!existsSync(REAL))('a changelog of this machine (skipped where libc6 has no changelog, as in slim images)', () => {
  it('reads every entry that its headers announce, newest first', () => {
    const text = gunzipSync(readFileSync(REAL)).toString('utf8');
    const headers = text.split('\n').filter(line => /^\S+ \(.*\) .*;/.test(line)).length;
    const entries = parseChangelog(text);
    expect(entries.length).toBe(headers);
    const installed = execFileSync('dpkg-query', ['-W', '-f', '${source:Version}\n', 'libc6'], { encoding: 'utf8' });
    expect(installed.split('\n')).toContain(entries[0]!.version);
  });
});

describe('claimsOfRebuild', () => {
  const ofOpenssl = (installedVersion: string, text = CHANGELOG) =>
    claimsOfRebuild(text, { release: 'debian:12', installedVersion, today: '2026-11-22' }).map(claim => [
      claim.vulnerabilityId,
      claim.fixedVersion,
    ]);

  it('has what the rebuilt version names, from the first rebuild on; what a rebuild took back it does not have', () => {
    expect(ofOpenssl('3.0.22-1~deb12u2')).toEqual([['CVE-2026-54872', '3.0.22-1~deb12u1']]);
    expect(ofOpenssl('3.0.22-1~deb12u1')).toEqual([['CVE-2026-54872', '3.0.22-1~deb12u1']]);
  });
  it('says nothing of what is no rebuild, or where the rebuilt version has no entry', () => {
    expect(ofOpenssl('3.0.22-1')).toEqual([]);
    expect(ofOpenssl('3.0.20-1~deb12u2')).toEqual([]);
    expect(ofOpenssl('3.0.99-1~deb12u1')).toEqual([]);
  });
});
