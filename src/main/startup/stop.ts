import { createReadStream } from 'node:fs';

/** Thrown between two steps of a start that was asked to stop. */
export class StoppedEarly extends Error {}

interface Closer {
  readonly name: string;
  readonly close: () => Promise<void> | void;
}

/** Everything that was opened, closed in the reverse order, whatever fails on the way. */
export class Closers {
  readonly #closers: Closer[] = [];
  readonly #onFailure: (name: string, error: unknown) => void;
  constructor(onFailure: (name: string, error: unknown) => void) {
    this.#onFailure = onFailure;
  }

  add(name: string, close: Closer['close']): void {
    this.#closers.push({ name, close });
  }

  async closeAll(): Promise<void> {
    for (let closer = this.#closers.pop(); closer !== undefined; closer = this.#closers.pop()) {
      try {
        await closer.close();
      } catch (error) {
        this.#onFailure(closer.name, error);
      }
    }
  }
}

/** Calls `stop` once: on the usual signals, and when the process that started us is gone in whatever way (its end of the pipe closes). */
export function onStopAsked(parentPipe: number | null, stop: (reason: string) => void): void {
  let asked = false;
  const ask = (reason: string) => (): void => {
    if (asked) {
      // PostgreSQL stops by itself when we are gone (pdeathsig), and recovers by its log in any case.
      if (reason.startsWith('SIG')) process.exit(130);
      return;
    }
    asked = true;
    stop(reason);
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, ask(signal));
  if (parentPipe === null) return;
  const pipe = createReadStream('', { fd: parentPipe, autoClose: false });
  const gone = ask('the process that started it is gone');
  pipe.on('end', gone).on('error', gone).on('close', gone).resume();
}
