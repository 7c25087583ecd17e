import type { Clock } from '../core/kernel/instants.ts';
import type { JobEvent, JobPhase } from '../core/rollouts/host-plan.ts';
import type { Gateway } from './gateway.ts';

/** Program output is sent in pieces of at most this many characters. */
const TEXT_CHARS = 8_000;
/** The server takes 500 at a time; a host without a server keeps this many of the newest. */
const BATCH = 200;
const KEPT_EVENTS = 2_000;
/** Output of one job that is sent; the whole stays on the host beside the unit. */
const OUTPUT_CHARS_MAX = 2_000_000;
const FLUSH_MS = 700;
/** Numbers of a run's lines start above those of the run before it. */
const RUN_STRIDE = 1_000_000;

/** The live log of a job. Sending never holds up the work and never fails it. */
export class JobLog {
  private readonly gateway: Gateway;
  private readonly clock: Clock;
  private readonly jobId: string;
  private readonly attempt: number;
  private next: number;
  private waiting: JobEvent[] = [];
  private outputChars = 0;
  private pending = '';
  private phase: JobPhase = 'precheck';
  private timer: NodeJS.Timeout | null = null;
  private sending: Promise<void> = Promise.resolve();
  private readonly onCancel: () => void;

  constructor(
    gateway: Gateway,
    clock: Clock,
    job: { readonly jobId: string; readonly attempt: number; readonly runs: number },
    onCancel: () => void,
  ) {
    this.gateway = gateway;
    this.clock = clock;
    this.jobId = job.jobId;
    this.attempt = job.attempt;
    this.next = job.runs * RUN_STRIDE + 1;
    this.onCancel = onCancel;
  }

  start(phase: JobPhase): void {
    this.phase = phase;
    this.push('phase-started', phase);
  }

  done(text: string): void {
    this.push('phase-done', text);
  }

  note(text: string): void {
    this.push('note', text);
  }

  output(text: string): void {
    if (this.outputChars > OUTPUT_CHARS_MAX) return;
    this.outputChars += text.length;
    this.pending += printable(text);
    if (this.outputChars > OUTPUT_CHARS_MAX) this.pending += '\n(more output is on the host only)\n';
    while (this.pending.length >= TEXT_CHARS) this.emitOutput(TEXT_CHARS);
    this.schedule();
  }

  private emitOutput(chars: number): void {
    const text = this.pending.slice(0, chars);
    this.pending = this.pending.slice(chars);
    if (text !== '') this.enqueue('output', text);
  }

  private push(kind: JobEvent['kind'], text: string): void {
    this.emitOutput(TEXT_CHARS);
    this.enqueue(kind, text.slice(0, 4_000));
    this.schedule();
  }

  private enqueue(kind: JobEvent['kind'], text: string): void {
    this.waiting.push({ sequence: this.next++, at: this.clock.now(), phase: this.phase, kind, text });
    if (this.waiting.length > KEPT_EVENTS) this.waiting.splice(0, this.waiting.length - KEPT_EVENTS);
  }

  private schedule(): void {
    this.timer ??= setTimeout(() => {
      this.timer = null;
      this.emitOutput(TEXT_CHARS);
      void this.flush();
    }, FLUSH_MS);
  }

  /** Sends what waits; what could not be sent goes with the next. Also asks whether the job was cancelled. */
  flush(): Promise<void> {
    this.sending = this.sending.then(async () => {
      do {
        const batch = this.waiting.slice(0, BATCH);
        try {
          const answer = await this.gateway.events(this.jobId, this.attempt, batch);
          if (answer.cancelRequested) this.onCancel();
          const last = batch.at(-1)?.sequence ?? 0;
          this.waiting = this.waiting.filter(event => event.sequence > last);
        } catch {
          return;
        }
      } while (this.waiting.length > 0);
    });
    return this.sending;
  }

  async close(): Promise<void> {
    if (this.timer) clearTimeout(this.timer);
    this.timer = null;
    this.emitOutput(TEXT_CHARS);
    await this.flush();
  }
}

/** Terminal controls of a maintainer script have no business in a log (security.md 2.6); tab and newline stay, a lone return becomes a newline. */
export function printable(text: string): string {
  return text
    .replace(/\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])/g, '')
    .replace(/\r\n?/g, '\n')
    .replace(/[\x00-\x08\x0b-\x1f\x7f-\x9f]/g, '');
}
