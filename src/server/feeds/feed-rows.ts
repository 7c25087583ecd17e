import { type FeedIntegrity, weakest } from '../../core/advisories/feed-integrity.ts';
import { epochMs, HOUR_MS, type Instant } from '../../core/kernel/instants.ts';
import { counted } from '../../core/kernel/words.ts';
import type { Queryable } from '../../db/db.ts';
import type { AdvisorySource } from '../../plugins/advisory-sources/spec.ts';
import { notFound } from '../runtime/problems.ts';
import { feedRule } from './catalog.ts';

export interface FeedRow {
  readonly id: string;
  readonly kind: string;
  readonly url: string | null;
  readonly url_by_person: boolean;
  readonly enabled: boolean;
  readonly state: 'never-loaded' | 'current' | 'failed' | 'refused';
  readonly message: string | null;
  readonly records: number;
  readonly quarantined: number;
  readonly data_date: string | null;
  readonly loaded_at: Instant | null;
  readonly checked_at: Instant | null;
  readonly next_sync_at: Instant | null;
  readonly leased_until: Instant | null;
  readonly confirmed_at: Instant | null;
  readonly quarantine_sample: readonly string[];
  readonly integrity: readonly FeedIntegrity[];
}

const SELECT = `select feed.*, (select max(confirmed_at) from feed_part where feed_id = feed.id) as confirmed_at,
  coalesce((select jsonb_agg(integrity) from feed_part where feed_id = feed.id and integrity is not null), '[]') as integrity, coalesce((select array_agg(q.record || ': ' || q.reason) from (
  select record, reason from quarantine where feed_id = feed.id order by part, position limit 5) q), '{}') as quarantine_sample from feed`;

export async function feedRows(db: Queryable): Promise<FeedRow[]> {
  return db.query<FeedRow>(`${SELECT} order by id`);
}

export async function feedRow(db: Queryable, id: string): Promise<FeedRow> {
  const [row] = await db.query<FeedRow>(`${SELECT} where id = $1`, [id]);
  if (!row) throw notFound('feed', id);
  return row;
}

/** Publishers with a document for each vulnerability have thousands of parts. */
const QUARANTINE_SHOWN = 2_000;

export async function quarantined(db: Queryable, id: string): Promise<{ part: string; record: string; reason: string }[]> {
  return db.query('select part, record, reason from quarantine where feed_id = $1 order by part, position limit $2', [
    id,
    QUARANTINE_SHOWN,
  ]);
}

/** Every source has a feed of its own id, also before anything was loaded. */
export async function ensureFeeds(db: Queryable, sources: readonly AdvisorySource[]): Promise<void> {
  const rows = sources.map(source => ({
    id: source.id,
    url: source.defaultUrl,
    enabled: source.defaultUrl !== null && feedRule(source.id).enabledAtFirst,
  }));
  await db.query(
    `insert into feed (id, kind, url, enabled) select w.id, w.id, w.url, w.enabled from jsonb_to_recordset($1::jsonb) as w(id text, url text, enabled boolean) order by w.id
     on conflict (id) do update set url = excluded.url where not feed.url_by_person and feed.url is distinct from excluded.url`,
    [JSON.stringify(rows)],
  );
}

export function feedView(row: FeedRow, source: AdvisorySource | undefined, now: Instant) {
  const { state, message } = stateOf(row, now);
  return {
    id: row.id,
    title: source?.title ?? row.id,
    kind: row.kind,
    url: row.url,
    enabled: row.enabled,
    licence: source?.licence ?? 'unknown',
    homepage: source?.homepage ?? null,
    state,
    message,
    records: row.records,
    quarantined: row.quarantined,
    quarantineSample: [...row.quarantine_sample],
    dataDate: row.data_date,
    loadedAt: row.loaded_at,
    freshAt: freshAtOf(row),
    staleAfterHours: Math.round(feedRule(row.kind).staleAfterMs / HOUR_MS),
    integrity: integrityView(row),
    checkedAt: row.checked_at,
    nextSyncAt: row.enabled && row.url !== null ? row.next_sync_at : null,
  };
}

/** A feed of many files is as sure as its weakest. */
function integrityView({ integrity }: FeedRow) {
  const found = weakest(integrity);
  return found === null ? null : { level: found.level, note: found.note };
}

/**
 * Age counts from the publisher's own date of the data where there is one: a copy that is fetched daily can be years old. Else from when the publisher
 * last said that this is its newest, which for a bundle was before it was made.
 */
function freshAtOf(row: FeedRow): string | null {
  return row.data_date ?? row.confirmed_at ?? row.loaded_at;
}

function stateOf(row: FeedRow, now: Instant): { state: FeedRow['state'] | 'loading' | 'stale'; message: string | null } {
  if (row.leased_until !== null && row.leased_until > now) return { state: 'loading', message: row.message };
  const freshAt = freshAtOf(row);
  if (row.state !== 'current' || freshAt === null) return { state: row.state, message: row.message };
  const ageMs = epochMs(now) - Date.parse(freshAt);
  if (ageMs <= feedRule(row.kind).staleAfterMs) return { state: 'current', message: row.message };
  const days = Math.floor(ageMs / 86_400_000);
  return {
    state: 'stale',
    message: `The data is ${counted(days, 'day')} old${row.data_date === null ? '' : ` (of ${row.data_date})`}: newer vulnerabilities are missing from it.`,
  };
}
