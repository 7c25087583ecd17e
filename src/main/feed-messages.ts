import type { BundleTrust } from '../server/feeds/bundle-file.ts';
import type { FeedFile, SkippedFeedFile, StageOptions } from '../server/feeds/feed-files.ts';
import type { StageEvent } from '../server/feeds/stage.ts';

/** What the server and its reading thread say to each other: data only, as threads share no functions. */
export type Ask =
  | { readonly kind: 'find'; readonly location: string; readonly trust: BundleTrust; readonly preferredId: string | null }
  | { readonly kind: 'stage'; readonly file: PlainFile; readonly options: StageOptions; readonly trustedAuthors: readonly string[] }
  | { readonly kind: 'more' };

export type Answer =
  | { readonly kind: 'found'; readonly files: readonly PlainFile[]; readonly skipped: readonly SkippedFeedFile[] }
  | { readonly kind: 'stage'; readonly event: PlainStageEvent }
  | { readonly kind: 'fault'; readonly fault: PlainFault };

type PlainFile = Omit<FeedFile, 'source'> & { readonly sourceId: string };
type PlainStageEvent = Exclude<StageEvent, { readonly kind: 'failed' }> | { readonly kind: 'failed'; readonly fault: PlainFault };

export interface PlainFault {
  readonly code: string;
  readonly message: string;
  readonly advice: string;
}
