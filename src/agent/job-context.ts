import { setTimeout as wait } from 'node:timers/promises';
import type { Dialogue } from '../core/kernel/commands.ts';
import { type Clock, epochMs } from '../core/kernel/instants.ts';
import type { HostPlan } from '../core/rollouts/host-plan.ts';
import type { Failure } from '../core/verification/host-verdict.ts';
import type { InstalledPackage, PackageManager, SimulationRequest } from '../plugins/package-managers/spec.ts';
import { converse, type Transport } from '../plugins/transports/spec.ts';
import type { Trust } from './decide.ts';
import type { Gateway } from './gateway.ts';
import { hasSystemd } from './host-unit.ts';
import type { JobLog } from './job-log.ts';
import type { Journal, JournalEntry } from './journal.ts';
import type { Turn } from './turns.ts';

/** How long things are waited for and how often they are tried; every number is bounded. */
export interface ExecutorSettings {
  /** For another process to give the package manager's lock back. */
  readonly lockWaitSeconds: number;
  /** Tries of refresh and download, and the pauses between them: apt itself does not try a 503 again (lab.md section 8). */
  readonly repositoryTries: number;
  readonly repositoryPauseSeconds: number;
  /** A transaction that takes longer is reported as timed out; it is never ended. */
  readonly applySeconds: number;
  readonly restartSeconds: number;
  /** How long a service must stay up after a restart before it counts. */
  readonly settleSeconds: number;
  readonly smokeTestSeconds: number;
  readonly rebootSeconds: number;
  readonly rebootPollMs: number;
  /** A host that went away after the point of no return is asked again after these pauses, the last one for ever. */
  readonly reconnectPausesMs: readonly number[];
  /** A line in the log this often while a step is silent, so that a live host does not count as lost. */
  readonly heartbeatSeconds: number;
}

export const EXECUTOR_SETTINGS: ExecutorSettings = {
  lockWaitSeconds: 300,
  repositoryTries: 3,
  repositoryPauseSeconds: 5,
  applySeconds: 2 * 3600,
  restartSeconds: 120,
  settleSeconds: 4,
  smokeTestSeconds: 30,
  rebootSeconds: 20 * 60,
  rebootPollMs: 2_000,
  reconnectPausesMs: [1_000, 2_000, 5_000, 10_000, 30_000],
  heartbeatSeconds: 60,
};

/** Thrown to leave a job where it is because the process ends; the journal has all that is needed to go on. */
export class JobLeft extends Error {}

interface JobParts {
  readonly plan: HostPlan;
  readonly transport: Transport;
  /** Asked after the host was reached for the first time. */
  manager(): Promise<PackageManager>;
  readonly gateway: Gateway;
  readonly journal: Journal;
  readonly clock: Clock;
  readonly trust: Trust;
  readonly log: JobLog;
  readonly settings: ExecutorSettings;
  readonly turn?: Turn;
  readonly signal: AbortSignal;
}

/** One job under way. The journal entry is the state; everything else can be had again. */
export class JobContext {
  readonly parts: JobParts;
  entry: JournalEntry;
  cancelled = false;
  systemd = true;
  /** Its reboot waits for another job of this host; this one only asks again now and then. */
  sharesReboot = false;
  /** The reboot was asked for by this process. */
  rebootAsked = false;
  /** Of `Turn.reboots`, when what precedes the installation was begun. */
  rebootsBefore = 0;
  private known: PackageManager | null = null;

  constructor(parts: JobParts, entry: JournalEntry) {
    this.parts = parts;
    this.entry = entry;
  }

  /** Reaches the host, and learns what must be known of it before anything is asked. Throws a TransportFault when it cannot be reached. */
  async reach(): Promise<void> {
    await this.parts.transport.connect();
    this.systemd = await hasSystemd(this.parts.transport);
    this.known ??= await this.parts.manager();
  }

  get manager(): PackageManager {
    if (this.known === null) throw new Error('the host was not reached yet');
    return this.known;
  }

  get plan(): HostPlan {
    return this.parts.plan;
  }

  get log(): JobLog {
    return this.parts.log;
  }

  ask<T>(dialogue: Dialogue<T>): Promise<T> {
    return converse(this.parts.transport, dialogue);
  }

  async packages(): Promise<InstalledPackage[]> {
    const read = await this.ask(this.manager.packages());
    if (!read.ok) throw new Error(`the package list could not be read: ${read.problem}`);
    return read.value;
  }

  /** On the disk when it returns. */
  async record(change: Partial<JournalEntry>): Promise<void> {
    this.entry = { ...this.entry, ...change };
    await this.parts.journal.write(this.entry);
  }

  /** Waits, or throws `JobLeft` when the process ends. */
  async pause(ms: number): Promise<void> {
    try {
      await wait(ms, undefined, { signal: this.parts.signal });
    } catch {
      throw new JobLeft();
    }
  }

  expired(): boolean {
    return epochMs(this.parts.clock.now()) >= epochMs(this.plan.notAfter);
  }

  /** The plan as the package manager is asked for it. */
  request(): SimulationRequest {
    return {
      changes: this.plan.transaction.map(item => ({ name: item.name, arch: item.arch, version: item.toVersion })),
      allowDowngrade: this.plan.kind === 'rollback',
    };
  }
}

export function failure(failureClass: Failure['class'], message: string, ...signature: string[]): Failure {
  return { class: failureClass, message, signature: [failureClass, ...signature].join(':') };
}

/** How a phase ends when the job does not go on. */
export type Stop = { readonly outcome: 'failed'; readonly failure: Failure } | { readonly outcome: 'already-compliant' | 'cancelled' };

export function stop(problem: Failure): Stop {
  return { outcome: 'failed', failure: problem };
}
