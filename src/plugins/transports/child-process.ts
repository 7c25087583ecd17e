import { spawn } from 'node:child_process';
import { type CommandResult, NO_SUCH_PROGRAM } from '../../core/kernel/commands.ts';

interface ChildOptions {
  readonly env: Readonly<Record<string, string>>;
  readonly stdin: string | null;
  readonly timeoutMs: number;
  readonly maxOutputBytes: number;
  readonly onOutput?: ((chunk: string, stream: 'stdout' | 'stderr') => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** SIGTERM first, because apt and ssh then tidy up behind themselves; SIGKILL when that is not heeded. */
const KILL_GRACE_MS = 5_000;

/** Keeps the first `max` bytes of a stream: a hostile or broken program can print for ever. */
export class BoundedOutput {
  private readonly chunks: Buffer[] = [];
  private kept = 0;
  private readonly max: number;
  truncated = false;
  constructor(max: number) {
    this.max = max;
  }
  add(chunk: Buffer): void {
    const room = this.max - this.kept;
    if (chunk.length > room) this.truncated = true;
    if (room <= 0) return;
    const part = chunk.length > room ? chunk.subarray(0, room) : chunk;
    this.chunks.push(part);
    this.kept += part.length;
  }
  bytes(): Buffer {
    return Buffer.concat(this.chunks);
  }
}

export interface ChildResult extends CommandResult {
  readonly stdoutBytes: Buffer;
}

/** Spawns without a shell and answers how it ended; never rejects for what the program did. */
export function runChild(argv: readonly string[], options: ChildOptions): Promise<ChildResult> {
  const [program, ...args] = argv;
  if (program === undefined || argv.some(part => part.includes('\0')))
    throw new TypeError('a command needs a program and no NUL characters');
  return new Promise(resolve => {
    const out = new BoundedOutput(options.maxOutputBytes);
    const err = new BoundedOutput(Math.min(options.maxOutputBytes, 256_000));
    const child = spawn(program, args, { env: { ...options.env }, stdio: ['pipe', 'pipe', 'pipe'], windowsHide: true });
    let timedOut = false;
    let killer: NodeJS.Timeout | undefined;
    const stop = () => {
      child.kill('SIGTERM');
      killer ??= setTimeout(() => child.kill('SIGKILL'), KILL_GRACE_MS);
    };
    const timer = setTimeout(() => {
      timedOut = true;
      stop();
    }, options.timeoutMs);
    options.signal?.addEventListener('abort', stop, { once: true });
    const settle = (code: number | null, signal: string | null, problem: string) => {
      clearTimeout(timer);
      clearTimeout(killer);
      options.signal?.removeEventListener('abort', stop);
      const stdoutBytes = out.bytes();
      const stderr = err.bytes().toString('utf8') + problem;
      resolve({
        code: timedOut ? null : code,
        signal,
        stdout: stdoutBytes.toString('utf8'),
        stderr,
        timedOut,
        truncated: out.truncated,
        stdoutBytes,
      });
    };
    const decoders = { stdout: new TextDecoder(), stderr: new TextDecoder() };
    const listen = (stream: 'stdout' | 'stderr', keep: BoundedOutput) =>
      child[stream].on('data', (chunk: Buffer) => {
        keep.add(chunk);
        options.onOutput?.(decoders[stream].decode(chunk, { stream: true }), stream);
      });
    listen('stdout', out);
    listen('stderr', err);
    child.stdin.on('error', () => {});
    child.stdin.end(options.stdin ?? '');
    child.on('error', error => {
      const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
      settle(missing ? NO_SUCH_PROGRAM : null, null, missing ? `${program}: no such program` : String(error));
    });
    child.on('close', (code, signal) => settle(code, signal, ''));
  });
}
