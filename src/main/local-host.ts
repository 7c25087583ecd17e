import { existsSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { Fault } from '../core/kernel/faults.ts';
import { localTransport } from '../plugins/transports/local/local.ts';
import type { Logger } from '../server/context.ts';
import type { Collected } from '../server/ports.ts';
import type { SshConnections } from './ssh-port.ts';

interface LocalHostParts {
  readonly connections: Pick<SshConnections, 'collectOver'>;
  readonly hosts: {
    storeLocal(collected: Collected): Promise<string>;
    readonly requests: { take(hostId: string): { readonly refresh: boolean } | null };
    noteProblem(hostId: string, text: string): void;
  };
  readonly log: Logger;
}

const COLLECT_MS = 3_600_000;
/** A machine that could not be read is read again soon: the first screen is about it. */
const AGAIN_MS = 60_000;
/** How often to look whether somebody asked for a fresh inventory. */
const LOOK_MS = 2_000;

/**
 * The machine that the server runs on, as the first host: read, never changed, and without need of root, so that the first screen is about something
 * real. Does nothing where there is no dpkg.
 */
export function createLocalHost(parts: LocalHostParts): { start(): void; stop(): Promise<void> } {
  const stopping = new AbortController();
  let storing: Promise<void> = Promise.resolve();
  let hostId: string | null = null;

  const store = async (collected: Collected): Promise<void> => {
    if (stopping.signal.aborted) return;
    const stored = parts.hosts.storeLocal(collected);
    storing = stored.then(
      () => {},
      () => {},
    );
    hostId = await stored;
  };
  /** Whether it could be read. */
  const collect = async (): Promise<boolean> => {
    try {
      // No refresh: apt's indexes are root's to renew, and reading must leave no trace.
      const options = { refresh: false, history: true, beforeFetching: store };
      await store(await parts.connections.collectOver(localTransport('local'), options));
      return true;
    } catch (error) {
      if (stopping.signal.aborted) return false;
      const text = error instanceof Fault ? `${error.message} ${error.advice}` : String((error as Error).stack ?? error);
      if (hostId !== null && error instanceof Fault) parts.hosts.noteProblem(hostId, error.message);
      parts.log.warn({ error: text }, 'this machine could not be inventoried');
      return false;
    }
  };
  const loop = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      const pause = (await collect()) ? COLLECT_MS : AGAIN_MS;
      for (let waited = 0; waited < pause && !stopping.signal.aborted; waited += LOOK_MS) {
        if (hostId !== null && parts.hosts.requests.take(hostId) !== null) break;
        await wait(LOOK_MS, undefined, { signal: stopping.signal }).catch(() => {});
      }
    }
  };
  return {
    start() {
      if (existsSync('/usr/bin/dpkg-query') || existsSync('/bin/dpkg-query')) void loop();
    },
    async stop() {
      stopping.abort();
      // What is only being read need not be waited for.
      await storing;
    },
  };
}
