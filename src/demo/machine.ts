import type { CandidateRecord, HostFacts, PackageChange, PackageRecord } from '../core/inventory/snapshot.ts';
import { addMs, DAY_MS, type Instant } from '../core/kernel/instants.ts';
import type { TransactionItem } from '../core/rollouts/host-plan.ts';
import { Random } from '../sim/random.ts';
import { type Binary, kernelOf, newestAt, type Publication, quietPackages, type Release, type SourceLine } from './archive.ts';
import { appliedAt, type HostPart } from './cast.ts';
import { factsOf } from './machine-facts.ts';

export const KERNEL_SOURCE = 'linux-signed-amd64';
export const SUITES: Readonly<Record<Release, string>> = { '11': 'oldoldstable', '12': 'oldstable', '13': 'stable' };
const BASE_UNITS = [
  'cron',
  'dbus',
  'rsyslog',
  'systemd-journald',
  'systemd-logind',
  'systemd-timesyncd',
  'ssh',
  'prometheus-node-exporter',
];

interface Installed extends Binary {
  readonly state: PackageRecord['state'];
}

/** The packages, services and logs of one made-up host: what apt, dpkg and systemd would say there. */
export class Machine {
  readonly part: HostPart;
  readonly packages = new Map<string, Installed>();
  readonly lines: readonly SourceLine[];
  readonly #random: Random;
  /** What its logs say and no report has carried yet. */
  #log: PackageChange[] = [];
  bootedAt: Instant;
  bootNumber = 1;
  runningKernel: string;
  /** Units that map files which were replaced. */
  readonly stale = new Map<string, { readonly packageName: string; readonly pid: number }>();
  readonly failedUnits = new Set<string>();
  readonly problems: string[] = [];
  #level = new Map<string, number>();

  constructor(part: HostPart, archive: readonly SourceLine[], from: Instant) {
    this.part = part;
    this.#random = new Random(part.number * 7919 + 17);
    this.lines = archive.filter(line => line.roles.includes('base') || line.roles.includes(part.role));
    for (const binary of quietPackages(part.release)) this.packages.set(binary.name, { ...binary, state: 'installed' });
    for (const line of this.lines) this.#put(line, line.publications[0]!);
    this.runningKernel = kernelOf(part.release, 0).release;
    this.bootedAt = from;
  }

  get bootId(): string {
    return `boot-${this.part.number}-${this.bootNumber}`;
  }

  levelOf(source: string): number {
    return this.#level.get(source) ?? 0;
  }

