import type { OperatingSystem, PackageRecord } from '../../../core/inventory/snapshot.ts';
import { type CommandResult, command, type Dialogue, failureText } from '../../../core/kernel/commands.ts';
import { no, ok, type Result } from '../../../core/kernel/faults.ts';
import { deb } from '../../../core/versions/deb.ts';
import type { ChangeCommand, InstalledPackage, LockState, ManagerProblem, PackageManager, Simulation, SimulationRequest } from '../spec.ts';
import { ARCHIVES, archivePath } from './archives.ts';
import { candidates } from './candidates.ts';
import { changelogs, installedChangelogs } from './changelogs.ts';
import { DPKG_LIST_ARGV, parseDpkgList } from './dpkg-list.ts';
import { health } from './health.ts';
import { mergeLogs, parseAptHistory, parseDpkgLog } from './history.ts';
import { problemOf } from './problems.ts';
import { parseTransaction, simulationOf } from './simulation.ts';
import { parseOffered } from './stanzas.ts';
import { enabledSuites, indexTargetsArgv, inReleaseFile, parseIndexTargets, parseReleaseDates } from './suites.ts';
import {
  applyCommand,
  brokenPackages,
  CONFIGURE,
  downloadArgv,
  downloadInstalledArgv,
  FIX_SIMULATION,
  fixCommand,
  packageArguments,
  printUrisArgv,
  reinstallCommand,
  simulateArgv,
} from './transaction.ts';

/** Debian and what is built from it; os-release's ID_LIKE would let in systems whose archives nobody tried. */
const SYSTEMS: ReadonlySet<string> = new Set(['debian', 'ubuntu', 'raspbian', 'linuxmint', 'pop', 'devuan', 'kali', 'proxmox']);
const LIST_BYTES_MAX = 16_000_000;
const REFRESH = [
  'apt-get',
  '-q',
  'update',
  '-o',
  'APT::Update::Error-Mode=any',
  '-o',
  'Acquire::http::Timeout=15',
  '-o',
  'Acquire::https::Timeout=15',
  '-o',
  'Acquire::Retries=0',
  '-o',
  'DPkg::Lock::Timeout=60',
];

/** `native` is the architecture that `dpkg --print-architecture` names; packages of it and of `all` go by their bare name. */
export function apt(native: string): PackageManager {
  return {
    id: 'apt',
    versions: deb,
    manages: (os: OperatingSystem) => SYSTEMS.has(os.id),
    packages,
    candidates: (installed: readonly PackageRecord[]) => candidates(installed, native),
    *suites() {
      const targets = parseIndexTargets((yield command(indexTargetsArgv())).stdout);
      if (targets.length === 0) return no('apt has no package indexes');
      const files = [...new Set(targets.flatMap(t => inReleaseFile(t) ?? []))];
      const dates =
        files.length === 0
          ? ''
          : (yield command(['grep', '-sH', '^Date:', '--', ...files.flatMap(f => [f, f.replace(/_InRelease$/, '_Release')])])).stdout;
      return ok(enabledSuites(targets, parseReleaseDates(dates)));
    },
    health,
    *history(timeZone: string) {
      const found = (yield command([
        'find',
        '/var/log',
        '/var/log/apt',
        '-maxdepth',
        '1',
        '-type',
        'f',
        '(',
        '-name',
        'dpkg.log*',
        '-o',
        '-name',
        'history.log*',
        ')',
      ])).stdout.split('\n');
      const of = (name: string) => [...new Set(found)].filter(path => path.split('/').at(-1)!.startsWith(name)).sort();
      const logs = of('dpkg.log');
      const lines =
        logs.length === 0
          ? ''
          : (yield command(['zgrep', '-hE', '^[0-9-]+ [0-9:]+ (install|upgrade|remove|purge) ', '--', ...logs], {
              access: 'root-if-possible',
              outputBytesMax: 16_000_000,
            })).stdout;
      const blocks = of('history.log');
      const history =
        blocks.length === 0
          ? ''
          : (yield command(['gzip', '-dcf', '--', ...blocks], { access: 'root-if-possible', outputBytesMax: 16_000_000 })).stdout;
      return mergeLogs(parseDpkgLog(lines), parseAptHistory(history), timeZone);
    },
    changelogs: wanted => changelogs(wanted, ['all', native]),
    installedChangelogs,
    refresh,
    lock,
    simulate: (request: SimulationRequest, { sizes } = { sizes: true }) => simulate(request, native, sizes),
    download: (request: SimulationRequest) => download(request, native),
    downloadInstalled: installed => downloadInstalled(installed, native),
    apply: (request: SimulationRequest): ChangeCommand => {
      const named = packageArguments(request, native);
      if (!named.ok) throw new Error(named.problem);
      return applyCommand(request, named.value);
    },
    problemOf,
    repair: state => repair(state, native),
    *discardDownloads() {
      yield command(['find', ARCHIVES, '-maxdepth', '2', '-type', 'f', '-name', '*.deb', '-delete'], { access: 'root' });
    },
    spaceNeeded,
  };
}

