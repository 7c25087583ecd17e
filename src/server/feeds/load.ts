import type pg from 'pg';
import { olderThanInForce } from '../../core/advisories/feed-bundle.ts';
import type { FeedIntegrity } from '../../core/advisories/feed-integrity.ts';
import type { DocumentOrigin } from '../../core/advisories/trusted-authors.ts';
import { Fault } from '../../core/kernel/faults.ts';
import type { Instant } from '../../core/kernel/instants.ts';
import { copyBytesInto } from '../../db/copy.ts';
import { storedJson } from '../../db/stored-text.ts';
import { judgeFeed, READERS_REVISION } from '../../plugins/advisory-sources/spec.ts';
import type { Context } from '../context.ts';
import type { FeedFile, FeedFiles } from './feed-files.ts';
import { digestOf } from './integrity.ts';
import { keepFile, removeKeptFiles } from './kept-files.ts';
import { noteLoad } from './load-book.ts';
import type { QuarantinedRecord, StageEvent } from './stage.ts';
import { STAGING } from './staging.ts';

/** What a load is about, apart from the file. */
export interface LoadOrder {
  readonly feedId: string;
  readonly part: string;
  readonly fence: number;
  /** Where it came from, as a person would say it: a URL, a path, `upload of kev.json`. */
  readonly location: string;
  /** Login, or `system`. */
  readonly loadedBy: string;
  readonly etag: string | null;
  readonly lastModified: string | null;
  readonly integrity: FeedIntegrity;
  /** True for a single document: it may say less than before, or nothing any more. */
  readonly mayShrink: boolean;
  /** What the file does not name stays in force. */
  readonly isWindow: boolean;
  /** True where a person has looked, and says that the publisher really has so much less to say. */
  readonly acceptShrunken?: boolean;
}

export interface LoadCounts {
  readonly added: number;
  readonly changed: number;
  readonly withdrawn: number;
}

export type LoadOutcome =
  | { readonly kind: 'loaded'; readonly counts: LoadCounts; readonly records: number; readonly quarantined: number }
  | { readonly kind: 'unchanged' }
  /** The file was read and is not believed: what was loaded before stays in force. */
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'failed'; readonly fault: Fault };

/** How far a load is: records read so far, and whether the database is at work on them. */
export interface LoadProgress {
  readonly state: 'reading' | 'storing';
  readonly records: number;
  readonly quarantined: number;
}

export type OnLoadProgress = (progress: LoadProgress) => void;

interface Reading {
  records: number;
  quarantined: number;
  dataDate: string | null;
  quarantine: readonly QuarantinedRecord[];
  remarks: number;
  withdrawn: readonly string[];
}

class Refused extends Error {}

/** A publisher may drop a release, or take back a third of what it said: then a person decides. */
const ACCEPT_ADVICE =
  'Look at it where the publisher shows it; if that is right, load it once with --accept-shrunken, or with Accept fewer records under Settings, Feeds';

interface PartInForce {
  readonly records: number;
  readonly digest: Buffer;
  readonly data_date: string | null;
  readonly confirmed_at: Instant;
  readonly reader: number;
}

/**
 * Replaces one part of a feed by what a file says, in one transaction: readers see the old claims or the new ones, a failure leaves no trace but its
 * line in the book. A file that is byte for byte the last one is not read again by the same readers.
 */
export async function loadFeedFile(
  context: Context,
  files: FeedFiles,
  file: FeedFile,
  order: LoadOrder,
  onProgress: OnLoadProgress = () => {},
): Promise<LoadOutcome> {
  const digest =
    file.bundled === undefined ? Buffer.from(await digestOf(file.path, 'sha256'), 'hex') : Buffer.from(file.bundled.file.sha256, 'hex');
  const [before] = await context.db.query<PartInForce>(
    'select records, digest, data_date, confirmed_at, reader from feed_part where feed_id = $1 and part = $2',
    [order.feedId, order.part],
  );
  let outcome: LoadOutcome;
  const older =
    before === undefined || file.bundled === undefined
      ? null
      : olderThanInForce(file.bundled.file, { dataDate: before.data_date, confirmedAt: before.confirmed_at });
  if (before?.digest.equals(digest) && before.reader === READERS_REVISION) outcome = { kind: 'unchanged' };
  else if (older !== null) outcome = { kind: 'refused', reason: `${file.head.fileName} of the bundle is not taken in: ${older}` };
  else
    try {
      outcome = await inFeedTransaction(context, client =>
        replacePart(context, client, files, file, order, digest, before?.records ?? null, onProgress),
      );
    } catch (error) {
      if (error instanceof Refused) outcome = { kind: 'refused', reason: error.message };
      else if (error instanceof Fault && error.code !== 'feed-interrupted') outcome = { kind: 'failed', fault: error };
      else throw error;
    }
  if (outcome.kind === 'unchanged') await confirmPart(context, order, file);
  if (outcome.kind === 'loaded' || outcome.kind === 'unchanged') await keepCopy(context, order, digest, file);
  await noteLoad(context, order, outcome);
  return outcome;
}

