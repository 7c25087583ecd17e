import { readFile, stat } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import type { agent } from '../api/agent.ts';
import type { Answer } from '../api/contract.ts';
import { type Clock, epochMs } from '../core/kernel/instants.ts';
import type { PackageManager } from '../plugins/package-managers/spec.ts';
import { converse, type Transport } from '../plugins/transports/spec.ts';
import type { ReadChangelog } from './collect.ts';
import type { Executor } from './execute.ts';
import { hasSystemd } from './host-unit.ts';
import { httpGateway } from './http-gateway.ts';
import { JobLeft } from './job-context.ts';
import { JobDesk, workOf } from './job-desk.ts';
import { fileJournal, type Journal } from './journal.ts';
import { rehearse } from './rehearsal/rehearse.ts';
import { closeLeftover } from './rehearsal/sandbox.ts';
import { report } from './report.ts';
import { type ServerClient, ServerFault } from './server-client.ts';
import type { Identity, StateFolder } from './state-folder.ts';

type Task = Answer<(typeof agent)['agentCheckIn']>['tasks'][number];
type CheckIn = Answer<(typeof agent)['agentCheckIn']>;

interface Resident {
  readonly identity: Identity;
  readonly state: StateFolder;
  readonly transport: Transport;
  readonly manager: PackageManager;
  readonly client: ServerClient;
  readonly clock: Clock;
  readonly readChangelog: ReadChangelog;
  readonly agentVersion: string;
  readonly signal: AbortSignal;
  log(text: string): void;
}

/** How long one check-in may hang at the server; proxies commonly cut at 60 seconds. */
const WAIT_SECONDS = 50;
/** A full look at the host this often, whether or not anything seemed to change; a change of dpkg's status is seen within one check-in. */
const COLLECT_MINUTES = 60;
const BACK_OFF_SECONDS_MAX = 120;
/** A simulation is worth no more than the indexes it is made on. */
const SIMULATE_REFRESH_MINUTES = 10;
/** A halt reaches a running job with its own log lines; this is for everything else. */
const IN_HAND_PAUSE_MS = 3_000;
const STATUS_FILE = '/var/lib/dpkg/status';

/** The loop of the resident agent: ask, do what is asked, tell what changed. It ends when `signal` does, or when the agent itself must be restarted. */
export async function runResident(resident: Resident): Promise<void> {
  const journal = await fileJournal(`${resident.state.path}/journal`);
  const loop = new AgentLoop(resident, journal);
  await loop.resume();
  await loop.run();
}

class AgentLoop {
  private readonly resident: Resident;
  private readonly journal: Journal;
  private readonly jobs: JobDesk;
  /** Reports and simulations one after the other; a job waits for none of them. */
  private queue: Promise<void> = Promise.resolve();
  /** One at a time, and never beside a job: both move the package manager. */
  private rehearsing: Promise<void> | null = null;
  private reporting = false;
  private simulating = new Set<string>();
  private collectedAtMs = 0;
  private statusSeen = '';
  private refreshedAtMs = 0;

  constructor(resident: Resident, journal: Journal) {
    this.resident = resident;
    this.journal = journal;
    const { transport, manager, clock, signal, identity, client } = resident;
    const executor: Executor = {
      transport,
      manager: async () => manager,
      clock,
      signal,
      journal,
      trust: identity,
      gateway: httpGateway(
        client,
        ms => this.pauseOrLeave(ms),
        () => this.observe(),
      ),
    };
    const log = (text: string) => resident.log(text);
    this.jobs = new JobDesk(workOf(executor, log), log);
  }

  /** What the journal left open comes first: a transaction may be half done. */
  async resume(): Promise<void> {
    const { transport } = this.resident;
    await closeLeftover(transport, await hasSystemd(transport)).catch(error => this.resident.log(`rehearsal: ${error}`));
    this.jobs.resume((await this.journal.list()).filter(entry => entry.acknowledgedAt === null));
  }

  async run(): Promise<void> {
    const { signal } = this.resident;
    let failures = 0;
    while (!signal.aborted && !(this.jobs.agentIsStale && this.jobs.idle)) {
      try {
        this.jobs.takeUpNext();
        await this.lookForChanges();
        const answer = await this.checkIn();
        failures = 0;
        const fresh = answer.tasks.filter(task => this.take(task));
        // The server names its tasks again until they are answered: with all of them in hand, a pause keeps that from spinning.
        const inHand = answer.tasks.length === 0 ? 0 : fresh.length > 0 ? 500 : IN_HAND_PAUSE_MS;
        await this.pause(Math.max(answer.nextCheckInSeconds * 1000, inHand));
      } catch (error) {
        if (signal.aborted) break;
        failures++;
        await this.pause(this.backOff(error, failures));
      }
    }
    await this.queue;
    await this.rehearsing;
    await this.jobs.finished();
  }

  private backOff(error: unknown, failures: number): number {
    const asked = error instanceof ServerFault ? error.retryAfterSeconds : null;
    const seconds = asked ?? Math.min(2 ** Math.min(failures, 9), BACK_OFF_SECONDS_MAX);
    if (failures <= 3 || failures % 20 === 0)
      this.resident.log(`${error instanceof Error ? error.message : String(error)}; trying again within ${Math.ceil(seconds)} s`);
    // Full jitter: a server that comes back is not met by all its hosts at once.
    return (0.25 + 0.75 * Math.random()) * seconds * 1000;
  }

