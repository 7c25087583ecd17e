import { canonicalJson } from '../../core/kernel/canonical-json.ts';
import type { Instant } from '../../core/kernel/instants.ts';
import type { JobResult } from '../../core/rollouts/host-plan.ts';
import { knownClass, takeResult } from '../../core/rollouts/job-changes.ts';
import type { JobStatus } from '../../core/rollouts/job-status.ts';
import { notFound } from '../runtime/problems.ts';
import type { Engine } from './engine.ts';
import { lockHost, lockJob, lockRollout } from './locks.ts';
import { storeJob } from './moves.ts';
import { inStep, type Step } from './step.ts';

/** Takes what the host observed. A copy of what is stored already is answered and forgotten; anything else that comes too late is kept. */
export async function recordResult(engine: Engine, hostId: string, jobId: string, attempt: number, reported: JobResult): Promise<void> {
  const result = knownClass(reported);
  await inStep(engine.context, async step => {
    await lockHost(step.tx, hostId);
    const [peek] = await step.tx.query<{ host_id: string; rollout_id: string }>('select host_id, rollout_id from job where id = $1', [
      jobId,
    ]);
    if (peek === undefined || peek.host_id !== hostId) throw notFound('job', jobId);
    const rollout = await lockRollout(step.tx, peek.rollout_id, 'share');
    const job = await lockJob(step.tx, jobId);
    const [tried] = await step.tx.query<{ result: JobResult | null }>(
      'select result from job_attempt where job_id = $1 and attempt = $2 for update',
      [jobId, attempt],
    );
    if (tried?.result != null && canonicalJson(tried.result) === canonicalJson(result)) return;
    const known = { offered: tried !== undefined, answered: tried?.result != null };
    const taken = takeResult(job, rollout.kind, attempt, result, known, step.now);
    if (known.offered && !known.answered)
      await step.tx.query('update job_attempt set result = $3::jsonb, result_at = $4 where job_id = $1 and attempt = $2', [
        jobId,
        attempt,
        JSON.stringify(result),
        step.now,
      ]);
    if (taken.late !== null) return await keepLate(step, job, attempt, result, taken.late);
    if (taken.violation)
      step.audit({
        actor: `host:${hostId}`,
        action: 'permit.violation',
        subject: jobId,
        detail: { hostId, attempt, state: job.state, outcome: result.outcome },
      });
    await storeJob(step, taken);
    const isRead = await wasReadSince(step, hostId, result.finishedAt);
    step.afterwards(() => {
      if (!isRead) engine.inventory.requestReport(hostId, { refresh: false });
      engine.poke();
    });
  });
}

/** A host reports what it has before it reports the result; both times are by its own clock. Where it could not, it is asked. */
async function wasReadSince(step: Step, hostId: string, finishedAt: Instant): Promise<boolean> {
  const [read] = await step.tx.query('select from host_inventory where host_id = $1 and observed_at >= $2', [hostId, finishedAt]);
  return read !== undefined;
}

async function keepLate(step: Step, job: JobStatus, attempt: number, result: JobResult, reason: string): Promise<void> {
  await step.tx.query('insert into job_late_result (job_id, attempt, received_at, reason, result) values ($1, $2, $3, $4, $5::jsonb)', [
    job.id,
    attempt,
    step.now,
    reason,
    JSON.stringify(result),
  ]);
  step.say(job.rolloutId, {
    kind: 'job',
    ringIndex: job.ringIndex,
    jobId: job.id,
    hostName: job.hostName,
    text: `a late result (${result.outcome}, attempt ${attempt}) was kept and changes nothing: ${reason}`,
  });
  step.audit({
    actor: `host:${job.hostId}`,
    action: 'job.late-result',
    subject: job.id,
    detail: { attempt, outcome: result.outcome, touched: result.touched, reason },
  });
}
