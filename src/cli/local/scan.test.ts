import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { deflateSync, gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadFeeds } from '../../main/scan-feeds.ts';
import { exporters } from '../../plugins/exporters/catalog.ts';
import { recognisePackageList } from '../../plugins/importers/catalog.ts';
import { scan } from './scan.ts';
import type { ThisHost } from './scan-ports.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'fettle-scan-'));
  mkdirSync(path.join(folder, 'feeds'));
  file('feeds/fixed.jsonl', FIXED);
  file('feeds/open.jsonl', OPEN);
});
afterEach(() => rmSync(folder, { recursive: true }));

const fixed = (cve: string, src: string, version: string) =>
  `{"cve":"${cve}","src":"${src}","fixed":"${version}","suite":"bookworm-security","date":"2026-08-01"}\n`;
const FIXED =
  fixed('CVE-2026-63072', 'openssl', '3.0.22-1~deb12u2') +
  fixed('CVE-2026-54872', 'openssl', '3.0.21-1~deb12u1') +
  fixed('CVE-2023-6176', 'linux', '6.1.64-1') +
  fixed('CVE-2026-00001', 'linux', '6.1.192-2');
const OPEN =
  '{"cve":"CVE-2023-45853","src":"zlib","status":"open","severity":"critical","as_of":"2026-02-18"}\n' +
  '{"cve":"CVE-2005-2541","src":"tar","status":"open","severity":"negligible","as_of":"2026-02-18"}\n' +
  '{"cve":"CVE-2025-00001","src":"tar","status":"open","severity":"low","as_of":"2026-02-18","trivy_status_2025_08":"will_not_fix"}\n';
const KEV =
  '{"catalogVersion":"1","dateReleased":"2026-01-01","vulnerabilities":[{"cveID":"CVE-2026-63072","dateAdded":"2026-09-01","dueDate":"2026-09-22"}]}';
const TABLE =
  'package\tversion\tsource\tsource_version\nlibssl3\t3.0.20-1~deb12u2\topenssl\t3.0.20-1~deb12u2\nzlib1g\t1:1.2.13.dfsg-1\tzlib\t1:1.2.13.dfsg-1\ntar\t1.34\ttar\t1.34\n';

function file(name: string, content: string | Uint8Array): string {
  const target = path.join(folder, name);
  writeFileSync(target, content);
  return target;
}

interface Row {
  readonly host: string;
  readonly package: string;
  readonly id: string;
  readonly state: string;
  readonly fixedVersion: string | null;
  readonly kernelState: string | null;
  readonly hidden: string | null;
  readonly knownExploited: boolean | null;
  readonly source: string;
  readonly sourceVersion: string;
  readonly evidence: readonly { readonly source: string; readonly comparison: string; readonly rule: string }[];
}

/** For `--local`: what the archives say of this machine's packages. */
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
const NO_WORD: ThisHost = { originsOf: () => new Map(), changelogClaims: () => [] };
let thisHost = NO_WORD;

async function run(...argv: string[]): Promise<{ code: number; out: string; err: string }> {
  const output = path.join(folder, 'out');
  writeFileSync(output, '');
  let err = '';
  const code = await scan(['--output', output, ...argv], {
    recogniseList: recognisePackageList,
    thisHost: async () => thisHost,
    exporter: format => exporters[format](),
    loadFeeds,
    defaultFeeds: [],
    toolVersion: '0.0.0',
    now: () => '2026-11-22T00:00:00.000Z',
    err: text => (err += text),
    outFd: 2,
  });
  return { code, out: readFileSync(output, 'utf8'), err };
}

async function rowsOf(list: string, ...argv: string[]): Promise<{ rows: Row[]; code: number; err: string }> {
  const { code, out, err } = await run(
    file('list', list),
    '--os',
    'debian:12',
    '--feed',
    path.join(folder, 'feeds'),
    '--format',
    'json',
    ...argv,
  );
  return { rows: out === '' ? [] : (JSON.parse(out) as Row[]), code, err };
}

