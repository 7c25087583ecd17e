import type { BundledFile } from '../../core/advisories/feed-bundle.ts';
import type { DocumentOrigin } from '../../core/advisories/trusted-authors.ts';
import { Fault } from '../../core/kernel/faults.ts';
import type { Instant } from '../../core/kernel/instants.ts';
import type { CopyValue } from '../../db/copy.ts';
import type { AdvisorySource, FeedHead, FeedItem } from '../../plugins/advisory-sources/spec.ts';
import type { BundleTrust } from './bundle-file.ts';
import type { StageEvent } from './stage.ts';

/** A file whose format was recognised by its content. */
export interface FeedFile {
  readonly path: string;
  readonly sizeBytes: number;
  readonly head: FeedHead;
  readonly source: AdvisorySource;
  /** Where it lies in the bundle that `path` is. Absent: `path` is the file itself. */
  readonly bundled?: FromBundle;
}

/** A file of a bundle whose signature is right. Its content is checked when it is read. */
export interface FromBundle {
  readonly keyId: string;
  readonly installation: { readonly id: string; readonly name: string };
  /** Of the bundle. */
  readonly createdAt: Instant;
  readonly file: BundledFile;
  /** Of its first byte in the bundle. */
  readonly offset: number;
}

export type FeedFileEvent =
  | { readonly kind: 'skipped'; readonly path: string; readonly reason: string }
  | { readonly kind: 'items'; readonly items: readonly FeedItem[] }
  | { readonly kind: 'finished'; readonly records: number; readonly quarantined: number; readonly dataDate: string | null }
  | { readonly kind: 'failed'; readonly fault: Fault };

/** Reading feed files; main wires main/feed-thread.ts (the same code as `fettle scan`, in a thread of its own), which knows the members of plugins/advisory-sources. */
export interface FeedFilesPort {
  readonly sources: readonly AdvisorySource[];
  /** Whose exploitability statements count, beside the distributions. */
  readonly trustedAuthors: readonly string[];
  /** For one import; close it afterwards, whatever happened. */
  open(): FeedFiles;
}

export interface FeedFiles {
  /** A file, the files of a folder, the files of a bundle. Rejects with Fault `feed-not-found`. */
  find(
    location: string,
    trust: BundleTrust,
    /** The feed that it was fetched for: it may be of several kinds. */
    preferredId?: string | null,
  ): Promise<{ readonly files: readonly FeedFile[]; readonly skipped: readonly SkippedFeedFile[] }>;
  /** The file's records as the bytes that COPY takes. */
  stage(file: FeedFile, options: StageOptions): AsyncIterable<StageEvent>;
  /** Ends whatever is still being read. */
  close(): Promise<void>;
}

export interface StageOptions {
  readonly today: string;
  /** Values that every row begins with. */
  readonly prefix: readonly CopyValue[];
  /** Whose exploitability statements count depends on where they came from. */
  readonly origin: DocumentOrigin;
}

export interface SkippedFeedFile {
  readonly path: string;
  readonly reason: string;
}

/** What a reading ends with that is closed while it runs: no word about the feed. */
export function interrupted(): Fault<'feed-interrupted'> {
  return new Fault('feed-interrupted', 'The server is stopping.', 'Import it again when the server runs.');
}
