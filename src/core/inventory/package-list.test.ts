import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type PackageList, readPackageList } from './package-list.ts';

function read(text: string): PackageList {
  const reading = readPackageList(text);
  if (!reading.ok) throw new Error(reading.problem);
  return reading.list;
}

describe('pasted package lists', () => {
  it('reads the default output of dpkg-query -W and says that sources are unknown', () => {
    const list = read('adduser\t3.134\nlibc6:amd64\t2.36-9+deb12u10\nremoved-one\t\n');
    expect(list).toMatchObject({ form: 'name-version', sourceUnknown: true, warnings: [] });
    expect(list.packages.map(row => [row.name, row.arch, row.version])).toEqual([
      ['adduser', 'unknown', '3.134'],
      ['libc6', 'amd64', '2.36-9+deb12u10'],
    ]);
  });

  it.each(['\t', ' '])('reads package, version, source and its version without a header, parted by %j', blank => {
    const rows = [
      ['libssl3:amd64', '3.0.20-1', 'openssl', '3.0.20-1'],
      ['bash', '5.2.15-2+b8', 'bash', '5.2.15-2'],
    ];
    const list = read(`${rows.map(row => `${row.join(blank)}\n`).join('')}removed\t\t\t\n`);
    expect(list).toMatchObject({ sourceUnknown: false, warnings: [] });
    expect(list.packages.map(row => [row.name, row.arch, row.version, row.sourceName, row.sourceVersion])).toEqual([
      ['libssl3', 'amd64', '3.0.20-1', 'openssl', '3.0.20-1'],
      ['bash', 'unknown', '5.2.15-2+b8', 'bash', '5.2.15-2'],
    ]);
  });

  it.each([
    ['linux-image-6.1.0-13-amd64 6.1.55-1 linux-signed-amd64 6.1.55+1', ['unknown', 'linux-signed-amd64', '6.1.55+1']],
    ['linux-image-6.1.0-13-arm64\t6.1.55-1\tlinux-signed-arm64\t6.1.55+1\tarm64', ['arm64', 'linux-signed-arm64', '6.1.55+1']],
    ['grub-efi-amd64-signed 1+2.06+13 grub-efi-amd64-signed 1+2.06+13', ['unknown', 'grub-efi-amd64-signed', '1+2.06+13']],
    ['libssl3 3.0.20-1 amd64 openssl 3.0.20-1', ['amd64', 'openssl', '3.0.20-1']],
    ['hurd-libs 1:0.9-1 hurd-i386 hurd 1:0.9-1', ['hurd-i386', 'hurd', '1:0.9-1']],
  ])('%s names its source without a header', (line, expected) => {
    const { packages, sourceUnknown } = read(`${line}\n`);
    expect([sourceUnknown, ...packages.map(row => [row.arch, row.sourceName, row.sourceVersion])]).toEqual([false, expected]);
  });

  it('takes an architecture and a size for no source', () => {
    const list = read('bash\t5.2.15-2+b8\tamd64\t7164\nadduser\t3.134\tall\t688\n');
    expect(list).toMatchObject({ sourceUnknown: true });
    expect(list.packages.map(row => [row.arch, row.sourceName])).toEqual([
      ['amd64', 'bash'],
      ['all', 'adduser'],
    ]);
  });

  it('reads apt list: what is installed, in the version that is', () => {
    const list = read(`Listing...
adduser/oldstable,now 3.134 all [installed,automatic]
base-files/oldstable 12.4+deb12u15 amd64 [upgradable from: 12.4+deb12u11]
openssl/now 3.0.9-1 amd64 [installed,upgradable to: 3.0.22-1]
0ad-data/oldstable 0.0.26-1 all
old/now 1.0-1 amd64 [residual-config]
`);
    expect(list).toMatchObject({ form: 'apt-list', sourceUnknown: true, warnings: [] });
    expect(list.packages.map(row => `${row.name} ${row.version} ${row.arch}`)).toEqual([
      'adduser 3.134 all',
      'base-files 12.4+deb12u11 amd64',
      'openssl 3.0.9-1 amd64',
    ]);
  });

  it('reads a table with a header in any order of columns', () => {
    const list = read(
      'Version\tPackage\tArchitecture\tSource\r\n1:9.2p1-2+deb12u3\topenssh-server\tamd64\topenssh (1:9.2p1-2+deb12u2)\r\n',
    );
    expect(list).toMatchObject({ form: 'table', sourceUnknown: false });
    expect(list.packages).toEqual([
      {
        name: 'openssh-server',
        arch: 'amd64',
        version: '1:9.2p1-2+deb12u3',
        sourceName: 'openssh',
        sourceVersion: '1:9.2p1-2+deb12u2',
        state: 'installed',
        held: false,
      },
    ]);
  });

  it('reads a status file with continuation lines, a source with its own version, a hold and leftovers', () => {
    const list = read(`Package: bash
Status: hold ok installed
Architecture: amd64
Source: bash-src (5.2-1)
Version: 5.2-1+b1
Description: the shell
 Version: 9.9 is not this
Conffiles:
 /etc/x abc

Package: old
Status: deinstall ok config-files
Architecture: all
Version: 1.0

Package: virtual
Status: unknown ok not-installed
`);
    expect(list.form).toBe('status-file');
    expect(list.packages).toEqual([
      { name: 'bash', arch: 'amd64', version: '5.2-1+b1', sourceName: 'bash-src', sourceVersion: '5.2-1', state: 'installed', held: true },
      { name: 'old', arch: 'all', version: '1.0', sourceName: 'old', sourceVersion: '1.0', state: 'config-files', held: false },
    ]);
  });

  it('says which lines it could not read and takes the last of repeated ones', () => {
    const list = read('bash\t5.2-1\nwhat is this line about\nbash\t5.2-2\n');
    expect(list.packages.map(row => row.version)).toEqual(['5.2-2']);
    expect(list.warnings).toEqual([
      'line 2 was not read: it is no package and version',
      '1 package is listed more than once; the last line of each counts',
    ]);
  });

  it.each(['', '   \n', 'Dear all, please find attached\nthe list of packages', '{"packages":[]}'])('refuses %j with advice', text => {
    const reading = readPackageList(text);
    expect(reading.ok).toBe(false);
    if (!reading.ok) expect(reading.problem).toContain('dpkg-query -W');
  });
});

