import { canonicalJson } from '../../core/kernel/canonical-json.ts';
import { addMs, SECOND_MS } from '../../core/kernel/instants.ts';
import { FAILURE_CLASSES, isFailureClass } from '../../core/rollouts/failure-classes.ts';
import type { FailureClass, JobResult } from '../../core/rollouts/host-plan.ts';
import { JOB } from '../../core/rollouts/job-states.ts';
import { isFinal } from '../../core/rollouts/machine.ts';
import { type Judgement, judgeResult } from '../../core/rollouts/result.ts';
import { ATTEMPTS_MAX, nextAttemptInSeconds } from '../../core/rollouts/retry.ts';
import { notFound } from '../runtime/problems.ts';
import type { Engine } from './engine.ts';
import { lockHost, lockJob, lockRollout } from './locks.ts';
import { moveJob } from './moves.ts';
import type { JobRow } from './rows.ts';
import { inStep, type Step } from './step.ts';

/** Takes what the host observed. Each attempt's first result counts, once; whatever comes later is kept and changes nothing (S9). */
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
    job.last_heard_at = step.now;
    const [tried] = await step.tx.query<{ result: JobResult | null }>(
      'select result from job_attempt where job_id = $1 and attempt = $2 for update',
      [jobId, attempt],
    );
    if (tried === undefined) return await keepLate(step, job, attempt, result, 'no such attempt was ever offered');
    if (tried.result !== null)
      return canonicalJson(tried.result) === canonicalJson(result)
        ? undefined
        : await keepLate(step, job, attempt, result, 'the attempt has a result already');
    await step.tx.query('update job_attempt set result = $3::jsonb, result_at = $4 where job_id = $1 and attempt = $2', [
      jobId,
      attempt,
      JSON.stringify(result),
      step.now,
    ]);
    if (attempt !== job.attempt || job.state === 'queued') return await keepLate(step, job, attempt, result, 'a newer attempt exists');
    if (isFinal(JOB, job.state)) return await keepLate(step, job, attempt, result, `the job had ended as ${job.state}`);
    if (job.state === 'lost') await moveJob(step, job, 'return', { actor: `host:${hostId}`, reason: 'the host is back' });
    await accept(step, job, rollout.kind, result);
    step.afterwards(() => {
      engine.inventory.requestReport(hostId, { refresh: false });
      engine.poke();
    });
  });
}

/** A host of another version may name a class that this server does not know: then a person has to look. */
function knownClass(result: JobResult): JobResult {
  if (result.failure === null || isFailureClass(result.failure.class)) return result;
  return {
    ...result,
    failure: { ...result.failure, class: 'needs-human', message: `${result.failure.class as string}: ${result.failure.message}` },
  };
}

async function accept(step: Step, job: JobRow, kind: 'patch' | 'rollback', result: JobResult): Promise<void> {
  const verdict = judgeResult(job.transaction, kind, job.state, result);
  job.result = result;
  job.touched ||= result.touched;
  job.healed = [...result.healed];
  job.failure_class = verdict.failureClass;
  job.failure = verdict.failure;
  job.failure_signature = verdict.signature;
  job.infrastructure = verdict.failureClass !== null && FAILURE_CLASSES[verdict.failureClass].cause === 'infrastructure' && !result.touched;
  const actor = `host:${job.host_id}`;
  const detail = {
    outcome: result.outcome,
    failureClass: verdict.failureClass,
    touched: result.touched,
    healed: result.healed,
    bootIdBefore: result.bootIdBefore,
    bootIdAfter: result.bootIdAfter,
  };
  if (verdict.unpermitted)
    step.audit({ actor, action: 'permit.violation', subject: job.id, detail: { ...detail, state: job.state, hostId: job.host_id } });
  if (verdict.waits && job.cancel_requested)
    return await moveJob(step, job, 'report-cancelled', { actor, reason: verdict.failure, detail });
  if (verdict.waits) return await waitForNext(step, job, verdict, detail);
  await moveJob(step, job, verdict.event, {
    actor,
    reason: verdict.failure ?? (result.healed.length > 0 ? `repaired: ${result.healed.join('; ')}` : null),
    detail,
  });
}

/** Back to the queue: for the next attempt, or parked until a person resumes. */
async function waitForNext(step: Step, job: JobRow, verdict: Judgement, detail: Readonly<Record<string, unknown>>): Promise<void> {
  const row = FAILURE_CLASSES[verdict.failureClass as FailureClass];
  // Nothing failed: the rollout itself kept the host waiting.
  if (row.cause === 'engine') job.attempts_left = Math.min(ATTEMPTS_MAX, job.attempts_left + 1);
  const made = Math.max(1, ATTEMPTS_MAX - job.attempts_left);
  const seconds = row.transient
    ? nextAttemptInSeconds(made, job.attempts_left, row.cause === 'engine' ? step.now : (job.retry_since ?? step.now), step.now)
    : null;
  job.parked = seconds === null;
  job.not_before = seconds === null ? null : addMs(step.now, seconds * SECOND_MS);
  job.waiting_on = seconds !== null ? 'back-off' : row.cause === 'infrastructure' ? 'infrastructure' : 'host-not-ready';
  const next = seconds === null ? 'waits for a person' : `tries again in ${seconds} s`;
  await moveJob(step, job, 'retry', { actor: `host:${job.host_id}`, reason: `${row.title}: ${verdict.failure ?? ''} (${next})`, detail });
}

async function keepLate(step: Step, job: JobRow, attempt: number, result: JobResult, reason: string): Promise<void> {
  await step.tx.query('insert into job_late_result (job_id, attempt, received_at, reason, result) values ($1, $2, $3, $4, $5::jsonb)', [
    job.id,
    attempt,
    step.now,
    reason,
    JSON.stringify(result),
  ]);
  step.say(job.rollout_id, {
    kind: 'job',
    ringIndex: job.ring_index,
    jobId: job.id,
    hostName: job.host_name,
    text: `a late result (${result.outcome}, attempt ${attempt}) was kept and changes nothing: ${reason}`,
  });
  step.audit({
    actor: `host:${job.host_id}`,
    action: 'job.late-result',
    subject: job.id,
    detail: { attempt, outcome: result.outcome, touched: result.touched, reason },
  });
}
