import { setTimeout as wait } from 'node:timers/promises';
import { packageManagerOf } from '../agent/collect.ts';
import { JobLeft } from '../agent/job-context.ts';
import type { JournalEntry } from '../agent/journal.ts';
import { Fault } from '../core/kernel/faults.ts';
import { epochMs } from '../core/kernel/instants.ts';
import { converse, type Transport } from '../plugins/transports/spec.ts';
import type { SshLease } from '../server/inventory/ssh-leases.ts';
import type { AgentTask, Collected, SshEndpoint } from '../server/ports.ts';
import { sshDesk } from './ssh-jobs.ts';
import { underLease } from './ssh-journal.ts';
import { type HostWork, newWork, type SshRun, type SshRunnerParts } from './ssh-parts.ts';
import { runSshRehearsal } from './ssh-rehearsals.ts';

export type { SshRunnerParts } from './ssh-parts.ts';

export interface SshRunner {
  start(): Promise<void>;
  /** Leaves jobs where they are: what runs on the hosts goes on there. */
  stop(): Promise<void>;
}

type SimulationRequest = Extract<AgentTask, { kind: 'simulate' }>['request'];

/** Questions to the database whether there is something to do; it has more to do than to answer them. */
const LOOKS_AT_ONCE = 4;
/** Reports and simulations at once: each loads its host, and the handshakes load this machine. */
const VISITS_AT_ONCE = 8;
/** Each loads its host for some seconds, and this process hardly at all. */
const REHEARSALS_AT_ONCE = 20;
/** The rollout engine bounds how many jobs there are; this only bounds memory. */
const JOBS_AT_ONCE = 200;
/** Wakes bring work at once; the sweep is for what another process stored and for hosts that are due. */
const SWEEP_SECONDS = 15;
const COLLECT_MINUTES = 60;
/** A host that did not answer is asked again after these pauses, the last one for ever: its SSH server may just have been restarted. */
const RETRY_SECONDS = [5, 15, 60, 300] as const;
const SIMULATE_REFRESH_MINUTES = 10;

/**
 * Does for hosts without an agent what the agent does: the same collection, simulations and executor, over SSH, from this process. Any number of servers
 * may run it: whoever has a host's lease works there.
 */
export function createSshRunner(parts: SshRunnerParts): SshRunner {
  return new Runner(parts);
}

/** Hosts one after the other, `atOnce` of them at a time; a host that stands in the line already is not put there twice. */
class Line {
  private readonly waiting: string[] = [];
  private running = 0;
  private readonly atOnce: number;
  private readonly serve: (hostId: string) => Promise<void>;
  constructor(atOnce: number, serve: (hostId: string) => Promise<void>) {
    this.atOnce = atOnce;
    this.serve = serve;
  }
  add(hostId: string): void {
    if (!this.waiting.includes(hostId)) this.waiting.push(hostId);
    this.go();
  }
  private go(): void {
    while (this.running < this.atOnce && this.waiting.length > 0) {
      this.running++;
      void this.serve(this.waiting.shift()!).finally(() => {
        this.running--;
        this.go();
      });
    }
  }
}

class Runner implements SshRunner, SshRun {
  readonly parts: SshRunnerParts;
  private readonly ending = new AbortController();
  readonly stopping = this.ending.signal;
  private readonly work = new Map<string, HostWork>();
  private readonly open = new Set<Promise<unknown>>();
  private known: ReadonlySet<string> = new Set();
  private readonly looks = new Line(LOOKS_AT_ONCE, hostId => this.keep(this.look(hostId)));
  private readonly visits = new Line(VISITS_AT_ONCE, hostId => this.keep(this.visit(hostId)));
  private readonly simulations = new Map<string, SimulationRequest[]>();
  private rehearsals = 0;
  private unlisten = () => {};

  constructor(parts: SshRunnerParts) {
    this.parts = parts;
  }

  async start(): Promise<void> {
    this.unlisten = this.parts.wake.onWake(hostId => {
      // Most wakes are for agents; a host that was added a moment ago is met by the next sweep.
      if (this.known.has(hostId)) this.consider(hostId);
    });
    void this.keep(this.sweepForever());
  }

