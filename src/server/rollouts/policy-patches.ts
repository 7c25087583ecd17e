import type { Instant } from '../../core/kernel/instants.ts';
import type { PatchCase } from '../../core/rollouts/policy.ts';
import type { Queryable } from '../../db/db.ts';
import type { Engine } from './engine.ts';

/** What the hosts need and are offered, with its age here. One that was never written down is new this moment. `hostIds` null: the whole fleet. */
export async function patchCases(engine: Engine, db: Queryable, hostIds: readonly string[] | null, now: Instant): Promise<PatchCase[]> {
  const offered = await engine.fleet.patchesOn(hostIds);
  const seen = await db.query<{ patch_id: string; first_seen_at: Instant }>(
    'select patch_id, first_seen_at from patch_seen where patch_id = any($1)',
    [offered.map(patch => patch.patchId)],
  );
  const since = new Map(seen.map(row => [row.patch_id, row.first_seen_at]));
  return offered.map(patch => ({ ...patch, knownSince: since.get(patch.patchId) ?? now }));
}

/** Writes down what is offered anywhere for the first time. The first writer's time stays. */
export async function rememberPatches(engine: Engine, now: Instant): Promise<void> {
  const offered = await engine.fleet.patchesOn(null);
  if (offered.length === 0) return;
  await engine.context.db.query(
    `insert into patch_seen (patch_id, first_seen_at, platform, source_name)
     select id, $2, platform, source_name from unnest($1::text[], $3::text[], $4::text[]) as offered (id, platform, source_name) on conflict do nothing`,
    [offered.map(patch => patch.patchId), now, offered.map(patch => patch.platform), offered.map(patch => patch.sourceName)],
  );
}
