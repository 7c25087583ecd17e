import type { Instant } from '../../core/kernel/instants.ts';
import type { RingState } from '../../core/rollouts/ring-states.ts';
import type { VerbFacts } from '../../core/rollouts/verbs.ts';
import type { Queryable } from '../../db/db.ts';
import { readEngine } from './locks.ts';
import { rehearsalStops } from './rehearsals.ts';
import type { RolloutRow } from './rows.ts';
import { retractedInPlan } from './safeguards.ts';

/** Everything that decides which verbs are allowed. */
export async function verbFacts(tx: Queryable, now: Instant, row: RolloutRow): Promise<VerbFacts> {
  const [stopped] = await tx.query<{ name: string; state: RingState; parked: number }>(
    `select ring.name, ring.state, (select count(*)::int from job where job.ring_id = ring.id and job.parked) as parked
     from ring where rollout_id = $1 and state in ('failed', 'gate-pending') order by ring_index limit 1`,
    [row.id],
  );
  const [change] = await tx.query<{ expires_at: Instant }>('select expires_at from change_request where id = $1', [row.change_request_id]);
  return {
    now,
    state: row.state,
    authorIds: row.author_ids,
    windowStartsAt: row.window_starts_at,
    killSwitch: (await readEngine(tx, 'read')).kill_switch,
    approvalExpiresAt: change?.expires_at ?? null,
    retracted: await retractedInPlan(tx, row.id, row.plan_hash),
    stopped:
      stopped === undefined
        ? await stoppedByRehearsal(tx, now, row)
        : { ring: stopped.name, state: stopped.state, canRetry: stopped.parked > 0 },
  };
}

/** The first ring never opened: its rehearsal said no. */
async function stoppedByRehearsal(tx: Queryable, now: Instant, row: RolloutRow): Promise<VerbFacts['stopped']> {
  if (row.state !== 'paused' || !(await rehearsalStops(tx, row, now))) return null;
  const [ring] = await tx.query<{ name: string }>(
    `select name from ring where rollout_id = $1 and state = 'pending' order by ring_index limit 1`,
    [row.id],
  );
  return ring === undefined ? null : { ring: ring.name, state: 'pending', canRetry: false };
}
