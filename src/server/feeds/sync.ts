import type { FeedImportFile } from '../../api/feeds.ts';
import { Fault, messageWithAdvice } from '../../core/kernel/faults.ts';
import { type AdvisorySource, READERS_REVISION } from '../../plugins/advisory-sources/spec.ts';
import type { Context } from '../context.ts';
import { conflict } from '../runtime/problems.ts';
import { dropDocuments, isEnoughForAWeek, takeChanges } from './document-changes.ts';
import { takeDeletions } from './document-deletions.ts';
import { type FeedRow, feedRow } from './feed-rows.ts';
import { urlsOf } from './feed-urls.ts';
import { type FeedAnswer, type FeedRequest, fetchFeed } from './fetch-feed.ts';
import type { ImportOrigin, ImportReport, OnImportProgress } from './import.ts';
import { keyringOf } from './openpgp.ts';
import { type FeedDownload, importPages, openWalk } from './page-walk.ts';
import { partFolder } from './part-folder.ts';
import { withScratchFolder } from './scratch.ts';

export type ImportWith = (location: string, origin: ImportOrigin, onProgress?: OnImportProgress) => Promise<ImportReport>;

/** Who wants it, and what that person has said of it. */
export type LoadedBy = Pick<ImportOrigin, 'loadedBy' | 'acceptShrunken'>;

export interface FeedSync {
  /** Fetches a feed from its URL and loads it. Throws what went wrong, which then stands in the feed's row too. */
  sync(id: string, by: LoadedBy, onProgress?: OnImportProgress): Promise<ImportReport>;
  /** A URL that a person typed: an administrator's mirror may lie inside the network. */
  importUrl(url: string, by: LoadedBy, onProgress?: OnImportProgress): Promise<ImportReport>;
}

