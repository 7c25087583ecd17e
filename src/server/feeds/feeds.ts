import type { Answer } from '../../api/contract.ts';
import type { feeds } from '../../api/feeds.ts';
import { Fault } from '../../core/kernel/faults.ts';
import { addMs, HOUR_MS, MINUTE_MS } from '../../core/kernel/instants.ts';
import { FEED_RETRY_MINUTES, FEED_SYNC_HOURS } from '../../core/kernel/limits.ts';
import { actorOf } from '../actor.ts';
import type { Caller, Context, Handlers } from '../context.ts';
import type { FeedPort } from '../ports.ts';
import { conflict, invalid } from '../runtime/problems.ts';
import { exportBundle } from './bundle-export.ts';
import { bundleSignerHandlers } from './bundle-signers.ts';
import { claimHandlers } from './claim-handlers.ts';
import { type FeedFilesPort, interrupted } from './feed-files.ts';
import { ensureFeeds, feedRow, feedRows, feedView, quarantined } from './feed-rows.ts';
import { urlsOf } from './feed-urls.ts';
import { parseFeedUrl } from './fetch.ts';
import { AskedToWait } from './fetch-faults.ts';
import { checkedPath, type ImportOrigin, type ImportReport, importFeedFiles, type OnImportProgress } from './import.ts';
import { createImportBook } from './import-book.ts';
import { plainFileName } from './kept-files.ts';
import { removeOldParts } from './part-folder.ts';
import { settleReaders } from './reader-change.ts';
import { removeScratchFolders, scratchFolder } from './scratch.ts';
import { createFeedSync, type LoadedBy } from './sync.ts';
import { settleTrust } from './trust-change.ts';
import { saveUpload } from './upload.ts';

export interface FeedOptions {
  /** Imported at every start (FETTLE_FEEDS); files that have not changed cost one read. */
  readonly importAtStart: readonly string[];
  /** Whether feeds with a URL are fetched by themselves. */
  readonly automatic: boolean;
}

export type FeedRoute = keyof typeof feeds;

export interface Feeds extends FeedPort {
  readonly handlers: Handlers<FeedRoute>;
  /** Tells the listeners that claims changed that are kept elsewhere (hosts' changelogs). */
  announce(feedIds: readonly string[]): void;
  /** Every feed as the console shows it. */
  list(): Promise<Answer<(typeof feeds)['feedList']>['items']>;
  /** Makes the rows of the feeds; then, in the background, the import at start and the timer. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

const TICK_MS = MINUTE_MS;

export function createFeeds(context: Context, files: FeedFilesPort, options: FeedOptions): Feeds {
  const { db, clock, log } = context;
  const sources = new Map(files.sources.map(source => [source.id, source]));
  const listeners: ((feedIds: readonly string[]) => void)[] = [];
  const stopping = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  let background: Promise<void> = Promise.resolve();

  const announce = (feedIds: readonly string[]) => {
    if (feedIds.length > 0) for (const listener of listeners) listener(feedIds);
  };
  const view = async (id: string) => feedView(await feedRow(db, id), sources.get(id), clock.now());

  /** Reads in a thread of its own, which ends with the import, or with the server. */
  async function importWith(location: string, origin: ImportOrigin, onProgress?: OnImportProgress): Promise<ImportReport> {
    if (stopping.signal.aborted) throw interrupted();
    const reading = files.open();
    const end = () => void reading.close();
    stopping.signal.addEventListener('abort', end);
    try {
      const report = await importFeedFiles(context, reading, location, origin, onProgress);
      announce(report.changedIds);
      return report;
    } finally {
      stopping.signal.removeEventListener('abort', end);
      await reading.close();
    }
  }

  const importFrom = (location: string, by: LoadedBy, shown: string | null, onProgress?: OnImportProgress): Promise<ImportReport> =>
    importWith(location, { ...by, location: shown, etag: null, lastModified: null, integrity: null }, onProgress);
  const { sync, importUrl } = createFeedSync(context, sources, importWith, stopping.signal, announce);

  /** Replicas may ask at the same time: the one whose update moves the time on does the work. */
  async function syncDue(): Promise<void> {
    const due = await db.query<{ id: string }>(
      'select id from feed where enabled and url is not null and (next_sync_at is null or next_sync_at <= $1) order by next_sync_at nulls first, id',
      [clock.now()],
    );
    for (const { id } of due) {
      if (stopping.signal.aborted) return;
      const now = clock.now();
      const mine = await db.query(
        'update feed set next_sync_at = $2 where id = $1 and enabled and (next_sync_at is null or next_sync_at <= $3) returning id',
        [id, addMs(now, FEED_SYNC_HOURS * HOUR_MS * jitter(context)), now],
      );
      if (mine.length === 0) continue;
      const trouble = await sync(id, { loadedBy: 'system' }).then(
        async () => ((await feedRow(db, id)).state === 'current' ? null : 'refused'),
        (error: unknown) => error,
      );
      if (trouble === null) continue;
      const waitMs = trouble instanceof AskedToWait ? trouble.waitMs : 0;
      await db.query('update feed set next_sync_at = $2 where id = $1', [
        id,
        addMs(clock.now(), Math.max(waitMs, FEED_RETRY_MINUTES * MINUTE_MS * jitter(context))),
      ]);
    }
  }

  const inBackground = (what: string, work: () => Promise<unknown>) => {
    background = background.then(work).then(
      () => {},
      error => log.error({ error: String((error as Error).stack ?? error) }, what),
    );
  };

  const byPerson = async (caller: Caller, action: string, subject: string, detail: Record<string, unknown>) => {
    const actor = actorOf(caller);
    await db.transaction(tx => context.audit(tx, { actor, action, subject, detail }));
    return actor;
  };
  const book = createImportBook(context, view);