  private async checkIn(): Promise<CheckIn> {
    const { client, agentVersion, state, signal } = this.resident;
    const open = (await this.journal.list())
      .filter(entry => entry.acknowledgedAt === null)
      .map(({ jobId, attempt }) => ({ jobId, attempt }));
    const bootId = (await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '')).trim() || null;
    const { digests } = await state.reported();
    const waitSeconds = this.reporting || this.rehearsing !== null || this.simulating.size > 0 ? 5 : WAIT_SECONDS;
    return client.post<CheckIn>(
      '/api/agent/v1/check-in',
      { agentVersion, bootId, digests, openJobs: open.slice(0, 50), waitSeconds },
      { timeoutSeconds: waitSeconds + 20, signal },
    );
  }

  /** False when the task is in hand already. */
  private take(task: Task): boolean {
    switch (task.kind) {
      case 'report':
        return this.report(task.refresh);
      case 'simulate':
        return this.simulate(task.request);
      case 'cancel':
        return this.jobs.cancel(task.jobId, task.attempt);
      case 'job':
        return this.rehearsing === null && this.jobs.take(task);
      case 'rehearse':
        return this.rehearse(task.rehearsalId, task.envelope);
      default:
        // A newer server's verb is not guessed at: the vocabulary is closed.
        this.resident.log(`unknown task ${String((task as { kind?: unknown }).kind).slice(0, 40)}: not done`);
        return false;
    }
  }

  /** A changed package database or the hour: then the host is read anew. Not in the middle of a job, which reports by itself. */
  private async lookForChanges(): Promise<void> {
    if (!this.jobs.idle || this.reporting) return;
    const seen = await statusOfDatabase();
    const due = epochMs(this.resident.clock.now()) - this.collectedAtMs >= COLLECT_MINUTES * 60_000;
    if (!due && seen === this.statusSeen) return;
    this.report(false);
  }

  private report(refresh: boolean): boolean {
    if (this.reporting || !this.jobs.idle) return false;
    this.reporting = true;
    this.enqueue('report', () =>
      this.collect({ refresh }).finally(() => {
        this.reporting = false;
      }),
    );
    return true;
  }

  /** At the end of a job; after whatever is in the queue, so that two collections never meet. */
  private observe(): Promise<void> {
    const observed = this.queue.then(() => this.collect({ refresh: false, asItIs: true }));
    this.queue = observed.catch(() => {});
    return observed;
  }

  private async collect(options: { readonly refresh: boolean; readonly asItIs?: boolean }): Promise<void> {
    try {
      this.statusSeen = await statusOfDatabase();
      const outcome = await report(this.resident, options);
      if (options.refresh) this.refreshedAtMs = epochMs(this.resident.clock.now());
      this.resident.log(outcome.sent.length === 0 ? 'inventory unchanged' : `inventory sent: ${outcome.sent.join(', ')}`);
    } finally {
      // A report that failed is tried again after a while, not at once.
      this.collectedAtMs = epochMs(this.resident.clock.now());
      releaseMemory();
    }
  }

  private rehearse(rehearsalId: string, envelope: Extract<Task, { kind: 'rehearse' }>['envelope']): boolean {
    if (!this.jobs.idle || this.rehearsing !== null) return false;
    const { transport, manager, clock, identity, client, signal } = this.resident;
    const work = async () => {
      const answer = await rehearse({ transport, manager: async () => manager, clock, trust: identity, signal }, envelope);
      this.resident.log(
        `rehearsal ${rehearsalId}: ${answer.verdict}${answer.failure ? ` (${answer.failure.message.split('\n')[0]})` : ''}`,
      );
      await client.post(`/api/agent/v1/rehearsals/${encodeURIComponent(rehearsalId)}`, answer);
    };
    this.rehearsing = work()
      .catch(error => this.resident.log(`rehearsal: ${error instanceof Error ? error.message : error}`))
      .finally(() => {
        this.rehearsing = null;
        releaseMemory();
      });
    return true;
  }

  private simulate(request: Extract<Task, { kind: 'simulate' }>['request']): boolean {
    if (this.simulating.has(request.requestId)) return false;
    this.simulating.add(request.requestId);
    this.enqueue('simulation', async () => {
      const { transport, manager, client, clock } = this.resident;
      try {
        if (
          epochMs(clock.now()) - this.refreshedAtMs > SIMULATE_REFRESH_MINUTES * 60_000 &&
          (await converse(transport, manager.refresh())).ok
        )
          this.refreshedAtMs = epochMs(clock.now());
        const done = await converse(transport, manager.simulate({ changes: request.changes, allowDowngrade: request.allowDowngrade }));
        const answer = done.ok
          ? { ok: true, transaction: done.value.transaction, problem: null, downloadBytes: done.value.downloadBytes }
          : { ok: false, transaction: [], problem: done.problem.message, downloadBytes: null };
        await client.post(`/api/agent/v1/simulations/${encodeURIComponent(request.requestId)}`, answer);
      } finally {
        this.simulating.delete(request.requestId);
        releaseMemory();
      }
    });
    return true;
  }

  private enqueue(what: string, work: () => Promise<void>): void {
    this.queue = this.queue.then(work).catch(error => this.resident.log(`${what}: ${error instanceof Error ? error.message : error}`));
  }

  private async pause(ms: number): Promise<void> {
    if (ms > 0) await wait(ms, undefined, { signal: this.resident.signal }).catch(() => {});
  }

  /** For a job: waiting for the server must end when the process does; the journal goes on from there. */
  private async pauseOrLeave(ms: number): Promise<void> {
    await this.pause(ms);
    if (this.resident.signal.aborted) throw new JobLeft();
  }
}

function statusOfDatabase(): Promise<string> {
  return stat(STATUS_FILE).then(
    s => `${s.mtimeMs} ${s.size} ${s.ino}`,
    () => '',
  );
}

/** After a burst the heap is given back to the host; present when node runs with --expose-gc. */
function releaseMemory(): void {
  (globalThis as { gc?: () => void }).gc?.();
}
