import type { ChangeCommand, InstalledPackage, SimulationRequest } from '../spec.ts';
import { ARCHIVES, archiveFileName, FETCH_ONCE } from './archives.ts';
import { aptName } from './candidates.ts';

/** deb-control(5) and dpkg's own check. Names, versions and architectures go into arguments, never near a shell, and never look like an option. */
const NAME = /^[a-z0-9][a-z0-9+.-]{0,199}$/;
const VERSION = /^[A-Za-z0-9][A-Za-z0-9.+~:-]{0,254}$/;
const ARCH = /^[a-z0-9][a-z0-9-]{0,30}$/;

/** The administrator's file is kept, a new default lies beside it as `.dpkg-dist` (lab.md section 3). */
const KEEP_CONFFILES = ['-o', 'Dpkg::Options::=--force-confdef', '-o', 'Dpkg::Options::=--force-confold'] as const;
const DPKG_KEEP_CONFFILES = ['--force-confdef', '--force-confold'] as const;
/** The executor waits for the lock itself and reports the holder; this covers who comes in between. */
const LOCK_SECONDS = 120;

/** `NAME=VERSION` and `NAME-` (remove), or the first part that is not of the form such things have. */
export function packageArguments(
  request: SimulationRequest,
  nativeArch: string,
): { readonly ok: true; readonly value: string[] } | { readonly ok: false; readonly problem: string } {
  const bad = request.changes.find(c => !NAME.test(c.name) || !ARCH.test(c.arch) || (c.version !== null && !VERSION.test(c.version)));
  if (bad) return { ok: false, problem: `not a package, version and architecture: ${JSON.stringify(bad).slice(0, 300)}` };
  return {
    ok: true,
    value: request.changes.map(c =>
      c.version === null ? `${aptName(c.name, c.arch, nativeArch)}-` : `${aptName(c.name, c.arch, nativeArch)}=${c.version}`,
    ),
  };
}

/**
 * The options that decide what a transaction holds; simulation, download and apply share them, so that they cannot differ. Recommended packages
 * are left out: a patch brings what the fix needs. Held packages are never changed: there is no option here that would allow it.
 */
function guards(request: SimulationRequest): string[] {
  return [
    '-y',
    '--no-install-recommends',
    ...(request.changes.some(c => c.version === null) ? [] : ['--no-remove']),
    ...(request.allowDowngrade ? ['--allow-downgrades'] : []),
  ];
}

export function simulateArgv(request: SimulationRequest, packages: readonly string[]): string[] {
  // Without --no-remove, so that what would be removed is seen and named instead of refused.
  const asked = guards(request).filter(option => option !== '--no-remove');
  return ['apt-get', '-q', '-s', '-o', 'Debug::NoLocking=1', ...asked, 'install', '--', ...packages];
}

export function printUrisArgv(request: SimulationRequest, packages: readonly string[]): string[] {
  return [
    'apt-get',
    '-q',
    '--print-uris',
    '-o',
    'Debug::NoLocking=1',
    '-o',
    `Dir::Cache::archives=${ARCHIVES}`,
    ...guards(request),
    'install',
    '--',
    ...packages,
  ];
}

export function downloadArgv(request: SimulationRequest, packages: readonly string[]): string[] {
  return [
    'apt-get',
    '-q',
    '-d',
    '-o',
    `Dir::Cache::archives=${ARCHIVES}`,
    '-o',
    'DPkg::Lock::Timeout=60',
    ...FETCH_ONCE,
    ...guards(request),
    'install',
    '--',
    ...packages,
  ];
}

/** Of the versions that are installed: only with `--reinstall` does apt fetch what it has. */
export function downloadInstalledArgv(packages: readonly string[]): string[] {
  const [program, quiet, only, ...rest] = downloadArgv({ changes: [], allowDowngrade: false }, packages);
  return [program!, quiet!, only!, '--reinstall', ...rest];
}

/** Archives come from the cache that was checked before; apt does not go to the network. */
export function applyCommand(request: SimulationRequest, packages: readonly string[]): ChangeCommand {
  const options = [
    '-o',
    `Dir::Cache::archives=${ARCHIVES}`,
    '-o',
    `DPkg::Lock::Timeout=${LOCK_SECONDS}`,
    '-o',
    'Dpkg::Use-Pty=0',
    ...KEEP_CONFFILES,
  ];
  return {
    step: 'apply',
    title: 'apt-get install of the exact versions',
    argv: ['apt-get', '-q', '--no-download', ...options, ...guards(request), 'install', '--', ...packages],
  };
}

export const CONFIGURE: ChangeCommand = {
  step: 'configure',
  title: 'dpkg --configure -a',
  argv: ['dpkg', ...DPKG_KEEP_CONFFILES, '--configure', '-a'],
};

/** `apt-get -f install` without names; its own simulation must have shown that it stays within the plan. */
export const FIX_SIMULATION: readonly string[] = ['apt-get', '-q', '-s', '-o', 'Debug::NoLocking=1', '-f', '-y', 'install'];
export function fixCommand(allowRemove: boolean): ChangeCommand {
  const options = [
    '-o',
    `Dir::Cache::archives=${ARCHIVES}`,
    '-o',
    `DPkg::Lock::Timeout=${LOCK_SECONDS}`,
    '-o',
    'Dpkg::Use-Pty=0',
    ...KEEP_CONFFILES,
  ];
  return {
    step: 'fix',
    title: 'apt-get -f install',
    argv: ['apt-get', '-q', ...options, '-f', '-y', '--no-install-recommends', ...(allowRemove ? [] : ['--no-remove']), 'install'],
  };
}

/**
 * Packages with dpkg's R flag: only unpacking helps, and while one has it every apt call on the host fails (security.md 0.7).
 * `files` are those in our archive folder; the version that was being installed, else any kept one.
 */
export function reinstallCommand(packages: readonly InstalledPackage[], files: readonly string[]): ChangeCommand | null {
  const wanted = packages
    .filter(p => p.reinstallRequired || p.state === 'half-installed')
    .flatMap(p => {
      const kept = files.filter(file => file.startsWith(`${p.name}_`));
      return kept.find(file => file === archiveFileName(p.name, p.version, p.arch)) ?? kept.at(-1) ?? [];
    })
    .map(file => `${ARCHIVES}/${file}`);
  const title = `dpkg -i of ${wanted.length === 1 ? 'the kept archive' : `${wanted.length} kept archives`}`;
  return wanted.length === 0 ? null : { step: 'reinstall', title, argv: ['dpkg', ...DPKG_KEEP_CONFFILES, '-i', '--', ...wanted] };
}

/** Everything that dpkg has not finished, triggers included: `dpkg --configure -a` runs them. */
export function brokenPackages(packages: readonly InstalledPackage[]): InstalledPackage[] {
  return packages.filter(p => p.reinstallRequired || (p.state !== 'config-files' && p.state !== 'installed'));
}
