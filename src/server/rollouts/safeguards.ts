import { EXCEPTION_IN_FORCE } from '../../core/findings/exceptions/states.ts';
import type { Instant } from '../../core/kernel/instants.ts';
import type { TransactionItem } from '../../core/rollouts/host-plan.ts';
import type { Queryable } from '../../db/db.ts';
import { stateIn } from '../runtime/state-in.ts';
import { covers, type Scopes } from './safety-scopes.ts';

/** What a rollout would install, with the source package that each binary was built from. One that no host has ever named is its own source. */
export interface NamedUpdate {
  readonly name: string;
  readonly version: string;
  readonly sourceName: string;
  readonly sourceVersion: string;
}

export interface HoldInForce {
  readonly id: string;
  readonly name: string;
  readonly sourceName: string | null;
  readonly reason: string;
  readonly endsAt: Instant;
  /** Frozen hosts of an exception that holds one patch back; null for a safeguard hold, whose hosts are in the scopes. */
  readonly hostIds: readonly string[] | null;
}

interface RetractionInForce {
  readonly id: string;
  readonly sourceName: string;
  readonly sourceVersion: string;
  readonly reason: string;
}

/** An operational exception in force: the other way in which people hold a patch, for chosen hosts and with an approval. `$1` is now. */
export const HOLDING_EXCEPTION = `kind = 'operational' and ${stateIn(EXCEPTION_IN_FORCE)} and starts_at <= $1 and ends_at > $1`;

export async function holdsInForce(db: Queryable, now: Instant): Promise<HoldInForce[]> {
  return await db.query<HoldInForce>(
    `select id, name, source_name as "sourceName", reason, ends_at as "endsAt", null as "hostIds" from safeguard_hold where lifted_at is null and ends_at > $1
     union all
     select id, title, patch->>'sourceName', reason, ends_at, host_ids from exception where ${HOLDING_EXCEPTION} order by "endsAt"`,
    [now],
  );
}

export async function retractionsInForce(db: Queryable): Promise<RetractionInForce[]> {
  return await db.query<RetractionInForce>(
    `select id, source_name as "sourceName", source_version as "sourceVersion", reason from retraction where lifted_at is null order by id`,
  );
}

export async function namedUpdates(db: Queryable, items: readonly Pick<TransactionItem, 'name' | 'toVersion'>[]): Promise<NamedUpdate[]> {
  const distinct = [...new Set(items.flatMap(item => (item.toVersion === null ? [] : [`${item.name} ${item.toVersion}`])))];
  if (distinct.length === 0) return [];
  return await db.query<NamedUpdate>(
    `select distinct item.name, item.version, coalesce(known.source_name, item.name) as "sourceName", coalesce(known.source_version, item.version) as "sourceVersion"
     from unnest($1::text[], $2::text[]) as item (name, version) left join package_version known on known.name = item.name and known.version = item.version`,
    [distinct.map(text => text.slice(0, text.indexOf(' '))), distinct.map(text => text.slice(text.indexOf(' ') + 1))],
  );
}

/** A rollback is how a retracted update goes away, so only what it would install counts. */
export function retractedAmong(updates: readonly NamedUpdate[], retractions: readonly RetractionInForce[]): Map<string, RetractionInForce> {
  const found = new Map<string, RetractionInForce>();
  for (const update of updates) {
    const hit = retractions.find(one => one.sourceName === update.sourceName && one.sourceVersion === update.sourceVersion);
    if (hit !== undefined) found.set(`${update.name} ${update.version}`, hit);
  }
  return found;
}

/** Holds that cover the host and something of what it would install. */
export function holdsOver(hostId: string, updates: readonly NamedUpdate[], holds: readonly HoldInForce[], scopes: Scopes): HoldInForce[] {
  return holds.filter(
    hold =>
      (hold.hostIds === null ? covers(scopes.holds.get(hold.id), hostId) : hold.hostIds.includes(hostId)) &&
      (hold.sourceName === null || updates.some(update => update.sourceName === hold.sourceName || update.name === hold.sourceName)),
  );
}

/** For the permit: nothing is asked while nothing is declared. */
export async function safeguardsFor(
  tx: Queryable,
  job: { readonly hostId: string; readonly transaction: readonly TransactionItem[] },
  now: Instant,
  scopes: Scopes,
): Promise<{ holds: { name: string; endsAt: Instant }[]; retracted: string[] }> {
  const [declared] = await tx.query<{ any: boolean }>(
    `select exists (select from safeguard_hold where lifted_at is null and ends_at > $1) or exists (select from retraction where lifted_at is null)
       or exists (select from exception where ${HOLDING_EXCEPTION}) as any`,
    [now],
  );
  if (declared?.any !== true) return { holds: [], retracted: [] };
  const [holds, retractions] = [await holdsInForce(tx, now), await retractionsInForce(tx)];
  const updates = await namedUpdates(tx, job.transaction);
  return {
    holds: holdsOver(job.hostId, updates, holds, scopes).map(({ name, endsAt }) => ({ name, endsAt })),
    retracted: [...retractedAmong(updates, retractions).keys()].sort(),
  };
}

/** What of an approved plan has been retracted since, in words; null when nothing has. */
export async function retractedInPlan(db: Queryable, rolloutId: string, planHash: string | null): Promise<string | null> {
  const retractions = await retractionsInForce(db);
  if (retractions.length === 0 || planHash === null) return null;
  const items = await db.query<{ name: string; toVersion: string | null }>(
    `select distinct item->>'name' as name, item->>'toVersion' as "toVersion"
     from rollout_plan, jsonb_array_elements(plan::jsonb->'transactions') as list, jsonb_array_elements(list) as item where rollout_id = $1 and plan_hash = $2`,
    [rolloutId, planHash],
  );
  const found = retractedAmong(await namedUpdates(db, items), retractions);
  return found.size === 0 ? null : [...found].map(([text, { reason }]) => `${text}: ${reason}`).join('; ');
}
