import type { Instant } from '../kernel/instants.ts';
import type { PackageOrigin } from './package-origin.ts';

/** How Fettle reaches a host. All reaches feed the same snapshot type through the same parsers. */
export type Reach = 'local' | 'agent' | 'ssh' | 'upload';

/** `/etc/os-release`, reduced. `versionId` is '' for rolling releases. */
export interface OperatingSystem {
  readonly id: string;
  readonly versionId: string;
  readonly codename: string;
  readonly prettyName: string;
}

/** `debian-12`: what group queries and patches use. Feeds and `fettle scan` write the same as `debian:12` (the release). */
export function platformOf(os: OperatingSystem): string {
  return os.versionId === '' ? os.id : `${os.id}-${os.versionId}`;
}

/** dpkg's status words (dpkg-query(1), `db:Status-Status`). Only `installed` counts as in place; the rest are reported, never hidden. */
export type PackageState =
  | 'installed'
  | 'half-installed'
  | 'unpacked'
  | 'half-configured'
  | 'triggers-awaited'
  | 'triggers-pending'
  | 'config-files';

export interface PackageRecord {
  readonly name: string;
  readonly arch: string;
  readonly version: string;
  /** `${source:Package}`: the join key of Debian and Ubuntu advisories. */
  readonly sourceName: string;
  readonly sourceVersion: string;
  readonly state: PackageState;
  readonly held: boolean;
  /** core/inventory/package-origin.ts; absent: the distribution's own, or a list that does not say. */
  readonly origin?: PackageOrigin;
}

/** A version that the host's own package manager would install now. */
export interface CandidateRecord {
  readonly name: string;
  readonly arch: string;
  readonly version: string;
  readonly sourceName: string;
  readonly sourceVersion: string;
  /** `LABEL:VERSION/SUITE` as apt prints it, for example `Debian-Security:12/oldstable-security`. */
  readonly origins: readonly string[];
  /** Whose the version is, where no archive of the distribution offers it: core/inventory/package-origin.ts. Absent: the distribution's, or nobody can tell. */
  readonly origin?: PackageOrigin;
  /** True when any origin is a security archive (label or codename, never the suite name alone: suites are renamed at each release). */
  readonly security: boolean;
  readonly sizeBytes: number | null;
  readonly sha256: string | null;
  /** Ubuntu's Phased-Update-Percentage, null when the archive does not phase. */
  readonly phasedPercent: number | null;
  /** What the package manager says would happen: offered, kept back (and why), or held. */
  readonly availability: 'offered' | 'held' | 'kept-back' | 'phased';
}

export interface EnabledSuite {
  readonly site: string;
  readonly suite: string;
  readonly codename: string;
  readonly label: string;
  readonly origin: string;
  readonly component: string;
  /** Date field of the InRelease file, null when unknown. */
  readonly publishedAt: Instant | null;
}

export interface InstalledKernel {
  /** As `uname -r` prints it when this kernel runs. */
  readonly release: string;
  readonly packageName: string;
  readonly version: string;
}

export interface KernelFacts {
  readonly runningRelease: string;
  readonly installed: readonly InstalledKernel[];
}

export interface ServiceFact {
  readonly unit: string;
  readonly activeState: string;
  readonly subState: string;
}

export interface ListeningSocket {
  readonly protocol: 'tcp' | 'udp';
  readonly address: string;
  readonly port: number;
  readonly process: string | null;
  readonly unit: string | null;
}

/** A process that still maps or executes a file which its package has replaced: patched on disk, not in memory. */
export interface StaleProcess {
  readonly pid: number;
  readonly command: string;
  /** systemd unit, null when the process belongs to none that can be restarted. */
  readonly unit: string | null;
  readonly files: readonly { readonly path: string; readonly packageName: string | null }[];
}

export interface RebootFact {
  readonly required: boolean;
  /** In words: `reboot-required: linux-image-amd64`, `running kernel 6.1.0-50 is older than installed 6.1.0-56`. */
  readonly reasons: readonly string[];
}

export interface PackageManagerFact {
  readonly id: string;
  readonly healthy: boolean;
  /** One line per broken package or setting, as `dpkg --audit` and the probes say it. */
  readonly problems: readonly string[];
}

/** A patch of the running kernel's memory. `fixes`: what its supplier says that it closes; null: nobody says. */
export interface LivePatch {
  readonly name: string;
  readonly enabled: boolean;
  /** Some tasks run the old code still. */
  readonly inTransition: boolean;
  readonly supplier: string | null;
  readonly fixes: readonly string[] | null;
}

/** A file in the host's folder of hooks. `problem`: why it would not be run; null for one that a plan may name. */
export interface HookOffer {
  readonly name: string;
  readonly problem: string | null;
}

/** Everything but packages and candidates. A fact that could not be read is null and named in `unread`; it is never guessed. */
export interface HostFacts {
  readonly hostname: string;
  readonly addresses: readonly string[];
  readonly machineId: string | null;
  readonly os: OperatingSystem;
  readonly architecture: string;
  readonly bootId: string | null;
  readonly bootedAt: Instant | null;
  readonly kernel: KernelFacts | null;
  readonly suites: readonly EnabledSuite[] | null;
  readonly services: readonly ServiceFact[] | null;
  readonly sockets: readonly ListeningSocket[] | null;
  readonly staleProcesses: readonly StaleProcess[] | null;
  readonly reboot: RebootFact | null;
  readonly packageManager: PackageManagerFact | null;
  /** Absent or null: not read. */
  readonly livePatches?: readonly LivePatch[] | null;
  /** Absent or null: not read, or told by an agent that does not know of hooks. */
  readonly hooks?: readonly HookOffer[] | null;
  /** `probe: reason`, for what could not be read (no root, tool absent, output unknown). */
  readonly unread: readonly string[];
}

/** One dated observation of a host. The three parts are stored by content, so that an unchanged part costs nothing. */
export interface Snapshot {
  readonly observedAt: Instant;
  readonly reach: Reach;
  readonly facts: HostFacts;
  readonly packages: readonly PackageRecord[];
  /** null when candidates could not be read (an upload has none). */
  readonly candidates: readonly CandidateRecord[] | null;
}

/** One change of one package, read from the host's own logs (`/var/log/dpkg.log*`, `/var/log/apt/history.log*`). */
export interface PackageChange {
  readonly at: Instant;
  readonly action: 'install' | 'upgrade' | 'downgrade' | 'remove' | 'purge';
  readonly name: string;
  readonly arch: string;
  readonly fromVersion: string | null;
  readonly toVersion: string | null;
  /** apt's Commandline and Requested-By where the log has them. */
  readonly commandLine: string | null;
  readonly requestedBy: string | null;
}
