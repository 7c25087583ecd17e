import type { Instant } from '../../core/kernel/instants.ts';
import { JOB, JOB_ACTIVE, JOB_PREPARING, type JobState } from '../../core/rollouts/job-states.ts';
import { deadlineAt } from '../../core/rollouts/machine.ts';
import type { Engine } from './engine.ts';
import { lockHost, lockJob, lockRollout } from './locks.ts';
import { moveJob } from './moves.ts';
import type { JobRow } from './rows.ts';
import { inStep, type Step } from './step.ts';

/** Sends every job whose time is up the event that its state's deadline names; all of it stands in the transition table. */
export async function keepJobDeadlines(engine: Engine, rolloutId: string): Promise<number> {
  const now = engine.context.clock.now();
  const jobs = await engine.context.db.query<
    Pick<JobRow, 'id' | 'host_id' | 'state' | 'state_since' | 'last_heard_at'> & { not_after: Instant | null }
  >(
    `select job.id, job.host_id, job.state, job.state_since, job.last_heard_at, job_attempt.not_after
     from job left join job_attempt on job_attempt.job_id = job.id and job_attempt.attempt = job.attempt
     where job.rollout_id = $1 and job.state = any($2)`,
    [rolloutId, JOB_ACTIVE],
  );
  let moved = 0;
  for (const job of jobs) {
    if (!isOverdue(job, now) && !planIsOver(job.state, job.not_after, now)) continue;
    await inStep(engine.context, step => endOfTime(engine, step, job.id, job.host_id, rolloutId));
    moved++;
  }
  return moved;
}

function isOverdue(job: Pick<JobRow, 'state' | 'state_since' | 'last_heard_at'>, now: Instant): boolean {
  const deadline = deadlineAt(
    JOB,
    job.state,
    Date.parse(job.state_since),
    job.last_heard_at === null ? null : Date.parse(job.last_heard_at),
  );
  return deadline !== null && Date.parse(now) >= deadline.atMs;
}

/** A host that waits for its permit longer than its plan is valid gets a new plan. */
function planIsOver(state: JobState, notAfter: Instant | null, now: Instant): boolean {
  return (JOB_PREPARING as readonly JobState[]).includes(state) && notAfter !== null && notAfter <= now;
}

async function endOfTime(engine: Engine, step: Step, jobId: string, hostId: string, rolloutId: string): Promise<void> {
  await lockHost(step.tx, hostId);
  await lockRollout(step.tx, rolloutId, 'share');
  const row = await lockJob(step.tx, jobId);
  const [attempt] = await step.tx.query<{ not_after: Instant }>('select not_after from job_attempt where job_id = $1 and attempt = $2', [
    jobId,
    row.attempt,
  ]);
  if (planIsOver(row.state, attempt?.not_after ?? null, step.now)) return await renew(step, row);
  if (!isOverdue(row, step.now)) return;
  const event = JOB.states[row.state].deadline!.event;
  if (event === 'lapse') return await lapse(step, row);
  if (event === 'silence' && (JOB_PREPARING as readonly JobState[]).includes(row.state)) return await silentBefore(step, row);
  if (event === 'silence') row.waiting_on = 'host-lost';
  if (event === 'time-out')
    Object.assign(row, {
      failure_class: 'lost',
      failure: 'the host fell silent in the middle and did not come back within a day',
      failure_signature: 'lost',
      touched: true,
    });
  await moveJob(step, row, event, { actor: 'system', reason: event === 'silence' ? 'the host fell silent in the middle' : null });
  step.afterwards(() => engine.poke());
}

/** Nobody took the offer: it costs no attempt. The next offer waits a minute, so that a host that is off does not hold a place. */
async function lapse(step: Step, row: JobRow): Promise<void> {
  row.attempts_left += 1;
  row.not_before = new Date(Date.parse(step.now) + 60_000).toISOString();
  row.waiting_on = 'host-offline';
  await moveJob(step, row, 'lapse', { actor: 'system', reason: 'the host does not answer' });
}

async function renew(step: Step, row: JobRow): Promise<void> {
  row.attempts_left += 1;
  await moveJob(step, row, 'retry', { actor: 'system', reason: 'the signed plan has run out; the host gets a new one' });
}

async function silentBefore(step: Step, row: JobRow): Promise<void> {
  Object.assign(row, {
    failure_class: 'interrupted',
    failure: `the host fell silent in ${row.state}, before anything was changed`,
    failure_signature: 'silent',
    infrastructure: true,
  });
  row.parked = row.attempts_left <= 0;
  row.waiting_on = row.parked ? 'infrastructure' : 'host-offline';
  await moveJob(step, row, 'silence', { actor: 'system', reason: row.failure });
}