const pairs = (rows: readonly Row[]) => rows.map(row => `${row.package} ${row.id}`).sort();
const EXPECTED = ['libssl3 CVE-2026-54872', 'libssl3 CVE-2026-63072', 'tar CVE-2005-2541', 'tar CVE-2025-00001', 'zlib1g CVE-2023-45853'];

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
    expect(err).toContain('2 packages are listed without their source package');
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
    expect(scanned.err).toMatch(/1 packages are .* by the one that a feed names.*\n.*1 packages are .* by their own name/);
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
    thisHost = {
      ...NO_WORD,
      originsOf: packages => new Map(packages.filter(one => one.sourceName === 'dpkg').map(one => [`${one.name}\t${one.arch}`, 'acme'])),
    };
    const theirs = await run('--local', '--os', 'debian:12', '--feed', path.join(folder, 'feeds'), '--format', 'json');
    expect(theirs.out).not.toContain('CVE-2026-90001');
    expect(theirs.err).toMatch(/packages? comes? from third parties \(acme\)/);
    thisHost = NO_WORD;
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
    thisHost = told(rebuild);
    expect(JSON.parse(await scanned())).toContainEqual(
      expect.objectContaining({
        package: 'dpkg',
        fixedVersion: rebuild,
        evidence: expect.arrayContaining([expect.objectContaining({ rule: 'changelog-names-rebuild' })]),
      }),
    );
    thisHost = told('99:2-1~deb12u1');
    expect(JSON.parse(await scanned())).toContainEqual(expect.objectContaining({ package: 'dpkg', fixedVersion: base }));
    thisHost = NO_WORD;
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

describe('what is left out is said', () => {
  it('ecosystems of an SBOM that no feed speaks of', async () => {
    const components = ['pkg:deb/debian/openssl@3.0.20-1~deb12u2?distro=debian-12', 'pkg:npm/a@1.0.0', 'pkg:npm/b@1.0.0', 'pkg:pypi/c@1'];
    const sbom = JSON.stringify({ bomFormat: 'CycloneDX', components: components.map(purl => ({ type: 'library', purl })) });
    const { code, err } = await run(file('sbom.json', sbom), '--feed', path.join(folder, 'feeds'), '--format', 'json');
    expect(code).toBe(1);
    expect(err).toContain('no feed speaks of npm (packages: 2), PyPI (packages: 1): not looked up');
  });

  it('packages of third parties, and of Alpine without their source', async () => {
    expect((await rowsOf('package\tversion\torigin\nopenssl\t3.0.20-1\tnginx.org\n')).err).toContain(
      'packages of third parties: 1, not looked up',
    );
    file(
      'feeds/secdb.json',
      '{"distroversion":"v3.19","reponame":"main","packages":[{"pkg":{"name":"openssl","secfixes":{"3.1.4-r5":["CVE-2024-0727"]}}}]}',
    );
    const { err } = await run(
      file('list', 'libssl3-3.1.4-r2\n'),
      '--os',
      'alpine:3.19',
      '--feed',
      path.join(folder, 'feeds'),
      '--format',
      'json',
    );
    expect(err).toContain('1 packages are listed without their source package');
  });
});

describe('kernels', () => {
  const KERNELS =
    'package\tversion\tsource\tsource_version\n' +
    ['6.1.0-9-amd64 6.1.27-1 6.1.27+1', '6.1.0-13-amd64 6.1.55-1 6.1.55+1', '6.1.0-50-amd64 6.1.187-1 6.1.187+1']
      .map(line => line.split(' '))
      .map(([release, version, source]) => `linux-image-${release}\t${version}\tlinux-signed-amd64\t${source}\n`)
      .join('') +
    'linux-libc-dev\t6.1.55-1\tlinux\t6.1.55-1\n';

  it('running, older and newer ones are told apart', async () => {
    const { rows } = await rowsOf(KERNELS, '--kernel-release', '6.1.0-13-amd64');
    expect(rows.filter(row => row.id === 'CVE-2023-6176').map(row => [row.package, row.kernelState, row.hidden])).toEqual([
      ['linux-image-6.1.0-9-amd64', 'installed-not-running', 'kernel-not-running'],
      ['linux-image-6.1.0-13-amd64', 'running', null],
      ['linux-libc-dev', null, null],
    ]);
    expect(rows.filter(row => row.package === 'linux-image-6.1.0-50-amd64').map(row => [row.id, row.kernelState])).toEqual([
      ['CVE-2026-00001', 'newer-not-booted'],
    ]);
  });

  it('a running kernel that the list does not hold is said, for its findings are missing', async () => {
    const { rows, err } = await rowsOf(KERNELS, '--kernel-release', '6.1.0-99-amd64');
    expect(rows.filter(row => row.package.startsWith('linux-image')).every(row => row.kernelState === 'installed-not-running')).toBe(true);
    expect(err).toContain('no package of the list holds the running kernel 6.1.0-99-amd64');
    expect((await rowsOf(TABLE, '--kernel-release', '6.1.0-99-amd64')).err).not.toContain('running kernel');
  });

  it('nothing is guessed without --kernel-release', async () => {
    expect((await rowsOf(KERNELS)).rows.every(row => row.kernelState === null)).toBe(true);
  });
});