  async stop(): Promise<void> {
    this.unlisten();
    this.ending.abort();
    while (this.open.size > 0) await Promise.allSettled([...this.open]);
    this.parts.leases.stop();
  }

  keep(promise: Promise<unknown>): Promise<void> {
    const kept: Promise<void> = promise
      .then(() => {})
      .catch(error => this.parts.log.error({ error: String((error as Error)?.stack ?? error) }, 'ssh runner'))
      .finally(() => this.open.delete(kept));
    this.open.add(kept);
    return kept;
  }

  of(hostId: string): HostWork {
    let work = this.work.get(hostId);
    if (!work) this.work.set(hostId, (work = newWork(hostId, sshDesk(this, hostId))));
    return work;
  }

  private nowMs(): number {
    return epochMs(this.parts.clock.now());
  }

  private async sweepForever(): Promise<void> {
    while (!this.stopping.aborted) {
      try {
        this.known = new Set((await this.parts.hosts.sshHosts()).map(host => host.hostId));
        await this.resume();
        for (const hostId of this.known) this.consider(hostId);
      } catch (error) {
        this.parts.log.warn({ error: String(error) }, 'ssh runner: the host list could not be read');
      }
      await wait(SWEEP_SECONDS * 1000, undefined, { signal: this.stopping }).catch(() => {});
    }
  }

  /** Jobs that a server left open, this one or another: their transactions went on in units on the hosts. */
  private async resume(): Promise<void> {
    const open = Map.groupBy(await this.parts.journals.open(), row => row.hostId);
    for (const [hostId, rows] of open) if (this.known.has(hostId)) this.of(hostId).desk.resume(rows.map(row => row.entry as JournalEntry));
  }

  consider(hostId: string): void {
    if (this.stopping.aborted) return;
    const work = this.of(hostId);
    work.lookAgain = true;
    if (!work.looking) this.looks.add(hostId);
  }

  /** Looks whether there is anything to do. Nothing here waits for a host, so a job is begun at once, whatever else is being read. */
  private async look(hostId: string): Promise<void> {
    const work = this.of(hostId);
    if (this.stopping.aborted || work.looking) return;
    work.looking = true;
    work.lookAgain = false;
    try {
      const endpoint = await this.parts.hosts.sshEndpoint(hostId);
      if (endpoint === null) {
        this.work.delete(hostId);
        return;
      }
      const tasks = await this.parts.jobs.tasksFor(hostId);
      for (const task of tasks) this.takeJobTask(work, task);
      for (const task of tasks) if (task.kind === 'rehearse') this.takeRehearsal(work, endpoint, task);
      this.simulations.set(
        hostId,
        tasks.flatMap(task => (task.kind === 'simulate' ? [task.request] : [])),
      );
      this.noteWanted(work);
      if (this.isVisitDue(work)) this.visits.add(hostId);
    } finally {
      work.looking = false;
      if (work.lookAgain) this.consider(hostId);
    }
  }

  private noteWanted(work: HostWork): void {
    const asked = this.parts.hosts.requests.take(work.hostId);
    const due = this.nowMs() - work.collectedAtMs >= COLLECT_MINUTES * 60_000;
    if (asked || due) work.report = { refresh: due || asked?.refresh === true || work.report?.refresh === true };
    // Whoever asks now wants to know whether the host answers now.
    if (asked) work.retryAtMs = Math.min(work.retryAtMs, this.nowMs() + RETRY_SECONDS[0] * 1000);
  }

  private isVisitDue(work: HostWork): boolean {
    if (work.visiting || this.nowMs() < work.retryAtMs) return false;
    return (this.simulations.get(work.hostId)?.length ?? 0) > 0 || (work.report !== null && work.desk.idle);
  }

  private async visit(hostId: string): Promise<void> {
    const work = this.of(hostId);
    if (this.stopping.aborted || !this.isVisitDue(work)) return;
    work.visiting = true;
    const lease = await this.parts.leases.take(hostId).catch(() => null);
    try {
      if (lease !== null) await this.visitUnder(lease, work);
    } finally {
      work.visiting = false;
      await lease?.release();
    }
    // Without the lease another server is there; the next sweep asks again.
    if (lease !== null) this.consider(hostId);
  }

