import { type PartDigests, snapshotDigests } from '../core/inventory/digest.ts';
import { isThirdParty, UNKNOWN_ORIGIN, UNREAD_ORIGIN } from '../core/inventory/package-origin.ts';
import type { CandidateRecord, HostFacts, PackageChange, PackageRecord, Snapshot } from '../core/inventory/snapshot.ts';
import type { Dialogue } from '../core/kernel/commands.ts';
import { Fault, type Result } from '../core/kernel/faults.ts';
import type { Clock } from '../core/kernel/instants.ts';
import { rebuiltFrom } from '../core/versions/rebuilds.ts';
import { detectPackageManager } from '../plugins/package-managers/catalog.ts';
import type {
  ChangelogText,
  ChangelogWanted,
  InstalledChangelogWanted,
  Offered,
  PackageManager,
} from '../plugins/package-managers/spec.ts';
import { PROBES, readKernel, readRebootRequired } from '../plugins/probes/catalog.ts';
import { converse, type Transport } from '../plugins/transports/spec.ts';

/** One row of a report's `changelogs`: these vulnerabilities are fixed from this version of the source package on. */
export interface ChangelogRow {
  readonly sourceName: string;
  readonly version: string;
  readonly vulnerabilities: readonly string[];
  readonly entryDate: string | null;
}

/** Turns a change log into rows; main wires the parser of plugins/advisory-sources/changelog. */
export type ReadChangelog = (log: ChangelogText, today: string) => ChangelogRow[];

/** Rows by `source TAB installed TAB candidate` (`source TAB installed TAB` for an installed one), so that each is read once. A Map serves; an agent keeps it on disk. */
export interface ChangelogCache {
  get(key: string): readonly ChangelogRow[] | undefined;
  set(key: string, rows: readonly ChangelogRow[]): unknown;
}

interface CollectOptions {
  readonly transport: Transport;
  readonly clock: Clock;
  /** Left out: the host is asked and the member chosen. */
  readonly packageManager?: PackageManager;
  /** Refresh the package indexes first (needs root). */
  readonly refresh?: boolean;
  /** Read the package managers' logs for back-filled history. */
  readonly history?: boolean;
  readonly changelogs?: ChangelogSource;
}

export interface ChangelogSource {
  readonly read: ReadChangelog;
  readonly cache: ChangelogCache;
  /**
   * Given, change logs that no host has fetched yet are fetched, after everything else was handed to it: on a slow mirror that takes up to a
   * minute (120 pending updates: 80 archives), and nobody should wait so long for an inventory. Left out: only what the cache has.
   */
  readonly beforeFetching?: ((collected: Collected) => Promise<unknown>) | undefined;
}

export interface Collected {
  readonly snapshot: Snapshot;
  readonly digests: PartDigests;
  readonly history: readonly PackageChange[];
  readonly changelogs: readonly ChangelogRow[];
}

type CollectFaultCode = 'unsupported-host' | 'inventory-unreadable';

/** The package manager of the host behind this transport. */
export async function packageManagerOf(transport: Transport): Promise<PackageManager> {
  const manager = await converse(transport, detectPackageManager());
  if (manager !== null) return manager;
  throw new Fault<CollectFaultCode>(
    'unsupported-host',
    'the host has no dpkg',
    'Fettle reads hosts of the Debian family by now. Other hosts can be added by uploading a package list.',
  );
}

/**
 * Reads a host. Nothing is changed on it but, when asked for, apt's package indexes. Fails only when the host cannot be reached or has no
 * readable package list; every other fact that could not be read is null and named in `unread`.
 */
