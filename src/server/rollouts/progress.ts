import type { JobEvent } from '../../core/rollouts/host-plan.ts';
import { hearHost } from '../../core/rollouts/job-changes.ts';
import { eventWords } from '../../core/rollouts/log-words.ts';
import { notFound } from '../runtime/problems.ts';
import type { Engine } from './engine.ts';
import { lockJob } from './locks.ts';
import { storeJob } from './moves.ts';
import { inStep, type Step } from './step.ts';

/** The first copy of each sequence number counts. */
export async function recordEvents(
  engine: Engine,
  hostId: string,
  jobId: string,
  attempt: number,
  events: readonly JobEvent[],
): Promise<{ cancelRequested: boolean }> {
  return await inStep(engine.context, async step => {
    const job = await lockJob(step.tx, jobId);
    if (job.hostId !== hostId) throw notFound('job', jobId);
    // An attempt that was never offered cannot have events.
    if (attempt > job.attempt) throw notFound('attempt', `${jobId}/${attempt}`);
    const fresh = await keepEvents(step, jobId, attempt, events);
    for (const event of fresh)
      step.say(job.rolloutId, {
        kind: event.kind === 'output' ? 'output' : 'job',
        ringIndex: job.ringIndex,
        jobId,
        hostName: job.hostName,
        text: eventWords(event),
        at: event.at,
      });
    const { change, cancelRequested } = hearHost(job, attempt, fresh, step.now);
    if (change === null) return { cancelRequested };
    if (job.state === 'offered')
      await step.tx.query('update job_attempt set acknowledged_at = coalesce(acknowledged_at, $3) where job_id = $1 and attempt = $2', [
        jobId,
        attempt,
        step.now,
      ]);
    await storeJob(step, change);
    if (fresh.length > 0) step.afterwards(() => engine.poke());
    return { cancelRequested };
  });
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
