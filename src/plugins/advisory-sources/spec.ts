import type { Claim, Enrichment } from '../../core/advisories/claim.ts';
import type { Lifecycle } from '../../core/advisories/lifecycle.ts';
import { MIN_FEED_SHARE } from '../../core/kernel/limits.ts';

/**
 * An advisory source is pure: bytes of one publisher's format in, records out. Fetching, storing and unpacking happen in the shell
 * (`feed-files.ts` in main), so that the server, `fettle scan` and tests read every feed through the same code.
 */
/**
 * Raised when a reader reads of an unchanged file what it did not read before, or reads it otherwise: what an earlier one read is read again then,
 * once, without waiting for the publisher to change it.
 */
export const READERS_REVISION = 2;

export interface AdvisorySource {
  /** Stands in every claim's `source`. */
  readonly id: string;
  readonly title: string;
  readonly licence: string;
  readonly homepage: string;
  /** Where the publisher keeps it, with spaces between several files; null when it comes as a file only. */
  readonly defaultUrl: string | null;
  /** Of a feed that is an archive of documents: the URL of the list of those that changed since (CSAF 2.0, changes.csv). Absent or null: there is none. */
  changesUrl?(url: string): string | null;
  /** True where the archive is made anew with every change and is large: the list of changes is enough for a week. */
  readonly isArchiveWeekly?: true;
  /** Of such a feed: the URL of the list of the documents that are gone (Red Hat's deletions.csv), by the URL of the list of changes. */
  deletionsUrl?(changesUrl: string): string | null;
  /** Where the URL is the first of several pages, what changed last first: the instant of the earliest change on a page. Pages are followed back to the last sync. */
  earliestChange?(page: string): string | null;
  /** What the publisher puts beside its files. Absent: nothing. */
  readonly beside?: readonly Beside[];
  /** The format in a sentence, for the person who wonders whether a file fits. */
  readonly format: string;
  /** What it speaks of: `claims` of packages, `enrichment` of vulnerabilities, `lifecycle` of products. */
  readonly provides: 'claims' | 'enrichment' | 'lifecycle';
  /** True where it also speaks of products by their CPE: to whoever names them (`cpeProducts`), and then of nothing else. */
  readonly speaksByCpe?: true;
  /** By content: `head` is the beginning of the file after unpacking. The name is a hint only. */
  recognise(head: FeedHead): boolean;
  /** A record of several publishers' kinds, of which ours is one: recognised where somebody says that it is of this feed. Absent: what is recognised. */
  mayHold?(head: FeedHead): boolean;
  /** The distributions that it can speak of (`ubuntu`); absent for all. Lets a scan leave files of other distributions closed. */
  readonly distributions?: readonly string[];
  /** The releases that the file can speak of, when its head shows it (lets a scan skip files of other releases); null when unknown. */
  releases?(head: FeedHead): readonly string[] | null;
  /** False when the whole content cannot hold a record of these releases, told from its bytes at the speed of a search. Absent: read and see. */
  concerns?(content: Uint8Array, releases: ReadonlySet<string>): boolean;
  reader(context: FeedContext): FeedReader;
}

/** `FILE.sha256` and `FILE.sha512` hold a checksum, `FILE.asc` an OpenPGP signature; NVD's `NAME.meta` the checksum of what NAME.json.gz unpacks to. */
export type Beside = '.sha256' | '.sha512' | '.meta' | '.asc';

export interface FeedHead {
  readonly fileName: string;
  /** The first bytes, unpacked, up to 64 KB, decoded as Latin-1 (formats are recognised by their ASCII). */
  readonly text: string;
}

