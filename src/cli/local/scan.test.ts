import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { deflateSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { be, EXPECTED, file, fixed, folder, makeFolder, NO_WORD, pairs, removeFolder, rowsOf, run, TABLE } from './scan.testkit.ts';
import type { ThisHost } from './scan-ports.ts';

beforeEach(makeFolder);
afterEach(removeFolder);

/** What a changelog of this machine says. */
const OWN = {
  source: 'changelog',
  vulnerabilityId: 'CVE-2026-90001',
  aliases: [],
  packageName: 'dpkg',
  state: 'fixed' as const,
  severity: null,
  statedOn: null,
  note: null,
};
/** `curl` is not affected, says somebody. */
const vexOf = (author: string) =>
  JSON.stringify({
    '@context': 'https://openvex.dev/ns/v0.2.0',
    '@id': 'https://example.org/vex/1',
    author,
    version: 1,
    timestamp: '2026-10-01T00:00:00Z',
    statements: [
      {
        vulnerability: { name: 'CVE-2026-63072' },
        products: [{ '@id': 'pkg:deb/debian/openssl?arch=source&distro=debian-12' }],
        status: 'not_affected',
        justification: 'vulnerable_code_not_in_execute_path',
      },
    ],
  });

describe('exploitability statements', () => {
  it('hide nothing as long as their author is not trusted, and that is said', async () => {
    file('feeds/vex.json', vexOf('Example Org'));
    const { rows, err } = await rowsOf(TABLE);
    expect(pairs(rows)).toEqual(EXPECTED);
    expect(err).toContain('its author Example Org is not among the trusted ones');
  });

  it('count when their author is named', async () => {
    file('feeds/vex.json', vexOf('Example Org'));
    const { rows } = await rowsOf(TABLE, '--trust-author', 'Example Org');
    expect(pairs(rows)).toEqual(EXPECTED.filter(pair => pair !== 'libssl3 CVE-2026-63072'));
    const other = await rowsOf(TABLE, '--trust-author', 'Example');
    expect(pairs(other.rows)).toEqual(EXPECTED);
  });
});

describe('forms of a list', () => {
  it('a table, with evidence in every row', async () => {
    const { rows, code } = await rowsOf(TABLE);
    expect(code).toBe(1);
    expect(pairs(rows)).toEqual(EXPECTED);
    expect(rows.find(row => row.id === 'CVE-2026-63072')).toMatchObject({
      host: 'list',
      package: 'libssl3',
      source: 'openssl',
      sourceVersion: '3.0.20-1~deb12u2',
      fixedVersion: '3.0.22-1~deb12u2',
      state: 'fixed',
      kernelState: null,
      hidden: null,
      knownExploited: null,
      aliases: [],
      evidence: [{ source: 'debian-changelogs', comparison: '3.0.20-1~deb12u2 < 3.0.22-1~deb12u2 (dpkg order)', rule: 'fixed-version' }],
    });
  });

  it('columns in any order, more columns, dpkg\'s "source (version)", Windows line ends, a byte order mark', async () => {
    const { rows } = await rowsOf(
      '\uFEFFsize\tsource\tversion\tpackage\r\n12\topenssl (3.0.20-1~deb12u2)\t3.0.20-1~deb12u2+b1\tlibssl3:amd64\r\n',
    );
    expect(pairs(rows)).toEqual(['libssl3 CVE-2026-54872', 'libssl3 CVE-2026-63072']);
    expect(rows[0]).toMatchObject({ sourceVersion: '3.0.20-1~deb12u2' });
  });

  it('without source columns: looked up by name, and said', async () => {
    const { rows, err } = await rowsOf('package\tversion\nopenssl\t3.0.20-1~deb12u2\nlibssl3\t3.0.20-1~deb12u2\n');
    expect(pairs(rows)).toEqual(['openssl CVE-2026-54872', 'openssl CVE-2026-63072']);
    expect(err).toContain('2 packages are listed without source package');
  });

  it('dpkg-query -W with a feed that names the binaries of its sources', async () => {
    const statements = 'VERSION 1\nCVE-2026-63072,,x\n\nopenssl,0,S  F,3.0.22-1~deb12u2,\n\nopenssl,libssl3 openssl\n\n';
    mkdirSync(path.join(folder, 'debsecan'));
    file('debsecan/bookworm', deflateSync(statements));
    const scanned = await run(
      file('list', 'libssl3:amd64\t3.0.20-1~deb12u2\nbash\t5.2.15-2+b8\n'),
      '--os',
      'debian:12',
      '--feed',
      path.join(folder, 'debsecan'),
      '--format',
      'json',
    );
    expect(pairs(JSON.parse(scanned.out))).toEqual(['libssl3 CVE-2026-63072']);
    expect(scanned.err).toMatch(/1 package is .* by the one that a feed names.*\n.*1 package is .* by the name of the binary/);
  });

  it('dpkg-query -W, dpkg -l and the status file, without what is removed', async () => {
    expect(pairs((await rowsOf('openssl\t3.0.20-1~deb12u2\nzlib\t1:1.2.13\nold\t\n')).rows)).toEqual([
      'openssl CVE-2026-54872',
      'openssl CVE-2026-63072',
      'zlib CVE-2023-45853',
    ]);
    const status =
      'Package: libssl3\nStatus: install ok installed\nArchitecture: amd64\nSource: openssl\nVersion: 3.0.21-1~deb12u1\nDescription: x\n y\n\nPackage: zlib1g\nStatus: deinstall ok config-files\nSource: zlib\nVersion: 1\n';
    expect(pairs((await rowsOf(status)).rows)).toEqual(['libssl3 CVE-2026-63072']);
    expect(
      pairs(
        (await rowsOf('ii  openssl        3.0.21-1~deb12u1 amd64        Secure Sockets Layer\nrc  zlib  1:1.2.13  amd64  compression\n'))
          .rows,
      ),
    ).toEqual(['openssl CVE-2026-63072']);
  });

  it('CycloneDX and SPDX say themselves what they were taken from', async () => {
    const purl = 'pkg:deb/debian/libssl3@3.0.20-1~deb12u2?arch=amd64&distro=debian-12&upstream=openssl';
    for (const sbom of [
      { bomFormat: 'CycloneDX', specVersion: '1.6', components: [{ type: 'library', name: 'libssl3', version: '3.0.20-1~deb12u2', purl }] },
      { spdxVersion: 'SPDX-2.3', packages: [{ name: 'libssl3', externalRefs: [{ referenceType: 'purl', referenceLocator: purl }] }] },
    ]) {
      const { code, out } = await run(file('sbom.json', JSON.stringify(sbom)), '--feed', path.join(folder, 'feeds'), '--format', 'json');
      expect(code).toBe(1);
      expect(pairs(JSON.parse(out))).toEqual(['libssl3 CVE-2026-54872', 'libssl3 CVE-2026-63072']);
    }
  });

  const isDebian = spawnSync('dpkg-query', ['-W', 'dpkg']).status === 0;
  it.skipIf(!isDebian)('--local asks the archives whose each package is (skipped where there is no dpkg)', async () => {
    file('feeds/dpkg.jsonl', fixed('CVE-2026-90001', 'dpkg', '99:1'));
    const found = async () => (await run('--local', '--os', 'debian:12', '--feed', path.join(folder, 'feeds'), '--format', 'json')).out;
    expect(await found()).toContain('CVE-2026-90001');
    be({
      ...NO_WORD,
      originsOf: packages => new Map(packages.filter(one => one.sourceName === 'dpkg').map(one => [`${one.name}\t${one.arch}`, 'acme'])),
    });
    const theirs = await run('--local', '--os', 'debian:12', '--feed', path.join(folder, 'feeds'), '--format', 'json');
    expect(theirs.out).not.toContain('CVE-2026-90001');
    expect(theirs.err).toMatch(/packages? comes? from third parties \(acme\)/);
    be(NO_WORD);
  });

  it.skipIf(!isDebian)("--local takes the word of a rebuild's own changelog (skipped where there is no dpkg)", async () => {
    const version = spawnSync('dpkg-query', ['-W', '-f', `\${source:Version}`, 'dpkg'], { encoding: 'utf8' }).stdout;
    const scanned = async () => (await run('--local', '--os', 'debian:12', '--feed', path.join(folder, 'feeds'), '--format', 'json')).out;
    // What dpkg's version is a rebuild of does not exist: the claims are made for this machine, and the rule is asked as for any other.
    const [base, rebuild] = ['99:1-1', '99:1-1~deb12u1'];
    file('feeds/dpkg.jsonl', fixed('CVE-2026-90001', 'dpkg', base));
    const told = (fixedVersion: string): ThisHost => ({
      ...NO_WORD,
      changelogClaims: (packages, release) => {
        expect(packages.some(one => one.sourceName === 'dpkg' && one.sourceVersion === version)).toBe(true);
        return [{ ...OWN, release, fixedVersion }];
      },
    });
    be(told(rebuild));
    expect(JSON.parse(await scanned())).toContainEqual(
      expect.objectContaining({
        package: 'dpkg',
        fixedVersion: rebuild,
        evidence: expect.arrayContaining([expect.objectContaining({ rule: 'changelog-names-rebuild' })]),
      }),
    );
    be(told('99:2-1~deb12u1'));
    expect(JSON.parse(await scanned())).toContainEqual(expect.objectContaining({ package: 'dpkg', fixedVersion: base }));
    be(NO_WORD);
  });

  it("a package of foreign origin is not the distribution's", async () => {
    expect(
      (await rowsOf('package\tversion\torigin\nopenssl\t3.0.20-1~deb12u2\tnginx.org\nzlib\t1\tDebian\n')).rows.map(row => row.package),
    ).toEqual(['zlib']);
  });
});

it('two files of one name are two hosts, and one file is read once', async () => {
  for (const host of ['a', 'b']) {
    mkdirSync(path.join(folder, host));
    file(`${host}/web.tsv`, TABLE);
  }
  const inputs = ['a/web.tsv', 'b/web.tsv', 'a/web.tsv', 'other.tsv'].map(name => path.join(folder, name));
  file('other.tsv', TABLE);
  const { out } = await run(...inputs, '--os', 'debian:12', '--feed', path.join(folder, 'feeds'), '--format', 'json');
  const hosts = (JSON.parse(out) as { host: string }[]).map(row => row.host);
  expect(hosts).toHaveLength(3 * EXPECTED.length);
  expect([...new Set(hosts)]).toEqual([path.join(folder, 'a/web'), path.join(folder, 'b/web'), 'other']);
});
