import { isThirdParty, type PackageOrigin } from '../../../core/inventory/package-origin.ts';
import type { CandidateRecord, PackageRecord } from '../../../core/inventory/snapshot.ts';
import { command, type Dialogue, failureText } from '../../../core/kernel/commands.ts';
import { no, ok, type Result } from '../../../core/kernel/faults.ts';
import type { Offered } from '../spec.ts';
import { isInPlace } from './dpkg-list.ts';
import { Origins } from './origins.ts';
import { type Policy, parsePolicies } from './policy.ts';
import { isOlder, namesUnder } from './simulation.ts';
import { type OfferedPackage, parseOffered } from './stanzas.ts';
import { type IndexTarget, indexTargetsArgv, isSecurityArchive, originText, parseIndexTargets } from './suites.ts';

/** `NoLocking`: a simulation needs no lock, and without it only root may ask. */
const READ_ONLY = ['-o', 'Debug::NoLocking=1', '-o', 'APT::Get::Show-User-Simulation-Note=0'] as const;
/** Below the kernel's limit of 128 KiB for one argument list's word and far below the 2 MB for all of it. */
const NAMES_PER_CALL = 400;

type Availability = CandidateRecord['availability'];

/**
 * What would be installed now: apt says by itself which packages it would upgrade, which it keeps back and which it defers (`upgrade`),
 * `policy` names candidate and archives, `show` the source package, size and digest. A host whose dependencies are broken cannot be
 * asked for an upgrade: then every newer candidate is reported as kept back.
 */
export function* candidates(packages: readonly PackageRecord[], nativeArch: string): Dialogue<Result<Offered, string>> {
  const cache = yield* aptCache();
  try {
    return yield* candidatesWith(cache === null ? [] : cache.options, packages, nativeArch);
  } finally {
    if (cache !== null) yield command(['rm', '-rf', '--', cache.folder]);
  }
}

/** Where the installed versions came from, without the question what would be installed now: three calls for 800 packages. */
export function* origins(packages: readonly PackageRecord[], nativeArch: string): Dialogue<ReadonlyMap<string, PackageOrigin>> {
  const cache = yield* aptCache();
  const options = cache === null ? [] : cache.options;
  try {
    const targets = parseIndexTargets((yield command(indexTargetsArgv(options))).stdout);
    const installed = new Map(packages.filter(p => isInPlace(p.state)).map(p => [aptName(p.name, p.arch, nativeArch), p]));
    if (targets.length === 0) return new Map();
    return new Origins(yield* policiesOf([...installed.keys()], options), archivesBySource(targets)).ofInstalled(installed);
  } finally {
    if (cache !== null) yield command(['rm', '-rf', '--', cache.folder]);
  }
}

/** As `apt-cache policy` names them: `SITE RELEASE/COMPONENT`, or `SITE ./` for an archive without suites. */
function archivesBySource(targets: readonly IndexTarget[]): ReadonlyMap<string, IndexTarget> {
  return new Map(targets.map(t => [t.component === '' ? `${t.site} ${t.release}` : `${t.site} ${t.release}/${t.component}`, t]));
}

const CACHE_FOLDER = /^\/tmp\/fettle-apt-[A-Za-z0-9]{10}$/;

/**
 * Every call of apt reads all indexes anew, 1 to 2 s of processor time, when its binary cache is missing (container images switch it off) or older
 * than the package status and the user may not write it. Then one of our own serves the calls of this dialogue. null: apt's is good.
 */
function* aptCache(): Dialogue<{ readonly folder: string; readonly options: readonly string[] } | null> {
  if ((yield command(['test', '/var/cache/apt/pkgcache.bin', '-nt', '/var/lib/dpkg/status'])).code === 0) return null;
  // What a collection that was killed left behind, 70 MB each; none takes an hour.
  yield command([
    'find',
    '/tmp',
    '-maxdepth',
    '1',
    '-type',
    'd',
    '-name',
    'fettle-apt-??????????',
    '-mmin',
    '+60',
    '-exec',
    'rm',
    '-rf',
    '--',
    '{}',
    '+',
  ]);
  const folder = (yield command(['mktemp', '-d', '/tmp/fettle-apt-XXXXXXXXXX'])).stdout.trim();
  if (!CACHE_FOLDER.test(folder)) return null;
  return {
    folder,
    options: ['-o', `Dir::Cache::pkgcache=${folder}/pkgcache.bin`, '-o', `Dir::Cache::srcpkgcache=${folder}/srcpkgcache.bin`],
  };
}

