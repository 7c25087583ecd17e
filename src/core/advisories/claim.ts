import type { CpeRange } from '../versions/ranges.ts';

/**
 * A claim is one publisher's statement about one vulnerability and one package, kept as stated, with source and date.
 * Claims are never overwritten by one another; `core/findings` derives the verdict by a stated rule and shows disagreement.
 */

/** What the publisher says of the fix (vulnerability-data.md 2.2). `unknown` is a state of its own, never read as safe. */
export type FixState = 'fixed' | 'open' | 'deferred' | 'wont-fix' | 'not-affected' | 'end-of-life' | 'unknown';

export interface Claim {
  /** Feed member id: `debian-tracker`, `debsecan`, `changelog`, ... */
  readonly source: string;
  /** `CVE-2026-1234`, or the publisher's own id when no CVE exists (`TEMP-...`, `DSA-...`). */
  readonly vulnerabilityId: string;
  readonly aliases: readonly string[];
  /** The release it speaks of: `debian:12`, `ubuntu:22.04`, `almalinux:9`, `alpine:3.20`, or an OSV ecosystem such as `PyPI`. */
  readonly release: string;
  /** Source package for deb and apk releases, binary package for rpm. */
  readonly packageName: string;
  readonly state: FixState;
  /** First version that has the fix; null unless `state` is `fixed`. `0` means never affected in this release. */
  readonly fixedVersion: string | null;
  /** The publisher's own severity word, as stated. */
  readonly severity: string | null;
  /** Date of the statement (YYYY-MM-DD), null when the publisher gives none. */
  readonly statedOn: string | null;
  readonly note: string | null;
  /** Whether `packageName` is a source package (deb, apk) or a binary one (rpm, debsecan's `B` rows). Absent: source. */
  readonly packageKind?: 'source' | 'binary';
  /** The notice that carries the statement, when it has an id of its own (`DSA-5417-1`, `ALSA-2025:10073`). Not an alias: one notice names many vulnerabilities. */
  readonly advisoryId?: string;
  /** Versions called unaffected although they are below `fixedVersion` (debsecan's other_versions, CSAF known_not_affected). */
  readonly unaffectedVersions?: readonly string[];
  /** The statement is about these versions and no others (VEX documents name the exact build). Absent: about every version. */
  readonly onlyVersions?: readonly string[];
  /** What is affected, where the publisher gives intervals or a list (OSV, CSAF, NVD). Absent: everything below `fixedVersion`. */
  readonly affected?: AffectedSet;
  /** The rpm module stream that the version belongs to: `nodejs:20`. Absent: not modular, or the publisher does not say. */
  readonly module?: string;
  /** The fix is published only to subscribers of this pocket: `esm-infra`, `esm-apps`, `eus`. */
  readonly subscription?: string;
  /** Of a claim by CPE (`release` is CPE_RELEASE, `packageName` is `vendor:product`): what is meant, any of it. `affected` and `fixedVersion` then say nothing. */
  readonly cpe?: readonly CpeStatement[];
}

/** The NVD's match criteria (API 2.0, `cpeMatch`): a CPE 2.3 name and the bounds of its version. */
export interface CpeStatement extends CpeRange {
  readonly criteria: string;
  /** Where it counts only together with something else: what that is, in words. */
  readonly onlyIf?: string;
}

/** `introduced` is inclusive and null for minus infinity; at most one of `fixed` (exclusive) and `lastAffected` (inclusive) is set, neither means no end. */
export interface AffectedRange {
  readonly introduced: string | null;
  readonly fixed: string | null;
  readonly lastAffected: string | null;
  /** Exclusive as well, and no fix: from here on the record does not speak of the versions (OSV's `limit`). Absent: of all. */
  readonly limit?: string;
}

/** A version is affected when the list names it or any range holds it (OSV's evaluation rule). */
export interface AffectedSet {
  readonly versions: readonly string[];
  readonly ranges: readonly AffectedRange[];
}

/** What other publishers say of a vulnerability whatever the package: each input carries source and date. */
export interface Enrichment {
  readonly vulnerabilityId: string;
  readonly title: string | null;
  readonly publishedOn: string | null;
  readonly kev: { readonly addedOn: string; readonly dueOn: string; readonly ransomware: boolean; readonly name: string } | null;
  readonly ssvc: {
    readonly exploitation: 'none' | 'poc' | 'active' | null;
    readonly automatable: 'no' | 'yes' | null;
    readonly technicalImpact: 'partial' | 'total' | null;
    readonly statedOn: string;
  } | null;
  readonly cvss: readonly { readonly source: string; readonly vector: string }[];
  readonly epss: { readonly probability: number; readonly percentile: number; readonly statedOn: string } | null;
}
