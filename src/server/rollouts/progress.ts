import { JOB_PHASES, type JobEvent, type JobPhase } from '../../core/rollouts/host-plan.ts';
import { JOB, type JobEventName } from '../../core/rollouts/job-states.ts';
import { isFinal, move } from '../../core/rollouts/machine.ts';
import { notFound } from '../runtime/problems.ts';
import type { Engine } from './engine.ts';
import { lockJob } from './locks.ts';
import { moveJob, saveJob } from './moves.ts';
import type { JobRow } from './rows.ts';
import { inStep, type Step } from './step.ts';

/** What the start of a phase on the host means for the job. `apply` and `restart` bring nothing new: the permit has moved the job already. */
const PHASE_EVENTS: Readonly<Record<JobPhase, JobEventName | null>> = {
  precheck: 'check',
  simulate: 'stage',
  download: 'stage',
  'awaiting-permit': 'await-permit',
  apply: null,
  restart: null,
  reboot: 'need-reboot',
  verify: 'verify',
  'smoke-test': 'verify',
};

/** The first copy of each sequence number counts; copies and stragglers change nothing, because the table lets no job go back. */
export async function recordEvents(
  engine: Engine,
  hostId: string,
  jobId: string,
  attempt: number,
  events: readonly JobEvent[],
): Promise<{ cancelRequested: boolean }> {
  return await inStep(engine.context, async step => {
    const job = await lockJob(step.tx, jobId);
    if (job.host_id !== hostId) throw notFound('job', jobId);
    // An attempt that was never offered cannot have events.
    if (attempt > job.attempt) throw notFound('attempt', `${jobId}/${attempt}`);
    const fresh = await keepEvents(step, jobId, attempt, events);
    for (const event of fresh)
      step.say(job.rollout_id, {
        kind: event.kind === 'output' ? 'output' : 'job',
        ringIndex: job.ring_index,
        jobId,
        hostName: job.host_name,
        text: lineOf(event),
        at: event.at,
      });
    if (attempt < job.attempt || job.state === 'queued') return { cancelRequested: true };
    if (isFinal(JOB, job.state)) return { cancelRequested: job.state === 'cancelled' || job.state === 'superseded' };
    await follow(step, job, fresh);
    if (fresh.length > 0) engine.poke();
    return { cancelRequested: job.cancel_requested };
  });
}

async function follow(step: Step, job: JobRow, fresh: readonly JobEvent[]): Promise<void> {
  const actor = `host:${job.host_id}`;
  job.last_heard_at = step.now;
  if (job.state === 'offered') {
    await step.tx.query('update job_attempt set acknowledged_at = coalesce(acknowledged_at, $3) where job_id = $1 and attempt = $2', [
      job.id,
      job.attempt,
      step.now,
    ]);
    await moveJob(step, job, 'acknowledge', { actor });
  }
  if (job.state === 'lost') {
    job.waiting_on = null;
    await moveJob(step, job, 'return', { actor, reason: 'the host is back' });
  }
  for (const { phase, kind } of fresh) {
    // A host of another version may have phases that this server does not know: they are shown and mean nothing here.
    if (kind !== 'phase-started' || !isPhase(phase)) continue;
    job.phase = phase;
    const event = PHASE_EVENTS[phase];
    if (event !== null && move(JOB, job.state, event).ok) await moveJob(step, job, event, { actor });
  }
  await saveJob(step, job);
}

function isPhase(text: string): text is JobPhase {
  return (JOB_PHASES as readonly string[]).includes(text);
}

/** Stores what is new and returns it in the order in which it happened. */
async function keepEvents(step: Step, jobId: string, attempt: number, events: readonly JobEvent[]): Promise<JobEvent[]> {
  if (events.length === 0) return [];
  const kept = await step.tx.query<{ sequence: number }>(
    `insert into job_event (job_id, attempt, sequence, at, phase, kind, text)
     select $1, $2, * from unnest($3::int[], $4::timestamptz[], $5::text[], $6::text[], $7::text[]) on conflict do nothing returning sequence`,
    [
      jobId,
      attempt,
      events.map(one => one.sequence),
      events.map(one => one.at),
      events.map(one => one.phase),
      events.map(one => one.kind),
      events.map(one => one.text.replaceAll('\u0000', '')),
    ],
  );
  const fresh = new Set(kept.map(row => row.sequence));
  return events.filter(event => fresh.delete(event.sequence)).sort((a, b) => a.sequence - b.sequence);
}

function lineOf({ phase, kind, text }: JobEvent): string {
  if (kind === 'output') return text;
  const verb = kind === 'phase-started' ? `${phase} ...` : kind === 'phase-done' ? `${phase} done` : phase;
  return text === '' ? verb : `${verb}: ${text}`;
}
