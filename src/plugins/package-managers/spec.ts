import type { PackageOrigin } from '../../core/inventory/package-origin.ts';
import type {
  CandidateRecord,
  EnabledSuite,
  OperatingSystem,
  PackageChange,
  PackageManagerFact,
  PackageRecord,
} from '../../core/inventory/snapshot.ts';
import type { Dialogue } from '../../core/kernel/commands.ts';
import type { Result } from '../../core/kernel/faults.ts';
import type { FailureClass, TransactionItem } from '../../core/rollouts/host-plan.ts';
import type { VersionScheme } from '../../core/versions/scheme.ts';

/** A package as the host's own database has it. */
export interface InstalledPackage extends PackageRecord {
  /** dpkg's R flag: only unpacking its archive again helps. */
  readonly reinstallRequired: boolean;
}

/** What the host's archives say of its packages. */
export interface Offered {
  readonly candidates: readonly CandidateRecord[];
  /** `NAME TAB ARCH` of each installed package -> where its version came from. */
  readonly origins: ReadonlyMap<string, PackageOrigin>;
}

/** Why the package manager would not or could not; `class` says whom to blame. */
export interface ManagerProblem {
  readonly class: FailureClass;
  /** One or a few lines of the tool itself. */
  readonly message: string;
  /** Equal for equal causes on different hosts: class, code and package, no versions, paths or numbers of the moment. */
  readonly signature: string;
}

export interface SimulationRequest {
  readonly changes: readonly { readonly name: string; readonly arch: string /** null: remove it. */; readonly version: string | null }[];
  readonly allowDowngrade: boolean;
}

export interface Simulation {
  readonly transaction: readonly TransactionItem[];
  /** Bytes to fetch, null when the tool does not say. */
  readonly downloadBytes: number | null;
  /** Bytes that the file systems lose (negative: gain), null when the tool does not say. */
  readonly diskBytes: number | null;
}

export type LockState = { readonly state: 'free' } | { readonly state: 'held'; readonly pid: number | null; readonly holder: string };

/** A change log to read from an offered archive, because it names what the update fixes. */
export interface ChangelogWanted {
  readonly sourceName: string;
  readonly installedVersion: string;
  readonly candidateVersion: string;
  /** Binary packages of that source which carry it, the smallest first. */
  readonly archives: readonly { readonly name: string; readonly version: string; readonly sizeBytes: number }[];
}

/** A change log to read from an installed package: a rebuild's tells what came with the version that it was built from. */
export interface InstalledChangelogWanted {
  readonly sourceName: string;
  readonly installedVersion: string;
  /** Binary packages of that source which are in place. */
  readonly packages: readonly string[];
}

export interface ChangelogText {
  readonly sourceName: string;
  readonly installedVersion: string;
  /** null: the log of the installed version itself. */
  readonly candidateVersion: string | null;
  /** The newest part of the file, bounded. */
  readonly text: string;
}

/** A program that may change the host, and how to run it: the executor puts it into a unit of its own. */
export interface ChangeCommand {
  /** Short name for the unit and the log: `apply`, `configure`, `reinstall`, `fix`. */
  readonly step: string;
  /** In words, for the result's `healed`. */
  readonly title: string;
  readonly argv: readonly string[];
}

/**
 * A family member knows one package manager: argv out, parsed text in. It spawns nothing, reads no file and keeps no state, so the same code
 * serves agent, SSH and recorded text. Reads never change the host; what may change it is only handed out as a `ChangeCommand`.
 */
export interface PackageManager {
  readonly id: string;
  readonly versions: VersionScheme;
  manages(os: OperatingSystem): boolean;

  packages(): Dialogue<Result<InstalledPackage[], string>>;
  candidates(packages: readonly PackageRecord[]): Dialogue<Result<Offered, string>>;
  suites(): Dialogue<Result<EnabledSuite[], string>>;
  health(): Dialogue<PackageManagerFact>;
  /** The host's own logs; `timeZone` is its IANA zone, because they are written in local time. */
  history(timeZone: string): Dialogue<PackageChange[]>;
  /** Fetches small archives into a folder that is removed again and reads their change logs; bounded in bytes, so it may answer fewer than were wanted. */
  changelogs(wanted: readonly ChangelogWanted[]): Dialogue<ChangelogText[]>;
  /** Reads them where the packages put them. A host that keeps no documentation (a container, as a rule) has none: fewer are answered than were wanted. */
  installedChangelogs(wanted: readonly InstalledChangelogWanted[]): Dialogue<ChangelogText[]>;

  refresh(): Dialogue<Result<true, ManagerProblem>>;
  lock(): Dialogue<LockState>;
  /** Without `sizes` what is to be fetched and unpacked is not asked for: one look at the indexes less. */
  simulate(request: SimulationRequest, options?: { readonly sizes: boolean }): Dialogue<Result<Simulation, ManagerProblem>>;
  /** Fetches the archives into a cache of our own and checks each against the signed index. Changes nothing that is installed. */
  download(request: SimulationRequest): Dialogue<Result<{ readonly files: readonly string[] }, ManagerProblem>>;
  /** Fetches the archives of what the host has now, for the way back; refused where the repositories do not offer them any more. Changes nothing that is installed. */
  downloadInstalled(
    installed: readonly { readonly name: string; readonly arch: string; readonly version: string }[],
  ): Dialogue<Result<true, ManagerProblem>>;
  /** Needs the archives in place: it never goes to the network. */
  apply(request: SimulationRequest): ChangeCommand;
  /** What the output of a change says went wrong; null when it says nothing. */
  problemOf(output: string): ManagerProblem | null;
  /** The next thing to try on a half-done database, or null when there is nothing left. `tried` are the steps taken so far. */
  repair(state: {
    readonly packages: readonly InstalledPackage[];
    readonly request: SimulationRequest;
    readonly tried: readonly string[];
  }): Dialogue<ChangeCommand | null>;
  /** Removes the fetched archives of a finished job. */
  discardDownloads(): Dialogue<void>;
  /** Paths whose file systems need room for a change, and how many bytes each should have free for a download of that size. */
  spaceNeeded(simulation: Simulation): readonly { readonly path: string; readonly bytes: number }[];
}