describe('exit codes', () => {
  it('0: nothing that is asked for; hidden findings do not count, but are listed', async () => {
    const { rows, code } = await rowsOf('package\tversion\ntar\t1.34\n');
    expect(code).toBe(0);
    expect(rows.map(row => [row.id, row.hidden]).sort()).toEqual([
      ['CVE-2005-2541', 'unimportant'],
      ['CVE-2025-00001', 'wont-fix'],
    ]);
  });

  it.each([
    ['any', 1],
    ['fixable', 1],
    ['never', 0],
    ['known-exploited', 3],
  ])('--fail-on %s: %s', async (what, code) => {
    expect((await rowsOf(TABLE, '--fail-on', what)).code).toBe(code);
  });

  it('--fail-on known-exploited with a KEV feed', async () => {
    file('feeds/kev.json', KEV);
    const { code, rows } = await rowsOf(TABLE, '--fail-on', 'known-exploited');
    expect(code).toBe(1);
    expect(rows.filter(row => row.knownExploited).map(row => row.id)).toEqual(['CVE-2026-63072']);
    expect((await rowsOf('package\tversion\nzlib\t1\n', '--fail-on', 'known-exploited')).code).toBe(0);
  });

  it.each([
    [['list', '--os', 'foo:1'], 'not a distribution that Fettle knows'],
    [['list', '--os', 'debian:zz'], 'neither a version nor a codename'],
    [['list', '--format', 'yaml', '--os', 'debian:12'], '--format yaml is not one of table, json'],
    [['--nonsense'], 'nonsense'],
    [[], 'name a package list'],
    [['--local', 'list'], '--local reads this machine'],
  ])('2: %j', async (argv, message) => {
    const { code, err } = await run(...argv);
    expect(code).toBe(2);
    expect(err).toContain(message);
  });

  it('2: an output that cannot be written is not "something found"', async () => {
    file('list', TABLE);
    const { code, err } = await run(
      path.join(folder, 'list'),
      '--os',
      'debian:12',
      '--feed',
      path.join(folder, 'feeds'),
      '--list',
      `--output=${folder}/none/x`,
    );
    expect(code).toBe(2);
    expect(err).toContain('none/x cannot be written (ENOENT)');
  });

  it('2: no feed anywhere, with what to do', async () => {
    const { code, err } = await run(file('list', TABLE), '--os', 'debian:12');
    expect(code).toBe(2);
    expect(err).toMatch(/no advisory feed was named.*--feed PATH.*security-tracker/s);
  });

  it.each([
    ['', 'is empty'],
    ['\0\0\0binary', 'binary file'],
    ['hello world, this is a letter\nwith several lines of prose\n', 'holds no package'],
    ['{"some":"json"}', 'the form of this list is not known'],
  ])('2: a list %j', async (content, message) => {
    const { code, err } = await rowsOf(content);
    expect(code).toBe(2);
    expect(err).toContain(message);
  });

  it('3: a release that no feed speaks of is never "nothing vulnerable"', async () => {
    const { code, err, out } = await run(file('list', TABLE), '--os', 'debian:11', '--feed', path.join(folder, 'feeds'));
    expect(code).toBe(3);
    expect(out).toBe('');
    expect(err).toContain('speaks of debian:11');
    expect(err).toContain('not "nothing vulnerable"');
  });

  it('0, not 3: the feed speaks of the release, only not of these packages', async () => {
    expect(await rowsOf('package\tversion\nbash\t5\n')).toMatchObject({ code: 0, rows: [] });
  });

  it('3: a feed that is not there, is no feed, or is cut; the readable ones beside it are used', async () => {
    const list = file('list', TABLE);
    expect(await run(list, '--os', 'debian:12', '--feed', path.join(folder, 'none'))).toMatchObject({
      code: 3,
      err: expect.stringContaining('cannot be read'),
    });
    expect(await run(list, '--os', 'debian:12', '--feed', list)).toMatchObject({ code: 3, err: expect.stringContaining('not a feed') });
    file('feeds/cut.jsonl.gz', gzipSync(FIXED.repeat(2000)).subarray(0, 100));
    const { code, err, rows } = await rowsOf(TABLE);
    expect(code).toBe(3);
    expect(err).toContain('cut.jsonl.gz: the compressed file is damaged or cut');
    expect(pairs(rows)).toEqual(EXPECTED);
    file(
      'feeds/cut.jsonl.gz',
      gzipSync(Array.from({ length: 3000 }, (_, n) => fixed(`CVE-2024-${10_000 + n * 7}`, `package-${n * n}`, `1.${n}`)).join('')).subarray(
        0,
        20_000,
      ),
    );
    expect(await rowsOf(TABLE)).toMatchObject({ code: 3, err: expect.stringContaining('ends too early') });
  });
});

