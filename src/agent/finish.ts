import { lastRuns, undoesHooks } from '../core/rollouts/hooks.ts';
import type { JobResult } from '../core/rollouts/host-plan.ts';
import type { Failure } from '../core/verification/host-verdict.ts';
import { afterRows, transactionStatus } from '../core/verification/transaction-status.ts';
import { TransportFault } from '../plugins/transports/spec.ts';
import type { Executor } from './execute.ts';
import { postHooks } from './hooks.ts';
import { type JobContext, type Stop, stop } from './job-context.ts';
import type { JournalEntry } from './journal.ts';
import type { Proof } from './settle.ts';

/** A post-hook that fails here is graver than what stopped the job. */
async function undoHooks(job: JobContext, stopped: Stop | null): Promise<Stop | null> {
  if (stopped === null || !undoesHooks(job.entry)) return stopped;
  const failed = await postHooks(job, 'untouched');
  if (failed === null) return stopped;
  const before = stopped.outcome === 'failed' ? `${stopped.failure.message}\n` : '';
  return stop({ ...failed, message: `${before}nothing was changed, and ${failed.message}`.slice(0, 2000) });
}

/** Observes, writes the result down, and hands it over; the journal is the outbox. */
export async function finish(job: JobContext, proof: Proof | null, given: Stop | null): Promise<JobResult> {
  const { clock } = job.parts;
  const stopped = await undoHooks(job, given);
  const touched = job.entry.startedAt !== null;
  const observed = proof ?? (await observe(job));
  const result: JobResult = {
    jobId: job.plan.jobId,
    attempt: job.plan.attempt,
    outcome: stopped?.outcome ?? 'succeeded',
    failure: stopped?.outcome === 'failed' ? stopped.failure : null,
    touched,
    before: job.entry.before,
    after: afterRows(observed.status),
    restartedUnits: job.entry.restartedUnits,
    rebooted: job.entry.bootIdBefore !== null && observed.bootId !== null && observed.bootId !== job.entry.bootIdBefore,
    bootIdBefore: job.entry.bootIdBefore,
    bootIdAfter: observed.bootId,
    smokeTests: observed.smokeTests,
    ...(job.entry.hooks === undefined ? {} : { hooks: lastRuns(job.entry.hooks) }),
    healed: job.entry.healed,
    startedAt: job.entry.acceptedAt,
    finishedAt: clock.now(),
  };
  job.log.note(stopped === null ? 'done' : stopped.outcome === 'failed' ? `failed: ${stopped.failure.message}` : stopped.outcome);
  await job.record({ state: 'finished', result });
  // Archives are kept for the repair of what failed; they go when all is proven.
  if (stopped === null) await job.ask(job.manager.discardDownloads()).catch(() => {});
  await job.log.close();
  return deliver(job.parts, job.entry, result);
}

/** What can be said of a host after a stop. An unreachable host that was touched is asked again; what else cannot be read stays unsaid. */
async function observe(job: JobContext): Promise<Proof> {
  const nothing = { status: [], bootId: null, smokeTests: [], stop: null };
  try {
    const boot = await job.parts.transport.readFile('/proc/sys/kernel/random/boot_id', 100);
    return {
      ...nothing,
      status: transactionStatus(job.plan.transaction, await job.packages()),
      bootId: boot === null ? null : Buffer.from(boot).toString().trim(),
    };
  } catch (error) {
    if (error instanceof TransportFault && job.entry.startedAt !== null) throw error;
    return nothing;
  }
}

export async function deliver(
  executor: Pick<Executor, 'gateway' | 'journal' | 'clock'>,
  entry: JournalEntry,
  result: JobResult,
): Promise<JobResult> {
  await executor.gateway.result(entry.jobId, entry.attempt, result);
  await executor.journal.write({ ...entry, state: 'finished', result, acknowledgedAt: executor.clock.now() });
  return result;
}

/** A plan that is not ours to act on leaves no trace in the journal: its id is not to be believed. */
export async function refuse(
  executor: Executor,
  task: { readonly jobId: string; readonly attempt: number },
  problem: Failure,
): Promise<JobResult> {
  const now = executor.clock.now();
  const result: JobResult = {
    jobId: task.jobId,
    attempt: task.attempt,
    outcome: 'failed',
    failure: problem,
    touched: false,
    before: [],
    after: [],
    restartedUnits: [],
    rebooted: false,
    bootIdBefore: null,
    bootIdAfter: null,
    smokeTests: [],
    healed: [],
    startedAt: now,
    finishedAt: now,
  };
  await executor.gateway.result(task.jobId, task.attempt, result);
  return result;
}
