import type { Instant } from '../../core/kernel/instants.ts';
import { JOB_WANTING } from '../../core/rollouts/job-states.ts';
import { type RolloutStep, stepOf } from '../../core/rollouts/rollout-changes.ts';
import type { RolloutState } from '../../core/rollouts/rollout-states.ts';
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
import { measureHealth } from './ring-health.ts';
import { progressRings, recheckStoppedRing } from './ring-progress.ts';
import type { RolloutRow } from './rows.ts';
import { begin, beginHalt, drain } from './running.ts';
import { retractedInPlan } from './safeguards.ts';
import { inStep, type Step } from './step.ts';

interface OpenRollout {
  readonly id: string;
  readonly state: RolloutState;
  readonly emergency: boolean;
  /** A ring soaks whose gate will ask for health. */
  readonly soaks: boolean;
}

/**
 * Looks at what is stored and does what follows from it. It takes no input and keeps nothing between two runs, so that it can be killed between any two
 * statements and started anywhere; two that run at once wait for each other's row locks and then find the work done. False: another replica's turn.
 */
export async function reconcile(engine: Engine, lease: Lease): Promise<boolean> {
  if (!(await holdLease(engine.context, lease))) return false;
  const open = await engine.context.db.query<OpenRollout>(
    `select id, state, coalesce(spec->>'profile', 'normal') = 'emergency' as emergency,
       exists (select from ring where rollout_id = rollout.id and state = 'soaking' and gate ? 'health') as soaks from rollout where state in ('rehearsing', 'planned', 'awaiting-approval', 'scheduled', 'running', 'paused', 'halting')
     order by emergency desc, created_at`,
  );
  for (const rollout of open) {
    try {
      await reconcileOne(engine, lease, rollout);
    } catch (error) {
      // One rollout with a defect must not hold up the others; the same error will come again until somebody looks.
      engine.context.log.error(
        { rolloutId: rollout.id, error: error instanceof Error ? error.stack : String(error) },
        'a rollout could not be reconciled',
      );
    }
  }
  return true;
}

async function reconcileOne(engine: Engine, lease: Lease, { id, state, emergency, soaks }: OpenRollout): Promise<void> {
  if (state === 'running' || state === 'paused' || state === 'halting') await keepJobDeadlines(engine, id);
  if (state === 'running' && soaks) await measureHealth(engine, id);
  await inStep(engine.context, async step => {
    if (!(await keepLease(step.tx, lease))) return;
    const row = await lockRollout(step.tx, id, 'update');
    await moveToNextOpening(step, row);
    await act(engine, step, row, stepOf(await factsOf(step, row)));
  });
  if (state === 'running' || state === 'scheduled') await offerJobs(engine, id, emergency);
}

async function factsOf(step: Step, row: RolloutRow) {
  const [known] = await step.tx.query<{ killSwitch: boolean; approvalExpiresAt: Instant | null; wanting: number }>(
    `select kill_switch as "killSwitch", (select expires_at from change_request where id = $2) as "approvalExpiresAt",
       (select count(*)::int from job where rollout_id = $1 and state = any($3)) as wanting
     from engine_lock`,
    [row.id, row.change_request_id, JOB_WANTING],
  );
  if (known === undefined) throw new Error('engine_lock has its row');
  return {
    now: step.now,
    state: row.state,
    stateSince: row.state_since,
    isEmergency: row.spec.profile === 'emergency',
    windowStartsAt: row.window_starts_at,
    windowEndsAt: row.window_ends_at,
    // Read anew every second only while its window could start it.
    retracted:
      row.state === 'scheduled' && row.window_starts_at !== null && (await retractedInPlan(step.tx, row.id, row.plan_hash)) !== null,
    openRehearsals: row.state === 'rehearsing' ? await openRehearsals(step, row.id) : 0,
    ...known,
  };
}

async function act(engine: Engine, step: Step, row: RolloutRow, next: RolloutStep): Promise<void> {
  switch (next.do) {
    case 'nothing':
      return;
    case 'make-plan':
      return await finishRehearsal(engine, step, row);
    case 'start':
      await begin(engine, step, row, 'system', 'the maintenance window has opened');
      return await progressRings(engine, step, row);
    case 'progress':
      return await progressRings(engine, step, row);
    case 'recheck':
      return await recheckStoppedRing(engine, step, row);
    case 'expire':
      // It has not started: nothing is at work, so it ends at once.
      await voidApproval(step, row, 'system', next.reason);
      await cancelRings(step, row, next.reason);
      return await moveRollout(step, row, 'expire', { actor: 'system', reason: next.reason });
    case 'halt':
      await beginHalt(engine, step, row, next.event, 'system', next.reason);
      return await drain(engine, step, row);
    case 'drain':
      // A host may hand its untouched job back while the others drain.
      await moveJobs(step, row.id, 'cancel', 'cancelled', { actor: 'system', reason: row.state_reason });
      return await drain(engine, step, row);
  }
}
