import { Socket } from 'node:net';

/** Thrown between two steps of a start that was asked to stop. */
export class StoppedEarly extends Error {}

interface Closer {
  readonly name: string;
  readonly close: () => unknown;
  readonly msMax: number;
}

/** A part that does not end in this time is left: what it holds ends with the process. Longer only for what must end well. */
const CLOSE_MS_MAX = 1_500;

/** Everything that was opened, closed in the reverse order, whatever fails on the way. */
export class Closers {
  readonly #closers: Closer[] = [];
  readonly #onFailure: (name: string, error: unknown) => void;
  constructor(onFailure: (name: string, error: unknown) => void) {
    this.#onFailure = onFailure;
  }

  add(name: string, close: Closer['close'], msMax: number = CLOSE_MS_MAX): void {
    this.#closers.push({ name, close, msMax });
  }

  async closeAll(): Promise<void> {
    for (let closer = this.#closers.pop(); closer !== undefined; closer = this.#closers.pop()) {
      try {
        await withinMs(closer);
      } catch (error) {
        this.#onFailure(closer.name, error);
      }
    }
  }
}

async function withinMs({ close, msMax }: Closer): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>(resolve => {
    timer = setTimeout(resolve, msMax);
  });
  await Promise.race([close(), late]);
  clearTimeout(timer);
}

/** Ctrl-C reaches a whole process group, and npm and pm.mjs hand it on as well: what comes this soon is the same request. */
const SAME_REQUEST_MS = 1_000;

/**
 * Calls `stop` once: on the usual signals, and when the process that started us is gone in whatever way (its end of the pipe closes).
 * A second request, later, does not wait: PostgreSQL stops by itself when we are gone (pdeathsig), and recovers by its log in any case.
 */
export function onStopAsked(parentPipe: number | null, stop: (reason: string) => void): void {
  let askedAt: number | null = null;
  const ask = (reason: string) => (): void => {
    if (askedAt !== null && reason.startsWith('SIG') && performance.now() - askedAt > SAME_REQUEST_MS) process.exit(130);
    if (askedAt !== null) return;
    askedAt = performance.now();
    stop(reason);
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, ask(signal));
  if (parentPipe === null) return;
  // A socket and no file stream: a read of a pipe would hold a thread of the pool, which a process waits for at its end.
  const pipe = new Socket({ fd: parentPipe, readable: true, writable: false });
  const gone = ask('the process that started it is gone');
  pipe.on('end', gone).on('error', gone).on('close', gone).resume().unref();
}
