import { readFileSync } from 'node:fs';
import { HOUR_MS, type Instant } from '../../core/kernel/instants.ts';
import { FEED_PAGES_MAX } from '../../core/kernel/limits.ts';
import type { Context } from '../context.ts';
import { noteWalked, type Walked, walked } from './document-changes.ts';
import type { FeedAnswer, FeedRequest } from './fetch-feed.ts';
import type { ImportOrigin, ImportReport } from './import.ts';

export type FeedDownload = Omit<FeedRequest, 'folder' | 'signal'>;
export type FetchedFeed = Extract<FeedAnswer, { readonly kind: 'file' }>;

/** A feed whose URL is the first of several pages, what changed last first. */
export interface PageWalk {
  readonly feedId: string;
  readonly url: string;
  readonly privateAllowed: boolean;
  readonly earliestChange: (page: string) => string | null;
  readonly before: Walked | null;
  /** When what is in force of it was confirmed; null: nothing is. For installations that kept no walk. */
  readonly confirmedAt: Instant | null;
  /** When the first page was asked for. */
  readonly askedAt: Instant;
  readonly origin: ImportOrigin;
  readonly download: (request: FeedDownload, work: (answer: FeedAnswer) => Promise<ImportReport>) => Promise<ImportReport>;
  readonly load: (path: string, origin: ImportOrigin) => Promise<ImportReport>;
}

/** Our clock may be ahead of a publisher's by so much: a change too many on a page costs nothing. */
const CLOCK_SKEW_MS = HOUR_MS;

/** A walk that did not come to its end: its pages are all asked for again, also when the first is still the same. */
export async function openWalk(context: Context, feedId: string, url: string): Promise<{ before: Walked | null; isOpen: boolean }> {
  const before = await walked(context, feedId, url);
  return { before, isOpen: before !== null && before.left > 0 };
}

/**
 * A page and those behind it, back to the last walk that came to its end: the oldest is loaded first, so that the newest is what is kept. Each page that
 * is in confirms the feed; how far back the next walk goes is kept apart from that, and moves when all pages are in.
 */
export async function importPages(context: Context, walk: PageWalk, first: FetchedFeed): Promise<ImportReport> {
  const { feedId, url, before, confirmedAt } = walk;
  const sinceMs = before?.throughMs ?? (confirmedAt === null ? 0 : Date.parse(confirmedAt) - CLOCK_SKEW_MS);
  const gaps: Gap[] = [];
  await noteWalked(context, feedId, url, sinceMs, 1);
  const report = await importFrom(walk, first, sinceMs, gaps, 1);
  const [gap] = gaps;
  if (gap === undefined) await noteWalked(context, feedId, url, Date.parse(walk.askedAt) - CLOCK_SKEW_MS, 0);
  else {
    context.log.warn({ feed: feedId, url, since: new Date(sinceMs).toISOString(), gap: gap.message }, 'not all pages of a feed are in');
    await context.db.query('update feed set state = $2, message = $3 where id = $1', [feedId, gap.state, gap.message]);
  }
  return report;
}

interface Gap {
  readonly state: 'current' | 'refused';
  readonly message: string;
}

async function importFrom(walk: PageWalk, answer: FetchedFeed, sinceMs: number, gaps: Gap[], page: number): Promise<ImportReport> {
  const { feedId, privateAllowed, origin } = walk;
  const earliest = walk.earliestChange(readFileSync(answer.path, 'utf8'));
  let older: ImportReport = { feedIds: [], changedIds: [], skipped: [] };
  if (answer.next !== null && earliest !== null && Date.parse(earliest) > sinceMs) {
    if (page < FEED_PAGES_MAX) {
      const request = { url: answer.next, etag: null, lastModified: null, privateAllowed, asItIs: true };
      older = await walk.download(request, async next => {
        if (next.kind === 'file') return importFrom(walk, next, sinceMs, gaps, page + 1);
        gaps.push({ state: 'refused', message: `Page ${page + 1} answered 304 to a request without conditions. ${AGAIN}` });
        return older;
      });
    }
    // Nobody promised the first walk all that there ever was.
    else if (sinceMs > 0) gaps.push({ state: 'current', message: beyond(sinceMs) });
  }
  const ofPage = page === 1 ? origin : { ...origin, etag: null, lastModified: null, integrity: answer.integrity };
  const report = await walk.load(answer.path, ofPage);
  const [skipped] = report.skipped;
  if (skipped !== undefined || !report.feedIds.includes(feedId))
    gaps.push({ state: 'refused', message: `Page ${page} is not in: ${skipped?.reason ?? 'it is of another feed'}. ${AGAIN}` });
  return {
    feedIds: [...new Set([...older.feedIds, ...report.feedIds])],
    changedIds: [...new Set([...older.changedIds, ...report.changedIds])],
    skipped: [...older.skipped, ...report.skipped],
  };
}

const AGAIN = 'The next sync asks for it again.';

function beyond(sinceMs: number): string {
  const since = new Date(sinceMs).toISOString().slice(0, 10);
  return `More than ${FEED_PAGES_MAX} pages changed since ${since}; what lies behind them is missing. Give the feed URLs with fewer changes each (of one ecosystem), or load a feed that has all of it.`;
}
