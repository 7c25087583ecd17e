import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CommandResult, Dialogue } from '../../../core/kernel/commands.ts';
import { candidates, origins } from './candidates.ts';
import { parseDpkgList } from './dpkg-list.ts';
import { Origins } from './origins.ts';
import { parsePolicies } from './policy.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'fettle-origins-'));
afterAll(() => rmSync(folder, { recursive: true }));

function write(name: string, content: string): string {
  const file = path.join(folder, name);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, content);
  return file;
}

type Stanza = readonly [name: string, version: string];
const packages = (of: readonly Stanza[]) =>
  of
    .map(
      ([name, version]) =>
        `Package: ${name}\nVersion: ${version}\nArchitecture: amd64\nMaintainer: x <x@example.org>\nFilename: ${name}.deb\nSize: 1\nSHA256: ${'0'.repeat(64)}\nDescription: x\n\n`,
    )
    .join('');

/** An archive on the disk. `component` '': without suites, as many third parties have it. */
function archive(name: string, origin: string, component: string, of: readonly Stanza[]): string {
  const index = component === '' ? 'Packages' : `${component}/binary-amd64/Packages`;
  const top = component === '' ? `repo/${name}` : `repo/${name}/dists/bookworm`;
  const text = packages(of);
  write(`${top}/${index}`, text);
  const digest = createHash('sha256').update(text).digest('hex');
  const date = new Date().toUTCString().replace('GMT', 'UTC');
  write(
    `${top}/Release`,
    `Origin: ${origin}\nLabel: ${origin}\n${component === '' ? '' : `Suite: oldstable\nCodename: bookworm\nComponents: ${component}\nArchitectures: amd64\n`}Date: ${date}\nSHA256:\n ${digest} ${text.length} ${index}\n`,
  );
  return `deb [trusted=yes] file:${folder}/repo/${name} ${component === '' ? './' : `bookworm ${component}`}\n`;
}

/** apt with folders of its own: the host's is neither asked nor touched. */
function held<T>(dialogue: Dialogue<T>): T {
  let turn = dialogue.next();
  while (!turn.done) {
    const [program, ...args] = turn.value.argv;
    const run = spawnSync(program!, args, {
      encoding: 'utf8',
      env: { ...process.env, APT_CONFIG: path.join(folder, 'apt.conf'), LC_ALL: 'C' },
    });
    const answer: CommandResult = {
      code: run.status,
      signal: run.signal,
      stdout: run.stdout,
      stderr: run.stderr,
      timedOut: false,
      truncated: false,
    };
    turn = dialogue.next(answer);
  }
  return turn.value;
}

