import type { Instant } from '../../core/kernel/instants.ts';
import { timeUp } from '../../core/rollouts/job-changes.ts';
import { JOB_ACTIVE } from '../../core/rollouts/job-states.ts';
import type { JobStatus } from '../../core/rollouts/job-status.ts';
import type { Engine } from './engine.ts';
import { lockHost, lockJob, lockRollout } from './locks.ts';
import { storeJob } from './moves.ts';
import { JOB_COLUMNS } from './rows.ts';
import { inStep } from './step.ts';

/** Sends every job whose time is up the event that its state's deadline names; all of it stands in the transition table. */
export async function keepJobDeadlines(engine: Engine, rolloutId: string): Promise<number> {
  const now = engine.context.clock.now();
  const jobs = await engine.context.db.query<JobStatus & { readonly notAfter: Instant | null }>(
    `select ${JOB_COLUMNS}, job_attempt.not_after as "notAfter"
     from job left join job_attempt on job_attempt.job_id = job.id and job_attempt.attempt = job.attempt
     where job.rollout_id = $1 and job.state = any($2)`,
    [rolloutId, JOB_ACTIVE],
  );
  const overdue = jobs.filter(job => timeUp(job, job.notAfter, now) !== null);
  for (const job of overdue) await endOfTime(engine, job);
  return overdue.length;
}

/** What was read without a lock was only a list of whom to look at. */
async function endOfTime(engine: Engine, { id, hostId, rolloutId }: JobStatus): Promise<void> {
  await inStep(engine.context, async step => {
    await lockHost(step.tx, hostId);
    await lockRollout(step.tx, rolloutId, 'share');
    const job = await lockJob(step.tx, id);
    const [attempt] = await step.tx.query<{ notAfter: Instant }>(
      'select not_after as "notAfter" from job_attempt where job_id = $1 and attempt = $2',
      [id, job.attempt],
    );
    const change = timeUp(job, attempt?.notAfter ?? null, step.now);
    if (change === null) return;
    await storeJob(step, change);
    step.afterwards(() => engine.poke());
  });
}
