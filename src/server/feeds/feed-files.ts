import type { Fault } from '../../core/kernel/faults.ts';
import type { AdvisorySource, FeedHead, FeedItem } from '../../plugins/advisory-sources/spec.ts';

/** A file whose format was recognised by its content. */
export interface FeedFile {
  readonly path: string;
  readonly sizeBytes: number;
  readonly head: FeedHead;
  readonly source: AdvisorySource;
}

export type FeedFileEvent =
  | { readonly kind: 'skipped'; readonly path: string; readonly reason: string }
  | { readonly kind: 'items'; readonly items: readonly FeedItem[] }
  | { readonly kind: 'finished'; readonly records: number; readonly quarantined: number; readonly dataDate: string | null }
  | { readonly kind: 'failed'; readonly fault: Fault };

/** Reading feed files; main wires main/feed-files.ts (the same code as `fettle scan`), which knows the members of plugins/advisory-sources. */
export interface FeedFilesPort {
  readonly sources: readonly AdvisorySource[];
  /** A file, or the files of a folder. Throws Fault `feed-not-found`. */
  find(location: string): {
    readonly files: readonly FeedFile[];
    readonly skipped: readonly { readonly path: string; readonly reason: string }[];
  };
  read(file: FeedFile, options: { readonly today: string; readonly releases: null; readonly packages: null }): AsyncIterable<FeedFileEvent>;
}
