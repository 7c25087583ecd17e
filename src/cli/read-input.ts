import { readFileSync, readSync } from 'node:fs';
import { UsageError } from './command.ts';

const PAUSE_MS = 10;

/**
 * A file, or for `-` standard input to its end. At once, and patient: `ssh` makes the pipe that it writes into non-blocking, for both ends of it, and
 * reading such a pipe fails with EAGAIN while nothing has come yet.
 */
export function readInput(file: string): Buffer {
  if (file !== '-') return readFileSync(file);
  const chunks: Buffer[] = [];
  for (;;) {
    const chunk = Buffer.allocUnsafe(65_536);
    try {
      const length = readSync(0, chunk);
      if (length === 0) return Buffer.concat(chunks);
      chunks.push(chunk.subarray(0, length));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EOF') return Buffer.concat(chunks);
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS);
    }
  }
}

export function readInputText(file: string): string {
  try {
    return readInput(file).toString('utf8');
  } catch (error) {
    throw new UsageError(`${file} cannot be read (${(error as NodeJS.ErrnoException).code ?? (error as Error).message})`);
  }
}

export function readInputJson(file: string): unknown {
  const text = readInputText(file);
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new UsageError(`${file === '-' ? 'standard input' : file} is no JSON (${(error as Error).message})`);
  }
}
