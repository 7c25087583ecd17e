import { closeSync, openSync, writeSync } from 'node:fs';

/**
 * Writes to a descriptor at once and in order: a fleet's answer is gigabytes, and a stream would hold them in memory when the reader is slower.
 * A reader that leaves (`| head`) ends the writing, not the program.
 */
export class Output {
  readonly #fd: number;
  readonly #owned: boolean;
  #open = true;

  constructor(fd: number, owned = false) {
    this.#fd = fd;
    this.#owned = owned;
  }

  static toFile(path: string): Output {
    return new Output(openSync(path, 'w', 0o644), true);
  }

  /** False when nobody reads any more. */
  write(chunk: string | Uint8Array): boolean {
    let bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
    while (this.#open && bytes.length > 0) {
      try {
        bytes = bytes.subarray(writeSync(this.#fd, bytes));
      } catch (problem) {
        const { code } = problem as NodeJS.ErrnoException;
        if (code === 'EPIPE') this.#open = false;
        // A pipe that another process made non-blocking and that is full.
        else if (code === 'EAGAIN') Atomics.wait(PAUSE, 0, 0, 1);
        else throw problem;
      }
    }
    return this.#open;
  }

  close(): void {
    if (this.#owned) closeSync(this.#fd);
  }
}

const PAUSE = new Int32Array(new SharedArrayBuffer(4));
