import type { Context } from '../context.ts';

/** Feeds of documents whose authors count only when they are trusted; of a distribution's own only where somebody bound its name to another place. */
const BY_AUTHOR: Readonly<Record<string, RegExp>> = {
  openvex: /^/,
  'cyclonedx-vex': /^/,
  csaf: /^/,
  'redhat-csaf': /^Red Hat/,
  'suse-csaf': /^SUSE/,
};
const SETTING = 'feeds:trusted-authors';

/**
 * Whose statements count is decided when they are read, so a list that has changed since makes them void: what an author says who is not trusted any more
 * hides no finding from the next start on, and the same file counts when it is loaded again. Answers with the feeds whose claims have changed.
 */
export async function settleTrust({ db, clock, log }: Context, authors: readonly string[]): Promise<string[]> {
  const now = [...new Set(authors)].sort();
  const [row] = await db.query<{ value: readonly string[] }>('select value from setting where key = $1', [SETTING]);
  const before = row?.value ?? (now.length === 0 ? now : null);
  const isSame = before !== null && before.join('\n') === now.join('\n');
  if (row !== undefined && isSame) return [];
  // An installation that never wrote it down trusted nobody in particular, or we cannot tell whom.
  const gone = (before ?? []).filter(author => !now.includes(author));
  const changed = [...gone, ...now.filter(author => !(before ?? []).includes(author))];
  const feedIds = Object.entries(BY_AUTHOR).flatMap(([id, names]) => (changed.some(author => names.test(author)) ? [id] : []));
  const touched = await db.transaction(async tx => {
    const loaded = await tx.query<{ feed_id: string }>('delete from feed_part where feed_id = any($1) returning feed_id', [feedIds]);
    const ids = [...new Set(loaded.map(part => part.feed_id))];
    await tx.query('delete from quarantine where feed_id = any($1)', [ids]);
    await tx.query("delete from setting where key like any (select 'feed-changes:' || id || ':%' from unnest($1::text[]) as id)", [ids]);
    // What a trusted author said before somebody else became trusted stays; who is gone cannot be told from the others any more.
    if (gone.length > 0)
      await tx.query('update claim set withdrawn_at = $2 where feed_id = any($1) and withdrawn_at is null', [ids, clock.now()]);
    await tx.query("update feed set state = 'failed', message = $2, records = 0, quarantined = 0, next_sync_at = null where id = any($1)", [
      ids,
      'Whose statements count has changed (FETTLE_TRUST_AUTHORS): its files are to be read again. Sync the feed, or import its files once more.',
    ]);
    await tx.query(
      `insert into setting (key, value, updated_at, updated_by) values ($1, $2::jsonb, $3, 'system')
       on conflict (key) do update set value = excluded.value, updated_at = excluded.updated_at`,
      [SETTING, JSON.stringify(now), clock.now()],
    );
    return ids;
  });
  if (touched.length > 0) log.warn({ feeds: touched, authors: now }, 'whose exploitability statements count has changed');
  return touched;
}
