import { readFileSync, readSync } from 'node:fs';

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

export const readInputText = (file: string): string => readInput(file).toString('utf8');
