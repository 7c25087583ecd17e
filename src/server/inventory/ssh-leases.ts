import { readFileSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import path from 'node:path';
import type { Db } from '../../db/db.ts';
import type { Logger } from '../context.ts';

/** The right of this process to work on one host. Several works of one process share it. */
export interface SshLease {
  readonly hostId: string;
  readonly fence: number;
  /** Aborts when another server may have taken over. */
  readonly lost: AbortSignal;
  /** Asked before every command: false from the moment in which another server could take over, however long this process slept. */
  isValid(): boolean;
  release(): Promise<void>;
}

export interface SshLeases {
  /** null: another server works on the host. */
  take(hostId: string): Promise<SshLease | null>;
  stop(): void;
}

/** Long enough for a slow database, short enough that another server takes over within a minute. */
const LEASE_SECONDS = 30;
const RENEW_SECONDS = 10;

interface Held {
  readonly fence: number;
  readonly lost: AbortController;
  users: number;
  /** By the steady clock of this process, counted from before the database was asked. */
  validUntilMs: number;
}

/**
 * Leases as rows, judged by the database's clock. `holder` is this data folder's name for itself: a server that starts again takes its own leases at
 * once, with a new fence. Safety does not rest on the clock alone: every journal entry is written under the fence (ssh-journal.ts).
 */
export function createSshLeases(db: Db, holder: string, log: Pick<Logger, 'warn'>, leaseSeconds = LEASE_SECONDS): SshLeases {
  const held = new Map<string, Held>();
  const taking = new Map<string, Promise<Held | null>>();
  let timer: NodeJS.Timeout | null = null;

  async function ask(hostId: string): Promise<Held | null> {
    const askedMs = performance.now();
    const [row] = await db.query<{ fence: number }>(
      `insert into ssh_lease (host_id, holder, fence, leased_until) values ($1, $2, 1, now() + $3 * interval '1 second')
       on conflict (host_id) do update set holder = excluded.holder, leased_until = excluded.leased_until, fence = ssh_lease.fence + 1
       where ssh_lease.holder = excluded.holder or ssh_lease.leased_until < now() returning fence`,
      [hostId, holder, leaseSeconds],
    );
    if (!row) return null;
    const entry = { fence: row.fence, lost: new AbortController(), users: 0, validUntilMs: askedMs + leaseSeconds * 1000 };
    held.set(hostId, entry);
    timer ??= setInterval(() => void renew(), (Math.min(RENEW_SECONDS, leaseSeconds / 3) * 1000) | 0);
    return entry;
  }

  function lose(hostId: string, entry: Held): void {
    if (held.get(hostId) === entry) held.delete(hostId);
    entry.lost.abort();
  }

  async function renew(): Promise<void> {
    const mine = [...held];
    const askedMs = performance.now();
    try {
      const rows = await db.query<{ host_id: string }>(
        `update ssh_lease set leased_until = now() + $3 * interval '1 second' from unnest($1::text[], $2::bigint[]) as mine (host_id, fence)
         where ssh_lease.host_id = mine.host_id and ssh_lease.fence = mine.fence and ssh_lease.holder = $4 returning ssh_lease.host_id`,
        [mine.map(([hostId]) => hostId), mine.map(([, { fence }]) => fence), leaseSeconds, holder],
      );
      const kept = new Set(rows.map(row => row.host_id));
      for (const [hostId, entry] of mine)
        if (kept.has(hostId)) entry.validUntilMs = askedMs + leaseSeconds * 1000;
        else lose(hostId, entry);
    } catch (error) {
      log.warn({ error: String(error) }, 'the leases of hosts by SSH could not be renewed; trying again');
    }
    for (const [hostId, entry] of mine) if (performance.now() >= entry.validUntilMs) lose(hostId, entry);
    if (held.size === 0) stop();
  }

  function stop(): void {
    if (timer !== null) clearInterval(timer);
    timer = null;
  }

  async function release(hostId: string, entry: Held): Promise<void> {
    entry.users -= 1;
    if (entry.users > 0 || held.get(hostId) !== entry) return;
    held.delete(hostId);
    if (held.size === 0) stop();
    await db.query('update ssh_lease set leased_until = now() where host_id = $1 and holder = $2 and fence = $3', [
      hostId,
      holder,
      entry.fence,
    ]);
  }

  return {
    async take(hostId) {
      let entry: Held | null | undefined = held.get(hostId);
      if (entry === undefined || performance.now() >= entry.validUntilMs) {
        if (entry !== undefined) lose(hostId, entry);
        const asked = taking.get(hostId) ?? ask(hostId).finally(() => taking.delete(hostId));
        taking.set(hostId, asked);
        entry = await asked;
      }
      if (!entry) return null;
      const mine = entry;
      mine.users += 1;
      let isOver = false;
      return {
        hostId,
        fence: mine.fence,
        lost: mine.lost.signal,
        isValid: () => !mine.lost.signal.aborted && performance.now() < mine.validUntilMs,
        async release() {
          if (isOver) return;
          isOver = true;
          await release(hostId, mine).catch(error =>
            log.warn({ hostId, error: String(error) }, 'a lease could not be given back; it runs out'),
          );
        },
      };
    },
    stop,
  };
}

const HOLDER_FILE = 'ssh-holder';

/** What a data folder calls itself: stays over restarts, differs on another machine even if the folder was copied there. */
export function sshHolder(dataDir: string, fresh: string): string {
  const file = path.join(dataDir, HOLDER_FILE);
  try {
    writeFileSync(file, fresh, { flag: 'wx', mode: 0o600 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  return `${readFileSync(file, 'utf8').trim()}@${hostname()}`;
}