  const list = async () => {
    const now = clock.now();
    return (await feedRows(db)).map(row => feedView(row, sources.get(row.kind), now));
  };

  const handlers: Handlers<FeedRoute> = {
    feedList: async () => ({ items: await list() }),

    async feedUpdate({ params: { id }, body }, caller) {
      const before = await feedRow(db, id);
      if (typeof body.url === 'string') for (const url of urlsOf(body.url)) refuseBadUrl(url);
      const url = body.url === undefined ? before.url : body.url;
      const byPersonNow = body.url === undefined ? before.url_by_person : url !== sources.get(before.kind)?.defaultUrl;
      const enabled = body.enabled ?? before.enabled;
      if (enabled && url === null && body.enabled === true)
        throw conflict('feed-has-no-url', `${id} has no URL to fetch from.`, 'Set a URL as well, or import the feed from a file.');
      await db.transaction(async tx => {
        await tx.query('update feed set url = $2, url_by_person = $3, enabled = $4, next_sync_at = null where id = $1', [
          id,
          url,
          byPersonNow,
          enabled && url !== null,
        ]);
        await context.audit(tx, {
          actor: actorOf(caller),
          action: 'feed.update',
          subject: id,
          detail: { before: { url: before.url, enabled: before.enabled }, after: { url, enabled } },
        });
      });
      return view(id);
    },

    async feedSync({ params: { id }, query: { accept } }, caller) {
      const feed = await feedRow(db, id);
      if (feed.url === null) throw conflict('feed-has-no-url', `${id} has no URL.`, 'Set one, or import the feed from a file.');
      const actor = await byPerson(caller, 'feed.sync', id, { url: feed.url, ...accepted(accept) });
      return book.run(feed.url, actor, onProgress => sync(id, loadedBy(actor, accept), onProgress));
    },

    async feedQuarantine({ params: { id } }) {
      const feed = await feedRow(db, id);
      return { items: await quarantined(db, id), total: feed.quarantined };
    },

    async feedImport({ body: { location, accept } }, caller) {
      const isUrl = /^[a-z][a-z0-9+.-]*:\/\//i.test(location);
      if (isUrl) refuseBadUrl(location);
      const file = isUrl ? null : checkedPath(location);
      const actor = await byPerson(caller, 'feed.import', file ?? location, accepted(accept));
      return book.run(file ?? location, actor, onProgress =>
        file === null
          ? importUrl(location, loadedBy(actor, accept), onProgress)
          : importFrom(file, loadedBy(actor, accept), null, onProgress),
      );
    },

    async feedUpload({ query: { fileName, accept }, body }, caller) {
      const name = plainFileName(fileName);
      const folder = scratchFolder(context.installation.dataDir);
      try {
        const file = await saveUpload(body, folder.path, name);
        const actor = await byPerson(caller, 'feed.upload', name, { bytes: file.bytes, ...accepted(accept) });
        return await book.run(`upload of ${name}`, actor, onProgress =>
          importFrom(file.path, loadedBy(actor, accept), `upload of ${name}`, onProgress).finally(folder.remove),
        );
      } catch (error) {
        folder.remove();
        throw error;
      }
    },

    feedImportList: async () => ({ items: await book.list() }),
    feedImportGet: ({ params: { id } }) => book.get(id),

    async feedExport({ query: { feeds: ids, validDays } }, caller) {
      const wanted = ids === undefined || ids.trim() === '' ? null : ids.split(',').map(id => id.trim());
      const answer = await exportBundle(context, sources, wanted, validDays);
      await byPerson(caller, 'feed.export', 'feeds', { feeds: wanted ?? 'all', validDays, bytes: answer.bytes });
      return answer;
    },

    ...bundleSignerHandlers(context),
    ...claimHandlers(db),
  };

  return {
    handlers,
    announce,
    list,
    onChange: listener => void listeners.push(listener),
    async start() {
      removeScratchFolders(context.installation.dataDir);
      removeOldParts(context.installation.dataDir, Date.parse(clock.now()));
      await ensureFeeds(db, files.sources);
      await settleReaders(context);
      announce(await settleTrust(context, files.trustedAuthors));
      for (const location of options.importAtStart)
        inBackground('the feeds of FETTLE_FEEDS could not be imported', async () => {
          const report = await importFrom(checkedPath(location), { loadedBy: 'system' }, null);
          for (const { file, reason } of report.skipped) log.info({ file, reason }, 'not imported');
        });
      if (!options.automatic) return;
      inBackground('feeds could not be fetched', syncDue);
      timer = setInterval(() => inBackground('feeds could not be fetched', syncDue), TICK_MS);
      timer.unref();
    },
    async stop() {
      clearInterval(timer);
      stopping.abort();
      await Promise.all([background, book.idle()]);
    },
  };
}

type Accept = 'shrunken' | undefined;

/** For the audit trail. */
function accepted(accept: Accept): { accept?: 'shrunken' } {
  return accept === undefined ? {} : { accept };
}

function loadedBy(actor: string, accept: Accept): LoadedBy {
  return { loadedBy: actor, acceptShrunken: accept === 'shrunken' };
}

function refuseBadUrl(url: string): void {
  try {
    parseFeedUrl(url);
  } catch (error) {
    throw error instanceof Fault ? invalid('body/url', error.message, error.advice) : error;
  }
}

/** 0.9 to 1.1: a thousand installations that started after the same power cut must not ask the publisher in the same second. */
function jitter(context: Context): number {
  return 0.9 + (Number.parseInt(context.randomHex(2), 16) / 65_535) * 0.2;
}
