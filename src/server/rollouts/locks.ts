import { invariant } from '../../core/kernel/faults.ts';
import type { JobStatus } from '../../core/rollouts/job-status.ts';
import type { RingStatus } from '../../core/rollouts/ring-changes.ts';
import type { Queryable } from '../../db/db.ts';
import { notFound } from '../runtime/problems.ts';
import { type ChangeRequestRow, JOB_COLUMNS, RING_COLUMNS, type RolloutRow } from './rows.ts';

/**
 * Locks are taken in one order everywhere, so that two transactions can wait for each other but never in a circle (domain.md 2.9):
 * reconciler_lease, host_lock, rollout, change_request, ring, job, availability_group, engine_lock, rollout_log, audit_head. Leaving one out is fine, going back is not.
 * The rollout is locked `share` by what concerns one host, so that hosts do not wait for each other, and `update` by what concerns the whole.
 */
export async function lockHost(tx: Queryable, hostId: string): Promise<void> {
  await tx.query('insert into host_lock (host_id) values ($1) on conflict do nothing', [hostId]);
  await tx.query('select from host_lock where host_id = $1 for update', [hostId]);
}

export async function lockRollout(tx: Queryable, id: string, mode: 'update' | 'share'): Promise<RolloutRow> {
  const [row] = await tx.query<RolloutRow>(`select * from rollout where id = $1 for ${mode}`, [id]);
  if (row === undefined) throw notFound('rollout', id);
  return row;
}

export async function lockChangeRequest(tx: Queryable, id: string | null): Promise<ChangeRequestRow | null> {
  if (id === null) return null;
  const [row] = await tx.query<ChangeRequestRow>('select * from change_request where id = $1 for update', [id]);
  return row ?? null;
}

export function lockRings(tx: Queryable, rolloutId: string): Promise<RingStatus[]> {
  return tx.query<RingStatus>(`select ${RING_COLUMNS} from ring where rollout_id = $1 order by ring_index for update`, [rolloutId]);
}

export async function lockRing(tx: Queryable, id: string): Promise<RingStatus> {
  const [row] = await tx.query<RingStatus>(`select ${RING_COLUMNS} from ring where id = $1 for update`, [id]);
  invariant(row !== undefined, `ring ${id} exists`);
  return row;
}

export async function lockJob(tx: Queryable, id: string): Promise<JobStatus> {
  const [row] = await tx.query<JobStatus>(`select ${JOB_COLUMNS} from job where id = $1 for update`, [id]);
  if (row === undefined) throw notFound('job', id);
  return row;
}

export interface EngineRow {
  readonly kill_switch: boolean;
  readonly kill_switch_by: string | null;
  readonly kill_switch_reason: string | null;
  readonly concurrency_max: number;
  readonly site_label: string;
  readonly site_concurrency_max: number | null;
}

/** `update` in front of a permit: the global cap is read and taken by one transaction at a time. */
export async function readEngine(tx: Queryable, mode: 'update' | 'read'): Promise<EngineRow> {
  const [row] = await tx.query<EngineRow>(
    `select kill_switch, kill_switch_by, kill_switch_reason, concurrency_max, site_label, site_concurrency_max from engine_lock ${mode === 'update' ? 'for update' : ''}`,
  );
  invariant(row !== undefined, 'engine_lock has its row');
  return row;
}
