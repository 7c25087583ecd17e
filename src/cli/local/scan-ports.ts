import type { Claim } from '../../core/advisories/claim.ts';
import type { ClaimIndex } from '../../core/advisories/claim-index.ts';
import type { PackageOrigin } from '../../core/inventory/package-origin.ts';
import type { SchemeId } from '../../core/versions/scheme.ts';
import type { Exporter } from '../../plugins/exporters/spec.ts';
import type { ListedPackage, PackageListImporter } from '../../plugins/importers/spec.ts';
import type { Format } from './scan-options.ts';

export type RecogniseList = (text: string, scheme: SchemeId | null) => PackageListImporter | null;

/** What this machine tells of its packages beyond their list. */
export interface ThisHost {
  /** Where they came from, by `NAME TAB ARCH`; empty where nobody can tell. */
  originsOf(packages: readonly ListedPackage[]): ReadonlyMap<string, PackageOrigin>;
  /** What the rebuilds among them name in their own changelogs (core/findings/rules.ts, `changelog-names-rebuild`). */
  changelogClaims(packages: readonly ListedPackage[], release: string, today: string): readonly Claim[];
}

/** What main hands to the scan, so that the command itself knows neither where feeds lie nor how they are read. */
export interface ScanPorts {
  readonly recogniseList: RecogniseList;
  /** Loaded for a scan of this machine only. */
  thisHost(): Promise<ThisHost>;
  /** Loaded when it is wanted: a start costs more than a scan. */
  exporter(format: Exclude<Format, 'table'>): Promise<Exporter>;
  loadFeeds(request: FeedRequest): Promise<LoadedFeeds>;
  readonly defaultFeeds: readonly string[];
  readonly toolVersion: string;
  now(): string;
  readonly err: (text: string) => void;
  /** File descriptor of standard output. */
  readonly outFd: number;
}

export interface FeedRequest {
  readonly locations: readonly string[];
  readonly today: string;
  readonly releases: ReadonlySet<string>;
  /** Authors whose exploitability statements count, beside the distributions. */
  readonly trustedAuthors?: readonly string[];
  /** null for every package. */
  readonly packages: ReadonlySet<string> | null;
  /** Products that the hosts state by CPE (`vendor:product`), with the releases or ecosystems of the packages that state it; absent when none does. */
  readonly cpeProducts?: ReadonlyMap<string, ReadonlySet<string>>;
  /** Source package (as advisories name it) -> installed versions; null when several hosts are scanned. */
  readonly installed: ReadonlyMap<string, readonly string[]> | null;
  /** Whether to keep what feeds say of the binary packages that a source builds. */
  readonly wantsSourceNames?: boolean;
  /** False: read the feeds themselves, and leave nothing behind. */
  readonly useCache?: boolean;
  /** Statements from elsewhere than a feed. */
  readonly claims?: readonly Claim[];
}

export interface LoadedFeed {
  readonly path: string;
  readonly id: string;
  readonly title: string;
  readonly records: number;
  readonly quarantined: number;
  readonly dataDate: string | null;
  /** Out of a signed bundle. */
  readonly isBundled: boolean;
}

export interface LoadedFeeds {
  readonly index: ClaimIndex;
  /** Releases that some feed speaks of, whether or not of the packages that were asked for. */
  readonly covered: ReadonlySet<string>;
  readonly knownExploited: ReadonlySet<string>;
  /** False when no KEV feed was among them: then nothing is known about exploitation, which is not "not exploited". */
  readonly hasKnownExploited: boolean;
  /** `RELEASE LF BINARY` -> source package, where a feed says it and it was asked for. */
  readonly sourceNames: ReadonlyMap<string, string>;
  readonly feeds: readonly LoadedFeed[];
  readonly quarantineSample: readonly string[];
  readonly problems: readonly string[];
}
