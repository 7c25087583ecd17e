import { deadlineAt } from '../../core/rollouts/machine.ts';
import { ROLLOUT, type RolloutState } from '../../core/rollouts/rollout-states.ts';
import { cancelRings } from './approval.ts';
import { voidApproval } from './drafts.ts';
import type { Engine } from './engine.ts';
import { holdLease, keepLease, type Lease } from './lease.ts';
import { lockRollout } from './locks.ts';
import { moveJobs, moveRollout } from './moves.ts';
import { offerJobs } from './offers.ts';
import { moveToNextOpening } from './openings.ts';
import { keepJobDeadlines } from './overdue.ts';
import { finishRehearsal, openRehearsals } from './planning.ts';
import { progressRings, recheckStoppedRing } from './ring-progress.ts';
import type { RolloutRow } from './rows.ts';
import { begin, beginHalt, drain } from './running.ts';
import { inStep, type Step } from './step.ts';

/**
 * Looks at what is stored and does what follows from it. It takes no input and keeps nothing between two runs, so that it can be killed between any two
 * statements and started anywhere; two that run at once wait for each other's row locks and then find the work done.
 */
export async function reconcile(engine: Engine, lease: Lease): Promise<void> {
  if (!(await holdLease(engine.context, lease))) return;
  const open = await engine.context.db.query<{ id: string; state: RolloutState }>(
    `select id, state from rollout where state in ('rehearsing', 'planned', 'awaiting-approval', 'scheduled', 'running', 'paused', 'halting') order by created_at`,
  );
  for (const rollout of open) {
    try {
      await reconcileOne(engine, lease, rollout.id, rollout.state);
    } catch (error) {
      // One rollout with a defect must not hold up the others; the same error will come again until somebody looks.
      engine.context.log.error(
        { rolloutId: rollout.id, error: error instanceof Error ? error.stack : String(error) },
        'a rollout could not be reconciled',
      );
    }
  }
}

async function reconcileOne(engine: Engine, lease: Lease, id: string, state: RolloutState): Promise<void> {
  if (state === 'running' || state === 'paused' || state === 'halting') await keepJobDeadlines(engine, id);
  await inStep(engine.context, async step => {
    if (!(await keepLease(step.tx, lease))) return;
    const row = await lockRollout(step.tx, id, 'update');
    await moveToNextOpening(step, row);
    await STATES[row.state]?.(engine, step, row);
  });
  if (state === 'running' || state === 'scheduled') await offerJobs(engine, id);
}

type Reconcile = (engine: Engine, step: Step, row: RolloutRow) => Promise<void>;

const STATES: Partial<Record<RolloutState, Reconcile>> = {
  rehearsing: async (engine, step, row) => {
    if (isOverdue(step, row) || (await openRehearsals(step, row.id)) === 0) await finishRehearsal(engine, step, row);
  },
  planned: expireWhenOverdue,
  'awaiting-approval': expireWhenOverdue,
  scheduled: async (engine, step, row) => {
    if (await approvalIsOver(step, row)) return await expire(step, row, 'the approval has run out');
    if (row.window_ends_at !== null && row.window_ends_at <= step.now) return await expire(step, row, 'the maintenance window is over');
    if (row.window_starts_at !== null && row.window_starts_at <= step.now && !(await killSwitch(step))) {
      await begin(engine, step, row, 'system', 'the maintenance window has opened');
      await progressRings(engine, step, row);
    }
  },
  running: async (engine, step, row) => {
    const over = await outOfTime(step, row);
    if (over !== null) return await haltAndDrain(engine, step, row, 'expire', over);
    await progressRings(engine, step, row);
  },
  paused: async (engine, step, row) => {
    await recheckStoppedRing(engine, step, row);
    const over = await outOfTime(step, row);
    if (over !== null) return await haltAndDrain(engine, step, row, 'expire', over);
    if (isOverdue(step, row)) await haltAndDrain(engine, step, row, 'halt', 'it was paused for too long');
  },
  halting: async (engine, step, row) => {
    // A host may hand its untouched job back while the others drain.
    await moveJobs(step, row.id, 'cancel', 'cancelled', { actor: 'system', reason: row.state_reason });
    await drain(engine, step, row);
  },
};

async function haltAndDrain(engine: Engine, step: Step, row: RolloutRow, event: 'halt' | 'expire', reason: string): Promise<void> {
  await beginHalt(engine, step, row, event, 'system', reason);
  await drain(engine, step, row);
}

function isOverdue(step: Step, row: RolloutRow): boolean {
  const deadline = deadlineAt(ROLLOUT, row.state, Date.parse(row.state_since), null);
  return deadline !== null && Date.parse(step.now) >= deadline.atMs;
}

async function expireWhenOverdue(_engine: Engine, step: Step, row: RolloutRow): Promise<void> {
  if (isOverdue(step, row))
    await expire(step, row, row.state === 'planned' ? 'nobody asked for approval in time' : 'nobody approved in time');
}

/** Before it has started: nothing is at work, so it ends at once. */
async function expire(step: Step, row: RolloutRow, reason: string): Promise<void> {
  await voidApproval(step, row, 'system', reason);
  await cancelRings(step, row, reason);
  await moveRollout(step, row, 'expire', { actor: 'system', reason });
}

async function approvalIsOver(step: Step, row: RolloutRow): Promise<boolean> {
  const [change] = await step.tx.query<{ over: boolean }>('select expires_at <= $2 as over from change_request where id = $1', [
    row.change_request_id,
    step.now,
  ]);
  return change?.over ?? true;
}

async function killSwitch(step: Step): Promise<boolean> {
  const [engine] = await step.tx.query<{ kill_switch: boolean }>('select kill_switch from engine_lock');
  return engine?.kill_switch ?? true;
}

/** A window that is over matters only while somebody still wants a permit; hosts that soak or finish are left to it. */
async function outOfTime(step: Step, row: RolloutRow): Promise<string | null> {
  const [wanting] = await step.tx.query<{ hosts: number }>(
    `select count(*)::int as hosts from job where rollout_id = $1 and (state in ('queued', 'offered', 'acknowledged', 'precheck', 'staging', 'staged'))`,
    [row.id],
  );
  const hosts = wanting?.hosts ?? 0;
  if (hosts === 0) return null;
  if (row.window_ends_at !== null && row.window_ends_at <= step.now)
    return `the maintenance window is over; ${hosts} hosts were not reached`;
  return (await approvalIsOver(step, row)) ? `the approval has run out; ${hosts} hosts were not reached` : null;
}