describe('bad input has no effect on the rest', () => {
  it('versions that cannot be ordered are undetermined, never safe', async () => {
    const { rows } = await rowsOf(
      'package\tversion\tsource\tsource_version\nlibssl3\tx y\topenssl\tx y\nlibssl-dev\t99999999999:1\topenssl\t99999999999:1\nzlib1g\t1\tzlib\t1\n',
    );
    expect(rows.map(row => [row.package, row.state]).sort()).toEqual([
      ['libssl-dev', 'undetermined'],
      ['libssl-dev', 'undetermined'],
      ['libssl3', 'undetermined'],
      ['libssl3', 'undetermined'],
      ['zlib1g', 'open'],
    ]);
    expect(rows.find(row => row.package === 'libssl-dev')!.evidence[0]!.comparison).toContain('epoch in version is too big');
  });

  it('lines without a package or a version are named', async () => {
    const { rows, err } = await rowsOf(`${TABLE}\t1.0\nonly-a-name\n`);
    expect(pairs(rows)).toEqual(EXPECTED);
    expect(err).toContain('2 lines were not read, the first is line 5');
  });

  it('records of a feed that cannot be read are put aside and said', async () => {
    file(
      'feeds/fixed.jsonl',
      Buffer.concat([
        Buffer.from(`not json\n${fixed('CVE-2026-1', 'openssl', '1 2')}{"cve":"CVE-2026-2","src":"openssl","fixed":"`),
        Buffer.from([0xff, 0xfe]),
        Buffer.from(`","suite":"x"}\n${FIXED}`),
      ]),
    );
    // Recognised by its first line, which must be whole.
    file('feeds/fixed.jsonl', Buffer.concat([Buffer.from(FIXED), readFileSync(path.join(folder, 'feeds/fixed.jsonl'))]));
    const { rows, err, code } = await rowsOf(TABLE);
    expect(code).toBe(1);
    expect(pairs(rows)).toEqual(EXPECTED);
    expect(err).toContain('3 feed records were put aside');
  });

  it('a statement made twice is one finding; a date of the future is no date', async () => {
    file('feeds/twice.jsonl', FIXED.replaceAll('2026-08-01', '2999-01-01'));
    const { rows } = await rowsOf(TABLE);
    expect(pairs(rows)).toEqual(EXPECTED);
    expect(rows.find(row => row.id === 'CVE-2026-63072')!.evidence).toMatchObject([{ statedOn: '2026-08-01' }, { statedOn: null }]);
  });

  it('a zip bomb is a feed problem', async () => {
    file('feeds/bomb.jsonl.gz', gzipSync(Buffer.concat([Buffer.from(FIXED), Buffer.alloc(200_000_000, '\n')])));
    const { code, err, rows } = await rowsOf(TABLE);
    expect(code).toBe(3);
    expect(err).toContain('zip bomb');
    expect(pairs(rows)).toEqual(EXPECTED);
  });

  it('one unreadable list of several does not stop the others', async () => {
    mkdirSync(path.join(folder, 'hosts'));
    file('hosts/a.tsv', TABLE);
    file('hosts/b.tsv', '');
    file('hosts/c.tsv', 'package\tversion\nzlib\t1\n');
    const { code, out, err } = await run(
      path.join(folder, 'hosts'),
      '--os',
      'debian:12',
      '--feed',
      path.join(folder, 'feeds'),
      '--format',
      'json',
    );
    expect(code).toBe(2);
    expect(err).toContain('b.tsv is empty');
    expect([...new Set((JSON.parse(out) as Row[]).map(row => row.host))]).toEqual(['a', 'c']);
  });
});

describe('table', () => {
  it('names patches first, what waits next, and counts what is hidden', async () => {
    file('feeds/kev.json', KEV);
    const { out } = await run(file('list', TABLE), '--os', 'debian:12', '--feed', path.join(folder, 'feeds'));
    expect(out).toMatch(
      /^PATCH +INSTALLED +FIXED IN +CLOSES +KNOWN EXPLOITED +PACKAGES\nopenssl +3\.0\.20-1~deb12u2 +3\.0\.22-1~deb12u2 +2 +1 +libssl3\n/,
    );
    expect(out).toMatch(/NO FIX YET .*\nzlib +1:1\.2\.13\.dfsg-1 +1 open +CVE-2023-45853\n/);
    expect(out).toContain('Hidden: 1 without effect in practice, 1 that the distribution will not fix. --all shows them.');
    const all = await run(file('list', TABLE), '--os', 'debian:12', '--feed', path.join(folder, 'feeds'), '--all');
    expect(all.out).toContain('tar');
    const list = await run(file('list', TABLE), '--os', 'debian:12', '--feed', path.join(folder, 'feeds'), '--list');
    expect(list.out.trim().split('\n')).toHaveLength(3);
  });
});
