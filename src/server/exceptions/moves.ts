import type { ExceptionEvent, ExceptionState } from '../../core/findings/exceptions/states.ts';
import { EXCEPTION } from '../../core/findings/exceptions/states.ts';
import { invariant } from '../../core/kernel/faults.ts';
import type { Instant } from '../../core/kernel/instants.ts';
import { move } from '../../core/kernel/machine.ts';
import type { Queryable } from '../../db/db.ts';
import type { AuditEntry, Context } from '../context.ts';
import { type ExceptionRow, lockExceptions } from './rows.ts';

/** One transaction of this noun: the lock first, audit entries last. */
export interface ExceptionStep {
  readonly tx: Queryable;
  readonly now: Instant;
  audit(entry: AuditEntry): void;
}

/** Work may run more than once (a deadlock): it must have no effect but through the step. */
export async function inExceptionStep<T>(context: Context, work: (step: ExceptionStep) => Promise<T>): Promise<T> {
  return await context.db.transaction(async tx => {
    const entries: AuditEntry[] = [];
    await lockExceptions(tx);
    const value = await work({ tx, now: context.clock.now(), audit: entry => void entries.push(entry) });
    for (const entry of entries) await context.audit(tx, entry);
    return value;
  });
}

interface MoveOptions {
  /** Login or `system`. */
  readonly actor: string;
  readonly reason: string | null;
  readonly detail?: Readonly<Record<string, unknown>>;
}

/** The only writer of a state: the transition table, the row, its line of history and an audit entry in one transaction (S10). */
export async function moveException(step: ExceptionStep, row: ExceptionRow, event: ExceptionEvent, options: MoveOptions): Promise<void> {
  const from = row.state;
  const answer = move(EXCEPTION, from, event);
  invariant(answer.ok, `exception ${row.id}: ${event} in ${from}`);
  row.state = answer.to;
  row.state_since = step.now;
  row.state_reason = options.reason;
  await step.tx.query(
    `update exception set state = $2, state_since = $3, state_reason = $4, approvals = $5::jsonb, approved_by = $6, approved_by_id = $7, self_approved = $8,
       approved_at = $9, baseline = $10::jsonb, host_ids = $11, findings = $12::jsonb, patch = $13::jsonb, scope_hash = $14, frozen_at = $15, life_class = $16, reminded_days = $17
     where id = $1`,
    [
      row.id,
      row.state,
      row.state_since,
      row.state_reason,
      JSON.stringify(row.approvals),
      row.approved_by,
      row.approved_by_id,
      row.self_approved,
      row.approved_at,
      row.baseline === null ? null : JSON.stringify(row.baseline),
      row.host_ids,
      JSON.stringify(row.findings),
      row.patch === null ? null : JSON.stringify(row.patch),
      row.scope_hash,
      row.frozen_at,
      row.life_class,
      row.reminded_days,
    ],
  );
  await tell(step, row.id, event, from, row.state, options);
}

/** A line of the exception's own history, and the audit entry of the same. */
export async function tell(
  step: ExceptionStep,
  id: string,
  event: ExceptionEvent | 'create' | 'first-approval',
  from: ExceptionState,
  to: ExceptionState,
  { actor, reason, detail = {} }: MoveOptions,
): Promise<void> {
  await step.tx.query(
    `insert into exception_event (exception_id, sequence, at, actor, event, from_state, to_state, reason, detail)
     select $1, coalesce(max(sequence), 0) + 1, $2, $3, $4, $5, $6, $7, $8::jsonb from exception_event where exception_id = $1`,
    [id, step.now, actor, event, from, to, reason, JSON.stringify(detail)],
  );
  step.audit({ actor, action: `exception.${event}`, subject: id, detail: { from, to, reason, ...detail } });
}