/** The host's own architecture, for `apt(native)`; null when dpkg is not there. */
export function* nativeArchitecture(): Dialogue<string | null> {
  const asked = yield command(['dpkg', '--print-architecture']);
  return asked.code === 0 ? asked.stdout.trim() : null;
}

function* packages(): Dialogue<Result<InstalledPackage[], string>> {
  const list = yield command(DPKG_LIST_ARGV, { outputBytesMax: LIST_BYTES_MAX });
  if (list.code !== 0) return no(failureText(list));
  return list.truncated ? no('the package list is too long') : ok(parseDpkgList(list.stdout));
}

function problem(result: CommandResult): ManagerProblem {
  const known = problemOf(`${result.stdout}\n${result.stderr}`);
  if (known) return known;
  if (result.timedOut) return { class: 'timed-out', message: `${failureText(result)}`, signature: 'timed-out' };
  return { class: 'dependency-conflict', message: failureText(result), signature: 'dependency-conflict:unknown' };
}

/** apt answers 0 when only some indexes failed and its version knows no Error-Mode; its warnings then say so. */
function* refresh(): Dialogue<Result<true, ManagerProblem>> {
  const result = yield command(REFRESH, { access: 'root', timeoutSeconds: 600 });
  const warned = /^W: (?:Failed to fetch|Some index files failed)/m.test(result.stderr);
  if (result.code === 0 && !warned) return ok(true);
  const found = problem(result);
  return no(
    found.class === 'dependency-conflict'
      ? { ...found, class: 'repository-unavailable', signature: 'repository-unavailable:update' }
      : found,
  );
}

/** `apt-get check` takes apt's locks for a moment; who holds one is named in its refusal (apt 2.0 and later). */
function* lock(): Dialogue<LockState> {
  const result = yield command(['apt-get', '-q', 'check', '-o', 'DPkg::Lock::Timeout=0'], { access: 'root' });
  if (problemOf(result.stderr)?.class !== 'package-manager-locked') return { state: 'free' };
  const held = /held by process (\d+)(?: \(([^)]*)\))?/.exec(result.stderr);
  if (!held) return { state: 'held', pid: null, holder: 'another process' };
  const line = yield command(['tr', '\\0', ' ', `/proc/${held[1]}/cmdline`]);
  const args = line.code === 0 ? line.stdout.trim() : '';
  return { state: 'held', pid: Number(held[1]), holder: args || held[2] || 'another process' };
}

function* simulate(request: SimulationRequest, native: string, sizes: boolean): Dialogue<Result<Simulation, ManagerProblem>> {
  const named = packageArguments(request, native);
  if (!named.ok) return no({ class: 'plan-refused', message: named.problem, signature: 'plan-refused:form' });
  const simulated = yield command(simulateArgv(request, named.value), { timeoutSeconds: 180 });
  if (simulated.code !== 0) return no(problem(simulated));
  const uris = sizes ? yield command(printUrisArgv(request, named.value), { timeoutSeconds: 180 }) : null;
  return ok(simulationOf(simulated.stdout, uris?.code === 0 ? uris.stdout : null, native));
}

function* download(request: SimulationRequest, native: string): Dialogue<Result<{ readonly files: readonly string[] }, ManagerProblem>> {
  const named = packageArguments(request, native);
  if (!named.ok) return no({ class: 'plan-refused', message: named.problem, signature: 'plan-refused:form' });
  yield command(['mkdir', '-p', '-m', '0755', ARCHIVES], { access: 'root' });
  const fetched = yield command(downloadArgv(request, named.value), { access: 'root', timeoutSeconds: 3600 });
  if (fetched.code !== 0) {
    const found = problem(fetched);
    return no(found.class === 'dependency-conflict' ? found : { ...found });
  }
  return yield* checkDigests(request, native, named.value);
}

function* downloadInstalled(
  installed: readonly { readonly name: string; readonly arch: string; readonly version: string }[],
  native: string,
): Dialogue<Result<true, ManagerProblem>> {
  const named = packageArguments({ changes: installed, allowDowngrade: false }, native);
  if (!named.ok) return no({ class: 'plan-refused', message: named.problem, signature: 'plan-refused:form' });
  yield command(['mkdir', '-p', '-m', '0755', ARCHIVES], { access: 'root' });
  const fetched = yield command(downloadInstalledArgv(named.value), { access: 'root', timeoutSeconds: 3600 });
  return fetched.code === 0 ? ok(true) : no(problem(fetched));
}

