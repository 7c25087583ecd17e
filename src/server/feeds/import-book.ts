import type { FeedImport, FeedImportFile } from '../../api/feeds.ts';
import { Fault, messageWithAdvice } from '../../core/kernel/faults.ts';
import { epochMs, type Instant, SECOND_MS } from '../../core/kernel/instants.ts';
import { storedJson, storedText } from '../../db/stored-text.ts';
import type { Context } from '../context.ts';
import { notFound } from '../runtime/problems.ts';
import type { ImportReport, OnImportProgress } from './import.ts';

/** How often progress is written down while an import runs. */
const NOTE_EVERY_MS = 500;
/** A running import that was not noted for this long has lost its process. */
const LOST_AFTER_MS = 120 * SECOND_MS;
/** Finished ones that are kept to look at. */
const KEPT = 100;

interface Progress {
  readonly files: readonly FeedImportFile[];
  readonly feedIds: readonly string[];
  readonly skipped: ImportReport['skipped'];
}

interface Row {
  readonly id: string;
  readonly location: string;
  readonly started_by: string;
  readonly started_at: Instant;
  readonly updated_at: Instant;
  readonly finished_at: Instant | null;
  readonly state: 'running' | 'done' | 'failed';
  readonly message: string | null;
  readonly progress: Progress;
}

export interface ImportBook {
  /** Starts the work behind the others and answers with its entry at once. */
  run(location: string, startedBy: string, work: (onProgress: OnImportProgress) => Promise<ImportReport>): Promise<FeedImport>;
  get(id: string): Promise<FeedImport>;
  list(): Promise<FeedImport[]>;
  /** Resolves when nothing runs any more. */
  idle(): Promise<unknown>;
}

/** Imports that people asked for: each has an id under which any replica tells how far it is. One at a time: two would only take the disk from each other. */
export function createImportBook(
  { db, clock, log, randomHex }: Context,
  feedView: (id: string) => Promise<FeedImport['items'][number]>,
): ImportBook {
  let last: Promise<unknown> = Promise.resolve();

  // One that is still on its way when the import ends must not write over what the import came to.
  const note = (id: string, progress: Progress) =>
    db.query("update feed_import set progress = $2::jsonb, updated_at = $3 where id = $1 and state = 'running'", [
      id,
      storedJson(progress),
      clock.now(),
    ]);

  async function perform(id: string, work: (onProgress: OnImportProgress) => Promise<ImportReport>): Promise<void> {
    let files: readonly FeedImportFile[] = [];
    const beat = setInterval(() => void note(id, { files, feedIds: [], skipped: [] }).catch(() => {}), NOTE_EVERY_MS);
    try {
      const report = await work(told => (files = told));
      clearInterval(beat);
      await finish(id, 'done', null, { files, feedIds: report.feedIds, skipped: report.skipped });
    } catch (error) {
      clearInterval(beat);
      if (!(error instanceof Fault)) log.error({ import: id, error: String((error as Error).stack ?? error) }, 'an import failed');
      const message = error instanceof Fault ? messageWithAdvice(error) : 'Something went wrong on the server; its log says more.';
      await finish(id, 'failed', message, { files, feedIds: [], skipped: [] });
    }
  }

  async function finish(id: string, state: 'done' | 'failed', message: string | null, progress: Progress): Promise<void> {
    const now = clock.now();
    await db.query(
      'update feed_import set state = $2, message = $3, progress = $4::jsonb, updated_at = $5, finished_at = $5 where id = $1',
      [id, state, message === null ? null : storedText(message), storedJson(progress), now],
    );
    await db.query(
      'delete from feed_import where state <> $1 and id not in (select id from feed_import order by started_at desc limit $2)',
      ['running', KEPT],
    );
  }

  async function viewOf(row: Row): Promise<FeedImport> {
    const isLost = row.state === 'running' && epochMs(clock.now()) - epochMs(row.updated_at) > LOST_AFTER_MS;
    return {
      id: row.id,
      location: row.location,
      startedBy: row.started_by,
      startedAt: row.started_at,
      finishedAt: row.finished_at,
      state: isLost ? 'lost' : row.state,
      message: isLost ? 'The server that ran it has stopped. What it had loaded stays; import the rest again.' : row.message,
      files: [...row.progress.files],
      items: await Promise.all(row.progress.feedIds.map(feedView)),
      skipped: [...row.progress.skipped],
    };
  }

  return {
    async run(location, startedBy, work) {
      const id = `feedimport_${randomHex(12)}`;
      const now = clock.now();
      const [row] = await db.query<Row>(
        `insert into feed_import (id, location, started_by, started_at, updated_at, state, progress) values ($1, $2, $3, $4, $4, 'running', $5::jsonb) returning *`,
        [id, location, startedBy, now, JSON.stringify({ files: [], feedIds: [], skipped: [] } satisfies Progress)],
      );
      last = last
        .then(() => perform(id, work))
        .catch((error: Error) => log.error({ import: id, error: String(error.stack) }, 'an import was lost'));
      return viewOf(row!);
    },
    async get(id) {
      const [row] = await db.query<Row>('select * from feed_import where id = $1', [id]);
      if (row === undefined) throw notFound('import', id);
      return viewOf(row);
    },
    list: async () => Promise.all((await db.query<Row>('select * from feed_import order by started_at desc, id limit 20')).map(viewOf)),
    idle: () => last,
  };
}
