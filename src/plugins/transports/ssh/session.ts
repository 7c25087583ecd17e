import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { constants } from 'node:os';
import type { CommandResult } from '../../../core/kernel/commands.ts';
import { BoundedOutput, type ChildResult } from '../child-process.ts';
import type { RunOptions } from '../spec.ts';

interface SessionStart {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Written before anything else. */
  readonly input: Buffer;
  /** What the loop says first; `none` instead of it means that the host cannot run the loop. */
  readonly ready: string;
  readonly none: string;
  readonly timeoutMs: number;
}

export type SessionOpened =
  | { readonly kind: 'open'; readonly session: HostSession; readonly uid: number }
  | { readonly kind: 'no-loop'; readonly session: HostSession }
  | { readonly kind: 'ended'; readonly result: CommandResult };

/** The connection went while a command ran, or instead of it: nothing is known of how the command ended. */
export class SessionLost extends Error {
  readonly result: CommandResult;
  constructor(result: CommandResult) {
    super(result.stderr.trim() || 'the session ended');
    this.result = result;
  }
}

/** The host is not trusted to keep to the form: a frame of the loop has at most 64 KiB. */
const FRAME_BYTES_MAX = 1_000_000;
const GREETING_BYTES_MAX = 256_000;
const STDERR_BYTES_MAX = 256_000;
const HEAD_BYTES = 9;
/** How long the far side may take to end a command that is out of time, and the network to say so. */
const OVERTIME_MS = 15_000;
const CLOSE_MS = 3_000;
const NO_LIMIT = 0;
const SIGNALS = new Map(Object.entries(constants.signals).map(([name, number]) => [number, name]));

interface Pending {
  readonly out: BoundedOutput;
  readonly err: BoundedOutput;
  tell(chunk: Buffer, stream: 'stdout' | 'stderr'): void;
  settle(result: ChildResult | 'stale'): void;
  fail(error: SessionLost): void;
}

/** Starts `ssh` and waits for the loop behind it (session-loop.ts). */
export function openSession(start: SessionStart): Promise<SessionOpened> {
  const [program, ...args] = start.argv;
  const child = spawn(program!, args, { env: { ...start.env }, stdio: ['pipe', 'pipe', 'pipe'], windowsHide: true });
  const session = new HostSession(child);
  child.stdin.write(start.input);
  return new Promise(resolve => {
    const timer = setTimeout(() => session.abandon(), start.timeoutMs);
    let greeting = Buffer.alloc(0);
    const settle = (opened: SessionOpened) => {
      clearTimeout(timer);
      session.onData = null;
      resolve(opened);
    };
    session.onEnd = result => settle({ kind: 'ended', result });
    session.onData = chunk => {
      greeting = Buffer.concat([greeting, chunk]);
      if (greeting.length > GREETING_BYTES_MAX) {
        session.abandon();
        return;
      }
      const at = greeting.indexOf(start.ready);
      const head = at + start.ready.length + HEAD_BYTES;
      if (at >= 0 && greeting.length >= head) {
        const length = greeting.readUInt32BE(head - 4);
        if (greeting.length < head + length) return;
        settle({ kind: 'open', session, uid: Number(greeting.subarray(head, head + length).toString()) });
      } else if (greeting.includes(start.none)) settle({ kind: 'no-loop', session });
    };
  });
}

/** One `ssh` with the loop at its other end. Commands may run side by side. */
export class HostSession {
  private readonly child: ChildProcessWithoutNullStreams;
  private readonly pending = new Map<number, Pending>();
  private readonly stderr = new BoundedOutput(STDERR_BYTES_MAX);
  private readonly ended: Promise<void>;
  private buffer: Buffer = Buffer.alloc(0);
  private nextId = 1;
  private timedOut = false;
  private lost: CommandResult | null = null;
  onData: ((chunk: Buffer) => void) | null = null;
  onEnd: ((result: CommandResult) => void) | null = null;

  constructor(child: ChildProcessWithoutNullStreams) {
    this.child = child;
    child.stdin.on('error', () => {});
    child.stderr.on('data', (chunk: Buffer) => this.stderr.add(chunk));
    child.stdout.on('data', (chunk: Buffer) => (this.onData === null ? this.read(chunk) : this.onData(chunk)));
    this.ended = new Promise(resolve => {
      const end = (code: number | null, signal: string | null, problem: string) => {
        const stderr = this.stderr.bytes().toString('utf8') + problem;
        this.lost ??= { code: this.timedOut ? null : code, signal, stdout: '', stderr, timedOut: this.timedOut, truncated: false };
        for (const pending of this.pending.values()) pending.fail(new SessionLost(this.lost));
        this.pending.clear();
        this.onEnd?.(this.lost);
        resolve();
      };
      child.on('error', error => end(255, null, `ssh: ${error.message}`));
      child.on('close', (code, signal) => end(code, signal, ''));
    });
  }