const IS_URL = /^https?:\/\//;

/** Where the bytes came from, for the question whose exploitability statements count. */
function documentOrigin({ bundled }: FeedFile, { location, integrity }: LoadOrder): DocumentOrigin {
  const from = bundled?.file.sourceUrl ?? location;
  return { url: IS_URL.test(from) ? from : null, bundleKeyId: bundled?.keyId ?? null, signedBy: integrity.signedBy };
}

/** The same bytes again: the publisher has nothing newer as of now, or as of when the bundle's maker asked. A younger word is never replaced by an older one. */
async function confirmPart({ db, clock }: Context, order: LoadOrder, file: FeedFile): Promise<void> {
  await db.query('update feed_part set confirmed_at = greatest(confirmed_at, $3), integrity = $4::jsonb where feed_id = $1 and part = $2', [
    order.feedId,
    order.part,
    confirmedAtOf(file, clock.now()),
    JSON.stringify(order.integrity),
  ]);
  // What came by hand or in a bundle before is the publisher's from now on: the next question is asked with the name that it gave.
  if (IS_URL.test(order.location))
    await db.query(
      'update feed_part set location = $3, etag = $4, last_modified = $5, source_url = null where feed_id = $1 and part = $2',
      [order.feedId, order.part, order.location, order.etag, order.lastModified],
    );
}

function confirmedAtOf(file: FeedFile, now: Instant): Instant {
  if (file.bundled === undefined) return now;
  // Whoever signs may be ahead of our clock by a little; a word from the future would outlast every later one.
  return file.bundled.file.confirmedAt < now ? file.bundled.file.confirmedAt : now;
}

/** The copy serves exports and auditors; a full disk must not undo a load. */
async function keepCopy({ db, installation, log }: Context, order: LoadOrder, digest: Buffer, file: FeedFile): Promise<void> {
  const { feedId } = order;
  try {
    await keepFile(installation.dataDir, feedId, digest, file);
    // Thousands of documents, each of which would look through all: the next archive clears up.
    if (order.mayShrink) return;
    const parts = await db.query<{ digest: Buffer }>('select digest from feed_part where feed_id = $1', [feedId]);
    removeKeptFiles(
      installation.dataDir,
      feedId,
      parts.map(part => part.digest),
    );
  } catch (error) {
    log.warn({ feed: feedId, error: (error as Error).message }, 'no copy of a feed file was kept: it cannot be exported');
  }
}

/** COPY needs the connection itself. No retry: the transaction has read a stream, and the lease keeps others away. */
async function inFeedTransaction<T>({ db }: Context, work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  const client = await db.pool.connect();
  let broken = false;
  try {
    await client.query('begin');
    const value = await work(client);
    await client.query('commit');
    return value;
  } catch (error) {
    await client.query('rollback').catch(() => {
      broken = true;
    });
    throw error;
  } finally {
    client.release(broken);
  }
}