export function createFeedSync(
  context: Context,
  sources: ReadonlyMap<string, AdvisorySource>,
  importWith: ImportWith,
  stopping: AbortSignal,
  announce: (feedIds: readonly string[]) => void,
): FeedSync {
  const { db, clock, log, installation } = context;
  /** URLs that this process downloads: two at once would write one file. */
  const underWay = new Set<string>();

  /** A download that fails leaves what has arrived for the next try; one that is there is gone when it was read. */
  async function download<T>(request: FeedDownload, onProgress: OnImportProgress, work: (answer: FeedAnswer) => Promise<T>): Promise<T> {
    const { url } = request;
    if (underWay.has(url)) throw conflict('feed-busy', `${url} is being fetched at this moment.`, 'Wait until it is done.');
    underWay.add(url);
    const folder = partFolder(installation.dataDir, url);
    try {
      const onBytes = (received: number, total: number | null) => onProgress([downloading(url, received, total)]);
      const answer = await fetchFeed({ ...request, folder: folder.path, signal: stopping, onBytes });
      try {
        return await work(answer);
      } finally {
        folder.remove();
      }
    } catch (error) {
      // What the publisher does not vouch for, or what has no end, must not be gone on with.
      if (error instanceof Fault && (error.code === 'feed-not-vouched' || error.code === 'feed-too-large')) folder.remove();
      throw error;
    } finally {
      underWay.delete(url);
    }
  }

  async function syncOf(id: string, by: LoadedBy, onProgress: OnImportProgress): Promise<ImportReport> {
    const feed = await feedRow(db, id);
    if (feed.url === null) throw conflict('feed-has-no-url', `${id} has no URL.`, 'Set one, or import the feed from a file.');
    let report = nothingNew(id);
    const problems: unknown[] = [];
    const troubles: FeedRow[] = [];
    // One that cannot be fetched keeps none of the others from it.
    for (const url of urlsOf(feed.url))
      try {
        report = joined(report, await syncUrl(feed, url, by, onProgress));
        const after = await feedRow(db, id);
        if (after.state === 'refused' || after.state === 'failed') troubles.push(after);
      } catch (error) {
        if (stopping.aborted) throw error;
        problems.push(error);
      }
    if (problems.length > 0) throw problems[0];
    // A file that is refused stays so, whatever the publisher's others are.
    const [trouble] = troubles;
    if (trouble !== undefined)
      await db.query('update feed set state = $2, message = $3 where id = $1', [id, trouble.state, trouble.message]);
    return report;
  }

  async function syncUrl(feed: FeedRow, url: string, by: LoadedBy, onProgress: OnImportProgress): Promise<ImportReport> {
    const { id } = feed;
    const [known] = await db.query<{ etag: string | null; last_modified: string | null; confirmed_at: string }>(
      'select etag, last_modified, confirmed_at from feed_part where feed_id = $1 and location = $2 and reader = $3',
      [id, url, READERS_REVISION],
    );
    const source = sources.get(id);
    const vouching = { beside: source?.beside ?? [], keyring: keyringOf(installation.dataDir, id) };
    const changesUrl = source?.changesUrl?.(url) ?? null;
    const changes = () => (changesUrl === null ? null : changesOf(feed, url, changesUrl, vouching, by.loadedBy, onProgress));
    // A folder of documents without an archive.
    if (changesUrl === url) {
      const report = await changes();
      if (report === null) await confirm(context, id, url);
      return report ?? nothingNew(id);
    }
    if (changesUrl !== null && source?.isArchiveWeekly === true && (await isEnoughForAWeek(context, id, url, changesUrl))) {
      // First: a document that is refused is what the feed says then. The list alone says that the archive and it are the newest, so that comes last.
      await clearTrouble(context, id);
      const report = await changes();
      await confirmPart(context, id, url);
      return report ?? nothingNew(id);
    }
    const { earliestChange } = source ?? {};
    const walk = earliestChange === undefined ? null : await openWalk(context, id, url);
    const conditions = walk?.isOpen ? NO_CONDITIONS : { etag: known?.etag ?? null, lastModified: known?.last_modified ?? null };
    const [asItIs, askedAt, privateAllowed] = [walk !== null, clock.now(), feed.url_by_person];
    const ofArchive = await download({ url, ...conditions, privateAllowed, vouching, asItIs }, onProgress, async answer => {
      if (answer.kind === 'unchanged') {
        await confirm(context, id, url);
        return { feedIds: [id], changedIds: [], skipped: [] };
      }
      const { etag, lastModified, integrity } = answer;
      const origin = { ...by, location: url, etag, lastModified, integrity, fetchedFor: id };
      const load = (file: string, of: ImportOrigin) => importWith(file, of, onProgress);
      const more = (request: FeedDownload, work: (next: FeedAnswer) => Promise<ImportReport>) => download(request, onProgress, work);
      const confirmedAt = known?.confirmed_at ?? null;
      const report =
        walk === null || earliestChange === undefined
          ? await load(answer.path, origin)
          : await importPages(
              context,
              { feedId: id, url, privateAllowed, earliestChange, before: walk.before, confirmedAt, askedAt, origin, download: more, load },
              answer,
            );
      if (report.changedIds.includes(id) && changesUrl !== null) await dropDocuments(context, id, changesUrl);
      if (report.feedIds.includes(id)) return report;
      const reason = report.skipped[0]?.reason ?? `it is in the format of ${report.feedIds.join(', ')}`;
      throw new Fault(
        'feed-unknown-format',
        `What ${url} serves is not ${sources.get(id)?.title ?? id}: ${reason}.`,
        'Check the URL of the feed.',
      );
    });
    // What changed since the archive that is in force, whichever that is now.
    return joined(ofArchive, await changes());
  }

  async function changesOf(
    { id, url_by_person: privateAllowed }: FeedRow,
    url: string,
    changesUrl: string,
    vouching: NonNullable<FeedRequest['vouching']>,
    loadedBy: string,
    onProgress: OnImportProgress,
  ): Promise<ImportReport | null> {
    const archive = changesUrl === url ? null : await archiveOf(context, id, url);
    // No archive was ever taken in: documents alone would look like all that there is.
    if (archive === null && changesUrl !== url) return null;
    const request = { etag: null, lastModified: null, privateAllowed, vouching, signal: stopping };
    const deletionsUrl = sources.get(id)?.deletionsUrl?.(changesUrl) ?? null;
    return withScratchFolder(installation.dataDir, async folder => {
      const order = { feedId: id, url: changesUrl, loadedBy, request, folder, archive };
      const report = await takeChanges(context, order, importWith, onProgress);
      const gone = deletionsUrl === null ? 0 : await takeDeletions(context, { ...order, archivePart: archive?.part ?? null }, deletionsUrl);
      // What went from the archive went after the documents were announced.
      if (gone > 0 || (report !== null && archive !== null)) announce([id]);
      return gone === 0 ? report : joined({ feedIds: [id], changedIds: [id], skipped: [] }, report);
    });
  }

  return {
    async sync(id, by, onProgress = () => {}) {
      try {
        return await syncOf(id, by, onProgress);
      } catch (error) {
        // With what was loaded before still in force.
        if (!stopping.aborted) {
          if (!(error instanceof Fault))
            log.error({ feed: id, error: String((error as Error).stack ?? error) }, 'a feed could not be loaded');
          const message = error instanceof Fault ? messageWithAdvice(error) : 'Something went wrong on the server; its log says more.';
          await db.query("update feed set state = 'failed', message = $2, checked_at = $3 where id = $1", [id, message, clock.now()]);
        }
        throw error;
      }
    },
    importUrl: (url, by, onProgress = () => {}) =>
      download({ url, etag: null, lastModified: null, privateAllowed: true }, onProgress, async answer => {
        if (answer.kind === 'unchanged')
          throw new Fault(
            'feed-unreachable',
            `${url} answered 304 to a request without conditions.`,
            'Fetch it by other means and import the file.',
          );
        return importWith(answer.path, { ...by, location: url, etag: null, lastModified: null, integrity: answer.integrity }, onProgress);
      }),
  };
}

