import { addMs, MINUTE_MS } from '../../core/kernel/instants.ts';
import { FEED_LEASE_MINUTES } from '../../core/kernel/limits.ts';
import type { Context } from '../context.ts';
import { conflict } from '../runtime/problems.ts';

/** One process at a time loads a feed. The fence rises with every lease; a load commits only while its own is the highest. */
export async function withFeedLease<T>(
  { db, clock }: Pick<Context, 'db' | 'clock'>,
  feedId: string,
  work: (fence: number) => Promise<T>,
): Promise<T> {
  const now = clock.now();
  const [row] = await db.query<{ fence: number }>(
    'update feed set leased_until = $3, fence = fence + 1 where id = $1 and (leased_until is null or leased_until < $2) returning fence',
    [feedId, now, addMs(now, FEED_LEASE_MINUTES * MINUTE_MS)],
  );
  if (!row)
    throw conflict('feed-busy', `The feed ${feedId} is being loaded at this moment.`, 'Wait until it is done; the list of feeds shows it.');
  try {
    return await work(row.fence);
  } finally {
    await db.query('update feed set leased_until = null where id = $1 and fence = $2', [feedId, row.fence]);
  }
}