  /** Moves the host on to `until` by its own habit, and writes its log. */
  live(until: Instant): void {
    for (const [at, line] of this.lines.entries()) {
      if (this.#holds(line)) continue;
      for (const publication of line.publications) {
        if (publication.level <= this.levelOf(line.source) || publication.at > until) continue;
        // A round misses an update now and then; the next one takes it along.
        const random = new Random(this.part.number * 1009 + at * 31 + publication.level);
        if (random.chance(0.03)) continue;
        const applied = appliedAt(this.part, publication.at, until, random);
        if (applied !== null) this.#upgrade(line, publication, applied);
      }
    }
    this.#rebootOnceAMonth(until);
  }

  #upgrade(line: SourceLine, publication: Publication, at: Instant): void {
    const unattended = this.part.habit === 'nightly';
    const before = new Map(line.publications[0]!.binaries.map(({ name }) => [name, this.packages.get(name)?.version ?? null]));
    this.#put(line, publication);
    for (const { name, version } of publication.binaries)
      this.#log.push({
        at,
        action: 'upgrade',
        name,
        arch: 'amd64',
        fromVersion: before.get(name) ?? null,
        toVersion: version,
        commandLine: unattended ? '/usr/bin/unattended-upgrade' : 'apt-get -y upgrade',
        requestedBy: unattended ? null : 'deploy (1000)',
      });
    if (!unattended || this.#random.chance(0.06)) this.#leaveStale(publication);
  }

  /** By hand people restart what they think of; libraries are what they forget. */
  #leaveStale(publication: Publication): void {
    const library = publication.binaries.find(({ name }) => /^lib(ssl|c6|gnutls|xml2|expat)/.test(name));
    if (library === undefined || !this.#random.chance(0.09)) return;
    const unit = this.#random.pick(this.units.filter(one => !one.startsWith('systemd-')));
    this.stale.set(unit, { packageName: library.name, pid: this.#random.between(400, 30_000) });
  }

  #rebootOnceAMonth(until: Instant): void {
    const newest = kernelOf(this.part.release, this.levelOf(KERNEL_SOURCE)).release;
    const lazy = this.part.number % 11 === 4;
    // Some wait for the third kernel.
    const behind = this.levelOf(KERNEL_SOURCE) - this.#runningLevel();
    if (newest === this.runningKernel || (lazy && behind < 3) || this.#random.chance(0.1)) return;
    this.reboot(addMs(until, -this.#random.between(1, 9) * DAY_MS));
  }

  #runningLevel(): number {
    const { release } = this.part;
    for (let level = this.levelOf(KERNEL_SOURCE); level > 0; level--)
      if (kernelOf(release, level).release === this.runningKernel) return level;
    return 0;
  }

  reboot(at: Instant): void {
    this.bootedAt = at;
    this.bootNumber += 1;
    this.runningKernel = kernelOf(this.part.release, this.levelOf(KERNEL_SOURCE)).release;
    this.stale.clear();
    this.failedUnits.clear();
  }

  #put(line: SourceLine, publication: Publication): void {
    this.#level.set(line.source, publication.level);
    for (const binary of publication.binaries) this.packages.set(binary.name, { ...binary, state: 'installed' });
    if (line.source === KERNEL_SOURCE) this.#putKernel(publication);
  }

  /** The new kernel beside the one before; older ones go, as apt's autoremove does it. */
  #putKernel({ level, binaries }: Publication): void {
    const kernel = kernelOf(this.part.release, level);
    const keep = new Set([kernel.packageName, kernelOf(this.part.release, level - 1).packageName, `linux-image-${this.runningKernel}`]);
    for (const name of this.packages.keys()) if (/^linux-image-\d/.test(name) && !keep.has(name)) this.packages.delete(name);
    this.packages.set(kernel.packageName, { ...binaries[0]!, name: kernel.packageName, state: 'installed' });
  }

  #holds(line: SourceLine): boolean {
    return this.part.held.includes(line.source);
  }

  /** Of what there is, and what its own archive would put there now. */
  transactionFor(changes: readonly { readonly name: string; readonly version: string }[]): TransactionItem[] {
    return changes.flatMap(({ name, version }): TransactionItem[] => {
      const now = this.packages.get(name);
      if (now === undefined || now.version === version) return [];
      const line = this.lines.find(({ source }) => source === now.sourceName);
      const target = line?.publications.find(one => one.binaries.some(binary => binary.name === name && binary.version === version));
      const up = target !== undefined && target.level > this.levelOf(now.sourceName);
      const item: TransactionItem = {
        action: up ? 'upgrade' : 'downgrade',
        name,
        arch: 'amd64',
        fromVersion: now.version,
        toVersion: version,
      };
      if (now.sourceName !== KERNEL_SOURCE || !up) return [item];
      const kernel = kernelOf(this.part.release, target.level);
      return [item, { action: 'install', name: kernel.packageName, arch: 'amd64', fromVersion: null, toVersion: version }];
    });
  }

  apply(transaction: readonly TransactionItem[]): void {
    for (const item of transaction) {
      const now = this.packages.get(item.name);
      if (now === undefined || item.toVersion === null) continue;
      const line = this.lines.find(({ source }) => source === now.sourceName);
      const publication = line?.publications.find(one =>
        one.binaries.some(binary => binary.name === item.name && binary.version === item.toVersion),
      );
      if (line !== undefined && publication !== undefined) this.#put(line, publication);
    }
  }

  /** A maintainer script failed: the package is unpacked and not configured. */
  breakPackage(name: string, message: string): void {
    const now = this.packages.get(name);
    if (now !== undefined) this.packages.set(name, { ...now, state: 'half-configured' });
    this.problems.push(`${name}: ${message}`);
  }

  repair(): void {
    for (const [name, one] of this.packages) if (one.state !== 'installed') this.packages.set(name, { ...one, state: 'installed' });
    this.problems.length = 0;
    this.failedUnits.clear();
  }

  /** What a server says that the host has. */
  adopt(records: readonly PackageRecord[], runningKernel: string | null, bootedAt: Instant): void {
    const versions = new Map(records.map(record => [record.name, record.version]));
    for (const line of this.lines) {
      const there = line.publications.findLast(one => one.binaries.some(({ name, version }) => versions.get(name) === version));
      if (there !== undefined) this.#put(line, there);
    }
    for (const { name, state } of records) {
      const now = this.packages.get(name);
      if (now !== undefined) this.packages.set(name, { ...now, state });
    }
    this.runningKernel = runningKernel ?? this.runningKernel;
    this.bootedAt = bootedAt;
  }

  get needsReboot(): boolean {
    return this.runningKernel !== kernelOf(this.part.release, this.levelOf(KERNEL_SOURCE)).release;
  }

  get units(): string[] {
    return [
      ...new Set([
        ...BASE_UNITS.map(unit => `${unit}.service`),
        ...this.lines.filter(line => !line.roles.includes('base')).flatMap(line => line.units),
      ]),
    ];
  }

  /** Units of the host that use one of these packages. */
  unitsOver(names: readonly string[]): string[] {
    const own = new Set(this.units);
    const sources = new Set(names.map(name => this.packages.get(name)?.sourceName));
    return [...new Set(this.lines.filter(({ source }) => sources.has(source)).flatMap(({ units }) => units.filter(unit => own.has(unit))))];
  }

  takeLog(): PackageChange[] {
    const log = this.#log;
    this.#log = [];
    return log;
  }

  records(): PackageRecord[] {
    const held = new Set(this.part.held);
    return [...this.packages.values()].map(({ name, version, sourceName, sourceVersion, state }) => ({
      name,
      arch: 'amd64',
      version,
      sourceName,
      sourceVersion,
      state,
      held: held.has(sourceName),
    }));
  }

  candidates(now: Instant): CandidateRecord[] {
    const { release } = this.part;
    return this.lines.flatMap(line => {
      const target = newestAt(line, now);
      if (target.level <= this.levelOf(line.source)) return [];
      const suite = SUITES[release];
      return target.binaries.map(binary => ({
        ...binary,
        arch: 'amd64',
        origins: [target.security ? `Debian-Security:${release}/${suite}-security` : `Debian:${release}/${suite}`],
        security: target.security,
        sizeBytes: 20_000 + ((binary.name.length * 7919 + target.level * 104_729) % 2_000_000),
        sha256: null,
        phasedPercent: null,
        availability: this.#holds(line) ? ('held' as const) : ('offered' as const),
      }));
    });
  }

  facts(now: Instant): HostFacts {
    return factsOf(this, now);
  }
}
