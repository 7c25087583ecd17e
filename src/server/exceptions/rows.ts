import type { Approval, ExceptionStatus } from '../../core/findings/exceptions/exception.ts';
import type { ExceptionKind, Justification } from '../../core/findings/exceptions/kinds.ts';
import type { ScopeFacts } from '../../core/findings/exceptions/reopen.ts';
import type { ExceptionScope, ScopedFinding, ScopedPatch } from '../../core/findings/exceptions/scope.ts';
import { EXCEPTION_GRANTED, EXCEPTION_IN_FORCE, type ExceptionState } from '../../core/findings/exceptions/states.ts';
import type { Instant } from '../../core/kernel/instants.ts';
import type { Queryable } from '../../db/db.ts';
import type { ScopeSelection } from '../ports.ts';
import { notFound } from '../runtime/problems.ts';
import { stateIn } from '../runtime/state-in.ts';

export interface ExceptionRow {
  readonly id: string;
  readonly title: string;
  readonly kind: ExceptionKind;
  state: ExceptionState;
  state_since: Instant;
  state_reason: string | null;
  readonly reason: string;
  readonly justification: Justification | null;
  readonly controls: readonly string[];
  readonly controls_checked_at: Instant | null;
  readonly selection: ScopeSelection;
  host_ids: readonly string[];
  findings: readonly ScopedFinding[];
  patch: ScopedPatch | null;
  scope_hash: string;
  frozen_at: Instant | null;
  readonly owner_id: string;
  readonly owner: string;
  readonly requested_by: string;
  readonly requested_by_id: string;
  readonly created_at: Instant;
  approvals: readonly Approval[];
  approved_by: string | null;
  approved_by_id: string | null;
  self_approved: boolean;
  approved_at: Instant | null;
  baseline: ScopeFacts | null;
  readonly starts_at: Instant;
  readonly ends_at: Instant;
  life_class: string;
  readonly chain_id: string;
  readonly renews_id: string | null;
  readonly renewals: number;
  reminded_days: number | null;
}

/** With the row: when the first of its chain was in force. A renewal does not make a leave young. */
export interface StandingRow extends ExceptionRow {
  readonly stands_since: Instant;
}

export async function exceptionsInForce(db: Queryable): Promise<StandingRow[]> {
  return await db.query<StandingRow>(
    `select exception.*, (select min(first.starts_at) from exception first where first.chain_id = exception.chain_id and first.approved_by_id is not null) as stands_since
     from exception where ${stateIn(EXCEPTION_IN_FORCE)} order by ends_at, id`,
  );
}

export function scopeOfRow(row: Pick<ExceptionRow, 'host_ids' | 'findings' | 'patch'>): ExceptionScope {
  return { hostIds: row.host_ids, findings: row.findings, patch: row.patch };
}

export function statusOf(row: ExceptionRow, scope: ExceptionScope = scopeOfRow(row)): ExceptionStatus {
  return {
    id: row.id,
    kind: row.kind,
    state: row.state,
    stateSince: row.state_since,
    requestedById: row.requested_by_id,
    startsAt: row.starts_at,
    endsAt: row.ends_at,
    controlsCheckedAt: row.controls_checked_at,
    scope,
    baseline: row.baseline,
    approvals: row.approvals,
    renewsId: row.renews_id,
    renewals: row.renewals,
    remindedDays: row.reminded_days,
  };
}

/** Serialises every change of any exception, so that what nobody else covers is checked and taken in one step; readers see that they are out of date. */
export async function lockExceptions(tx: Queryable): Promise<void> {
  await tx.query('update exception_lock set revision = revision + 1');
}

export async function revisionOf(db: Queryable): Promise<string> {
  const [row] = await db.query<{ revision: string | number }>('select revision from exception_lock');
  return String(row?.revision ?? 0);
}

export async function exceptionById(db: Queryable, id: string, lock: '' | 'for update' = ''): Promise<ExceptionRow> {
  const [row] = await db.query<ExceptionRow>(`select * from exception where id = $1 ${lock}`, [id]);
  if (row === undefined) throw notFound('exception', id);
  return row;
}

/** Those that stand in the way of another one for the same findings. */
export async function grantedExceptions(db: Queryable): Promise<ExceptionRow[]> {
  return await db.query<ExceptionRow>(`select * from exception where ${stateIn(EXCEPTION_GRANTED)} order by id`);
}

/** One that asks to take the place of `id`; null when nobody asks. */
export async function renewalOf(db: Queryable, id: string): Promise<string | null> {
  const [row] = await db.query<{ id: string }>(
    `select id from exception where renews_id = $1 and state in ('draft', 'requested', 'under-review', 'approved')`,
    [id],
  );
  return row?.id ?? null;
}

/** An enabled person by id or login; null when there is none. */
export async function ownerBy(db: Queryable, idOrLogin: string): Promise<{ readonly id: string; readonly login: string } | null> {
  const [row] = await db.query<{ id: string; login: string }>(
    'select id, login from person where not disabled and (id = $1 or lower(login) = lower($1))',
    [idOrLogin],
  );
  return row ?? null;
}
