import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { EVENT_STREAMS_MAX } from '../../core/kernel/limits.ts';
import { RequestFault } from './problems.ts';

/** A comment line this often keeps proxies from closing a quiet stream; 15 s is below the usual 30 to 60. */
const KEEP_ALIVE_MS = 15_000;
/** How soon a stream ends whose reader was signed out or disabled (security.md S11). */
const RECHECK_MS = 5_000;

let open = 0;

interface StreamGuard {
  readonly signal: AbortSignal;
  abort(): void;
  /** False when the reader may no longer read. */
  stillAllowed(): Promise<boolean>;
}

export function refuseTooManyStreams(): void {
  if (open >= EVENT_STREAMS_MAX)
    throw new RequestFault(503, 'too-many-streams', 'Too many live views are open.', 'Close some, or try again later.', {
      retryAfterSeconds: 30,
    });
}

/** Writes server-sent events until the source ends or the reader leaves, waiting when the reader is slow. */
export async function writeEventStream(
  response: ServerResponse,
  headers: Readonly<Record<string, string>>,
  events: AsyncIterable<{ id: number; data: unknown }>,
  guard: StreamGuard,
): Promise<void> {
  open += 1;
  response.writeHead(200, {
    ...headers,
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
  });
  response.write(': open\n\n');
  const keepAlive = setInterval(() => response.write(': still here\n\n'), KEEP_ALIVE_MS);
  const recheck = setInterval(async () => {
    if (!(await guard.stillAllowed().catch(() => true))) guard.abort();
  }, RECHECK_MS);
  try {
    for await (const event of events) {
      if (guard.signal.aborted) break;
      const accepted = response.write(`id: ${event.id}\ndata: ${JSON.stringify(event.data)}\n\n`);
      if (!accepted) await once(response, 'drain', { signal: guard.signal });
    }
  } catch (error) {
    if (!guard.signal.aborted) throw error;
  } finally {
    clearInterval(keepAlive);
    clearInterval(recheck);
    open -= 1;
    response.end();
  }
}
