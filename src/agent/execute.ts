import type { Envelope } from '../core/evidence/envelope.ts';
import type { Clock } from '../core/kernel/instants.ts';
import { preHooksBegun } from '../core/rollouts/hooks.ts';
import type { HostPlan, JobResult } from '../core/rollouts/host-plan.ts';
import type { Failure } from '../core/verification/host-verdict.ts';
import type { PackageManager } from '../plugins/package-managers/spec.ts';
import { type Transport, TransportFault } from '../plugins/transports/spec.ts';
import { afterApply, apply } from './apply.ts';
import { admitPlan, readPlan, rebootProblem, type Trust } from './decide.ts';
import { deliver, finish, refuse } from './finish.ts';
import type { Gateway } from './gateway.ts';
import { postHooks, preHooks } from './hooks.ts';
import { EXECUTOR_SETTINGS, type ExecutorSettings, failure, JobContext, JobLeft, type Stop, stop } from './job-context.ts';
import { JobLog } from './job-log.ts';
import type { Journal, JournalEntry } from './journal.ts';
import { awaitPermit, download, precheck, simulate, simulateOnce, waitForLock } from './prepare.ts';
import { afterReboot, otherBoot, type Proof, prove, readReboot, reboot, restart } from './settle.ts';
import type { Turn } from './turns.ts';

export interface Executor {
  readonly transport: Transport;
  manager(): Promise<PackageManager>;
  readonly gateway: Gateway;
  readonly journal: Journal;
  readonly clock: Clock;
  readonly trust: Trust;
  readonly settings?: Partial<ExecutorSettings>;
  /** Where several jobs of the host are in hand. */
  readonly turn?: Turn;
  /** Ends the work at a safe point when the process ends; the journal then has what the next start needs. */
  readonly signal: AbortSignal;
}

export interface JobTask {
  readonly jobId: string;
  readonly attempt: number;
  readonly envelope: Envelope;
}

export interface JobHandle {
  readonly jobId: string;
  readonly attempt: number;
  /** It has installed and waits with its reboot for another job of this host, which may begin beside it. */
  sharesReboot?(): boolean;
  /** Asks to stop before the point of no return; after it the job runs to a safe end. */
  cancel(): void;
  /** The result, after it was written to the journal and handed to the gateway; null when the process was asked to end first. */
  readonly finished: Promise<{ readonly result: JobResult; readonly agentIsStale: boolean } | null>;
}

/**
 * Takes up a job that is offered. A plan that the journal knows is never begun a second time: it goes on from where it is, or its result is sent again.
 */
export function startJob(executor: Executor, task: JobTask): JobHandle {
  return run(executor, task, async () => {
    const read = readPlan(task.envelope, executor.trust);
    if (!read.ok) return { refused: read.failure };
    const known = await executor.journal.read(read.plan.planId);
    if (known) return { plan: read.plan, entry: known };
    const problem = admitPlan(read.plan, task, {
      now: executor.clock.now(),
      highestSequence: await executor.journal.highestSequence(executor.trust.hostId),
    });
    return problem ? { refused: problem } : { plan: read.plan, entry: firstEntry(read.plan, task, executor.clock) };
  });
}

/** Takes up what the journal left open: at the start of the agent or of the server. */
export function resumeJob(executor: Executor, entry: JournalEntry): JobHandle {
  return run(executor, entry, async () => {
    const read = readPlan(entry.envelope, executor.trust);
    return read.ok ? { plan: read.plan, entry } : { refused: read.failure };
  });
}

type Taken = { readonly refused: Failure } | { readonly plan: HostPlan; readonly entry: JournalEntry };

function run(executor: Executor, task: { readonly jobId: string; readonly attempt: number }, take: () => Promise<Taken>): JobHandle {
  let cancel = () => {};
  let shares = () => false;
  let cancelled = false;
  const work = async () => {
    const taken = await take();
    if ('refused' in taken) return { result: await refuse(executor, task, taken.refused), agentIsStale: false };
    if (taken.entry.result !== null) return { result: await deliver(executor, taken.entry, taken.entry.result), agentIsStale: false };
    const settings = { ...EXECUTOR_SETTINGS, ...executor.settings };
    const log = new JobLog(executor.gateway, executor.clock, taken.entry, () => cancel());
    const job = new JobContext({ ...executor, plan: taken.plan, log, settings }, taken.entry);
    cancel = () => {
      job.cancelled = true;
    };
    shares = () => job.sharesReboot;
    if (cancelled) cancel();
    return carryOut(job).finally(() => log.close());
  };
  const finished = work().catch((error: unknown) => {
    if (error instanceof JobLeft) return null;
    throw error;
  });
  return {
    jobId: task.jobId,
    attempt: task.attempt,
    sharesReboot: () => shares(),
    finished,
    cancel: () => {
      cancelled = true;
      cancel();
    },
  };
}

function firstEntry(plan: HostPlan, task: JobTask, clock: Clock): JournalEntry {
  return {
    version: 1,
    planId: plan.planId,
    hostId: plan.hostId,
    jobId: plan.jobId,
    attempt: plan.attempt,
    sequence: plan.sequence,
    envelope: task.envelope,
    state: 'accepted',
    acceptedAt: clock.now(),
    startedAt: null,
    before: [],
    bootIdBefore: null,
    failedUnitsBefore: null,
    steps: [],
    healed: [],
    restartedUnits: [],
    rebootAskedAt: null,
    runs: 0,
    result: null,
    acknowledgedAt: null,
  };
}

