import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { packageManagerOf } from '../agent/collect.ts';
import { type Executor, type JobHandle, resumeJob, startJob } from '../agent/execute.ts';
import type { Gateway } from '../agent/gateway.ts';
import { JobLeft } from '../agent/job-context.ts';
import { fileJournal, type JournalEntry } from '../agent/journal.ts';
import { rehearse } from '../agent/rehearsal/rehearse.ts';
import { Fault } from '../core/kernel/faults.ts';
import { type Clock, epochMs } from '../core/kernel/instants.ts';
import type { JobResult } from '../core/rollouts/host-plan.ts';
import { converse, type Transport } from '../plugins/transports/spec.ts';
import type { Logger } from '../server/context.ts';
import type { AgentTask, Collected, JobPort, SshEndpoint, WakePort } from '../server/ports.ts';
import type { SshConnections } from './ssh-port.ts';

/** The side of server/inventory that a runner needs. */
export interface SshHosts {
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
  /** `ssh-jobs/HOST/` below it keeps the journals: what a killed server had begun is taken up by the next. */
  readonly dataDir: string;
  /** After a result is stored: what the job changed, for the host's history. */
  recordJobChanges(hostId: string, result: JobResult): Promise<void>;
}

export interface SshRunner {
  start(): Promise<void>;
  /** Leaves jobs where they are: what runs on the hosts goes on there. */
  stop(): Promise<void>;
}

/** Reports and simulations at once: each is some 20 short commands, and the handshakes are what costs this machine. */
const VISITS_AT_ONCE = 8;
/** Each loads its host for some seconds, and this process hardly at all. */
const REHEARSALS_AT_ONCE = 20;
const RECONNECT_SECONDS = 15;
/** The rollout engine bounds how many jobs there are; this only bounds memory. */
const JOBS_AT_ONCE = 200;
/** Wakes bring work at once; the sweep is for what another process stored and for hosts that are due. */
const SWEEP_SECONDS = 15;
const COLLECT_MINUTES = 60;
/** A host that did not answer is not asked for its inventory again sooner. */
const PROBLEM_PAUSE_MINUTES = 5;
const SIMULATE_REFRESH_MINUTES = 10;

interface HostWork {
  visiting: boolean;
  again: boolean;
  job: JobHandle | null;
  /** Never beside a job: both move the package manager. */
  rehearsing: boolean;
  problemAtMs: number;
  refreshedAtMs: number;
  collectedAtMs: number;
}

/** Does for hosts without an agent what the agent does: the same collection, simulations and executor, over SSH, from this process. One server process runs it. */
export function createSshRunner(parts: SshRunnerParts): SshRunner {
  return new Runner(parts);
}

class Runner implements SshRunner {
  private readonly parts: SshRunnerParts;
  private readonly stopping = new AbortController();
  private readonly work = new Map<string, HostWork>();
  private readonly open = new Set<Promise<unknown>>();
  private known: ReadonlySet<string> = new Set();
  private waiting: string[] = [];
  private visits = 0;
  private rehearsals = 0;
  private unlisten = () => {};
  private readonly jobsFolder: string;

  constructor(parts: SshRunnerParts) {
    this.parts = parts;
    this.jobsFolder = path.join(parts.dataDir, 'ssh-jobs');
  }

  async start(): Promise<void> {
    this.unlisten = this.parts.wake.onWake(hostId => {
      // Most wakes are for agents; a host that was added a moment ago is met by the next sweep.
      if (this.known.has(hostId)) this.consider(hostId);
    });
    await this.resume();
    this.keep(this.sweepForever());
  }

  async stop(): Promise<void> {
    this.unlisten();
    this.stopping.abort();
    await Promise.allSettled([...this.open]);
  }

  private keep(promise: Promise<unknown>): void {
    const kept: Promise<unknown> = promise
      .catch(error => this.parts.log.error({ error: String((error as Error)?.stack ?? error) }, 'ssh runner'))
      .finally(() => this.open.delete(kept));
    this.open.add(kept);
  }

  private of(hostId: string): HostWork {
    let work = this.work.get(hostId);
    if (!work)
      this.work.set(
        hostId,
        (work = { visiting: false, again: false, job: null, rehearsing: false, problemAtMs: 0, refreshedAtMs: 0, collectedAtMs: 0 }),
      );
    return work;
  }

  private nowMs(): number {
    return epochMs(this.parts.clock.now());
  }

  /** Jobs that a killed server left open: their transactions went on in units on the hosts. */
  private async resume(): Promise<void> {
    const folders = await readdir(this.jobsFolder).catch(() => [] as string[]);
    for (const hostId of folders) {
      const journal = await fileJournal(path.join(this.jobsFolder, hostId));
      const open = (await journal.list()).filter(entry => entry.acknowledgedAt === null);
      this.keep(
        (async () => {
          for (const entry of open) await this.runJob(hostId, entry, null);
        })(),
      );
    }
  }

