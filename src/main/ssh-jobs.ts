import { setTimeout as wait } from 'node:timers/promises';
import { packageManagerOf } from '../agent/collect.ts';
import { type Executor, type JobHandle, resumeJob, startJob } from '../agent/execute.ts';
import type { Gateway } from '../agent/gateway.ts';
import { JobLeft } from '../agent/job-context.ts';
import type { JournalEntry } from '../agent/journal.ts';
import { Fault } from '../core/kernel/faults.ts';
import type { Transport } from '../plugins/transports/spec.ts';
import type { SshLease } from '../server/inventory/ssh-leases.ts';
import type { AgentTask } from '../server/ports.ts';
import { sshJournal, underLease } from './ssh-journal.ts';
import type { HostWork, SshRun } from './ssh-parts.ts';

const RESULT_PAUSE_MS_MAX = 30_000;

/**
 * One job on one host, from an offer or from the journal; the executor is the agent's. The handle stands in `work.job` from the first moment, so a second
 * offer finds it. Another server that has the host's lease does the job itself.
 */
export async function runSshJob(run: SshRun, work: HostWork, what: JournalEntry | Extract<AgentTask, { kind: 'job' }>): Promise<void> {
  const { parts, stopping } = run;
  const { hostId } = work;
  if (work.job !== null) return;
  let handle: JobHandle | null = null;
  let cancelled = false;
  work.job = {
    jobId: what.jobId,
    attempt: what.attempt,
    finished: Promise.resolve(null),
    cancel: () => (handle ? handle.cancel() : (cancelled = true)),
  };
  let lease: SshLease | null = null;
  let transport: Transport | null = null;
  try {
    lease = await parts.leases.take(hostId);
    const endpoint = lease && (await parts.hosts.sshEndpoint(hostId));
    if (lease === null || endpoint === null) return;
    transport = underLease(parts.ssh.transport(endpoint), lease);
    const executor = executorOf(run, work, transport, lease);
    handle = 'planId' in what ? resumeJob(executor, what) : startJob(executor, what);
    if (cancelled) handle.cancel();
    const ended = await handle.finished;
    if (ended)
      parts.log.info(
        { hostId, jobId: what.jobId, attempt: what.attempt, outcome: ended.result.outcome, failure: ended.result.failure?.class ?? null },
        'job ended',
      );
  } finally {
    work.job = null;
    await transport?.close().catch(() => {});
    await lease?.release();
    // Without the lease it is another server's; the next sweep asks again.
    if (lease !== null && !stopping.aborted) run.consider(hostId);
  }
}

function executorOf(run: SshRun, work: HostWork, transport: Transport, lease: SshLease): Executor {
  const { parts } = run;
  return {
    transport,
    manager: () => packageManagerOf(transport),
    journal: sshJournal(parts.journals, lease),
    gateway: gatewayOf(run, work, transport, lease),
    clock: parts.clock,
    trust: { hostId: work.hostId, installationId: parts.installationId, trustedKeys: parts.trustedKeys },
    signal: AbortSignal.any([run.stopping, lease.lost]),
  };
}

/**
 * The job port of this process; a database that is away for a moment is asked again. A host that was touched is read anew before its result is
 * stored, as an agent does; one that cannot be read now is read as soon as it can be.
 */
function gatewayOf(run: SshRun, work: HostWork, transport: Transport, lease: SshLease): Gateway {
  const { jobs, log, recordJobChanges } = run.parts;
  const { hostId } = work;
  const left = AbortSignal.any([run.stopping, lease.lost]);
  return {
    events: (jobId, attempt, events) => jobs.recordEvents(hostId, jobId, attempt, withoutNul(events)),
    permit: (jobId, attempt, phase) => jobs.requestPermit(hostId, jobId, attempt, phase),
    result: async (jobId, attempt, given) => {
      const result = withoutNul(given);
      let isRead = !result.touched;
      for (let tried = 1; ; tried++) {
        try {
          // Changelogs wait for the next visit: they are no part of what the job did.
          if (!isRead)
            await run.collect(work, transport, { refresh: false, fetchChangelogs: false }).catch(error => {
              if (!(error instanceof Fault)) throw error;
              work.collectedAtMs = 0;
              log.warn({ hostId, jobId, error: error.message }, 'the host could not be read after its job');
            });
          isRead = true;
          if (left.aborted) throw new JobLeft();
          await jobs.recordResult(hostId, jobId, attempt, result);
          await recordJobChanges(hostId, result);
          return;
        } catch (error) {
          if (error instanceof JobLeft) throw error;
          log.warn({ hostId, jobId, error: String(error), tried }, 'the result could not be stored; trying again');
          await wait(Math.min(1000 * 2 ** tried, RESULT_PAUSE_MS_MAX), undefined, { signal: left }).catch(() => {
            throw new JobLeft();
          });
        }
      }
    },
  };
}

/** What a host said goes into a database that keeps no U+0000; from an agent it is refused at the door. */
function withoutNul<T>(value: T): T {
  return JSON.parse(JSON.stringify(value), (_key, part: unknown) => (typeof part === 'string' ? part.replaceAll('\0', '') : part)) as T;
}
