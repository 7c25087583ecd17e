import type { Queryable } from '../../db/db.ts';
import type { Context } from '../context.ts';

/**
 * One replica reconciles at a time, so that work is not done twice. Safety does not rest on it (row locks do that): a paused replica that wakes up with
 * an old fence is refused by `keepLease` in the transaction in which it would have written.
 */
export interface Lease {
  readonly holder: string;
  fence: number | null;
  /** By the monotonic clock of this process; the row itself is judged by the database's clock, which all replicas share. */
  renewAtMs: number;
}

const NAME = 'rollouts';
/** Long enough to survive a slow tick, short enough that another replica takes over before a person notices. */
const LEASE_SECONDS = 10;

export function newLease(holder: string): Lease {
  return { holder, fence: null, renewAtMs: 0 };
}

/** Takes or renews the lease. The fence rises whenever the holder changes. */
export async function holdLease({ db }: Context, lease: Lease): Promise<boolean> {
  if (lease.fence !== null && performance.now() < lease.renewAtMs) return true;
  const [row] = await db.query<{ fence: number }>(
    `insert into reconciler_lease (name, holder, fence, leased_until) values ($1, $2, 1, now() + $3 * interval '1 second')
     on conflict (name) do update set holder = excluded.holder, leased_until = excluded.leased_until,
       fence = reconciler_lease.fence + (reconciler_lease.holder <> excluded.holder)::int
     where reconciler_lease.holder = excluded.holder or reconciler_lease.leased_until < now() returning fence`,
    [NAME, lease.holder, LEASE_SECONDS],
  );
  lease.fence = row?.fence ?? null;
  lease.renewAtMs = performance.now() + (LEASE_SECONDS * 1000) / 2;
  return lease.fence !== null;
}

/** Asked first in every transaction of the reconciler; holds the row until it ends, so that nobody can take the lease in between. */
export async function keepLease(tx: Queryable, lease: Lease): Promise<boolean> {
  const rows = await tx.query('select from reconciler_lease where name = $1 and fence = $2 and holder = $3 for share', [
    NAME,
    lease.fence,
    lease.holder,
  ]);
  if (rows.length === 0) lease.fence = null;
  return rows.length > 0;
}

/** At a clean stop, so that the next replica need not wait. */
export async function dropLease({ db }: Context, lease: Lease): Promise<void> {
  await db.query(`update reconciler_lease set leased_until = now() where name = $1 and holder = $2 and fence = $3`, [
    NAME,
    lease.holder,
    lease.fence,
  ]);
}
