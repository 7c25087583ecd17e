import { execFileSync, spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { PACKAGE_MANAGERS } from '../catalog.ts';
import type { InstalledPackage } from '../spec.ts';
import { debtsOf, drive, answered as ok } from '../testkit.ts';
import { apt } from './apt.ts';
import { archiveFileName } from './archives.ts';
import { localInstant, mergeLogs, parseAptHistory, parseDpkgLog } from './history.ts';
import { parsePolicies } from './policy.ts';
import { namesUnder, parseDiskBytes, parsePrintUris, parseTransaction } from './simulation.ts';
import { parseOffered } from './stanzas.ts';
import { inReleaseFile, isSecurityArchive, originText, parseIndexTargets, parseReleaseDates } from './suites.ts';
import { packageArguments } from './transaction.ts';

describe('apt-get -s', () => {
  const text = `The following packages will be upgraded:
  libperl5.36
Inst libperl5.36 [5.36.0-7+deb12u3] (5.36.0-7+deb12u4 Debian-Security:12/oldstable-security [amd64]) [perl:amd64 ]
Inst lab-extra (1.0 FleetLab:lab [all])
Inst openssl [3.0.22-1~deb12u2] (3.0.20-1~deb12u2 Debian:12.15/oldstable [amd64])
Inst python3-jwt [2.6.0-1] (2.6.0-1+deb12u1 Debian:12.15/oldstable, Debian-Security:12/oldstable-security [all])
Inst libssl3:i386 [1] (2 Debian:12.15/oldstable [i386])
Inst same [1.0] (1.0 FleetLab:lab [all])
Remv lab-held [1.0]
Conf lab-extra (1.0 FleetLab:lab [all])`;
  it('gives upgrades, downgrades, new packages and removals, and no reinstallation', () => {
    expect(parseTransaction(text, 'amd64')).toEqual([
      { action: 'upgrade', name: 'libperl5.36', arch: 'amd64', fromVersion: '5.36.0-7+deb12u3', toVersion: '5.36.0-7+deb12u4' },
      { action: 'install', name: 'lab-extra', arch: 'all', fromVersion: null, toVersion: '1.0' },
      { action: 'downgrade', name: 'openssl', arch: 'amd64', fromVersion: '3.0.22-1~deb12u2', toVersion: '3.0.20-1~deb12u2' },
      { action: 'upgrade', name: 'python3-jwt', arch: 'all', fromVersion: '2.6.0-1', toVersion: '2.6.0-1+deb12u1' },
      { action: 'upgrade', name: 'libssl3', arch: 'i386', fromVersion: '1', toVersion: '2' },
      { action: 'remove', name: 'lab-held', arch: 'amd64', fromVersion: '1.0', toVersion: null },
    ]);
  });
  it('reads lists that apt wraps', () => {
    const kept =
      'The following packages have been kept back:\n  lab-conflict lab-held\n  lab-newdep\nThe following packages will be upgraded:\n  apt\n';
    expect(namesUnder(kept, /kept back/)).toEqual(['lab-conflict', 'lab-held', 'lab-newdep']);
  });
  it('reads sizes', () => {
    expect(parseDiskBytes('After this operation, 165 kB of additional disk space will be used.')).toBe(165_000);
    expect(parseDiskBytes('After this operation, 1,234 kB disk space will be freed.')).toBe(-1_234_000);
    expect(parseDiskBytes('After this operation, 0 B of additional disk space will be used.')).toBe(0);
    expect(parsePrintUris("'http://m/libssl3_3.0.22-1%7edeb12u2_amd64.deb' libssl3_3.0.22-1~deb12u2_amd64.deb 2039888 \nReading")).toEqual([
      { uri: 'http://m/libssl3_3.0.22-1%7edeb12u2_amd64.deb', file: 'libssl3_3.0.22-1~deb12u2_amd64.deb', size: 2_039_888 },
    ]);
  });
});

describe('archives', () => {
  it.each([
    ['redis-server', '5:7.0.15-1~deb12u10', 'amd64', 'redis-server_5%3a7.0.15-1~deb12u10_amd64.deb'],
    ['rsync', '3.5.0+ds1-0+deb12u1', 'amd64', 'rsync_3.5.0+ds1-0+deb12u1_amd64.deb'],
  ])('%s %s has the file name that apt gives it', (name, version, arch, file) => expect(archiveFileName(name, version, arch)).toBe(file));
  it.each([
    [{ label: 'Debian-Security', codename: 'bookworm-security', suite: 'oldstable-security' }, true],
    [{ label: 'Ubuntu', codename: 'jammy', suite: 'jammy-security' }, true],
    [{ label: 'Ubuntu', codename: 'jammy', suite: 'jammy-updates' }, false],
    [{ label: 'UbuntuESM', codename: 'jammy', suite: 'jammy-infra-security' }, true],
    [{ label: 'Debian', codename: 'bookworm', suite: 'oldstable' }, false],
    [{ label: '', codename: '', suite: '' }, false],
  ])('%j is a security archive: %s', (archive, expected) => expect(isSecurityArchive(archive)).toBe(expected));
  it('finds the release file of an index and its date', () => {
    const [target] = parseIndexTargets(
      'MetaKey: main/binary-amd64/Packages\nFilename: /var/lib/apt/lists/h_debian_dists_bookworm_main_binary-amd64_Packages\nCodename: bookworm\nLabel: Debian\nSuite: oldstable\nVersion: 12.15\nComponent: main\nCreated-By: Packages\nSite: http://h/debian\nRelease: bookworm\n',
    );
    expect(inReleaseFile(target!)).toBe('/var/lib/apt/lists/h_debian_dists_bookworm_InRelease');
    expect(originText(target!)).toBe('Debian:12.15/oldstable');
    expect(
      parseReleaseDates('/var/lib/apt/lists/h_InRelease:Date: Sat, 11 Jul 2026 10:16:37 UTC\n').get('/var/lib/apt/lists/h_InRelease'),
    ).toBe('2026-07-11T10:16:37.000Z');
  });
});

describe('apt-cache', () => {
  it('reads candidates with their archives, also of another architecture', () => {
    const text =
      'libssl3:i386:\n  Installed: 1\n  Candidate: 2\n  Version table:\n     2 990\n        990 http://m/s bookworm-security/main i386 Packages\n *** 1 500\n        500 http://m/d bookworm/main i386 Packages\n        100 /var/lib/dpkg/status\nnosuch:\n  Installed: (none)\n  Candidate: (none)\n  Version table:\n';
    expect(parsePolicies(text)).toEqual([
      {
        name: 'libssl3:i386',
        installed: '1',
        candidate: '2',
        versions: [
          { version: '2', sources: ['http://m/s bookworm-security/main'] },
          { version: '1', sources: ['http://m/d bookworm/main'] },
        ],
      },
      { name: 'nosuch', installed: null, candidate: null, versions: [] },
    ]);
  });
  it('reads the source package, with a version of its own where it has one, and phasing', () => {
    const [a, b] = parseOffered(
      'Package: libbrotli1\nSource: brotli\nVersion: 1.0.9-2+b6\nArchitecture: amd64\nFilename: pool/x.deb\nSize: 12\nSHA256: aa\n\nPackage: bash\nSource: bash (5.2.15-2)\nVersion: 5.2.15-2+b13\nArchitecture: amd64\nPhased-Update-Percentage: 30\n',
    );
    expect(a).toMatchObject({ sourceName: 'brotli', sourceVersion: '1.0.9-2+b6', sizeBytes: 12, phasedPercent: null });
    expect(b).toMatchObject({ sourceName: 'bash', sourceVersion: '5.2.15-2', phasedPercent: 30, filename: null });
  });
});

describe('the catalog', () => {
  it('has members that find their hosts, each under its own id', () => {
    expect(PACKAGE_MANAGERS.map(member => member.id)).toEqual(['apt']);
    expect(drive(PACKAGE_MANAGERS[0]!.detect(), () => ok('amd64\n')).value?.id).toBe('apt');
    expect(drive(PACKAGE_MANAGERS[0]!.detect(), () => ok('', 127)).value).toBeNull();
  });
  it('has members that owe nothing', () => expect(debtsOf(apt('amd64'), () => ok())).toEqual([]));
});

describe('arguments', () => {
  const one = (name: string, version: string | null = '1', arch = 'amd64') =>
    packageArguments({ changes: [{ name, arch, version }], allowDowngrade: false }, 'amd64');
  it('are exact versions, removals, and other architectures by name', () => {
    expect(one('openssl', '3.0.22-1~deb12u2')).toEqual({ ok: true, value: ['openssl=3.0.22-1~deb12u2'] });
    expect(one('tzdata', '2026f', 'all')).toEqual({ ok: true, value: ['tzdata=2026f'] });
    expect(one('libc6', '2', 'i386')).toEqual({ ok: true, value: ['libc6:i386=2'] });
    expect(one('lab-held', null)).toEqual({ ok: true, value: ['lab-held-'] });
  });
  it.each(['-o', '--force-yes', '../x', 'a b', 'a\nb', 'A', '', 'a=b', 'a/b', '$(id)', 'a;id', 'ä'])('refuse the name %j', name =>
    expect(one(name).ok).toBe(false),
  );
  it.each(['-1', '1 2', '1\n', '$(id)', '1;id', '', '1/2', '*'])('refuse the version %j', version =>
    expect(one('a', version).ok).toBe(false),
  );
  it('never allow a held package to change, and removal only where it is planned', () => {
    const change = apt('amd64').apply({ changes: [{ name: 'a', arch: 'all', version: '1' }], allowDowngrade: false });
    expect(change.argv).toContain('--no-remove');
    expect(change.argv).toContain('--no-download');
    expect(change.argv).not.toContain('--allow-downgrades');
    expect(change.argv.join(' ')).not.toMatch(/allow-change-held|allow-unauthenticated|force-yes|allow-remove-essential/);
    expect(change.argv.slice(-3)).toEqual(['install', '--', 'a=1']);
    expect(
      apt('amd64').apply({
        changes: [
          { name: 'a', arch: 'all', version: '1' },
          { name: 'b', arch: 'all', version: null },
        ],
        allowDowngrade: true,
      }).argv,
    ).toEqual(expect.arrayContaining(['--allow-downgrades', 'b-']));
  });
});

describe('refresh', () => {
  it('takes a warning for a failure, because old versions of apt end with 0', () => {
    const { value } = drive(apt('amd64').refresh(), () =>
      ok('', 0, 'W: Failed to fetch http://m/InRelease  Connection failed\nW: Some index files failed to download.'),
    );
    expect(value).toMatchObject({ ok: false, problem: { class: 'repository-unavailable' } });
  });
});

describe('the lock', () => {
  it('names its holder', () => {
    const { value } = drive(apt('amd64').lock(), argv =>
      argv.startsWith('tr')
        ? ok('unattended-upgrade --verbose ')
        : ok('', 100, 'E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 317 (python3)'),
    );
    expect(value).toEqual({ state: 'held', pid: 317, holder: 'unattended-upgrade --verbose' });
  });
  it('is free although dependencies are broken', () => {
    expect(
      drive(apt('amd64').lock(), () => ok('', 100, "E: Unmet dependencies. Try 'apt --fix-broken install' with no packages")).value,
    ).toEqual({ state: 'free' });
  });
});

describe('the heal ladder', () => {
  const record = (name: string, state: InstalledPackage['state'], reinstallRequired = false): InstalledPackage => ({
    name,
    arch: 'amd64',
    version: '1',
    sourceName: name,
    sourceVersion: '1',
    state,
    held: false,
    reinstallRequired,
  });
  const request = {
    changes: [
      { name: 'perl-base', arch: 'amd64', version: '2' },
      { name: 'perl', arch: 'amd64', version: '2' },
    ],
    allowDowngrade: false,
  };
  const packages = [record('perl-base', 'half-installed', true), record('perl', 'unpacked')];
  const next = (tried: string[], simulation = 'Inst perl [1] (2 X:1 [amd64])') =>
    drive(apt('amd64').repair({ packages, request, tried }), argv =>
      argv.includes('%f')
        ? ok('perl-base_2_amd64.deb\nperl_2_amd64.deb\nother_1_amd64.deb\n')
        : argv.includes('-s')
          ? ok(simulation)
          : ok(),
    ).value;
  it('goes up rung by rung', () => {
    expect(next([])?.step).toBe('configure');
    expect(next(['configure'])).toMatchObject({
      step: 'reinstall',
      argv: expect.arrayContaining(['/var/cache/fettle/archives/perl-base_2_amd64.deb']),
    });
    expect(next(['configure', 'reinstall'])?.step).toBe('configure');
    expect(next(['configure', 'reinstall', 'configure'])?.step).toBe('fix');
    expect(next(['configure', 'reinstall', 'configure', 'fix'])).toBeNull();
  });
  it('does not let apt mend what is not in the plan', () => {
    expect(next(['configure', 'reinstall', 'configure'], 'Inst perl [1] (2 X:1 [amd64])\nRemv nginx [1]')).toBeNull();
    expect(next(['configure', 'reinstall', 'configure'], 'Inst nginx [1] (2 X:1 [amd64])')).toBeNull();
  });
  it('has nothing to do on a sound host', () => {
    expect(
      drive(apt('amd64').repair({ packages: [record('perl', 'installed'), record('old', 'config-files')], request, tried: [] }), () => ok())
        .value,
    ).toBeNull();
  });
  it('plays back the journal of an interrupted dpkg although all states look sound', () => {
    expect(
      drive(apt('amd64').repair({ packages: [record('perl', 'installed')], request, tried: [] }), argv =>
        argv.includes('updates') ? ok('/var/lib/dpkg/updates/0001\n') : ok(),
      ).value?.step,
    ).toBe('configure');
  });
});

describe('logs', () => {
  const dpkg =
    '2026-11-22 02:40:23 startup archives install\n2026-11-22 02:40:23 install base-files:amd64 <none> 12.4\n2026-11-22 02:40:23 status installed base-files:amd64 12.4\n2026-11-22 03:00:39 upgrade openssl:amd64 3.0.20 3.0.22\n2026-11-22 03:00:41 upgrade openssl:amd64 3.0.22 3.0.20\n2026-11-22 03:00:42 upgrade dpkg:amd64 1.21.23 1.21.23\n2026-11-22 03:00:43 remove rsync:amd64 3.2.7 <none>\n';
  const apthist =
    '\nStart-Date: 2026-11-22  03:00:39\nCommandline: apt-get install openssl\nRequested-By: ada (1000)\nUpgrade: openssl:amd64 (3.0.20, 3.0.22)\nInstall: libx:amd64 (1.0, automatic), liby:amd64 (2.0)\nEnd-Date: 2026-11-22  03:00:40\n';
  it('tells downgrades from upgrades and leaves reinstallations out', () => {
    expect(parseDpkgLog(dpkg).map(l => [l.change.action, l.change.name, l.change.fromVersion, l.change.toVersion])).toEqual([
      ['install', 'base-files', null, '12.4'],
      ['upgrade', 'openssl', '3.0.20', '3.0.22'],
      ['downgrade', 'openssl', '3.0.22', '3.0.20'],
      ['remove', 'rsync', '3.2.7', null],
    ]);
  });
  it('adds who asked, and what only apt has kept, in the zone of the host', () => {
    const changes = mergeLogs(parseDpkgLog(dpkg), parseAptHistory(apthist), 'Europe/Berlin');
    expect(changes.find(c => c.action === 'upgrade')).toMatchObject({
      at: '2026-11-22T02:00:39.000Z',
      commandLine: 'apt-get install openssl',
      requestedBy: 'ada (1000)',
    });
    expect(changes.filter(c => c.name === 'libx')).toEqual([
      {
        at: '2026-11-22T02:00:39.000Z',
        action: 'install',
        name: 'libx',
        arch: 'amd64',
        fromVersion: null,
        toVersion: '1.0',
        commandLine: 'apt-get install openssl',
        requestedBy: 'ada (1000)',
      },
    ]);
    expect(changes.filter(c => c.name === 'openssl').length).toBe(2);
  });
  it('knows summer time', () => {
    expect(localInstant('2026-07-01  12:00:00', 'Europe/Berlin')).toBe('2026-07-01T10:00:00.000Z');
    expect(localInstant('2026-12-01 12:00:00', 'Europe/Berlin')).toBe('2026-12-01T11:00:00.000Z');
    expect(localInstant('nonsense', 'UTC')).toBeNull();
  });
});

const hasApt = spawnSync('apt-get', ['--version']).status === 0;
describe.skipIf(!hasApt)('this machine’s apt (skipped where there is none)', () => {
  it('takes the options of a simulation', () => {
    const name = execFileSync('dpkg-query', ['-W', '-f', `\${Package}=\${Version}`, 'dpkg'], { encoding: 'utf8' });
    const run = spawnSync('apt-get', ['-q', '-s', '-o', 'Debug::NoLocking=1', '-y', '--no-install-recommends', 'install', '--', name], {
      encoding: 'utf8',
      env: { ...process.env, LC_ALL: 'C.UTF-8' },
    });
    expect(run.stderr).not.toMatch(/not understood|Unable to locate/);
    expect(parseTransaction(run.stdout, 'amd64').filter(item => item.name === 'dpkg')).toEqual([]);
  });
});