  private async sweepForever(): Promise<void> {
    while (!this.stopping.signal.aborted) {
      try {
        const hosts = await this.parts.hosts.sshHosts();
        this.known = new Set(hosts.map(host => host.hostId));
        for (const hostId of this.known) this.consider(hostId);
      } catch (error) {
        this.parts.log.warn({ error: String(error) }, 'ssh runner: the host list could not be read');
      }
      await wait(SWEEP_SECONDS * 1000, undefined, { signal: this.stopping.signal }).catch(() => {});
    }
  }

  private consider(hostId: string): void {
    const work = this.of(hostId);
    work.again = true;
    if (work.visiting || this.waiting.includes(hostId)) return;
    this.waiting.push(hostId);
    this.pump();
  }

  private pump(): void {
    while (this.visits < VISITS_AT_ONCE && this.waiting.length > 0 && !this.stopping.signal.aborted) {
      const hostId = this.waiting.shift()!;
      const work = this.of(hostId);
      work.visiting = true;
      work.again = false;
      this.visits++;
      this.keep(
        this.visit(hostId, work).finally(() => {
          work.visiting = false;
          this.visits--;
          if (work.again) this.consider(hostId);
          else this.pump();
        }),
      );
    }
  }

  /** Looks whether there is anything to do, and only then connects. */
  private async visit(hostId: string, work: HostWork): Promise<void> {
    const { hosts, jobs, log } = this.parts;
    const endpoint = await hosts.sshEndpoint(hostId);
    if (endpoint === null) {
      this.work.delete(hostId);
      return;
    }
    const tasks = await jobs.tasksFor(hostId);
    for (const task of tasks) this.takeJobTask(hostId, work, endpoint, task);
    for (const task of tasks) if (task.kind === 'rehearse') this.takeRehearsal(hostId, work, endpoint, task);
    const simulations = tasks.filter(task => task.kind === 'simulate');
    const report = work.job === null ? this.reportWanted(hostId, work) : null;
    if (simulations.length === 0 && report === null) return;
    const transport = this.parts.ssh.transport(endpoint);
    try {
      await transport.connect();
      for (const task of simulations) await this.simulate(hostId, work, transport, task.request);
      if (report) await this.collect(hostId, work, transport, { refresh: report.refresh, fetchChangelogs: true });
      hosts.noteSeen(hostId);
    } catch (error) {
      work.problemAtMs = this.nowMs();
      const text = error instanceof Fault ? error.message : String(error);
      hosts.noteProblem(hostId, text);
      if (!(error instanceof Fault)) log.error({ hostId, error: String((error as Error)?.stack ?? error) }, 'ssh runner');
    } finally {
      await transport.close().catch(() => {});
    }
  }

  private reportWanted(hostId: string, work: HostWork): { readonly refresh: boolean } | null {
    const asked = this.parts.hosts.requests.take(hostId);
    if (asked) return asked;
    const now = this.nowMs();
    const due = now - work.collectedAtMs >= COLLECT_MINUTES * 60_000 && now - work.problemAtMs >= PROBLEM_PAUSE_MINUTES * 60_000;
    return due ? { refresh: true } : null;
  }

  private async collect(
    hostId: string,
    work: HostWork,
    transport: Transport,
    options: { readonly refresh: boolean; readonly fetchChangelogs: boolean },
  ): Promise<void> {
    const { refresh } = options;
    const store = (collected: Collected) => this.parts.hosts.storeCollected(hostId, collected);
    const beforeFetching = options.fetchChangelogs ? store : undefined;
    await store(await this.parts.ssh.collectOver(transport, { refresh, history: true, beforeFetching }));
    work.collectedAtMs = this.nowMs();
    if (refresh) work.refreshedAtMs = this.nowMs();
  }

  private async simulate(
    hostId: string,
    work: HostWork,
    transport: Transport,
    request: Extract<AgentTask, { kind: 'simulate' }>['request'],
  ): Promise<void> {
    const manager = await packageManagerOf(transport);
    if (this.nowMs() - work.refreshedAtMs > SIMULATE_REFRESH_MINUTES * 60_000 && (await converse(transport, manager.refresh())).ok)
      work.refreshedAtMs = this.nowMs();
    const done = await converse(transport, manager.simulate({ changes: request.changes, allowDowngrade: request.allowDowngrade }));
    const answer = done.ok
      ? { ok: true, transaction: [...done.value.transaction], problem: null, downloadBytes: done.value.downloadBytes }
      : { ok: false, transaction: [], problem: done.problem.message, downloadBytes: null };
    await this.parts.jobs.recordSimulation(hostId, request.requestId, answer);
  }

  /** On a connection of its own: it takes minutes, and the visit must not. What a killed server left open is taken down by the next one's first step. */
  private takeRehearsal(hostId: string, work: HostWork, endpoint: SshEndpoint, task: Extract<AgentTask, { kind: 'rehearse' }>): void {
    if (work.job !== null || work.rehearsing || this.rehearsals >= REHEARSALS_AT_ONCE) return;
    work.rehearsing = true;
    this.rehearsals++;
    this.keep(
      this.rehearse(hostId, endpoint, task).finally(() => {
        work.rehearsing = false;
        this.rehearsals--;
        if (!this.stopping.signal.aborted) this.consider(hostId);
      }),
    );
  }

