import { describe, expect, it } from 'vitest';
import type { SchemeId } from '../../core/versions/scheme.ts';
import { recognisePackageList } from './catalog.ts';
import type { ListedPackage } from './spec.ts';

/** What a list says, with the fields that a test speaks of. */
function read(text: string, scheme: SchemeId | null) {
  const importer = recognisePackageList(text, scheme);
  if (importer === null) throw new Error('not recognised');
  return { id: importer.id, ...importer.read(text, scheme) };
}

const brief = ({ name, version, arch, sourceName, sourceVersion }: ListedPackage) =>
  `${name} ${version} ${arch || '-'} from ${sourceName} ${sourceVersion}`;

describe('tables', () => {
  it('with a header in any order, columns that are not known ignored', () => {
    const { id, packages } = read('colour\tsource_version\tversion\tpackage\tsource\nred\t3-1\t3-1+b1\tlibssl3\topenssl\n', 'deb');
    expect(id).toBe('package-table');
    expect(packages.map(brief)).toEqual(['libssl3 3-1+b1 - from openssl 3-1']);
  });

  it('with quotation marks around cells', () => {
    const { packages } = read('"package"\t"version"\t"source"\n"libssl3"\t"3-1+b1"\t"openssl (3-1)"\nbash\t5-1\t\n', 'deb');
    expect(packages.map(brief)).toEqual(['libssl3 3-1+b1 - from openssl 3-1', 'bash 5-1 - from bash 5-1']);
  });

  it('without what dpkg says is not in place, in words or letters', () => {
    const { packages } = read('status\tpackage\tversion\nii\ta\t1\nrc\tb\t1\nun\tc\t1\ndeinstall ok config-files\td\t1\nhi\te\t1\n', 'deb');
    expect(packages.map(one => one.name)).toEqual(['a', 'e']);
  });

  it('keeps the architectures of one package apart', () => {
    const { packages } = read('package\tversion\nlibc6:amd64\t2.36-9\nlibc6:i386\t2.36-9\n', 'deb');
    expect(packages.map(({ name, arch }) => [name, arch])).toEqual([
      ['libc6', 'amd64'],
      ['libc6', 'i386'],
    ]);
  });

  it('takes a line that stands there twice once', () => {
    expect(read('package\tversion\nlibc6\t2.36-9\nbash\t5.2-1\nlibc6\t2.36-9\n', 'deb').packages.map(({ name }) => name)).toEqual([
      'libc6',
      'bash',
    ]);
  });

  it('of apk: the origin is the source package', () => {
    const { packages } = read('package\tversion\torigin\nlibcrypto3\t3.1.4-r5\topenssl\n', 'apk');
    expect(packages).toMatchObject([{ sourceName: 'openssl', sourceKnown: true, originTrusted: true }]);
  });

  it('without source columns: the binary stands in', () => {
    const { packages } = read('package\tversion\nbash\t5.2-1\n', 'deb');
    expect(packages).toMatchObject([{ sourceName: 'bash', sourceVersion: '5.2-1', sourceKnown: false }]);
  });

  it.each([
    ['0', '0:1.0-1.el9', true],
    ['(none)', '0:1.0-1.el9', true],
    ['2', '2:1.0-1.el9', true],
    ['', '1.0-1.el9', false],
  ])('rpm with epoch %s is %s', (epoch, version, epochKnown) => {
    const { packages, warnings } = read(`package\tepoch\tversion\trelease\nx\t${epoch}\t1.0\t1.el9\n`, 'rpm');
    expect(packages).toMatchObject([{ version, epochKnown }]);
    expect(warnings).toHaveLength(epochKnown ? 0 : 1);
  });

  it("somebody else's packages by origin, and modules by stream", () => {
    const { packages } = read(
      'package\tversion\torigin\tmodule\na\t1-1\tnginx\t\nb\t1-1\tAlmaLinux\tnodejs:20:9020020240:rhel9\nc\t1-1\t\t(none)\n',
      'rpm',
    );
    expect(packages.map(({ originTrusted, module }) => [originTrusted, module])).toEqual([
      [false, ''],
      [true, 'nodejs:20'],
      [true, ''],
    ]);
  });
});

