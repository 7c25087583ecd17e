import { mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  EXPECTED,
  FIXED,
  file,
  fixed,
  folder,
  KEV,
  makeFolder,
  pairs,
  type Row,
  removeFolder,
  rowsOf,
  run,
  TABLE,
} from './scan.testkit.ts';

beforeEach(makeFolder);
afterEach(removeFolder);

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
    expect(err).toContain('1 package is listed without source package');
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
      ['linux-image-6.1.0-13-amd64', 'running', null],
      ['linux-image-6.1.0-9-amd64', 'installed-not-running', 'kernel-not-running'],
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

  it('--fail-on known-exploited counts the other CVE of a record too', async () => {
    const affected = [{ package: { ecosystem: 'Go', name: 'x.org/y' }, ranges: [{ type: 'SEMVER', events: [{ introduced: '0' }] }] }];
    const record = { id: 'GO-2024-1', aliases: ['CVE-2024-1', 'CVE-2026-63072'], modified: '2024-01-01T00:00:00Z', affected };
    file('feeds/go.json', JSON.stringify(record));
    file('feeds/kev.json', KEV);
    const sbom = file('sbom.json', '{"bomFormat":"CycloneDX","components":[{"type":"library","purl":"pkg:golang/x.org/y@v1.0.0"}]}');
    const { code, out } = await run(sbom, '--feed', path.join(folder, 'feeds'), '--fail-on', 'known-exploited', '--format', 'json');
    expect([code, JSON.parse(out)]).toMatchObject([1, [{ id: 'CVE-2024-1', knownExploited: true }]]);
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
  it('versions that cannot be ordered are unknown, never safe', async () => {
    const { rows } = await rowsOf(
      'package\tversion\tsource\tsource_version\nlibssl3\tx y\topenssl\tx y\nlibssl-dev\t99999999999:1\topenssl\t99999999999:1\nzlib1g\t1\tzlib\t1\n',
    );
    expect(rows.map(row => [row.package, row.state]).sort()).toEqual([
      ['libssl-dev', 'unknown'],
      ['libssl-dev', 'unknown'],
      ['libssl3', 'unknown'],
      ['libssl3', 'unknown'],
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

  it('packages with an endless field are left out, and said', async () => {
    const endless = ['x'.repeat(300_000), `amd64\t${'x'.repeat(300_000)}:1`].map(more => `tar\t1.34\t${more}`);
    const rows = ['zlib\t1:1.2.13.dfsg-1', `openssl\t${'1.'.repeat(300)}1`, `${'o'.repeat(400)}\t1`, ...endless];
    const { err, code, rows: found } = await rowsOf(`package\tversion\tarch\tmodule\n${rows.join('\n')}\n`);
    expect([code, new Set(found.map(row => row.package))]).toEqual([1, new Set(['zlib'])]);
    expect(err).toContain('packages with an endless name, version or other field: 4, left out');
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