const NO_CONDITIONS = { etag: null, lastModified: null };

function nothingNew(id: string): ImportReport {
  return { feedIds: [id], changedIds: [], skipped: [] };
}

function joined(first: ImportReport, second: ImportReport | null): ImportReport {
  if (second === null) return first;
  return {
    feedIds: [...new Set([...first.feedIds, ...second.feedIds])],
    changedIds: [...new Set([...first.changedIds, ...second.changedIds])],
    skipped: [...first.skipped, ...second.skipped],
  };
}

/** The archive in force, and the day that its name says it was made on, else when it was loaded. */
async function archiveOf({ db }: Context, feedId: string, url: string): Promise<{ part: string; madeMs: number } | null> {
  const [row] = await db.query<{ part: string; file_name: string | null; last_modified: string | null; loaded_at: string }>(
    'select part, file_name, last_modified, loaded_at from feed_part where feed_id = $1 and location = $2 order by loaded_at desc limit 1',
    [feedId, url],
  );
  if (!row) return null;
  const day = /\d{4}-\d{2}-\d{2}/.exec(row.file_name ?? '')?.[0];
  const madeMs = [day, row.last_modified, row.loaded_at].map(when => Date.parse(when ?? '')).find(ms => !Number.isNaN(ms))!;
  return { part: row.part, madeMs };
}

/** The publisher has nothing newer. */
async function confirm(context: Context, id: string, url: string): Promise<void> {
  await clearTrouble(context, id);
  await confirmPart(context, id, url);
}

async function clearTrouble({ db, clock }: Context, id: string): Promise<void> {
  await db.query("update feed set state = 'current', message = null, checked_at = $2 where id = $1 and loaded_at is not null", [
    id,
    clock.now(),
  ]);
}

async function confirmPart({ db, clock }: Context, id: string, url: string): Promise<void> {
  await db.query('update feed_part set confirmed_at = greatest(confirmed_at, $3) where feed_id = $1 and location = $2', [
    id,
    url,
    clock.now(),
  ]);
}

function downloading(url: string, received: number, total: number | null): FeedImportFile {
  return {
    file: new URL(url).pathname.split('/').filter(Boolean).at(-1) ?? url,
    feedId: null,
    sizeBytes: received,
    state: 'downloading',
    records: 0,
    quarantined: 0,
    message: total === null ? null : `${Math.floor((received / Math.max(total, 1)) * 100)} % of ${total} bytes`,
  };
}
