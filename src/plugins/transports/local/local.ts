import { open } from 'node:fs/promises';
import type { Reach } from '../../../core/inventory/snapshot.ts';
import { runChild } from '../child-process.ts';
import { HOST_ENVIRONMENT, type Transport } from '../spec.ts';

/** Programs on this machine. `reach` is `agent` inside the resident agent and `local` for the machine that the server runs on. */
export function localTransport(reach: Extract<Reach, 'local' | 'agent'> = 'local'): Transport {
  return {
    reach,
    canBeRoot: process.getuid?.() === 0,
    connect: async () => {},
    run: (argv, options) =>
      runChild(argv, {
        env: HOST_ENVIRONMENT,
        stdin: options.stdin ?? null,
        timeoutMs: options.timeoutMs,
        maxOutputBytes: options.maxOutputBytes,
        onOutput: options.onOutput,
        signal: options.signal,
      }),
    readFile,
    close: async () => {},
  };
}

/** Files of /proc say size 0, so it is read until it ends or the limit is reached. */
async function readFile(path: string, maxBytes: number): Promise<Uint8Array | null> {
  try {
    const file = await open(path, 'r');
    try {
      const buffer = Buffer.alloc(Math.min(maxBytes, 16_000_000));
      let length = 0;
      while (length < buffer.length) {
        const { bytesRead } = await file.read(buffer, length, buffer.length - length);
        if (bytesRead === 0) break;
        length += bytesRead;
      }
      return buffer.subarray(0, length);
    } finally {
      await file.close();
    }
  } catch {
    return null;
  }
}
