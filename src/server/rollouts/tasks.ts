import type { Envelope } from '../../core/evidence/envelope.ts';
import { JOB_ACTIVE, JOB_WITHDRAWN } from '../../core/rollouts/job-states.ts';
import type { AgentTask } from '../ports.ts';
import type { Engine } from './engine.ts';

/** A host that has taken an offer hears of its cancellation with its next check-in; after an hour its plan is dead paper anyway, for want of a permit. */
const CANCEL_NOTICE = '1 hour';

interface TaskRow {
  readonly kind: 'simulate' | 'rehearse' | 'job' | 'cancel';
  readonly request: Extract<AgentTask, { kind: 'simulate' }>['request'] | null;
  readonly job_id: string | null;
  readonly attempt: number | null;
  readonly envelope: Envelope | null;
}

/** What the host should do now. Reading changes nothing; a task is named again until the host has answered it. */
export async function tasksFor({ context }: Engine, hostId: string): Promise<AgentTask[]> {
  const rows = await context.db.query<TaskRow>(
    `select 'simulate' as kind, simulation.request, null::text as job_id, null::int as attempt, null::jsonb as envelope
       from simulation join rollout on rollout.id = simulation.rollout_id and rollout.state = 'rehearsing'
       where simulation.host_id = $1 and simulation.request is not null and simulation.answer is null
     union all
     select 'rehearse', null, rehearsal.id, null, rehearsal.envelope
       from rehearsal join rollout on rollout.id = rehearsal.rollout_id and rollout.plan_hash = rehearsal.plan_hash
         and rollout.state in ('planned', 'awaiting-approval', 'scheduled', 'running', 'paused')
       where rehearsal.host_id = $1 and rehearsal.answered_at is null and rehearsal.expires_at > $3
         and not (select kill_switch from engine_lock)
     union all
     select case when job.cancel_requested then 'cancel' else 'job' end, null, job.id, job.attempt, case when job.cancel_requested then null else job_attempt.envelope end
       from job join job_attempt on job_attempt.job_id = job.id and job_attempt.attempt = job.attempt
       where job.host_id = $1 and job.state = any($2) and job_attempt.result is null
     union all
     select 'cancel', null, job.id, job.attempt, null
       from job join job_attempt on job_attempt.job_id = job.id and job_attempt.attempt = job.attempt
       where job.host_id = $1 and job.state = any($5) and job_attempt.acknowledged_at is not null and job_attempt.result is null
         and job.finished_at > $3::timestamptz - $4::interval`,
    [hostId, JOB_ACTIVE, context.clock.now(), CANCEL_NOTICE, JOB_WITHDRAWN],
  );
  return rows.map(toTask);
}

type JobTask = Extract<AgentTask, { kind: 'job' }>;

function toTask(row: TaskRow): AgentTask {
  if (row.kind === 'simulate') return { kind: 'simulate', request: row.request! };
  if (row.kind === 'rehearse') return { kind: 'rehearse', rehearsalId: row.job_id!, envelope: row.envelope as JobTask['envelope'] };
  const job = { jobId: row.job_id!, attempt: row.attempt! };
  if (row.kind === 'cancel') return { kind: 'cancel', ...job };
  return { kind: 'job', ...job, envelope: row.envelope as JobTask['envelope'] };
}
