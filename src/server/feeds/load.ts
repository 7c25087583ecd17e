import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import type pg from 'pg';
import { Fault } from '../../core/kernel/faults.ts';
import { QUARANTINE_KEPT } from '../../core/kernel/limits.ts';
import { type CopyValue, copyInto } from '../../db/copy.ts';
import { judgeFeed } from '../../plugins/advisory-sources/spec.ts';
import type { Context } from '../context.ts';
import type { FeedFile, FeedFileEvent, FeedFilesPort } from './feed-files.ts';
import { STAGING, type Staging } from './staging.ts';

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

interface Reading {
  records: number;
  quarantined: number;
  dataDate: string | null;
  readonly quarantine: { readonly record: string; readonly reason: string }[];
}

/** Ends the transaction of a load without an error of the database. */
class Refused extends Error {}

/** Replaces one part of a feed by a file, all or nothing, and writes down the attempt. */
export async function loadFeedFile(context: Context, files: FeedFilesPort, file: FeedFile, order: LoadOrder): Promise<LoadOutcome> {
  const digest = await digestOf(file.path);
  const [before] = await context.db.query<{ records: number; digest: Buffer }>(
    'select records, digest from feed_part where feed_id = $1 and part = $2',
    [order.feedId, order.part],
  );
  let outcome: LoadOutcome;
  if (before?.digest.equals(digest)) outcome = { kind: 'unchanged' };
  else
    try {
      outcome = await inFeedTransaction(context, client =>
        replacePart(context, client, files, file, order, digest, before?.records ?? null),
      );
    } catch (error) {
      if (error instanceof Refused) outcome = { kind: 'refused', reason: error.message };
      else if (error instanceof Fault) outcome = { kind: 'failed', fault: error };
      else throw error;
    }
  await noteLoad(context, order, outcome);
  return outcome;
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
  files: FeedFilesPort,
  file: FeedFile,
  order: LoadOrder,
  digest: Buffer,
  previous: number | null,
): Promise<LoadOutcome> {
  const staging = STAGING[file.source.provides];
  const now = context.clock.now();
  await client.query(staging.create);
  const reading: Reading = { records: 0, quarantined: 0, dataDate: null, quarantine: [] };
  await copyInto(
    client,
    staging.target,
    rowsOf(staging, files.read(file, { today: now.slice(0, 10), releases: null, packages: null }), reading),
  );
  const verdict = judgeFeed(previous, reading.records, reading.quarantined);
  if (!verdict.accept) throw new Refused(verdict.reason);
  await client.query(`analyze ${staging.target.split(' ')[0]}`);
  const counts = { added: 0, changed: 0, withdrawn: 0 };
  for (const { counts: name, sql } of staging.merge)
    counts[name] += (await client.query(sql, [order.feedId, order.part, now])).rowCount ?? 0;
  await writePart(client, order, reading, digest, now);
  const held = await client.query('select id from feed where id = $1 and fence = $2 for update', [order.feedId, order.fence]);
  if (held.rowCount === 0)
    throw new Fault(
      'feed-lease-lost',
      `Loading ${order.feedId} took so long that another process took over.`,
      'Look at the feed: the other load is the one that counts.',
    );
  return { kind: 'loaded', counts, records: reading.records, quarantined: reading.quarantined };
}

async function* rowsOf(staging: Staging, events: AsyncIterable<FeedFileEvent>, reading: Reading): AsyncIterable<CopyValue[][]> {
  for await (const event of events) {
    if (event.kind === 'failed') throw event.fault;
    if (event.kind === 'finished') reading.dataDate = event.dataDate;
    if (event.kind !== 'items') continue;
    const rows: CopyValue[][] = [];
    for (const item of event.items) {
      if (item.kind === 'quarantined') {
        if (reading.quarantined++ < QUARANTINE_KEPT)
          reading.quarantine.push({ record: item.record.slice(0, 300), reason: item.reason.slice(0, 500) });
        continue;
      }
      const row = staging.row(item);
      if (row === null) continue;
      reading.records += 1;
      rows.push([...row]);
    }
    yield rows;
  }
}

async function writePart(client: pg.PoolClient, order: LoadOrder, reading: Reading, digest: Buffer, now: string): Promise<void> {
  const { feedId, part } = order;
  await client.query(
    `insert into feed_part (feed_id, part, records, quarantined, data_date, digest, etag, last_modified, location, loaded_at, loaded_by)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
     on conflict (feed_id, part) do update set records = excluded.records, quarantined = excluded.quarantined, data_date = excluded.data_date, digest = excluded.digest,
       etag = excluded.etag, last_modified = excluded.last_modified, location = excluded.location, loaded_at = excluded.loaded_at, loaded_by = excluded.loaded_by`,
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
    ],
  );
  await client.query('delete from quarantine where feed_id = $1 and part = $2', [feedId, part]);
  await client.query(
    `insert into quarantine (feed_id, part, position, record, reason) select $1, $2, q.position, q.record, q.reason from jsonb_to_recordset($3::jsonb) as q(position int, record text, reason text)`,
    [feedId, part, JSON.stringify(reading.quarantine.map((entry, position) => ({ position, ...entry })))],
  );
}

/** What the feed is now, and the line in the book of loads. */
async function noteLoad({ db, clock }: Context, order: LoadOrder, outcome: LoadOutcome): Promise<void> {
  const now = clock.now();
  const message =
    outcome.kind === 'refused' ? outcome.reason : outcome.kind === 'failed' ? `${outcome.fault.message} ${outcome.fault.advice}` : null;
  const state = outcome.kind === 'refused' || outcome.kind === 'failed' ? outcome.kind : 'current';
  const loaded = outcome.kind === 'loaded' ? outcome : null;
  await db.transaction(async tx => {
    await tx.query(
      `update feed set state = $2, message = $3, checked_at = $4,
         records = coalesce((select sum(records) from feed_part where feed_id = $1), 0), quarantined = coalesce((select sum(quarantined) from feed_part where feed_id = $1), 0),
         data_date = (select max(data_date) from feed_part where feed_id = $1), loaded_at = (select max(loaded_at) from feed_part where feed_id = $1)
       where id = $1`,
      [order.feedId, state, message, now],
    );
    // The same moment twice (a clock held still, two parts in one millisecond) is the same attempt told twice.
    await tx.query(
      `insert into feed_load (feed_id, at, part, outcome, message, location, records, quarantined, added, changed, withdrawn, loaded_by) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
       on conflict (feed_id, at, part) do update set outcome = excluded.outcome, message = excluded.message`,
      [
        order.feedId,
        now,
        order.part,
        outcome.kind,
        message,
        order.location,
        loaded?.records ?? null,
        loaded?.quarantined ?? null,
        loaded?.counts.added ?? null,
        loaded?.counts.changed ?? null,
        loaded?.counts.withdrawn ?? null,
        order.loadedBy,
      ],
    );
  });
}

async function digestOf(file: string): Promise<Buffer> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest();
}
