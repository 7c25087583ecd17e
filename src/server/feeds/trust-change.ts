import type { Context } from '../context.ts';

/**
 * Feeds of documents whose authors count only when they are trusted, and where a distribution publishes its own: what we fetched there ourselves is the
 * distribution's whatever the list says. Anybody's document can state the distribution's namespace, and lands in its feed then.
 */
const BY_AUTHOR: Readonly<Record<string, string | null>> = {
  openvex: null,
  'cyclonedx-vex': null,
  csaf: null,
  'redhat-csaf': '^https://([a-z0-9-]+[.])*redhat[.]com/',
  'suse-csaf': '^https://([a-z0-9-]+[.])*suse[.]com/',
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
  const isGone = (before ?? []).some(author => !now.includes(author));
  const touched = await db.transaction(async tx => {
    const ofFeeds = 'jsonb_each_text($1::jsonb) as f(id, own)';
    const feeds = JSON.stringify(isSame ? {} : BY_AUTHOR);
    const dropped = await tx.query<{ feed_id: string }>(
      `delete from feed_part p using ${ofFeeds} where p.feed_id = f.id and (p.location ~ f.own) is not true
       returning p.feed_id`,
      [feeds],
    );
    const withoutPart = 'not exists (select from feed_part p where (p.feed_id, p.part) = (c.feed_id, c.part))';
    // What a trusted author said before somebody else became trusted stays; who is gone cannot be told from the others any more. A part may have gone
    // with an earlier change of the list, and its claims stayed.
    const withdrawn = isGone
      ? await tx.query<{ feed_id: string }>(
          `with gone as (update claim c set withdrawn_at = $2 from ${ofFeeds} where c.feed_id = f.id and c.withdrawn_at is null and ${withoutPart}
             returning c.feed_id)
           select distinct feed_id from gone`,
          [feeds, clock.now()],
        )
      : [];
    const ids = [...new Set([...dropped, ...withdrawn].map(one => one.feed_id))].sort();
    await tx.query(`delete from quarantine c where feed_id = any($1) and ${withoutPart}`, [ids]);
    await tx.query("delete from setting where key like any (select 'feed-changes:' || id || ':%' from unnest($1::text[]) as id)", [ids]);
    await tx.query(
      `update feed set state = 'failed', message = $2, next_sync_at = null,
         (records, quarantined) = (select coalesce(sum(records), 0), coalesce(sum(quarantined), 0) from feed_part where feed_id = feed.id)
       where id = any($1)`,
      [
        ids,
        'Whose statements count has changed (FETTLE_TRUST_AUTHORS): its files are to be read again. Sync the feed, or import its files once more.',
      ],
    );
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