/**
 * apt checks what it fetches, not what already lies in its cache: a power cut can leave a file of the right name and size full of zeros.
 * So every archive is hashed against the signed index, and a wrong one is removed, to be fetched again.
 */
function* checkDigests(
  request: SimulationRequest,
  native: string,
  named: readonly string[],
): Dialogue<Result<{ readonly files: readonly string[] }, ManagerProblem>> {
  const simulated = yield command(simulateArgv(request, named), { timeoutSeconds: 180 });
  const items = parseTransaction(simulated.stdout, native).filter(item => item.toVersion !== null);
  if (items.length === 0) return ok({ files: [] });
  const shown = yield command(
    [
      'apt-cache',
      'show',
      ...items.map(item => `${item.name}${item.arch === native || item.arch === 'all' ? '' : `:${item.arch}`}=${item.toVersion}`),
    ],
    { outputBytesMax: LIST_BYTES_MAX },
  );
  const digests = new Map(
    parseOffered(shown.stdout).flatMap(o => (o.sha256 === null ? [] : [[archivePath(o.name, o.version, o.arch), o.sha256] as const])),
  );
  const files = items.map(item => archivePath(item.name, item.toVersion!, item.arch));
  const sums = yield command(['sha256sum', '--', ...files], { access: 'root', timeoutSeconds: 600 });
  const actual = new Map(
    sums.stdout.split('\n').flatMap(line => (/^[0-9a-f]{64} [ *]/.test(line) ? [[line.slice(66), line.slice(0, 64)] as const] : [])),
  );
  const wrong = files.filter(file => actual.get(file) === undefined || actual.get(file) !== digests.get(file));
  if (wrong.length === 0) return ok({ files });
  yield command(['rm', '-f', '--', ...wrong], { access: 'root' });
  return no({
    class: 'digest-mismatch',
    message: `not what the signed index says: ${wrong.map(file => file.slice(ARCHIVES.length + 1)).join(', ')}`,
    signature: 'digest-mismatch:archive',
  });
}

/**
 * The heal ladder (security.md 4.4, lab.md 3): configure what was unpacked, unpack again what is half installed (then configure once more),
 * then let apt mend dependencies, but only if its own simulation stays within the plan's packages. null: a person is needed, or all is well.
 */
function* repair(state: Parameters<PackageManager['repair']>[0], native: string): Dialogue<ChangeCommand | null> {
  const broken = brokenPackages(state.packages);
  const journal = yield command(['find', '/var/lib/dpkg/updates', '-type', 'f', '-name', '[0-9]*'], { access: 'root' });
  if (broken.length === 0 && journal.stdout.trim() === '') return null;
  const tried = (step: string) => state.tried.filter(done => done === step).length;
  if (tried('configure') === 0) return CONFIGURE;
  if (tried('reinstall') === 0) {
    const kept = yield command(['find', ARCHIVES, '-maxdepth', '1', '-type', 'f', '-name', '*.deb', '-printf', '%f\\n'], {
      access: 'root',
    });
    const again = reinstallCommand(broken, kept.stdout.split('\n').filter(Boolean).sort());
    if (again) return again;
  }
  if (state.tried.at(-1) === 'reinstall') return CONFIGURE;
  if (tried('fix') > 0) return null;
  const simulated = yield command(FIX_SIMULATION, { access: 'root', timeoutSeconds: 180 });
  if (simulated.code !== 0) return null;
  const within = parseTransaction(simulated.stdout, native).every(item =>
    state.request.changes.some(
      c => c.name === item.name && (c.version === item.toVersion || (item.action !== 'remove' && c.version !== null)),
    ),
  );
  return within ? fixCommand(state.request.changes.some(c => c.version === null)) : null;
}

/** Room for a download of the whole, its unpacking three times over (old, new and dpkg's own copies), and a reserve (domain.md 2.4: need x 1.5). */
function spaceNeeded(simulation: Simulation): { path: string; bytes: number }[] {
  const download = simulation.downloadBytes ?? 0;
  const reserve = 50_000_000;
  const growth = Math.max(simulation.diskBytes ?? 0, 0);
  return [
    { path: '/var', bytes: Math.ceil(download * 1.5) + reserve },
    { path: '/usr', bytes: Math.ceil((growth + download * 3) * 1.5) + reserve },
    ...(simulation.transaction.some(item => item.name.startsWith('linux-image-')) ? [{ path: '/boot', bytes: 150_000_000 }] : []),
  ];
}