  private async visitUnder(lease: SshLease, work: HostWork): Promise<void> {
    const { hostId } = work;
    const endpoint = await this.parts.hosts.sshEndpoint(hostId);
    if (endpoint === null) return;
    const transport = underLease(this.parts.ssh.transport(endpoint), lease);
    const wanted = work.report;
    try {
      await transport.connect();
      for (const request of this.simulations.get(hostId) ?? []) await this.simulate(work, transport, request);
      if (wanted && work.desk.idle) {
        // What is asked for from here on is another report.
        work.report = null;
        await this.collect(work, transport, { refresh: wanted.refresh, fetchChangelogs: true });
      }
      this.parts.hosts.noteSeen(hostId);
      work.failures = 0;
      work.retryAtMs = 0;
    } catch (error) {
      if (wanted) work.report = { refresh: wanted.refresh || work.report?.refresh === true };
      if (!(error instanceof JobLeft)) this.noteFailure(work, error);
    } finally {
      await transport.close().catch(() => {});
    }
  }

  private noteFailure(work: HostWork, error: unknown): void {
    const pause = RETRY_SECONDS[Math.min(work.failures++, RETRY_SECONDS.length - 1)]! * 1000;
    work.retryAtMs = this.nowMs() + pause;
    void wait(pause + 100, undefined, { signal: this.stopping, ref: false }).then(
      () => this.consider(work.hostId),
      () => {},
    );
    this.parts.hosts.noteProblem(work.hostId, error instanceof Fault ? error.message : String(error));
    if (!(error instanceof Fault))
      this.parts.log.error({ hostId: work.hostId, error: String((error as Error)?.stack ?? error) }, 'ssh runner');
  }

  async collect(
    work: HostWork,
    transport: Transport,
    options: { readonly refresh: boolean; readonly fetchChangelogs: boolean },
  ): Promise<void> {
    const { refresh } = options;
    const store = (collected: Collected) => this.parts.hosts.storeCollected(work.hostId, collected);
    const beforeFetching = options.fetchChangelogs ? store : undefined;
    await store(await this.parts.ssh.collectOver(transport, { refresh, history: true, beforeFetching }));
    work.collectedAtMs = this.nowMs();
    if (refresh) work.refreshedAtMs = this.nowMs();
  }

  private async simulate(work: HostWork, transport: Transport, request: SimulationRequest): Promise<void> {
    const manager = await packageManagerOf(transport);
    if (this.nowMs() - work.refreshedAtMs > SIMULATE_REFRESH_MINUTES * 60_000 && (await converse(transport, manager.refresh())).ok)
      work.refreshedAtMs = this.nowMs();
    const done = await converse(transport, manager.simulate({ changes: request.changes, allowDowngrade: request.allowDowngrade }));
    const answer = done.ok
      ? { ok: true, transaction: [...done.value.transaction], problem: null, downloadBytes: done.value.downloadBytes }
      : { ok: false, transaction: [], problem: done.problem.message, downloadBytes: null };
    await this.parts.jobs.recordSimulation(work.hostId, request.requestId, answer);
  }

  private takeJobTask(work: HostWork, task: AgentTask): void {
    if (task.kind === 'cancel') work.desk.cancel(task.jobId, task.attempt);
    if (task.kind !== 'job' || work.rehearsing || (work.desk.idle && this.hostsAtWork() >= JOBS_AT_ONCE)) return;
    work.desk.take(task);
  }

  private hostsAtWork(): number {
    return [...this.work.values()].filter(work => !work.desk.idle).length;
  }

  private takeRehearsal(work: HostWork, endpoint: SshEndpoint, task: Extract<AgentTask, { kind: 'rehearse' }>): void {
    if (!work.desk.idle || work.rehearsing || this.rehearsals >= REHEARSALS_AT_ONCE) return;
    work.rehearsing = true;
    this.rehearsals++;
    const rehearsal = async () => {
      const worked = await runSshRehearsal(this, work.hostId, endpoint, task).finally(() => {
        work.rehearsing = false;
        this.rehearsals--;
      });
      if (worked) this.consider(work.hostId);
    };
    void this.keep(rehearsal());
  }
}
