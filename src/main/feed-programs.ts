import { accessSync, closeSync, constants, openSync } from 'node:fs';
import path from 'node:path';
import { MINUTE_MS, SECOND_MS } from '../core/kernel/instants.ts';
import { feedFault } from '../plugins/advisory-sources/text-reader.ts';
import type { Unpacker } from '../plugins/advisory-sources/unpack.ts';

/** Programs of the system that unpack: Node has no xz, and our own bzip2 (plugins/advisory-sources/bzip2.ts) takes four times as long. */
const ARGV = {
  xz: ['xz', '-dc', '--single-stream', '--memlimit-decompress=512MiB'],
  bzip2: ['bzip2', '-dc'],
} as const;

/** As long as a large archive takes on a small machine; a program that hangs must not hold its feed for ever. */
const UNPACK_MS = 40 * MINUTE_MS;
const HEAD_MS = 30 * SECOND_MS;
const WORDS_MAX = 2_000;

/** Loaded when a program is run: a scan of one host reads no such feed, and would pay three milliseconds for it. */
const processes = () => process.getBuiltinModule('node:child_process');
const streams = () => process.getBuiltinModule('node:stream');

export function hasProgram(name: keyof typeof ARGV): boolean {
  return (process.env.PATH ?? '').split(path.delimiter).some(folder => {
    try {
      accessSync(path.join(folder, name), constants.X_OK);
      return folder !== '';
    } catch {
      return false;
    }
  });
}

/** The beginning of what a file, or bytes at hand, unpack to; empty where the program cannot. */
export function headByProgram(name: keyof typeof ARGV, all: string | Uint8Array, bytesMax: number): Uint8Array {
  const [program, ...args] = ARGV[name];
  const file = typeof all === 'string' ? openSync(all, 'r') : null;
  try {
    // It is stopped when the head is full, and what it said until then counts.
    const run = processes().spawnSync(program, args, {
      ...(file === null ? { input: all as Uint8Array } : { stdio: [file, 'pipe', 'ignore'] }),
      maxBuffer: bytesMax,
      timeout: HEAD_MS,
    });
    return run.stdout ?? new Uint8Array(0);
  } finally {
    if (file !== null) closeSync(file);
  }
}

export const unpackByProgram: Unpacker = (packing, chunks) => (hasProgram(packing) ? unpacked(ARGV[packing], chunks) : null);

async function* unpacked([program, ...args]: readonly [string, ...string[]], chunks: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  const child = processes().spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'], timeout: UNPACK_MS });
  const ended = new Promise<{ code: number | null; problem: Error | null }>(resolve => {
    child.on('error', problem => resolve({ code: null, problem }));
    child.on('close', code => resolve({ code, problem: null }));
  });
  let words = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (words = (words + text).slice(0, WORDS_MAX)));
  // A program that has seen enough closes its input: its own word says why.
  const feeding = streams()
    .promises.pipeline(streams().Readable.from(chunks), child.stdin)
    .then(
      () => null,
      (problem: NodeJS.ErrnoException) => (problem.code === 'EPIPE' || problem.code === 'ERR_STREAM_PREMATURE_CLOSE' ? null : problem),
    );
  let isDone = false;
  try {
    yield* child.stdout as AsyncIterable<Buffer>;
    isDone = true;
  } finally {
    // Whoever reads may have had enough.
    if (!isDone) child.kill('SIGKILL');
    child.stdout.destroy();
  }
  const [{ code, problem }, unfed] = [await ended, await feeding];
  if (unfed !== null) throw unfed;
  if (code === 0) return;
  const reason = problem?.message ?? (words.trim().split('\n')[0] || `it ended with code ${code}`);
  const isCut = /unexpected end|ends unexpectedly/i.test(reason);
  throw feedFault(isCut ? 'feed-truncated' : 'feed-unreadable', `${program} could not unpack the feed: ${reason}`);
}
