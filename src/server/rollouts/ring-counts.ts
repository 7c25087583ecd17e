import type { RingCounts } from '../../core/rollouts/gate.ts';
import { type JobGroup, ringCountsOf } from '../../core/rollouts/ring-counts.ts';
import type { Queryable } from '../../db/db.ts';

/** Grouped in the database, so that a ring of 80,000 hosts is a few rows; what each group counts as is decided in core. */
export async function ringCounts(tx: Queryable, ringId: string): Promise<RingCounts> {
  return ringCountsOf(
    await tx.query<JobGroup>(
      `select state, parked, infrastructure, failure_class as "failureClass", failure_accepted_by is not null as accepted, count(*)::int as hosts
       from job where ring_id = $1 group by 1, 2, 3, 4, 5`,
      [ringId],
    ),
  );
}
