import { makeId } from '../../core/kernel/ids.ts';
import { addMs, MINUTE_MS } from '../../core/kernel/instants.ts';
import { APPROVAL_MINUTES, APPROVAL_VALID_MINUTES } from '../../core/rollouts/timers.ts';
import { conflict, invalid } from '../runtime/problems.ts';
import { refuseUnless, voidApproval } from './drafts.ts';
import type { Engine } from './engine.ts';
import { lockChangeRequest, lockRings, lockRollout } from './locks.ts';
import { moveChangeRequest, moveRing, moveRollout } from './moves.ts';
import type { Person } from './people.ts';
import type { ChangeRequestRow, RolloutRow } from './rows.ts';
import { inStep, type Step } from './step.ts';

/** Opens a change request for exactly this plan hash and takes it through hand-in and assessment, which the server does by itself. */
export async function requestApproval(engine: Engine, person: Person, id: string, reason: string): Promise<void> {
  await inStep(engine.context, async step => {
    const row = await lockRollout(step.tx, id, 'update');
    await refuseUnless(engine, step, person, row, 'request-approval');
    const change: ChangeRequestRow = {
      id: makeId('change', engine.context.randomHex(16)),
      rollout_id: id,
      plan_hash: row.plan_hash!,
      state: 'draft',
      state_since: step.now,
      requested_by: person.login,
      requested_by_id: person.personId,
      expires_at: addMs(step.now, APPROVAL_MINUTES * MINUTE_MS),
    };
    await step.tx.query(
      `insert into change_request (id, rollout_id, plan_hash, state, state_since, requested_by, requested_by_id, expires_at, reason, assessment)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10::jsonb)`,
      [
        change.id,
        id,
        change.plan_hash,
        change.state,
        step.now,
        person.login,
        person.personId,
        change.expires_at,
        reason,
        JSON.stringify(await assess(step, row)),
      ],
    );
    for (const event of ['submit', 'assess', 'ask'] as const)
      await moveChangeRequest(step, change, event, { actor: event === 'submit' ? person.login : 'system', reason });
    row.author_ids = [...new Set([...row.author_ids, person.personId])];
    await step.tx.query('update rollout set change_request_id = $2, author_ids = $3 where id = $1', [id, change.id, row.author_ids]);
    await moveRollout(step, row, 'request-approval', {
      actor: person.login,
      reason,
      detail: { changeRequestId: change.id, planHash: change.plan_hash },
    });
  });
}

/** What an approver would otherwise have to count: written down with the change request. */
async function assess(step: Step, row: RolloutRow): Promise<object> {
  const [counted] = await step.tx.query(
    `select count(*)::int as hosts, count(*) filter (where host->>'reversible' = 'one-way')::int as "oneWay",
       count(*) filter (where host->>'rehearsed' = 'predicted')::int as predicted, count(*) filter (where (host->>'rebootExpected')::boolean)::int as reboots
     from rollout_plan, jsonb_array_elements(report->'rings') as ring, jsonb_array_elements(ring->'hosts') as host where rollout_id = $1 and plan_hash = $2`,
    [row.id, row.plan_hash],
  );
  return counted ?? {};
}

/** The hash must be the one that the approver read: what is approved is what was seen (S7). Somebody else than any author (S8). */
export async function approve(engine: Engine, person: Person, id: string, planHash: string | undefined, reason: string): Promise<void> {
  await inStep(engine.context, async step => {
    const row = await lockRollout(step.tx, id, 'update');
    await refuseUnless(engine, step, person, row, 'approve');
    if (planHash === undefined) throw invalid('body/planHash', 'Name the plan hash that you have read.');
    if (planHash !== row.plan_hash)
      throw conflict('plan-changed', 'This is not the plan that waits for approval.', 'Read the plan again; its hash is shown with it.');
    const change = await lockChangeRequest(step.tx, row.change_request_id);
    if (change === null || change.plan_hash !== row.plan_hash || change.expires_at <= step.now)
      throw conflict('approval-expired', 'The change request has run out or names another plan.', 'Ask for approval again.');
    const selfApproved = row.author_ids.includes(person.personId);
    change.expires_at = addMs(step.now, APPROVAL_VALID_MINUTES * MINUTE_MS);
    await step.tx.query(
      'update change_request set decided_by = $2, decided_by_id = $3, decided_at = $4, self_approved = $5, expires_at = $6 where id = $1',
      [change.id, person.login, person.personId, step.now, selfApproved, change.expires_at],
    );
    await step.tx.query('update rollout set approved_by = $2, self_approved = $3 where id = $1', [id, person.login, selfApproved]);
    const detail = { changeRequestId: change.id, planHash, selfApproved };
    await moveChangeRequest(step, change, 'approve', { actor: person.login, reason, detail });
    await moveChangeRequest(step, change, 'schedule', { actor: 'system' });
    const note = selfApproved ? `self-approved: this installation has one person${reason === '' ? '' : `. ${reason}`}` : reason;
    await moveRollout(step, row, 'approve', { actor: person.login, reason: note, detail });
    step.afterwards(() => engine.poke());
  });
}

export async function reject(engine: Engine, person: Person, id: string, reason: string): Promise<void> {
  await inStep(engine.context, async step => {
    const row = await lockRollout(step.tx, id, 'update');
    await refuseUnless(engine, step, person, row, 'reject');
    const change = await lockChangeRequest(step.tx, row.change_request_id);
    if (change !== null) {
      await step.tx.query('update change_request set decided_by = $2, decided_by_id = $3, decided_at = $4 where id = $1', [
        change.id,
        person.login,
        person.personId,
        step.now,
      ]);
      await moveChangeRequest(step, change, 'reject', { actor: person.login, reason });
    }
    await cancelRings(step, row, 'rejected');
    await moveRollout(step, row, 'reject', { actor: person.login, reason });
  });
}

export async function cancel(engine: Engine, person: Person, id: string, reason: string): Promise<void> {
  await inStep(engine.context, async step => {
    const row = await lockRollout(step.tx, id, 'update');
    await refuseUnless(engine, step, person, row, 'cancel');
    await voidApproval(step, row, person.login, reason || 'the rollout was cancelled');
    await cancelRings(step, row, 'cancelled');
    await moveRollout(step, row, 'cancel', { actor: person.login, reason });
  });
}

/** For a rollout that ends before it has started: there are no jobs yet. */
export async function cancelRings(step: Step, row: RolloutRow, reason: string): Promise<void> {
  for (const ring of await lockRings(step.tx, row.id))
    if (ring.state === 'pending') await moveRing(step, ring, 'cancel', { actor: 'system', reason });
}
