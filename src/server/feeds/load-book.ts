import { messageWithAdvice } from '../../core/kernel/faults.ts';
import { storedText } from '../../db/stored-text.ts';
import type { Context } from '../context.ts';
import type { LoadOrder, LoadOutcome } from './load.ts';

/** What the feed is now, and the line in the book of loads. */
export async function noteLoad({ db, clock }: Context, order: LoadOrder, outcome: LoadOutcome): Promise<void> {
  const now = clock.now();
  const said = outcome.kind === 'refused' ? outcome.reason : outcome.kind === 'failed' ? messageWithAdvice(outcome.fault) : null;
  const message = said === null ? null : storedText(said);
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
    // The book of loads has a line for each file, but not for each of a publisher's documents.
    if (order.mayShrink && state === 'current') return;
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
