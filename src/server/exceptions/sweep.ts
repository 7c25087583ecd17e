import { EXCEPTION, EXCEPTION_OPEN } from '../../core/findings/exceptions/states.ts';
import { type SweepStep, sweepStep } from '../../core/findings/exceptions/sweep.ts';
import { isReplacedBy } from '../../core/findings/exceptions/verbs.ts';
import type { ScopeLook } from '../ports.ts';
import { stateIn } from '../runtime/state-in.ts';
import type { ExceptionEngine } from './engine.ts';
import { type ExceptionStep, inExceptionStep, moveException } from './moves.ts';
import { type ExceptionRow, exceptionById, ownerBy, statusOf } from './rows.ts';

/** What the clock or the fleet can still move; a draft is its writer's alone. */
const SWEPT = EXCEPTION_OPEN.filter(state => state !== EXCEPTION.initial);

/**
 * Activates, reminds, expires, reopens and resolves by the clock that was passed in. Any replica may run it, as often as it likes: what is decided is asked
 * of core again under the lock, on the row as it is then. Returns the number of steps taken.
 */
export async function sweepExceptions(engine: ExceptionEngine): Promise<number> {
  const { context, scopes } = engine;
  const rows = await context.db.query<ExceptionRow>(`select * from exception where ${stateIn(SWEPT)} order by id`);
  let taken = 0;
  for (const row of rows) {
    // What is not frozen is looked up when somebody decides; only its times matter here.
    const look = row.frozen_at === null ? null : await scopes.look(statusOf(row).scope);
    const isDue = (await dueStep(engine, row, look)) !== null;
    if (isDue) taken += await inExceptionStep(context, async step => await settle(engine, step, row.id, look));
  }
  return taken;
}

async function dueStep(
  engine: ExceptionEngine,
  row: ExceptionRow,
  look: ScopeLook | null,
  step?: ExceptionStep,
): Promise<SweepStep | null> {
  const db = step?.tx ?? engine.context.db;
  return sweepStep(statusOf(row), {
    now: step?.now ?? engine.context.clock.now(),
    // It may have been approved since it was looked at: then nothing is known of what has been frozen.
    facts: row.frozen_at === null || look === null ? null : look.facts,
    ownerExists: (await ownerBy(db, row.owner_id)) !== null,
  });
}

/** As many steps as are due: approved, active and expiring may be one moment. */
export async function settle(engine: ExceptionEngine, step: ExceptionStep, id: string, look: ScopeLook | null): Promise<number> {
  let taken = 0;
  for (;;) {
    const row = await exceptionById(step.tx, id, 'for update');
    const due = await dueStep(engine, row, look, step);
    if (due === null) return taken;
    if (due.event === 'remind') row.reminded_days = due.days;
    // A new decision is asked for: the approvals of the old one do not count.
    if (due.event === 'reopen') row.approvals = [];
    await leavePredecessor(step, row, due);
    await moveException(step, row, due.event, {
      actor: 'system',
      reason: due.reason,
      detail: { ...(due.days === null ? {} : { days: due.days }), ...(due.triggers.length === 0 ? {} : { triggers: due.triggers }) },
    });
    taken += 1;
  }
}

/** First the old one leaves, then the new one is in force: at no moment are there two. */
async function leavePredecessor(step: ExceptionStep, row: ExceptionRow, due: SweepStep): Promise<void> {
  if (due.event !== 'activate' || row.renews_id === null) return;
  const before = await exceptionById(step.tx, row.renews_id, 'for update');
  if (!isReplacedBy(statusOf(before), { ...statusOf(row), state: 'active' }, step.now)) return;
  await moveException(step, before, 'renew', {
    actor: 'system',
    reason: `${row.id} is in force in its place`,
    detail: { renewalId: row.id },
  });
}
