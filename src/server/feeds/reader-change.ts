import { READERS_REVISION } from '../../plugins/advisory-sources/spec.ts';
import type { Context } from '../context.ts';

const SETTING = 'feeds:readers';

/**
 * After an update of Fettle whose readers read more: what stands stays in force, feeds with a URL are due at once and fetched whole, lists of changes are
 * walked from their archive on, and feeds that came as files say that they are to be imported once more. Once a revision.
 */
export async function settleReaders({ db, clock, log }: Context): Promise<void> {
  const [row] = await db.query<{ value: number }>('select value from setting where key = $1', [SETTING]);
  if (row?.value === READERS_REVISION) return;
  await db.transaction(async tx => {
    const parts = await tx.query<{ feed_id: string; is_file: boolean }>(
      "select distinct feed_id, location is null or location !~ '^https?://' as is_file from feed_part where reader <> $1",
      [READERS_REVISION],
    );
    const ids = [...new Set(parts.map(part => part.feed_id))];
    await tx.query('update feed set next_sync_at = null where id = any($1)', [ids]);
    await tx.query("delete from setting where key like any (select 'feed-changes:' || id || ':%' from unnest($1::text[]) as id)", [ids]);
    await tx.query("update feed set message = $2 where id = any($1) and state = 'current'", [
      parts.filter(part => part.is_file).map(part => part.feed_id),
      'An earlier Fettle read this feed, and less of it: import its files once more.',
    ]);
    await tx.query(
      `insert into setting (key, value, updated_at, updated_by) values ($1, $2::jsonb, $3, 'system')
       on conflict (key) do update set value = excluded.value, updated_at = excluded.updated_at`,
      [SETTING, JSON.stringify(READERS_REVISION), clock.now()],
    );
    if (ids.length > 0) log.info({ feeds: ids }, 'feeds are to be read again: this version reads more of them');
  });
}