async function replacePart(
  context: Context,
  client: pg.PoolClient,
  files: FeedFiles,
  file: FeedFile,
  order: LoadOrder,
  digest: Buffer,
  previous: number | null,
  onProgress: OnLoadProgress,
): Promise<LoadOutcome> {
  const staging = STAGING[file.source.provides];
  const now = context.clock.now();
  const reading: Reading = { records: 0, quarantined: 0, dataDate: null, quarantine: [], remarks: 0, withdrawn: [] };
  const direct = previous === null && !(await hasStatements(client, file.source.provides, order.feedId)) ? staging.direct : null;
  if (direct === null) await client.query(staging.create);
  onProgress({ state: 'reading', records: 0, quarantined: 0 });
  const prefix = direct?.prefix(order.feedId, order.part, now) ?? [];
  const events = files.stage(file, { today: now.slice(0, 10), prefix, origin: documentOrigin(file, order) });
  await copyBytesInto(client, (direct ?? staging).target, bytesOf(events, reading, onProgress));
  const unreadable = reading.quarantined - reading.remarks - reading.withdrawn.length;
  const verdict = judgeFeed(
    order.isWindow || order.mayShrink || order.acceptShrunken === true ? null : previous,
    reading.records,
    unreadable,
  );
  const isDocument = order.mayShrink && unreadable === 0;
  const onlyTakesBack = order.isWindow && reading.records === 0 && unreadable === 0 && reading.withdrawn.length > 0;
  if (!verdict.accept && !isDocument && !onlyTakesBack)
    throw new Refused(verdict.hasShrunk === true ? `${verdict.reason}. ${ACCEPT_ADVICE}` : verdict.reason);
  onProgress({ state: 'storing', records: reading.records, quarantined: reading.quarantined });
  const counts = { added: direct === null ? 0 : reading.records, changed: 0, withdrawn: 0 };
  if (direct === null) await client.query(`analyze ${staging.target.split(' ')[0]}`);
  for (const { counts: name, sql, sqlOfWindow = sql } of direct === null ? staging.merge : []) {
    const merge = order.isWindow ? sqlOfWindow : sql;
    if (merge !== null) counts[name] += (await client.query(merge, [order.feedId, order.part, now])).rowCount ?? 0;
  }
  if (order.isWindow && staging.takeBack !== null && reading.withdrawn.length > 0)
    counts.withdrawn += (await client.query(staging.takeBack, [order.feedId, order.part, now, reading.withdrawn])).rowCount ?? 0;
  await writePart(client, order, file, reading, digest, now);
  const held = await client.query('select id from feed where id = $1 and fence = $2 for update', [order.feedId, order.fence]);
  if (held.rowCount === 0)
    throw new Fault(
      'feed-lease-lost',
      `Loading ${order.feedId} took so long that another process took over.`,
      'Look at the feed: the other load is the one that counts.',
    );
  return { kind: 'loaded', counts, records: reading.records, quarantined: reading.quarantined };
}

/** A feed whose parts were renamed has statements although this part has none: what it said first must not be forgotten. */
async function hasStatements(client: pg.PoolClient, provides: FeedFile['source']['provides'], feedId: string): Promise<boolean> {
  const table = { claims: 'claim', enrichment: 'enrichment', lifecycle: 'lifecycle' }[provides];
  return ((await client.query(`select from ${table} where feed_id = $1 limit 1`, [feedId])).rowCount ?? 0) > 0;
}

async function* bytesOf(events: AsyncIterable<StageEvent>, reading: Reading, onProgress: OnLoadProgress): AsyncIterable<Uint8Array> {
  for await (const event of events) {
    if (event.kind === 'failed') throw event.fault;
    if (event.kind === 'finished') Object.assign(reading, event);
    else {
      onProgress({ state: 'reading', records: event.records, quarantined: event.quarantined });
      yield event.copy;
    }
  }
}

async function writePart(
  client: pg.PoolClient,
  order: LoadOrder,
  file: FeedFile,
  reading: Reading,
  digest: Buffer,
  now: Instant,
): Promise<void> {
  const { feedId, part } = order;
  await client.query(
    `insert into feed_part (feed_id, part, records, quarantined, data_date, digest, etag, last_modified, location, loaded_at, loaded_by,
       file_name, bytes, source_url, confirmed_at, bundle_key_id, integrity, reader)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17::jsonb, $18)
     on conflict (feed_id, part) do update set records = excluded.records, quarantined = excluded.quarantined, data_date = excluded.data_date, digest = excluded.digest,
       etag = excluded.etag, last_modified = excluded.last_modified, location = excluded.location, loaded_at = excluded.loaded_at, loaded_by = excluded.loaded_by,
       file_name = excluded.file_name, bytes = excluded.bytes, source_url = excluded.source_url, confirmed_at = excluded.confirmed_at, bundle_key_id = excluded.bundle_key_id,
       integrity = excluded.integrity, reader = excluded.reader`,
    [
      feedId,
      part,
      reading.records,
      reading.quarantined,
      reading.dataDate,
      digest,
      order.etag,
      order.lastModified,
      order.location,
      now,
      order.loadedBy,
      file.head.fileName,
      file.sizeBytes,
      file.bundled?.file.sourceUrl ?? null,
      confirmedAtOf(file, now),
      file.bundled?.keyId ?? null,
      JSON.stringify(order.integrity),
      READERS_REVISION,
    ],
  );
  await client.query('delete from quarantine where feed_id = $1 and part = $2', [feedId, part]);
  await client.query(
    `insert into quarantine (feed_id, part, position, record, reason) select $1, $2, q.position, q.record, q.reason from jsonb_to_recordset($3::jsonb) as q(position int, record text, reason text)`,
    [feedId, part, storedJson(reading.quarantine.map((entry, position) => ({ position, ...entry })))],
  );
}
