import { setTimeout as wait } from 'node:timers/promises';
import { packageManagerOf } from '../agent/collect.ts';
import { JobLeft } from '../agent/job-context.ts';
import { rehearse } from '../agent/rehearsal/rehearse.ts';
import { Fault } from '../core/kernel/faults.ts';
import type { SshLease } from '../server/inventory/ssh-leases.ts';
import type { AgentTask, SshEndpoint } from '../server/ports.ts';
import { underLease } from './ssh-journal.ts';
import type { SshRun } from './ssh-parts.ts';

const RECONNECT_SECONDS = 15;

/** False when it is another server's, or was left. On a connection of its own: it takes minutes, and a visit must not. What a killed server left open is taken down by the next one's first step. */
export async function runSshRehearsal(
  run: SshRun,
  hostId: string,
  endpoint: SshEndpoint,
  task: Extract<AgentTask, { kind: 'rehearse' }>,
): Promise<boolean> {
  const { clock, installationId, trustedKeys, jobs, log, hosts, leases } = run.parts;
  const lease: SshLease | null = await leases.take(hostId);
  if (lease === null) return false;
  const transport = underLease(run.parts.ssh.transport(endpoint), lease);
  const signal = AbortSignal.any([run.stopping, lease.lost]);
  try {
    const parts = { transport, manager: () => packageManagerOf(transport), clock, trust: { hostId, installationId, trustedKeys } };
    const report = await rehearse({ ...parts, signal }, task.envelope);
    if (!lease.isValid()) return false;
    await jobs.recordRehearsal(hostId, task.rehearsalId, report);
    log.info({ hostId, rehearsalId: task.rehearsalId, verdict: report.verdict, failure: report.failure?.class ?? null }, 'rehearsed');
    return true;
  } catch (error) {
    if (signal.aborted || error instanceof JobLeft) return false;
    if (!(error instanceof Fault)) throw error;
    hosts.noteProblem(hostId, error.message);
    // The host could not be reached; it is asked again until the rehearsal runs out.
    await wait(RECONNECT_SECONDS * 1000, undefined, { signal }).catch(() => {});
    return true;
  } finally {
    await transport.close().catch(() => {});
    await lease.release();
  }
}
