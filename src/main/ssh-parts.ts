import type { JobDesk } from '../agent/job-desk.ts';
import type { Clock } from '../core/kernel/instants.ts';
import type { JobResult } from '../core/rollouts/host-plan.ts';
import type { Transport } from '../plugins/transports/spec.ts';
import type { Logger } from '../server/context.ts';
import type { SshJournals } from '../server/inventory/ssh-journal.ts';
import type { SshLeases } from '../server/inventory/ssh-leases.ts';
import type { Collected, JobPort, SshEndpoint, WakePort } from '../server/ports.ts';
import type { SshConnections } from './ssh-port.ts';

/** The side of server/inventory that a runner needs. */
interface SshHosts {
  sshHosts(): Promise<{ readonly hostId: string; readonly name: string; readonly lastSeenAt: string | null }[]>;
  sshEndpoint(hostId: string): Promise<SshEndpoint | null>;
  requests: { take(hostId: string): { readonly refresh: boolean } | null };
  storeCollected(hostId: string, collected: Collected): Promise<unknown>;
  noteProblem(hostId: string, text: string): void;
  noteSeen(hostId: string): void;
}

export interface SshRunnerParts {
  readonly ssh: SshConnections;
  readonly hosts: SshHosts;
  readonly jobs: JobPort;
  readonly wake: WakePort;
  readonly clock: Clock;
  readonly log: Logger;
  readonly installationId: string;
  readonly trustedKeys: readonly string[];
  readonly leases: SshLeases;
  readonly journals: SshJournals;
  /** After a result is stored: what the job changed, for the host's history. */
  recordJobChanges(hostId: string, result: JobResult): Promise<void>;
}

/** What this process has in hand on one host. */
export interface HostWork {
  readonly hostId: string;
  looking: boolean;
  lookAgain: boolean;
  visiting: boolean;
  /** A report that is wanted stays so until it has come, whatever fails on the way. */
  report: { readonly refresh: boolean } | null;
  /** One job at work, and beside it those that share its reboot: as on a host with an agent. */
  readonly desk: JobDesk;
  /** Never beside a job: both move the package manager. */
  rehearsing: boolean;
  failures: number;
  retryAtMs: number;
  refreshedAtMs: number;
  collectedAtMs: number;
}

export function newWork(hostId: string, desk: JobDesk): HostWork {
  return {
    hostId,
    looking: false,
    lookAgain: false,
    visiting: false,
    report: null,
    desk,
    rehearsing: false,
    failures: 0,
    retryAtMs: 0,
    refreshedAtMs: 0,
    collectedAtMs: 0,
  };
}

/** What jobs and rehearsals ask of the runner that they belong to. */
export interface SshRun {
  readonly parts: SshRunnerParts;
  readonly stopping: AbortSignal;
  of(hostId: string): HostWork;
  /** The runner ends only after it. */
  keep(promise: Promise<unknown>): Promise<void>;
  collect(work: HostWork, transport: Transport, options: { readonly refresh: boolean; readonly fetchChangelogs: boolean }): Promise<void>;
  /** Work on the host has ended: there may be more. */
  consider(hostId: string): void;
}