const isThere = spawnSync('apt-cache', ['--version']).status === 0 && spawnSync('dpkg-query', ['--version']).status === 0;
describe.skipIf(!isThere)('real apt over archives of several publishers (skipped where apt is not installed)', () => {
  const INSTALLED: readonly Stanza[] = [
    ['base-files', '12.4'],
    ['nginx', '1.28.0-1'],
    ['zlib1g', '1.2.12'],
    ['acme-tool', '2.0'],
    ['mirrored', '1'],
    ['handmade', '1.0'],
  ];
  const installed = parseDpkgList(
    INSTALLED.map(([name, version]) => `${name}\t${version}\tamd64\tinstall\tok\tinstalled\t${name}\t${version}`).join('\n'),
  );

  beforeAll(() => {
    for (const made of ['state/lists/partial', 'cache/archives/partial', 'etc/apt.conf.d', 'etc/preferences.d', 'etc/sources.list.d'])
      mkdirSync(path.join(folder, made), { recursive: true });
    write(
      'etc/sources.list',
      archive('debian', 'Debian', 'main', [
        ['base-files', '12.4'],
        ['nginx', '1.22.1-9+deb12u1'],
        ['zlib1g', '1.2.13'],
      ]) +
        archive('nginx', 'nginx', 'nginx', [
          ['nginx', '1.28.0-1'],
          ['nginx', '1.28.1-1'],
        ]) +
        archive('mirror', 'Acme snapshot', 'main', [
          ['base-files', '12.4'],
          ['mirrored', '1'],
        ]) +
        archive('acme', 'Acme Inc', '', [['acme-tool', '2.0']]),
    );
    write(
      'dpkg/status',
      INSTALLED.map(
        ([name, version]) =>
          `Package: ${name}\nStatus: install ok installed\nMaintainer: x <x@example.org>\nArchitecture: amd64\nVersion: ${version}\nDescription: x\n\n`,
      ).join(''),
    );
    write(
      'apt.conf',
      `Dir::State "${folder}/state";\nDir::State::status "${folder}/dpkg/status";\nDir::Cache "${folder}/cache";\nDir::Etc "${folder}/etc";\nDir::Etc::sourcelist "${folder}/etc/sources.list";\nAPT::Sandbox::User "";\nAPT::Architecture "amd64";\nAPT::Architectures { "amd64"; };\n`,
    );
    execFileSync('apt-get', ['-q', 'update'], { env: { ...process.env, APT_CONFIG: path.join(folder, 'apt.conf') }, stdio: 'pipe' });
  });

  const expected = {
    'base-files\tamd64': '',
    'nginx\tamd64': 'nginx',
    'zlib1g\tamd64': '',
    'acme-tool\tamd64': 'Acme Inc',
    'mirrored\tamd64': '',
    'handmade\tamd64': '?',
  };

  it('tells whose each installed version is: by suite, flat, superseded, mirrored under another name, and made by hand', () => {
    expect(Object.fromEntries(held(origins(installed, 'amd64')))).toEqual(expected);
  });

  it('tells the same together with what would be installed now', () => {
    const offered = held(candidates(installed, 'amd64'));
    expect(offered.ok && Object.fromEntries(offered.value.origins)).toEqual(expected);
    expect(offered.ok && offered.value.candidates.map(one => [one.name, one.version, one.origins, one.origin])).toEqual(
      expect.arrayContaining([
        ['zlib1g', '1.2.13', ['Debian:oldstable'], undefined],
        ['nginx', '1.28.1-1', ['nginx:oldstable'], 'nginx'],
      ]),
    );
  });
});

describe('origins by policy', () => {
  const archive = (origin: string, site: string) => ({ origin, label: origin, site });
  const archives = new Map([
    ['http://m bookworm/main', archive('Debian', 'http://m')],
    ['https://nginx.org/packages bookworm/nginx', archive('nginx', 'https://nginx.org/packages')],
  ]);
  const installed = new Map(
    Object.entries({ nginx: '1.28.0-1~bookworm', 'zlib1g:i386': '1', orphan: '3', 'base-files': '12' }).map(([name, version]) => {
      const [bare = '', arch = 'amd64'] = name.split(':');
      const record = { name: bare, arch, version, sourceName: bare, sourceVersion: version, state: 'installed' as const, held: false };
      return [name, record] as const;
    }),
  );
  it('are read from what `apt-cache policy` says of the installed versions, each architecture by itself', () => {
    const policies = parsePolicies(
      [
        'nginx:\n  Installed: 1.28.0-1~bookworm\n  Candidate: 1.28.0-1~bookworm\n  Version table:\n *** 1.28.0-1~bookworm 500\n        500 https://nginx.org/packages bookworm/nginx amd64 Packages\n        100 /var/lib/dpkg/status\n     1.22.1-9 500\n        500 http://m bookworm/main amd64 Packages\n',
        'zlib1g:i386:\n  Installed: 1\n  Candidate: 2\n  Version table:\n     2 500\n        500 http://m bookworm/main i386 Packages\n *** 1 100\n        100 /var/lib/dpkg/status\n',
        'orphan:\n  Installed: 3\n  Candidate: 3\n  Version table:\n *** 3 100\n        100 /var/lib/dpkg/status\n',
        'base-files:\n  Installed: 12\n  Candidate: 12\n  Version table:\n *** 12 500\n        500 http://m bookworm/main amd64 Packages\n        100 /var/lib/dpkg/status\n',
      ].join(''),
    );
    expect(Object.fromEntries(new Origins(policies, archives).ofInstalled(installed))).toEqual({
      'nginx\tamd64': 'nginx',
      'zlib1g\ti386': '',
      'orphan\tamd64': '?',
      'base-files\tamd64': '',
    });
  });
});