const status = '/var/lib/dpkg/status';
describe.skipIf(!existsSync(status))('every form of this machine’s own list tells the same (needs dpkg)', () => {
  const run = (...argv: string[]) =>
    execFileSync(argv[0]!, argv.slice(1), {
      encoding: 'utf8',
      env: { ...process.env, COLUMNS: '500', LC_ALL: 'C.UTF-8' },
      maxBuffer: 64e6,
    });
  const format = (...fields: string[]) => `${fields.map(name => `\${${name}}`).join('\\t')}\\n`;
  const keys = (list: PackageList, what: (row: PackageList['packages'][number]) => unknown[]) =>
    list.packages.map(row => what(row).join(' ')).sort();
  const oracle = run(
    'dpkg-query',
    '-W',
    '-f',
    format('db:Status-Abbrev', 'Package', 'Version', 'Architecture', 'source:Package', 'source:Version'),
  )
    .trim()
    .split('\n')
    .map(line => line.split('\t'))
    .filter(row => row[0]![1] !== 'n');

  it('status file and the eight-column form, with sources', () => {
    const expected = oracle.map(row => row.slice(1).join(' ')).sort();
    const full = (row: PackageList['packages'][number]) => [row.name, row.version, row.arch, row.sourceName, row.sourceVersion];
    expect(expected.length).toBeGreaterThan(50);
    expect(keys(read(readFileSync(status, 'utf8')), full)).toEqual(expected);
    const fields = [
      'Package',
      'Version',
      'Architecture',
      'db:Status-Want',
      'db:Status-Eflag',
      'db:Status-Status',
      'source:Package',
      'source:Version',
    ];
    const columns = read(run('dpkg-query', '-W', '-f', format(...fields)));
    expect([columns.form, keys(columns, full)]).toEqual(['columns', expected]);
  });

  it('dpkg -l and dpkg-query -W', () => {
    const listed = read(run('dpkg', '-l'));
    expect(listed).toMatchObject({ form: 'dpkg-l', warnings: [] });
    expect(keys(listed, row => [row.name, row.version, row.arch])).toEqual(oracle.map(row => row.slice(1, 4).join(' ')).sort());
    expect(keys(read(run('dpkg-query', '-W')), row => [row.name, row.version])).toEqual(
      oracle.map(row => row.slice(1, 3).join(' ')).sort(),
    );
  });
});