function* candidatesWith(
  cache: readonly string[],
  packages: readonly PackageRecord[],
  nativeArch: string,
): Dialogue<Result<Offered, string>> {
  const upgrade = yield command(['apt-get', '-q', '-s', ...READ_ONLY, ...cache, 'upgrade', '--with-new-pkgs'], { timeoutSeconds: 180 });
  if (upgrade.code === 127) return no(failureText(upgrade));
  const targets = parseIndexTargets((yield command(indexTargetsArgv(cache))).stdout);
  if (targets.length === 0) return no('apt has no package indexes: run apt-get update on the host');
  const installed = new Map(packages.filter(p => isInPlace(p.state)).map(p => [aptName(p.name, p.arch, nativeArch), p]));
  const availability = upgrade.code === 0 ? offers(upgrade.stdout) : new Map<string, Availability>();
  const asked = upgrade.code === 0 ? [...availability.keys()].filter(name => installed.has(name)) : [...installed.keys()];

  const wanted: { policy: Policy; installed: PackageRecord }[] = [];
  const policies = yield* policiesOf(asked, cache);
  for (const policy of policies) {
    const have = installed.get(policy.name);
    if (have && policy.candidate !== null && isOlder(have.version, policy.candidate)) wanted.push({ policy, installed: have });
  }
  const details = new Map<string, OfferedPackage>();
  for (const part of chunks(wanted)) {
    const shown = yield command(['apt-cache', ...cache, 'show', ...part.map(w => `${w.policy.name}=${w.policy.candidate}`)], {
      outputBytesMax: 16_000_000,
    });
    for (const offered of parseOffered(shown.stdout))
      if (offered.filename !== null) details.set(`${offered.name} ${offered.version} ${offered.arch}`, offered);
  }
  const archives = archivesBySource(targets);
  const isAsked = new Set(asked);
  const others = yield* policiesOf(
    [...installed.keys()].filter(name => !isAsked.has(name)),
    cache,
  );
  const origins = new Origins([...policies, ...others], archives);
  return ok({
    candidates: wanted.map(w => {
      const candidate = candidateOf(w.policy, w.installed, availability.get(w.policy.name) ?? 'kept-back', details, archives);
      const origin = origins.of(w.policy, candidate.version);
      return isThirdParty(origin) ? { ...candidate, origin } : candidate;
    }),
    origins: origins.ofInstalled(installed),
  });
}

function* policiesOf(names: readonly string[], cache: readonly string[]): Dialogue<Policy[]> {
  const policies: Policy[] = [];
  for (const some of chunks(names)) policies.push(...parsePolicies((yield command(['apt-cache', ...cache, 'policy', ...some])).stdout));
  return policies;
}

export function aptName(name: string, arch: string, nativeArch: string): string {
  return arch === 'all' || arch === nativeArch ? name : `${name}:${arch}`;
}

function offers(text: string): Map<string, Availability> {
  const found = new Map<string, Availability>();
  for (const name of namesUnder(text, /^The following packages have been kept back:/)) found.set(name, 'kept-back');
  for (const name of namesUnder(text, /^The following upgrades have been deferred due to phasing:/)) found.set(name, 'phased');
  for (const line of text.split('\n')) if (line.startsWith('Inst ')) found.set(line.split(' ')[1]!, 'offered');
  return found;
}

function candidateOf(
  policy: Policy,
  installed: PackageRecord,
  availability: Availability,
  details: ReadonlyMap<string, OfferedPackage>,
  archives: ReadonlyMap<string, IndexTarget>,
): CandidateRecord {
  const version = policy.candidate!;
  const found = [installed.arch, 'all', ...[...details.keys()].map(key => key.split(' ')[2]!)]
    .map(arch => details.get(`${installed.name} ${version} ${arch}`))
    .find(d => d !== undefined);
  const archivesOf = (wanted: (v: string) => boolean) =>
    policy.versions.filter(v => wanted(v.version)).flatMap(v => v.sources.flatMap(source => archives.get(source) ?? []));
  return {
    name: installed.name,
    arch: found?.arch ?? installed.arch,
    version,
    sourceName: found?.sourceName ?? installed.sourceName,
    sourceVersion: found?.sourceVersion ?? version,
    origins: [...new Set(archivesOf(v => v === version).map(originText))],
    // Any newer version up to the candidate counts: a later upload to another archive still carries the security fix.
    security: archivesOf(v => isOlder(installed.version, v) && !isOlder(version, v)).some(isSecurityArchive),
    sizeBytes: found?.sizeBytes ?? null,
    sha256: found?.sha256 ?? null,
    phasedPercent: found?.phasedPercent ?? null,
    availability: installed.held ? 'held' : availability,
  };
}

function chunks<T>(items: readonly T[]): T[][] {
  return Array.from({ length: Math.ceil(items.length / NAMES_PER_CALL) }, (_, at) =>
    items.slice(at * NAMES_PER_CALL, (at + 1) * NAMES_PER_CALL),
  );
}
