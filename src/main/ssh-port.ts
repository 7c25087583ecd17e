import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { readChangelog } from '../agent/changelog-rows.ts';
import { type ChangelogRow, collectSnapshot } from '../agent/collect.ts';
import type { Clock } from '../core/kernel/instants.ts';
import type { Transport } from '../plugins/transports/spec.ts';
import { scanKey } from '../plugins/transports/ssh/scan-key.ts';
import { sshTransport } from '../plugins/transports/ssh/ssh.ts';
import type { Collected, SshEndpoint, SshPort } from '../server/ports.ts';

interface CollectOverOptions {
  readonly refresh: boolean;
  readonly history: boolean;
  /** As ChangelogSource.beforeFetching; left out: no change log is fetched. */
  readonly beforeFetching?: ((collected: Collected) => Promise<unknown>) | undefined;
}

export interface SshConnections extends SshPort {
  transport(endpoint: SshEndpoint): Transport;
  collectOver(transport: Transport, options: CollectOverOptions): Promise<Collected>;
  /** Ends the connections' shared folder. */
  close(): Promise<void>;
}

/** Change logs are the same for every host with the same versions; they are fetched once by the first host that has them. */
const CACHED_CHANGELOGS = 5_000;

/** Short, because a control socket's path has at most 107 characters; the process id tells whose it is. */
const FOLDER = 'fettle-ssh-';

/** Keys that a killed server left behind. Folders of others cannot be removed and are passed over. */
function removeLeftovers(): void {
  for (const name of readdirSync(tmpdir())) {
    const pid = name.startsWith(FOLDER) ? /^(\d+)-/.exec(name.slice(FOLDER.length))?.[1] : undefined;
    if (pid === undefined || isAlive(Number(pid))) continue;
    try {
      rmSync(path.join(tmpdir(), name), { recursive: true, force: true });
    } catch {}
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Everything that this server does by SSH goes through here: control sockets and keys live in one private folder of this process. */
export function sshConnections(clock: Clock): SshConnections {
  removeLeftovers();
  const runtimeDir = mkdtempSync(path.join(tmpdir(), `${FOLDER}${process.pid}-`));
  const rows = new Map<string, readonly ChangelogRow[]>();
  const cache = {
    get: (key: string) => rows.get(key),
    set(key: string, value: readonly ChangelogRow[]) {
      rows.set(key, value);
      if (rows.size > CACHED_CHANGELOGS) rows.delete(rows.keys().next().value!);
    },
  };
  const transport = (endpoint: SshEndpoint) => sshTransport(endpoint, { runtimeDir });
  const collectOver: SshConnections['collectOver'] = (over, { refresh, history, beforeFetching }) =>
    collectSnapshot({ transport: over, clock, refresh, history, changelogs: { read: readChangelog, cache, beforeFetching } });
  return {
    transport,
    collectOver,
    scanKey: (address, port) => scanKey(address, port),
    async collect(endpoint, { refresh }) {
      const over = transport(endpoint);
      try {
        return await collectOver(over, { refresh, history: true });
      } finally {
        await over.close();
      }
    },
    close: () => rm(runtimeDir, { recursive: true, force: true }),
  };
}
