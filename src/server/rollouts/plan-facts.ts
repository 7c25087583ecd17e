import { addMs, DAY_MS, type Instant } from '../../core/kernel/instants.ts';
import { type DurationHistory, durationClass } from '../../core/rollouts/duration.ts';
import type { OtherJob } from '../../core/rollouts/plan-lint.ts';
import type { Queryable } from '../../db/db.ts';

/** Older jobs ran on other disks and other packages. */
const HISTORY_DAYS = 180;
/** Enough for the ninth of ten of every class, and a small read at any size of fleet. */
const HISTORY_JOBS_MAX = 5_000;
/** Shown and checked; a plan that meets more other rollouts than this has a larger problem. */
const OTHERS_MAX = 20_000;

/** From the permit to the end, of jobs that ended as asked; the ninth of ten, by class. */
export async function durationHistory(db: Queryable, now: Instant): Promise<DurationHistory> {
  const jobs = await db.query<{ packages: number; reboots: boolean; minutes: number }>(
    `select jsonb_array_length(job.transaction) as packages, coalesce((job.result->>'rebooted')::boolean, false) as reboots,
       extract(epoch from job.finished_at - permit.issued_at)::float8 / 60 as minutes
     from job join permit on permit.job_id = job.id and permit.attempt = job.attempt and permit.phase = 'apply' and permit.voided_at is null
     where job.state = 'succeeded' and job.finished_at > $1 order by job.finished_at desc limit $2`,
    [addMs(now, -HISTORY_DAYS * DAY_MS), HISTORY_JOBS_MAX],
  );
  const byClass = Map.groupBy(jobs, job => durationClass(job.packages, job.reboots));
  return new Map(
    [...byClass].map(([name, list]) => {
      const minutes = list.map(job => job.minutes).sort((a, b) => a - b);
      return [name, { minutes: Math.ceil(minutes[Math.ceil(minutes.length * 0.9) - 1]!), jobs: minutes.length }];
    }),
  );
}

/** What other rollouts that are approved or running still want to do on these hosts. */
export async function otherJobs(db: Queryable, rolloutId: string, hostIds: readonly string[]): Promise<OtherJob[]> {
  return await db.query<OtherJob>(
    `select rollout.id as "rolloutId", rollout.name as "rolloutName", job.host_id as "hostId", job.transaction
     from rollout join job on job.rollout_id = rollout.id
     where rollout.id <> $1 and rollout.state in ('running', 'paused') and job.finished_at is null and job.host_id = any($2)
     union all
     select rollout.id, rollout.name, host->>'hostId', plan::jsonb->'transactions'->((host->>'transaction')::int)
     from rollout join rollout_plan on rollout_plan.rollout_id = rollout.id and rollout_plan.plan_hash = rollout.plan_hash,
       jsonb_array_elements(plan::jsonb->'rings') as ring, jsonb_array_elements(ring->'hosts') as host
     where rollout.id <> $1 and rollout.state = 'scheduled' and host->>'hostId' = any($2)
     limit ${OTHERS_MAX}`,
    [rolloutId, hostIds],
  );
}
