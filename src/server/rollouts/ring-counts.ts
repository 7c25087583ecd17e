import { FAILURE_CLASSES } from '../../core/rollouts/failure-classes.ts';
import type { RingCounts } from '../../core/rollouts/gate.ts';
import type { FailureClass } from '../../core/rollouts/host-plan.ts';
import { JOB_ACTIVE, JOB_FAILED } from '../../core/rollouts/job-states.ts';
import type { Queryable } from '../../db/db.ts';

const CLASSES = Object.keys(FAILURE_CLASSES) as FailureClass[];
const BLOCKERS = CLASSES.filter(name => FAILURE_CLASSES[name].blocker);
const ALARMS = CLASSES.filter(name => FAILURE_CLASSES[name].alarm);

/** Every host of the ring exactly once (S12). `boot loss in a canary` and the like are blockers of their class. */
export async function ringCounts(tx: Queryable, ringId: string): Promise<RingCounts> {
  const [row] = await tx.query<RingCounts & { counted: number }>(
    `select count(*)::int as hosts,
       count(*) filter (where state in ('excluded', 'not-applicable'))::int as excluded,
       count(*) filter (where state = 'succeeded')::int as succeeded,
       count(*) filter (where state = 'already-compliant')::int as compliant,
       count(*) filter (where state = any($2) and failure_accepted_by is null)::int as failed,
       count(*) filter (where state = any($2) and failure_accepted_by is null and failure_class = any($3))::int as blockers,
       count(*) filter (where failure_accepted_by is not null)::int as accepted,
       count(*) filter (where parked and infrastructure)::int as infrastructure,
       count(*) filter (where parked and not infrastructure)::int as "notReady",
       count(*) filter (where parked and failure_class = any($4))::int as alarms,
       count(*) filter (where state in ('unreachable', 'cancelled', 'superseded') and failure_accepted_by is null)::int as unreached,
       count(*) filter (where state = 'queued' and not parked)::int as waiting,
       count(*) filter (where state = any($5))::int as active
     from job where ring_id = $1`,
    [ringId, JOB_FAILED, BLOCKERS, ALARMS, JOB_ACTIVE],
  );
  if (row === undefined) throw new Error('an aggregate has one row');
  return row;
}