  get idle(): boolean {
    return this.pending.size === 0;
  }

  get alive(): boolean {
    return this.lost === null;
  }

  /** `stale`: it was not run, because files of the loop itself were replaced; `evenIfStale` runs it all the same. */
  run(argv: readonly string[], options: RunOptions & { readonly evenIfStale?: boolean }): Promise<ChildResult | 'stale'> {
    if (argv.length === 0 || argv.some(part => part.includes('\0'))) throw new TypeError('a command needs a program and no NUL characters');
    if (this.lost !== null) return Promise.reject(new SessionLost(this.lost));
    const id = this.nextId++;
    return new Promise((resolve, reject) => {
      const stop = () => this.send('k', id, Buffer.alloc(0));
      const guard = setTimeout(() => this.abandon(), options.timeoutMs + OVERTIME_MS);
      const done = () => {
        clearTimeout(guard);
        options.signal?.removeEventListener('abort', stop);
        this.pending.delete(id);
      };
      const decoders = { stdout: new TextDecoder(), stderr: new TextDecoder() };
      this.pending.set(id, {
        out: new BoundedOutput(options.maxOutputBytes),
        err: new BoundedOutput(Math.min(options.maxOutputBytes, STDERR_BYTES_MAX)),
        tell: (chunk, stream) => options.onOutput?.(decoders[stream].decode(chunk, { stream: true }), stream),
        settle: result => {
          done();
          resolve(result);
        },
        fail: error => {
          done();
          reject(error);
        },
      });
      const keep = options.onOutput ? NO_LIMIT : Math.max(1, options.maxOutputBytes);
      const words = [options.stdin ?? '', ...argv].map(word => Buffer.from(word, 'utf8'));
      const load = [uint32(Math.max(1, Math.ceil(options.timeoutMs))), uint32(keep), uint32(argv.length)];
      this.send(options.evenIfStale ? 'R' : 'r', id, Buffer.concat([...load, ...words.flatMap(word => [uint32(word.length), word])]));
      options.signal?.addEventListener('abort', stop, { once: true });
      if (options.signal?.aborted) stop();
    });
  }

  /** The end of input ends the loop, what it runs and then `ssh`. */
  async close(): Promise<void> {
    this.onEnd = null;
    this.child.stdin.end();
    const timer = setTimeout(() => this.child.kill('SIGTERM'), CLOSE_MS);
    const killer = setTimeout(() => this.child.kill('SIGKILL'), 2 * CLOSE_MS);
    await this.ended;
    clearTimeout(timer);
    clearTimeout(killer);
  }

  /** No answer in time: whatever still runs is told lost. */
  abandon(): void {
    this.timedOut = true;
    this.child.kill('SIGTERM');
    setTimeout(() => this.child.kill('SIGKILL'), CLOSE_MS).unref();
  }

  private send(kind: string, id: number, load: Buffer): void {
    if (this.lost === null) this.child.stdin.write(Buffer.concat([Buffer.from(kind), uint32(id), uint32(load.length), load]));
  }

  private read(chunk: Buffer): void {
    this.buffer = this.buffer.length === 0 ? chunk : Buffer.concat([this.buffer, chunk]);
    while (this.buffer.length >= HEAD_BYTES) {
      const length = this.buffer.readUInt32BE(5);
      if (length > FRAME_BYTES_MAX) {
        this.abandon();
        return;
      }
      if (this.buffer.length < HEAD_BYTES + length) return;
      const load = this.buffer.subarray(HEAD_BYTES, HEAD_BYTES + length);
      this.take(String.fromCharCode(this.buffer[0]!), this.buffer.readUInt32BE(1), load);
      this.buffer = this.buffer.subarray(HEAD_BYTES + length);
    }
  }

  private take(kind: string, id: number, load: Buffer): void {
    const pending = this.pending.get(id);
    if (!pending) return;
    if (kind === 'o' || kind === 'e') {
      (kind === 'o' ? pending.out : pending.err).add(load);
      pending.tell(load, kind === 'o' ? 'stdout' : 'stderr');
    } else if (kind === 's') pending.settle('stale');
    else if (kind === 'x') pending.settle(resultOf(pending, load.toString()));
  }
}

/** `CODE SIGNAL TIMED-OUT TRUNCATED`, numbers. */
function resultOf({ out, err }: Pending, text: string): ChildResult {
  const [code = 0, signal = 0, timedOut = 0, truncated = 0] = text.split(' ').map(Number);
  const stdoutBytes = out.bytes();
  return {
    code: signal !== 0 || timedOut !== 0 ? null : code,
    signal: signal === 0 ? null : (SIGNALS.get(signal) ?? String(signal)),
    stdout: stdoutBytes.toString('utf8'),
    stderr: err.bytes().toString('utf8'),
    timedOut: timedOut !== 0,
    truncated: truncated !== 0 || out.truncated,
    stdoutBytes,
  };
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(Math.min(value, 0xffffffff));
  return bytes;
}