  private async rehearse(hostId: string, endpoint: SshEndpoint, task: Extract<AgentTask, { kind: 'rehearse' }>): Promise<void> {
    const transport = this.parts.ssh.transport(endpoint);
    const { clock, installationId, trustedKeys, jobs, log, hosts } = this.parts;
    try {
      const parts = { transport, manager: () => packageManagerOf(transport), clock, trust: { hostId, installationId, trustedKeys } };
      const report = await rehearse({ ...parts, signal: this.stopping.signal }, task.envelope);
      await jobs.recordRehearsal(hostId, task.rehearsalId, report);
      log.info({ hostId, rehearsalId: task.rehearsalId, verdict: report.verdict, failure: report.failure?.class ?? null }, 'rehearsed');
    } catch (error) {
      if (this.stopping.signal.aborted) return;
      if (!(error instanceof Fault)) throw error;
      hosts.noteProblem(hostId, error.message);
      // The host could not be reached; it is asked again until the rehearsal runs out.
      await wait(RECONNECT_SECONDS * 1000, undefined, { signal: this.stopping.signal }).catch(() => {});
    } finally {
      await transport.close().catch(() => {});
    }
  }

  private takeJobTask(hostId: string, work: HostWork, endpoint: SshEndpoint, task: AgentTask): void {
    if (task.kind === 'cancel' && work.job?.jobId === task.jobId && work.job.attempt === task.attempt) work.job.cancel();
    if (task.kind !== 'job' || work.job !== null || work.rehearsing || this.jobCount() >= JOBS_AT_ONCE) return;
    this.keep(this.runJob(hostId, task, endpoint));
  }

  private jobCount(): number {
    return [...this.work.values()].filter(work => work.job !== null).length;
  }

  /** One job on one host, from an offer or from the journal. The handle stands in `work.job` from the first moment, so a second offer finds it. */
  private async runJob(
    hostId: string,
    what: JournalEntry | Extract<AgentTask, { kind: 'job' }>,
    endpoint: SshEndpoint | null,
  ): Promise<void> {
    const work = this.of(hostId);
    if (work.job !== null) return;
    let handle: JobHandle | null = null;
    let cancelled = false;
    const placeholder: JobHandle = {
      jobId: what.jobId,
      attempt: what.attempt,
      finished: Promise.resolve(null),
      cancel: () => (handle ? handle.cancel() : (cancelled = true)),
    };
    work.job = placeholder;
    const over = endpoint ?? (await this.parts.hosts.sshEndpoint(hostId).catch(() => null));
    const transport = over === null ? null : this.parts.ssh.transport(over);
    try {
      if (transport === null) return;
      const executor = await this.executor(hostId, transport);
      handle = 'planId' in what ? resumeJob(executor, what) : startJob(executor, what);
      if (cancelled) handle.cancel();
      const ended = await handle.finished;
      if (ended)
        this.parts.log.info(
          { hostId, jobId: what.jobId, attempt: what.attempt, outcome: ended.result.outcome, failure: ended.result.failure?.class ?? null },
          'job ended',
        );
    } finally {
      work.job = null;
      await transport?.close().catch(() => {});
      if (!this.stopping.signal.aborted) this.consider(hostId);
    }
  }

  private async executor(hostId: string, transport: Transport): Promise<Executor> {
    return {
      transport,
      manager: () => packageManagerOf(transport),
      journal: await fileJournal(path.join(this.jobsFolder, hostId)),
      gateway: this.gateway(hostId, transport),
      clock: this.parts.clock,
      trust: { hostId, installationId: this.parts.installationId, trustedKeys: this.parts.trustedKeys },
      signal: this.stopping.signal,
    };
  }

  /**
   * The job port of this process; a database that is away for a moment is asked again. A host that was touched is read anew before its result is
   * stored, as an agent does; one that cannot be read now is read as soon as it can be.
   */
  private gateway(hostId: string, transport: Transport): Gateway {
    const { jobs, log } = this.parts;
    const work = this.of(hostId);
    return {
      events: (jobId, attempt, events) => jobs.recordEvents(hostId, jobId, attempt, events),
      permit: (jobId, attempt, phase) => jobs.requestPermit(hostId, jobId, attempt, phase),
      result: async (jobId, attempt, result) => {
        let isRead = !result.touched;
        for (let tried = 1; ; tried++) {
          try {
            if (!isRead)
              await this.collect(hostId, work, transport, { refresh: false, fetchChangelogs: false }).catch(error => {
                if (!(error instanceof Fault)) throw error;
                work.collectedAtMs = 0;
                log.warn({ hostId, jobId, error: error.message }, 'the host could not be read after its job');
              });
            isRead = true;
            await jobs.recordResult(hostId, jobId, attempt, result);
            await this.parts.recordJobChanges(hostId, result);
            return;
          } catch (error) {
            log.warn({ hostId, jobId, error: String(error), tried }, 'the result could not be stored; trying again');
            await wait(Math.min(1000 * 2 ** tried, 30_000), undefined, { signal: this.stopping.signal }).catch(() => {
              throw new JobLeft();
            });
          }
        }
      },
    };
  }
}
