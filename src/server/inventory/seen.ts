import { epochMs, type Instant } from '../../core/kernel/instants.ts';
import { SEEN_FLUSH_SECONDS, SEEN_STORED_EVERY_SECONDS } from '../../core/kernel/limits.ts';
import type { Context } from '../context.ts';

/** When hosts were last heard of. Exact in memory; the table follows, so that an unchanged report writes no row. */
export interface SeenHosts {
  /** `inventory`: what is stored was just confirmed or replaced. */
  touch(hostId: string, inventory: boolean): void;
  /** The host could not be reached; null after it was. */
  problem(hostId: string, text: string | null): void;
  of(hostId: string): Seen | null;
  flush(): Promise<void>;
  start(): void;
  stop(): Promise<void>;
}

export interface Seen {
  readonly lastSeenAt: Instant | null;
  readonly inventoryAt: Instant | null;
  readonly problem: string | null;
}

interface Entry extends Seen {
  /** Epoch milliseconds of the last flush of this host; 0: at the next one. */
  readonly storedMs: number;
}

/** A crash loses less than a minute of "last seen"; the next check-in tells it again, so the commit need not wait for the disk. */
const FLUSH = `with fast as (select set_config('synchronous_commit', 'off', true))
insert into host_seen (host_id, last_seen_at, inventory_at, problem)
select w.id, w.last_seen_at, w.inventory_at, w.problem
  from fast, jsonb_to_recordset($1::jsonb) as w(id text, last_seen_at timestamptz, inventory_at timestamptz, problem text) where exists (select from host where host.id = w.id)
order by w.id
on conflict (host_id) do update set
  last_seen_at = greatest(host_seen.last_seen_at, excluded.last_seen_at),
  inventory_at = greatest(host_seen.inventory_at, excluded.inventory_at),
  problem = excluded.problem`;

export function createSeen(context: Pick<Context, 'db' | 'clock' | 'log'>): SeenHosts {
  const hosts = new Map<string, Entry>();
  const dirty = new Set<string>();
  let timer: NodeJS.Timeout | undefined;
  let flushing: Promise<void> = Promise.resolve();

  function change(hostId: string, fields: Partial<Seen>, soon: boolean): void {
    const before = hosts.get(hostId) ?? { lastSeenAt: null, inventoryAt: null, problem: null, storedMs: 0 };
    hosts.set(hostId, { ...before, ...fields, storedMs: soon ? 0 : before.storedMs });
    dirty.add(hostId);
  }

  async function flushDue(all: boolean): Promise<void> {
    const nowMs = epochMs(context.clock.now());
    const due = [...dirty].filter(id => all || nowMs - hosts.get(id)!.storedMs >= SEEN_STORED_EVERY_SECONDS * 1_000);
    if (due.length === 0) return;
    const rows = due.map(id => {
      const { lastSeenAt, inventoryAt, problem } = hosts.get(id)!;
      return { id, last_seen_at: lastSeenAt, inventory_at: inventoryAt, problem };
    });
    for (const id of due) {
      dirty.delete(id);
      hosts.set(id, { ...hosts.get(id)!, storedMs: nowMs });
    }
    try {
      await context.db.query(FLUSH, [JSON.stringify(rows)]);
    } catch (error) {
      for (const id of due) dirty.add(id);
      throw error;
    }
  }

  const flush = (all: boolean) => (flushing = flushing.catch(() => {}).then(() => flushDue(all)));
  return {
    touch(hostId, inventory) {
      const now = context.clock.now();
      const problem = hosts.get(hostId)?.problem ?? null;
      change(
        hostId,
        { lastSeenAt: now, problem: null, ...(inventory ? { inventoryAt: now } : {}) },
        problem !== null || !hosts.has(hostId),
      );
    },
    problem(hostId, text) {
      if (hosts.get(hostId)?.problem !== text) change(hostId, { problem: text }, true);
    },
    of(hostId) {
      const entry = hosts.get(hostId);
      return entry ? { lastSeenAt: entry.lastSeenAt, inventoryAt: entry.inventoryAt, problem: entry.problem } : null;
    },
    flush: () => flush(true),
    start() {
      timer = setInterval(() => {
        flush(false).catch(error => context.log.warn({ error: String(error) }, 'could not store when hosts were last seen'));
      }, SEEN_FLUSH_SECONDS * 1_000);
      timer.unref();
    },
    async stop() {
      clearInterval(timer);
      await flush(true).catch(() => {});
    },
  };
}
