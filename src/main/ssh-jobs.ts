import { setTimeout as wait } from 'node:timers/promises';
import { packageManagerOf } from '../agent/collect.ts';
import { type Executor, type JobHandle, type JobTask, resumeJob, startJob } from '../agent/execute.ts';
import type { Gateway } from '../agent/gateway.ts';
import { JobLeft } from '../agent/job-context.ts';
import { JobDesk, resumption } from '../agent/job-desk.ts';
import type { JournalEntry } from '../agent/journal.ts';
import type { Turn } from '../agent/turns.ts';
import { Fault } from '../core/kernel/faults.ts';
import type { Transport } from '../plugins/transports/spec.ts';
import type { SshLease } from '../server/inventory/ssh-leases.ts';
import { sshJournal, underLease } from './ssh-journal.ts';
import type { SshRun } from './ssh-parts.ts';

const RESULT_PAUSE_MS_MAX = 30_000;

/** The jobs of one host by SSH: the agent's desk and executor. Another server that has the host's lease does them itself. */
export function sshDesk(run: SshRun, hostId: string): JobDesk {
  const begin = (what: JournalEntry | JobTask, turn: Turn) => sshJob(run, hostId, what, turn);
  return new JobDesk({ start: begin, resume: begin, signal: run.stopping }, text => run.parts.log.info({ hostId }, text));
}

type Begun = Awaited<JobHandle['finished']>;

/** A job of a host, from an offer or from the journal, on a connection of its own. */
function sshJob(run: SshRun, hostId: string, what: JournalEntry | JobTask, turn: Turn): JobHandle {
  const { jobId, attempt } = what;
  let handle: JobHandle | null = null;
  let cancelled = false;
  const finished = underOwnLease(run, hostId, async (transport, lease): Promise<Begun> => {
    handle = await begin({ ...executorOf(run, hostId, transport, lease), turn }, what, text => run.parts.log.info({ hostId }, text));
    if (cancelled) handle?.cancel();
    return (await handle?.finished) ?? null;
  }).catch((error: unknown) => {
    run.parts.log.error({ hostId, jobId, error: String((error as Error)?.stack ?? error) }, 'ssh runner: a job broke off');
    return null;
  });
  void run.keep(finished);
  return {
    jobId,
    attempt,
    finished,
    sharesReboot: () => handle?.sharesReboot?.() ?? false,
    cancel: () => (handle ? handle.cancel() : (cancelled = true)),
  };
}

/** null: another server's, or the host is gone. */
async function underOwnLease<T>(
  run: SshRun,
  hostId: string,
  act: (transport: Transport, lease: SshLease) => Promise<T>,
): Promise<T | null> {
  const { parts, stopping } = run;
  const lease = await parts.leases.take(hostId);
  // The next sweep asks again.
  if (lease === null) return null;
  let transport: Transport | null = null;
  try {
    const endpoint = await parts.hosts.sshEndpoint(hostId);
    if (endpoint === null) return null;
    transport = underLease(parts.ssh.transport(endpoint), lease);
    return await act(transport, lease);
  } finally {
    await transport?.close().catch(() => {});
    await lease.release();
    // After the desk has heard of the end.
    if (!stopping.aborted) setImmediate(() => run.consider(hostId));
  }
}

/** What stood in the journal was read before the lease was ours: meanwhile another server may have gone on with it. */
async function begin(executor: Executor, what: JournalEntry | JobTask, log: (text: string) => void): Promise<JobHandle | null> {
  if (!('planId' in what)) return startJob(executor, what);
  const entry = await executor.journal.read(what.planId);
  if (entry === null || entry.acknowledgedAt !== null) return null;
  log(resumption(entry));
  return resumeJob(executor, entry);
}

function executorOf(run: SshRun, hostId: string, transport: Transport, lease: SshLease): Executor {
  const { parts } = run;
  return {
    transport,
    manager: () => packageManagerOf(transport),
    journal: sshJournal(parts.journals, lease),
    gateway: gatewayOf(run, hostId, transport, lease),
    clock: parts.clock,
    trust: { hostId, installationId: parts.installationId, trustedKeys: parts.trustedKeys },
    signal: AbortSignal.any([run.stopping, lease.lost]),
  };
}

/**
 * The job port of this process; a database that is away for a moment is asked again. A host that was touched is read anew before its result is
 * stored, as an agent does; one that cannot be read now is read as soon as it can be.
 */
function gatewayOf(run: SshRun, hostId: string, transport: Transport, lease: SshLease): Gateway {
  const { jobs, log, recordJobChanges } = run.parts;
  const left = AbortSignal.any([run.stopping, lease.lost]);
  return {
    events: (jobId, attempt, events) => jobs.recordEvents(hostId, jobId, attempt, withoutNul(events)),
    permit: (jobId, attempt, phase) => jobs.requestPermit(hostId, jobId, attempt, phase, phase === 'reboot'),
    result: async (jobId, attempt, given) => {
      const result = withoutNul(given);
      let isRead = !result.touched;
      for (let tried = 1; ; tried++) {
        try {
          // Changelogs wait for the next visit: they are no part of what the job did.
          if (!isRead)
            await run.collect(run.of(hostId), transport, { refresh: false, fetchChangelogs: false }).catch(error => {
              if (!(error instanceof Fault)) throw error;
              run.of(hostId).collectedAtMs = 0;
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
