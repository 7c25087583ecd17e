import { type Executor, type JobHandle, type JobTask, resumeJob, startJob } from './execute.ts';
import type { JournalEntry } from './journal.ts';
import { HostTurns, type Turn } from './turns.ts';

/** How jobs are begun and taken up: on the host itself, or from a server by SSH. */
interface DeskWork {
  start(task: JobTask, turn: Turn): JobHandle;
  resume(entry: JournalEntry, turn: Turn): JobHandle;
  /** Ends with the process, which then takes up nothing more. */
  readonly signal: AbortSignal;
}

export const workOf = (executor: Executor, log: (text: string) => void): DeskWork => ({
  start: (task, turn) => startJob({ ...executor, turn }, task),
  resume: (entry, turn) => {
    log(resumption(entry));
    return resumeJob({ ...executor, turn }, entry);
  },
  signal: executor.signal,
});

/** Said by whoever does it: by SSH another server may have the host. */
export function resumption({ jobId, attempt, state }: JournalEntry): string {
  return state === 'finished'
    ? `sending the result of job ${jobId} again`
    : `taking up job ${jobId}, attempt ${attempt}, which is ${state}`;
}

/**
 * The jobs of one host: one at work, and beside it those that have installed and wait with their reboot for the one at work. Only one of all of them acts on
 * the host at any time (`Turn`), also after a reboot. What an earlier run of the process left open is taken up one after the other.
 */
export class JobDesk {
  private readonly work: DeskWork;
  private readonly log: (text: string) => void;
  private readonly turns = new HostTurns();
  private atWork: JobHandle | null = null;
  private readonly aside = new Set<JobHandle>();
  /** Of these only the result is still to be sent; that need not hold up new work. */
  private readonly sending = new Set<JobHandle>();
  private leftOpen: JournalEntry[] = [];
  /** A job has replaced files that the agent itself runs. */
  agentIsStale = false;

  constructor(work: DeskWork, log: (text: string) => void) {
    this.work = work;
    this.log = log;
  }

  get idle(): boolean {
    return this.atWork === null && this.aside.size === 0 && this.leftOpen.length === 0;
  }

  /** False when it is in hand already, or another one is at work. */
  take(task: JobTask): boolean {
    if (this.knows(task)) return false;
    this.takeUpNext();
    if (!this.isFree()) return false;
    this.follow(turn => this.work.start(task, turn));
    return true;
  }

  cancel(jobId: string, attempt: number): boolean {
    const job = this.handles().find(one => one.jobId === jobId && one.attempt === attempt);
    job?.cancel();
    return job !== undefined;
  }

  /** `entries`: of the journal, unacknowledged. What is in hand already is passed over. */
  resume(entries: readonly JournalEntry[]): void {
    const fresh = entries.filter(entry => !this.knows(entry));
    for (const entry of fresh) if (entry.state === 'finished') this.send(entry);
    this.leftOpen = inOrder([...this.leftOpen, ...fresh.filter(entry => entry.state !== 'finished')]);
    this.takeUpNext();
  }

  private send(entry: JournalEntry): void {
    const handle = this.work.resume(entry, this.turns.enter());
    this.sending.add(handle);
    void handle.finished.catch(error => this.log(`result of ${entry.jobId}: ${error}`)).finally(() => this.sending.delete(handle));
  }

  /** Goes on with what was left open as soon as nothing is at work. */
  takeUpNext(): void {
    if (this.atWork?.sharesReboot?.()) {
      this.aside.add(this.atWork);
      this.atWork = null;
    }
    if (!this.isFree()) return;
    const entry = this.leftOpen.shift();
    if (entry !== undefined) this.follow(turn => this.work.resume(entry, turn));
  }

  /** Also of one that waited with its reboot and now goes on. */
  private isFree(): boolean {
    return this.atWork === null && this.turns.free;
  }

  async finished(): Promise<void> {
    await Promise.allSettled(this.handles().map(job => job.finished));
  }

  private handles(): JobHandle[] {
    return [...(this.atWork === null ? [] : [this.atWork]), ...this.aside];
  }

  private knows({ jobId, attempt }: Pick<JobTask, 'jobId' | 'attempt'>): boolean {
    return [...this.handles(), ...this.sending, ...this.leftOpen].some(one => one.jobId === jobId && one.attempt === attempt);
  }

  private follow(begin: (turn: Turn) => JobHandle): void {
    const turn = this.turns.enter();
    turn.take();
    const handle = begin(turn);
    this.atWork = handle;
    handle.finished
      .then(ended => {
        if (ended)
          this.log(
            `job ${handle.jobId}, attempt ${handle.attempt}: ${ended.result.outcome}${ended.result.failure ? ` (${ended.result.failure.class})` : ''}`,
          );
        this.agentIsStale ||= ended?.agentIsStale ?? false;
      })
      .catch(error => this.log(`job ${handle.jobId}: ${error instanceof Error ? error.stack : error}`))
      .finally(() => {
        this.aside.delete(handle);
        if (this.atWork === handle) this.atWork = null;
        turn.pass();
        // A process that ends leaves the rest to the next one.
        if (!this.work.signal.aborted) this.takeUpNext();
      });
  }
}

const RANK: Readonly<Record<JournalEntry['state'], number>> = { rebooting: 0, started: 1, accepted: 2, finished: 3 };

/**
 * First what the reboot was asked for; then, the newest first, what has begun: its package manager may be at work still, while those before it only wait for
 * a reboot; last what has changed nothing yet.
 */
export function inOrder<Entry extends Pick<JournalEntry, 'state' | 'acceptedAt'>>(entries: readonly Entry[]): Entry[] {
  return [...entries].sort((a, b) => RANK[a.state] - RANK[b.state] || (a.acceptedAt < b.acceptedAt ? 1 : -1));
}