async function carryOut(job: JobContext): Promise<{ result: JobResult; agentIsStale: boolean }> {
  await job.record({ runs: job.entry.runs + 1 });
  let agentIsStale = false;
  for (let lost = 0; ; ) {
    try {
      await job.reach();
      const step = await advance(job);
      if (step === 'again') {
        lost = 0;
        continue;
      }
      agentIsStale ||= step.agentIsStale;
      return { result: await finish(job, step.proof, step.stop), agentIsStale };
    } catch (error) {
      if (error instanceof JobLeft) throw error;
      // A host whose pre-hooks have begun may be out of service: it is reached again, as one whose packages were touched is.
      const touched = job.entry.state !== 'accepted' || preHooksBegun(job.entry);
      if (!(error instanceof TransportFault))
        return {
          result: await finish(job, null, stop(failure(touched ? 'needs-human' : 'precheck', String(error), 'defect'))),
          agentIsStale,
        };
      if (!touched) return { result: await finish(job, null, stop(unreachable(error))), agentIsStale };
      if (lost === 0) job.log.note(`the host cannot be reached: ${error.message}. What it does goes on without us.`);
      const pauses = job.parts.settings.reconnectPausesMs;
      await job.pause(pauses[Math.min(lost++, pauses.length - 1)]!);
      await job.parts.transport.close().catch(() => {});
    }
  }
}

/** Before the point of no return: silence passes, a refused key or password needs a person. */
function unreachable(fault: TransportFault): Failure {
  return failure(fault.code === 'unreachable' ? 'interrupted' : 'precheck', `the host could not be reached: ${fault.message}`, fault.code);
}

interface Ended {
  readonly stop: Stop | null;
  readonly proof: Proof | null;
  readonly agentIsStale: boolean;
}

/** One stretch of a job, from whatever state the journal has. A lost connection throws out of it and it is entered again. */
async function advance(job: JobContext): Promise<Ended | 'again'> {
  const ended = (reason: Stop): Ended => ({ stop: reason, proof: null, agentIsStale: false });
  if (job.entry.state === 'accepted') {
    const stopped =
      (await precheck(job)) ??
      (await simulate(job)) ??
      (await download(job)) ??
      (await awaitPermit(job, 'apply')) ??
      (await lastLook(job)) ??
      (await preHooks(job)) ??
      // Hooks take their time, and may have changed packages themselves.
      (preHooksBegun(job.entry) ? await lastLook(job) : null);
    if (stopped === 'rebooted') {
      // What was read is of another boot, and so is the connection.
      await job.parts.transport.close().catch(() => {});
      return 'again';
    }
    if (stopped) return ended(stopped);
    const problem = await apply(job);
    return problem ? ended(problem) : settle(job);
  }
  if (job.entry.state === 'started') {
    job.log.start('apply');
    const problem = await afterApply(job);
    return problem ? ended(problem) : settle(job);
  }
  const back = await afterReboot(job);
  if (back === 'waiting') {
    // Intent was written, and then this process ended: whether the reboot was asked for is not known, and asking again does no harm.
    if (!job.rebootAsked) return (await rebootWithPermit(job)) ?? 'again';
    await job.pause(job.parts.settings.rebootPollMs);
    return 'again';
  }
  if (back) return ended(back);
  return proven(job, false);
}

/** While the permit was waited for, others may have been at work: the set must still be the approved one. */
async function lastLook(job: JobContext): Promise<Stop | null> {
  const locked = await waitForLock(job);
  if (locked) return locked;
  if (job.cancelled) return { outcome: 'cancelled' };
  // Room was looked for before, and the archives are here.
  const simulation = await simulateOnce(job, { sizes: false });
  return 'outcome' in simulation ? simulation : null;
}

async function settle(job: JobContext): Promise<Ended | 'again'> {
  const fact = job.plan.reboot === 'never' ? null : await readReboot(job);
  // Another job's reboot has served this one as well.
  const rebooted = job.plan.reboot === 'always' && (await otherBoot(job));
  if ((job.plan.reboot === 'always' && !rebooted) || fact?.required) {
    if (fact?.required) job.log.note(`a reboot is needed: ${fact.reasons.join('; ')}`);
    return (await rebootWithPermit(job)) ?? 'again';
  }
  const { agentIsStale } = await restart(job);
  return proven(job, agentIsStale);
}

/** The host's post-hooks have the last word: they may only put into service what was verified. */
async function proven(job: JobContext, agentIsStale: boolean): Promise<Ended> {
  const proof = await prove(job);
  if (proof.stop) return { stop: proof.stop, proof, agentIsStale };
  const failed = await postHooks(job, 'verified');
  return { stop: failed && stop(failed), proof, agentIsStale };
}

async function rebootWithPermit(job: JobContext): Promise<Ended | null> {
  const refused = await awaitPermit(job, 'reboot');
  const shared = job.sharesReboot;
  job.sharesReboot = false;
  if (refused === 'rebooted') return null;
  if (refused) return { stop: refused, proof: null, agentIsStale: false };
  // The other job's reboot came while this one waited: the host is observed anew, and reboots again only if it still has to.
  if (shared && (await otherBoot(job))) return null;
  const broken = rebootProblem(shared, shared ? (await job.ask(job.manager.health())).problems : []);
  if (broken !== null) return { stop: stop(broken), proof: null, agentIsStale: false };
  await reboot(job);
  // On the host itself this process is ended now; from outside the host is watched until it is back.
  await job.pause(job.parts.settings.rebootPollMs);
  return null;
}