describe('package managers', () => {
  it('dpkg-query -W, raw', () => {
    const { id, packages } = read('bash\t5.2.15-2+b2\nlibssl3:amd64\t3.0.20-1~deb12u2\n', 'deb');
    expect(id).toBe('dpkg-list');
    expect(packages.map(({ name, version }) => `${name} ${version}`)).toEqual(['bash 5.2.15-2+b2', 'libssl3 3.0.20-1~deb12u2']);
  });

  it('the status file, recognised without being told, removed packages left out', () => {
    const { id, packages } = read(
      'Package: libssl3\nStatus: install ok installed\nArchitecture: amd64\nSource: openssl (3.0.20-1)\nVersion: 3.0.20-1+b1\n\nPackage: gone\nStatus: deinstall ok config-files\nArchitecture: amd64\nVersion: 1\n',
      null,
    );
    expect(id).toBe('dpkg-list');
    expect(packages.map(brief)).toEqual(['libssl3 3.0.20-1+b1 amd64 from openssl 3.0.20-1']);
  });

  it('rpm -qa with EPOCHNUM, with a whole EVR, and without an epoch', () => {
    const { id, packages, warnings } = read(
      'openssl 1 3.0.7 27.el9 x86_64 (none) openssl-3.0.7-27.el9.src.rpm\nnodejs 1 20.11.1 1.module_el9.3.0+87 x86_64 nodejs:20:9030020240:rhel9\nbash 0:5.1.8-9.el9 x86_64\nzlib-1.2.11-40.el9.x86_64\ngpg-pubkey 0 1 2 (none)\n',
      'rpm',
    );
    expect(id).toBe('rpm-list');
    expect(packages.map(({ name, version, epochKnown, module }) => [name, version, epochKnown, module])).toEqual([
      ['openssl', '1:3.0.7-27.el9', true, ''],
      ['nodejs', '1:20.11.1-1.module_el9.3.0+87', true, 'nodejs:20'],
      ['bash', '0:5.1.8-9.el9', true, null],
      ['zlib', '1.2.11-40.el9', false, null],
    ]);
    expect(warnings).toEqual([expect.stringContaining('1 package is listed without an epoch')]);
  });

  it('rpm: prose is no list', () => {
    const { packages, warnings } = read('total garbage here-now and more\nError: rpmdb open-failed really\n', 'rpm');
    expect([packages, warnings]).toEqual([[], [expect.stringContaining('2 lines were not read')]]);
  });

  const libs = ['openssl-libs', '1:3.2.2-6.el9', 'x86_64'];
  const less = ['less', '0:590-4.el9', 'x86_64'];
  it.each([
    ['name, epoch, version, release, arch', 'openssl-libs 1 3.2.2 6.el9 x86_64\nless 0 590 4.el9 x86_64\n', [libs, less]],
    ['name, epoch, version-release, arch', 'openssl-libs\t1\t3.2.2-6.el9\tx86_64\nless\t0\t590-4.el9\tx86_64\n', [libs, less]],
    ['parted by |, epoch (none)', 'openssl-libs|1|3.2.2-6.el9|x86_64\nless|(none)|590-4.el9|x86_64\n', [libs, less]],
    ['dnf list', 'Installed Packages\nopenssl-libs.x86_64  1:3.2.2-6.el9  @baseos\nless.x86_64  590-4.el9  @anaconda\n', [libs, less]],
    ['a header without tabs', 'NAME EPOCHNUM VERSION RELEASE ARCH\nopenssl-libs 1 3.2.2 6.el9 x86_64\n', [libs]],
    ['name, epoch:version-release', 'openssl-libs 1:3.2.2-6.el9 x86_64\nless (none):590-4.el9 x86_64\n', [libs, less]],
    ['name-epoch:version-release.arch', 'openssl-libs-1:3.2.2-6.el9.x86_64\nless-0:590-4.el9.x86_64\n', [libs, less]],
    ["yum's epoch:name-version-release.arch", '1:openssl-libs-3.2.2-6.el9.x86_64\n0:less-590-4.el9.x86_64\n', [libs, less]],
    [
      'name, version, release, epoch, arch',
      'a 1.2 3.el9 0 noarch\nopenssl-libs 3.2.2 6.el9 1 x86_64\nless 590 4.el9 0 x86_64\n',
      [['a', '0:1.2-3.el9', 'noarch'], libs, less],
    ],
    ['no architecture', 'openssl-libs-1:3.2.2-6.el9\n', [['openssl-libs', '1:3.2.2-6.el9', '']]],
  ])('rpm: %s', (_, text, expected) => {
    const { packages, warnings } = read(text, 'rpm');
    expect(packages.map(({ name, version, arch }) => [name, version, arch])).toEqual(expected);
    expect(warnings).toEqual([]);
  });

  it.each([
    'Available Packages',
    'Available packages',
    'Available Upgrades',
    'Available upgrades',
    'Upgradable Packages',
    'Upgraded Packages',
    'Updated Packages',
    'Obsoleting Packages',
    'Recently Added Packages',
  ])('dnf list: what stands under "%s" is not installed', title => {
    const installed = 'less.x86_64  590-4.el9  @anaconda\n';
    const others = 'openssl-libs.x86_64  1:3.2.2-6.el9  baseos\nzsh.x86_64  5.8-9.el9  baseos\n';
    for (const text of [`Installed packages\n${installed}\n${title}\n${others}`, `${title}\n${others}Extra Packages\n${installed}`]) {
      const { packages, warnings } = read(text, 'rpm');
      expect(packages.map(({ name, version, arch }) => [name, version, arch])).toEqual([less]);
      expect(warnings).toEqual([`2 lines under "${title}" left out: not installed`]);
    }
  });

  it.each([
    ['name version release arch', 'a 1.2 3.el9 noarch\nb 1.2 3.el9 x86_64\nless 590 4.el9 x86_64\n', '590-4.el9'],
    ['name version-release arch size', 'less 590-4.el9 x86_64 1234\n', '590-4.el9'],
    ['name version-release time', 'less 590-4.el9 1700000000\n', '590-4.el9'],
  ])('rpm: %s has no epoch, and no other number is taken for it', (_, text, version) => {
    const { packages, warnings } = read(text, 'rpm');
    expect(packages.at(-1)).toMatchObject({ name: 'less', version, epochKnown: false });
    expect(warnings).toEqual([expect.stringContaining('listed without an epoch')]);
  });

  it("apk's database, recognised without being told, and apk list --installed", () => {
    const database = 'C:Q1abc=\nP:libssl3\nV:3.1.4-r2\nA:x86_64\no:openssl\n\nP:musl\nV:1.2.4-r2\nA:x86_64\no:musl\n';
    expect(read(database, null).packages.map(brief)).toEqual([
      'libssl3 3.1.4-r2 x86_64 from openssl 3.1.4-r2',
      'musl 1.2.4-r2 x86_64 from musl 1.2.4-r2',
    ]);
    expect(read('libssl3-3.1.4-r2 x86_64 {openssl} (Apache-2.0) [installed]\n', 'apk').packages.map(brief)).toEqual([
      'libssl3 3.1.4-r2 x86_64 from openssl 3.1.4-r2',
    ]);
  });

  it('pacman -Q', () => {
    expect(read('openssl 3.2.1-1\nlinux 6.8.1.arch1-1\nnonsense\n', 'pacman')).toMatchObject({
      id: 'pacman-list',
      packages: [
        { name: 'openssl', version: '3.2.1-1' },
        { name: 'linux', version: '6.8.1.arch1-1' },
      ],
      warnings: [expect.stringContaining('line 3')],
    });
  });
});