export interface FeedContext {
  readonly fileName: string;
  /** Today, YYYY-MM-DD: statements dated later lose their date. */
  readonly today: string;
  /** Only these releases are wanted; null for all. A reader may use it to skip work, and must not hand out others. */
  readonly releases: ReadonlySet<string> | null;
  /** Only these source and binary packages are wanted; null for all. A scan of one host needs a tenth of a feed: a reader may pass over the rest unread. */
  readonly packages: ReadonlySet<string> | null;
  /** `vendor:product` pairs (core/versions/cpe.ts productOf) of which a source that speaks by CPE is asked. Absent: none, and no such claim is made. */
  readonly cpeProducts?: ReadonlySet<string>;
  /** Told each of its records by such a source, also those of which no claim comes: they may be later than what another file says of the vulnerability. */
  cpeRecord?(record: CpeRecord): void;
  /**
   * True for a statement "fixed in this version" that can make no finding, because every installed version of the source package has the fix: a reader
   * may pass over it. The caller keeps count of what it settles, for another feed may say otherwise of the same vulnerability.
   */
  settled?(sourceName: string, vulnerabilityId: string, fixedVersion: string): boolean;
  /** Told which binary packages a source package builds, where the publisher says so. Absent: nobody asks. */
  binaries?(release: string, sourceName: string, names: readonly string[]): void;
  /** Authors whose exploitability statements (VEX) count, by name; absent: every author of a file that somebody chose to load. */
  readonly trustedAuthors?: ReadonlySet<string>;
  /** Where the document came from, in words. */
  readonly cameFrom?: string;
  /** True where statements are kept for a fleet of hosts: what somebody says of a package inside of another product (an image) is then about none of them. */
  readonly isForHosts?: true;
}

/** One record of a source that speaks by CPE. */
export interface CpeRecord {
  readonly vulnerabilityId: string;
  /** Since 1970; 0 where the publisher does not say. Days do not tell two of one day apart. */
  readonly modifiedAtMs: number;
  /** Those that are handed out as items. */
  readonly claims: readonly Claim[];
}

/**
 * A reader is a fold over chunks, so that it serves a stream and a file at once, and hands out whole batches (an item at a time through
 * async iterators costs more than parsing it).
 * Faults (`feed-truncated`, `feed-unreadable`, `feed-too-large`) are thrown and void what was handed out before; a bad record is an item.
 */
export interface FeedReader {
  push(chunk: Uint8Array): readonly FeedItem[];
  end(): readonly FeedItem[];
  /** The date that the publisher gives to the data, YYYY-MM-DD, known after `end`; else null. */
  dataDate(): string | null;
  /** How many of the items so far are records put aside. */
  quarantined(): number;
  /** Releases that the file speaks of although the packages asked for are not among them; known after `end`. Absent: those of the claims handed out. */
  covers?(): Iterable<string>;
}

export type FeedItem =
  | { readonly kind: 'claim'; readonly claim: Claim }
  | { readonly kind: 'enrichment'; readonly enrichment: Enrichment }
  | { readonly kind: 'lifecycle'; readonly lifecycle: Lifecycle }
  /** A record that was put aside; the rest of the feed is unharmed. `record` is its id, or where it stands (`line 12`). */
  | {
      readonly kind: 'quarantined';
      readonly record: string;
      readonly reason: string;
      /** The vulnerability of which its publisher says nothing any more: a withdrawn record is no bad one. */
      readonly withdraws?: string;
      /** True where something was left out and no record was lost: a date in the future, statements about a release that nobody knows. */
      readonly isRemark?: true;
    };

export type FeedFaultCode = 'feed-truncated' | 'feed-unreadable' | 'feed-too-large' | 'feed-unknown-format' | 'feed-not-found';

type FeedVerdict = { readonly accept: true } | { readonly accept: false; readonly reason: string; readonly hasShrunk?: true };

/** Whether a freshly read feed may replace the last one. Counts are records, without the quarantined ones (nor, there, the withdrawn). `previous` is null at the first load. */
export function judgeFeed(previous: number | null, next: number, quarantined = 0): FeedVerdict {
  if (next === 0)
    return { accept: false, reason: quarantined === 0 ? 'the feed is empty' : `all ${quarantined} records of the feed are unreadable` };
  if (quarantined > next)
    return { accept: false, reason: `${quarantined} of ${quarantined + next} records are unreadable: the format has probably changed` };
  if (previous === null || next >= previous * MIN_FEED_SHARE) return { accept: true };
  const lost = Math.round((1 - next / previous) * 100);
  return {
    accept: false,
    hasShrunk: true,
    reason: `the feed has shrunk from ${previous} to ${next} records (${lost} % fewer): the last good one stays in force`,
  };
}
