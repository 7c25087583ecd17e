import { type EventEmitter, once } from 'node:events';
import type { RolloutEventView } from '../../api/rollouts.ts';
import type { Instant } from '../../core/kernel/instants.ts';
import type { Queryable } from '../../db/db.ts';

interface EventRow {
  readonly sequence: number;
  readonly at: Instant;
  readonly kind: RolloutEventView['kind'];
  readonly ring_index: number | null;
  readonly job_id: string | null;
  readonly host_name: string | null;
  readonly text: string;
}

/** The live log from a sequence number on, in order and without gaps. */
export async function eventsAfter(db: Queryable, rolloutId: string, after: number, limit: number): Promise<RolloutEventView[]> {
  const rows = await db.query<EventRow>(
    'select sequence, at, kind, ring_index, job_id, host_name, text from rollout_event where rollout_id = $1 and sequence > $2 order by sequence limit $3',
    [rolloutId, after, limit],
  );
  return rows.map(({ sequence, at, kind, ring_index, job_id, host_name, text }) => ({
    sequence,
    at,
    kind,
    ringIndex: ring_index,
    jobId: job_id,
    hostName: host_name,
    text,
  }));
}

/** Another replica's lines are seen by looking again; this process's own come at once. */
const POLL_MS = 1_000;
const BATCH = 500;

export async function* follow(
  db: Queryable,
  news: EventEmitter,
  rolloutId: string,
  after: number,
  signal: AbortSignal,
): AsyncGenerator<{ id: number; data: RolloutEventView }> {
  let last = after;
  while (!signal.aborted) {
    const pause = wait(news, signal);
    const events = await eventsAfter(db, rolloutId, last, BATCH);
    for (const event of events) {
      last = event.sequence;
      yield { id: event.sequence, data: event };
    }
    if (events.length < BATCH) await pause;
  }
}

/** Resolves on news, after the poll time, or when the reader has left. Begun before the read, so that nothing falls in between. */
async function wait(news: EventEmitter, signal: AbortSignal): Promise<void> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(POLL_MS)]);
  await once(news, 'stored', { signal: limit }).catch(() => undefined);
}