export async function collectSnapshot(options: CollectOptions): Promise<Collected> {
  const { transport, clock } = options;
  await transport.connect();
  const manager = options.packageManager ?? (await packageManagerOf(transport));
  const ask = <T>(dialogue: Dialogue<T>) => converse(transport, dialogue);
  const unread: string[] = [];
  const fact = <T>(id: string, result: Result<T, string>): T | null => {
    if (result.ok) return result.value;
    unread.push(`${id}: ${result.problem}`);
    return null;
  };

  if (options.refresh) {
    const refreshed = await ask(manager.refresh());
    if (!refreshed.ok) unread.push(`refresh: ${refreshed.problem.message.split('\n')[0]}`);
  }
  const packages = fact('packages', await ask(manager.packages()));
  if (packages === null)
    throw new Fault<CollectFaultCode>(
      'inventory-unreadable',
      `the package list could not be read (${unread.at(-1)})`,
      'Run `dpkg-query -W` on the host and see what it says.',
    );
  const system = fact('system', await ask(PROBES.system.read()));
  if (system === null)
    throw new Fault<CollectFaultCode>(
      'inventory-unreadable',
      `the host does not say what it is (${unread.at(-1)})`,
      'Look at /etc/os-release on the host.',
    );

  // One at a time: a collection is a guest on a production host, and every step is short.
  const offered = fact('candidates', await ask(manager.candidates(packages)));
  const candidates = offered?.candidates ?? null;
  const kernel = fact('kernel', await ask(readKernel(packages)));
  const facts: HostFacts = {
    hostname: system.hostname,
    addresses: system.addresses,
    machineId: system.machineId,
    os: system.os,
    bootId: system.bootId,
    bootedAt: system.bootedAt,
    architecture: architectureOf(packages),
    kernel,
    suites: fact('suites', await ask(manager.suites())),
    services: fact('services', await ask(PROBES.services.read())),
    sockets: fact('listening-sockets', await ask(PROBES.listeningSockets.read())),
    staleProcesses: fact('deleted-maps', await ask(PROBES.deletedMaps.read())),
    reboot: await ask(readRebootRequired(kernel)),
    packageManager: await ask(manager.health()),
    livePatches: fact('live-patches', await ask(PROBES.livePatches.read())),
    hooks: fact('hooks', await ask(PROBES.hooks.read())),
    unread,
  };
  const snapshot: Snapshot = {
    observedAt: clock.now(),
    reach: transport.reach,
    facts,
    packages: packages.map(one => toRecord(one, offered)),
    candidates,
  };
  const collected: Collected = {
    snapshot,
    digests: snapshotDigests(snapshot),
    history: options.history ? await ask(manager.history(system.timeZone)) : [],
    changelogs: [],
  };
  if (!options.changelogs || candidates === null) return collected;
  const { cache, read, beforeFetching } = options.changelogs;
  const offers = changelogsWanted(packages, candidates);
  const rebuilds = rebuildChangelogsWanted(packages);
  const withCached = (): Collected => ({ ...collected, changelogs: [...rebuilds, ...offers].flatMap(w => cache.get(keyOf(w)) ?? []) });
  const isMissing = (one: ChangelogOf): boolean => cache.get(keyOf(one)) === undefined;
  const missing = { rebuilds: rebuilds.filter(isMissing), offers: offers.filter(isMissing) };
  if (beforeFetching && missing.rebuilds.length + missing.offers.length > 0) {
    await beforeFetching(withCached());
    const today = clock.now().slice(0, 10);
    for (const log of await ask(manager.installedChangelogs(missing.rebuilds))) cache.set(keyOf(log), read(log, today));
    for (const log of await ask(manager.changelogs(missing.offers))) cache.set(keyOf(log), read(log, today));
  }
  return withCached();
}

/** What is not in place came from nowhere: its origin is not asked for. */
function toRecord({ name, arch, version, sourceName, sourceVersion, state, held }: PackageRecord, offered: Offered | null): PackageRecord {
  const record = { name, arch, version, sourceName, sourceVersion, state, held };
  const origin =
    state === 'config-files' ? '' : offered === null ? UNREAD_ORIGIN : (offered.origins.get(`${name}\t${arch}`) ?? UNKNOWN_ORIGIN);
  return origin === '' ? record : { ...record, origin };
}

/** dpkg itself is always of the native architecture. */
function architectureOf(packages: readonly PackageRecord[]): string {
  return packages.find(p => p.name === 'dpkg')?.arch ?? packages.find(p => p.arch !== 'all')?.arch ?? '';
}

/** Security candidates of the distribution by source package, the smallest archive of each first. */
function changelogsWanted(packages: readonly PackageRecord[], candidates: readonly CandidateRecord[]): ChangelogWanted[] {
  const installed = new Map(packages.filter(p => p.state !== 'config-files').map(p => [`${p.name} ${p.arch}`, p]));
  const wanted = new Map<
    string,
    {
      sourceName: string;
      installedVersion: string;
      candidateVersion: string;
      archives: { name: string; version: string; sizeBytes: number }[];
    }
  >();
  for (const candidate of candidates) {
    const have = installed.get(`${candidate.name} ${candidate.arch}`) ?? packages.find(p => p.name === candidate.name);
    // A third party's log says nothing of the distribution's package.
    if (!candidate.security || isThirdParty(candidate.origin) || !have || have.sourceName !== candidate.sourceName) continue;
    const versions = {
      sourceName: candidate.sourceName,
      installedVersion: have.sourceVersion,
      candidateVersion: candidate.sourceVersion,
    };
    const key = keyOf(versions);
    const entry = wanted.get(key) ?? { ...versions, archives: [] };
    entry.archives.push({ name: candidate.name, version: candidate.version, sizeBytes: candidate.sizeBytes ?? Number.MAX_SAFE_INTEGER });
    wanted.set(key, entry);
  }
  return [...wanted.values()].map(entry => ({ ...entry, archives: entry.archives.sort((a, b) => a.sizeBytes - b.sizeBytes) }));
}

/** Installed rebuilds by source version: only their own logs say that the fix of a higher version came with them. */
export function rebuildChangelogsWanted(packages: readonly PackageRecord[]): InstalledChangelogWanted[] {
  const inPlace = packages.filter(p => p.state !== 'config-files' && rebuiltFrom(p.sourceVersion) !== null);
  return Array.from(Map.groupBy(inPlace, p => `${p.sourceName}\t${p.sourceVersion}`).values(), group => ({
    sourceName: group[0]!.sourceName,
    installedVersion: group[0]!.sourceVersion,
    packages: [...new Set(group.map(p => p.name))],
  }));
}

interface ChangelogOf {
  readonly sourceName: string;
  readonly installedVersion: string;
  readonly candidateVersion?: string | null;
}

function keyOf({ sourceName, installedVersion, candidateVersion }: ChangelogOf): string {
  return [sourceName, installedVersion, candidateVersion ?? ''].join('\t');
}
