import { invariant } from '../../core/kernel/faults.ts';
import { makeId } from '../../core/kernel/ids.ts';
import { move } from '../../core/kernel/machine.ts';
import { JOB, JOB_ACCEPTABLE, JOB_ACTIVE, JOB_SATISFIED } from '../../core/rollouts/job-states.ts';
import type { RolloutPlan } from '../../core/rollouts/plan.ts';
import { ATTEMPTS_MAX, FRESH_ATTEMPTS } from '../../core/rollouts/retry.ts';
import type { RingStatus } from '../../core/rollouts/ring-changes.ts';
import { ending } from '../../core/rollouts/rollout-changes.ts';
import { needsOverride } from '../../core/rollouts/verbs.ts';
import { conflict, invalid } from '../runtime/problems.ts';
import { refuseUnless } from './drafts.ts';
import type { Engine } from './engine.ts';
import { lockChangeRequest, lockRings, lockRollout } from './locks.ts';
import { moveChangeRequest, moveJobs, moveRing, moveRollout } from './moves.ts';
import { setPauseReasons } from './pause-reasons.ts';
import type { Person } from './people.ts';
import { acceptRehearsals } from './rehearsals.ts';
import type { RolloutRow } from './rows.ts';
import { inStep, type Step } from './step.ts';
import { verbFacts } from './verb-facts.ts';

const BATCH = 5_000;

export async function start(engine: Engine, person: Person, id: string, reason: string): Promise<void> {
  await inStep(engine.context, async step => {
    const row = await lockRollout(step.tx, id, 'update');
    await refuseUnless(engine, step, person, row, 'start');
    await begin(engine, step, row, person.login, reason);
  });
}

/** S7 is asked again at this moment: an approval in force that names this plan. */
export async function begin(engine: Engine, step: Step, row: RolloutRow, actor: string, reason: string | null): Promise<void> {
  const change = await lockChangeRequest(step.tx, row.change_request_id);
  if (change === null || change.state !== 'scheduled' || change.plan_hash !== row.plan_hash || change.expires_at <= step.now)
    throw conflict('approval-void', 'The approval does not name this plan, or has run out.', 'Ask for approval again.');
  if (row.window_ends_at !== null && row.window_ends_at <= step.now)
    throw conflict('window-over', 'The maintenance window is over.', 'Edit the rollout and choose another window.');
  const rings = await lockRings(step.tx, row.id);
  await makeJobs(engine, step, row, rings);
  row.started_at = step.now;
  await step.tx.query('update rollout set started_at = $2, pause_reasons = $3::jsonb where id = $1', [row.id, step.now, '[]']);
  await moveRollout(step, row, 'start', { actor, reason, detail: { planHash: row.plan_hash } });
  step.afterwards(() => engine.poke());
}

/** The population is frozen here: one job per host of the approved plan, no other ever (S12, S13). */
async function makeJobs({ context }: Engine, step: Step, row: RolloutRow, rings: readonly RingStatus[]): Promise<void> {
  const [stored] = await step.tx.query<{ plan: string }>('select plan from rollout_plan where rollout_id = $1 and plan_hash = $2', [
    row.id,
    row.plan_hash,
  ]);
  invariant(stored !== undefined, `plan ${row.plan_hash} is stored`);
  const plan = JSON.parse(stored.plan) as RolloutPlan;
  const transactions = plan.transactions.map(items => JSON.stringify(items));
  const evidence = await evidenceAsked(step, row);
  for (const [index, ring] of plan.rings.entries()) {
    const ringRow = rings[index];
    invariant(ringRow !== undefined && ringRow.name === ring.name, `ring ${ring.name} is stored`);
    for (let from = 0; from < ring.hosts.length; from += BATCH) {
      const batch = ring.hosts.slice(from, from + BATCH);
      await step.tx.query(
        `insert into job (id, rollout_id, ring_id, ring_index, position, host_id, host_name, state, state_since, attempts_left, estimated_minutes, transaction, forensic)
         select id, $1, $2, $3, $4 + number - 1, host_id, host_name, 'queued', $5, $6, minutes, transaction::jsonb, string_to_array(forensic, ',')
         from unnest($7::text[], $8::text[], $9::text[], $10::int[], $11::text[], $12::text[]) with ordinality as planned (id, host_id, host_name, minutes, transaction, forensic, number)`,
        [
          row.id,
          ringRow.id,
          index,
          from,
          step.now,
          ATTEMPTS_MAX,
          batch.map(() => makeId('job', context.randomHex(16))),
          batch.map(host => host.hostId),
          batch.map(host => host.hostName),
          batch.map(host => host.estimatedMinutes),
          batch.map(host => transactions[host.transaction]!),
          batch.map(host => (host.forensic === true ? (evidence.get(host.hostId) ?? ['unnamed']).join(',') : '')),
        ],
      );
    }
  }
}

/** Vulnerabilities by host that the plan says need evidence first; the plan itself holds only that they do. */
async function evidenceAsked(step: Step, row: RolloutRow): Promise<Map<string, string[]>> {
  const rows = await step.tx.query<{ host_id: string; forensic: string[] }>(
    `select host->>'hostId' as host_id, array(select jsonb_array_elements_text(host->'forensic')) as forensic
     from rollout_plan, jsonb_array_elements(report->'rings') as ring, jsonb_array_elements(ring->'hosts') as host
     where rollout_id = $1 and plan_hash = $2 and jsonb_array_length(coalesce(host->'forensic', '[]')) > 0`,
    [row.id, row.plan_hash],
  );
  return new Map(rows.map(one => [one.host_id, one.forensic]));
}

export async function pause(engine: Engine, person: Person, id: string, reason: string): Promise<void> {
  await inStep(engine.context, async step => {
    const row = await lockRollout(step.tx, id, 'update');
    await refuseUnless(engine, step, person, row, 'pause');
    const text = `paused by ${person.login}${reason === '' ? '' : `: ${reason}`}`;
    await setPauseReasons(step, row, [{ code: 'person', text }]);
    await moveRollout(step, row, 'pause', { actor: person.login, reason: text });
  });
}

/**
 * The same ring goes on; none is skipped. Hosts that wait for infrastructure get fresh attempts. Where a gate said no, or nothing is left to try, going on
 * is an override: a second person, with a reason, recorded as a gate evaluation, and the failures so far are accepted.
 */
export async function resume(engine: Engine, person: Person, id: string, reason: string): Promise<void> {
  await inStep(engine.context, async step => {
    const row = await lockRollout(step.tx, id, 'update');
    await refuseUnless(engine, step, person, row, 'resume');
    const override = needsOverride(await verbFacts(step.tx, step.now, row));
    if (override && reason.trim() === '') throw invalid('body/reason', 'Overriding a gate needs a reason.');
    const rings = await lockRings(step.tx, id);
    const stopped = rings.find(ring => ring.state === 'failed' || ring.state === 'gate-pending');
    if (stopped !== undefined) {
      if (override) await acceptFailures(step, stopped, person, reason);
      const { parked, waitingOn, notBefore, retrySince, attemptsLeft } = FRESH_ATTEMPTS;
      await step.tx.query(
        'update job set parked = $2, waiting_on = $3, not_before = $4, retry_since = $5, attempts_left = $6 where ring_id = $1 and parked',
        [stopped.id, parked, waitingOn, notBefore, retrySince, attemptsLeft],
      );
      await moveRing(step, stopped, 'reopen', { actor: person.login, reason, detail: { override } });
    } else if (override) await acceptRehearsals(step, row, person, reason);
    await setPauseReasons(step, row, []);
    await moveRollout(step, row, 'resume', { actor: person.login, reason: reason === '' ? null : reason, detail: { override } });
    step.afterwards(() => engine.poke());
  });
}

async function acceptFailures(step: Step, ring: RingStatus, person: Person, reason: string): Promise<void> {
  const accepted = await step.tx.query<{ host_name: string }>(
    'update job set failure_accepted_by = $2 where ring_id = $1 and failure_accepted_by is null and state = any($3) returning host_name',
    [ring.id, person.login, JOB_ACCEPTABLE],
  );
  await step.tx.query('update ring set overridden_by = $2 where id = $1', [ring.id, person.login]);
  const names = accepted.map(job => job.host_name).sort();
  await step.tx.query(
    `insert into gate_evaluation (rollout_id, ring_id, at, verdict, inputs, thresholds, statement, reasons, decided_by, override_reason)
     values ($1, $2, $3, 'pass', $4::jsonb, $5::jsonb, $6, $7::jsonb, $8, $9)`,
    [
      ring.rolloutId,
      ring.id,
      step.now,
      JSON.stringify({ accepted: names.length }),
      JSON.stringify(ring.gate),
      `overridden by ${person.login}: ${reason}`,
      JSON.stringify(names.map(name => `${name} is accepted as failed`)),
      person.login,
      reason,
    ],
  );
  step.say(ring.rolloutId, {
    kind: 'gate',
    ringIndex: ring.ringIndex,
    text: `ring ${ring.name}: gate overridden by ${person.login}: ${reason}`,
  });
  step.audit({
    actor: person.login,
    action: 'gate.override',
    subject: ring.id,
    detail: { rolloutId: ring.rolloutId, ring: ring.name, reason, accepted: names },
  });
}

export async function halt(engine: Engine, person: Person, id: string, reason: string): Promise<void> {
  await inStep(engine.context, async step => {
    const row = await lockRollout(step.tx, id, 'update');
    await refuseUnless(engine, step, person, row, 'halt');
    await beginHalt(engine, step, row, 'halt', person.login, `halted by ${person.login}${reason === '' ? '' : `: ${reason}`}`);
    await drain(engine, step, row);
  });
}

const HALT_OUTCOMES = { halt: 'halted', expire: 'expired', supersede: 'superseded' } as const;

/** Jobs before the point of no return end here; the others are asked to stop where it is safe, and are waited for. */
export async function beginHalt(
  engine: Engine,
  step: Step,
  row: RolloutRow,
  event: keyof typeof HALT_OUTCOMES,
  actor: string,
  reason: string,
): Promise<void> {
  const change = await lockChangeRequest(step.tx, row.change_request_id);
  row.halt_outcome = HALT_OUTCOMES[event];
  await step.tx.query('update rollout set halt_outcome = $2 where id = $1', [row.id, row.halt_outcome]);
  await moveRollout(step, row, event, { actor, reason });
  const jobEvent = event === 'supersede' ? 'supersede' : 'cancel';
  const cancelled = await moveJobs(step, row.id, jobEvent, jobEvent === 'supersede' ? 'superseded' : 'cancelled', { actor, reason });
  const draining = await step.tx.query<{ host_id: string }>(
    'update job set cancel_requested = true where rollout_id = $1 and state = any($2) returning host_id',
    [row.id, JOB_ACTIVE],
  );
  invariant(move(JOB, 'queued', jobEvent).ok, 'waiting jobs can be stopped');
  if (change !== null && change.state === 'scheduled') await moveChangeRequest(step, change, 'begin-review', { actor: 'system', reason });
  step.afterwards(() => {
    for (const job of [...cancelled.filter(one => one.attempt > 0), ...draining]) engine.wake.wake(job.host_id);
    engine.poke();
  });
}

/** Ends a halt once nothing is at work any more. */
export async function drain(engine: Engine, step: Step, row: RolloutRow): Promise<void> {
  const [left] = await step.tx.query<{ active: number }>(
    'select count(*)::int as active from job where rollout_id = $1 and state = any($2)',
    [row.id, JOB_ACTIVE],
  );
  if ((left?.active ?? 0) > 0) return;
  await closeChangeRequest(step, row, 'unsuccessful');
  for (const ring of await lockRings(step.tx, row.id))
    if (!['failed', 'passed', 'skipped', 'cancelled'].includes(ring.state)) await moveRing(step, ring, 'cancel', { actor: 'system' });
  const outcome = row.halt_outcome;
  invariant(outcome !== null, 'a halt knows what it ends in');
  await moveRollout(step, row, `drained-${outcome}`, { actor: 'system', reason: row.state_reason });
  step.afterwards(() => engine.poke());
}

/** All rings are through. */
export async function complete(engine: Engine, step: Step, row: RolloutRow): Promise<void> {
  const [counted] = await step.tx.query<{ jobs: number; satisfied: number; failed: number }>(
    `select count(*)::int as jobs, count(*) filter (where state = any($2))::int as satisfied,
       count(*) filter (where state in ('failed', 'verify-failed', 'timed-out'))::int as failed from job where rollout_id = $1`,
    [row.id, JOB_SATISFIED],
  );
  const end = ending(counted?.jobs ?? 0, counted?.satisfied ?? 0);
  await closeChangeRequest(step, row, end.event === 'complete' ? 'successful' : 'successful-with-issues');
  await moveRollout(step, row, end.event, { actor: 'system', reason: end.reason });
  step.afterwards(() => engine.poke());
}

async function closeChangeRequest(
  step: Step,
  row: RolloutRow,
  outcome: 'successful' | 'successful-with-issues' | 'unsuccessful',
): Promise<void> {
  const change = await lockChangeRequest(step.tx, row.change_request_id);
  if (change === null) return;
  if (change.state === 'scheduled' || change.state === 'implementing')
    await moveChangeRequest(step, change, 'begin-review', { actor: 'system' });
  if (change.state !== 'review') return;
  await step.tx.query('update change_request set outcome = $2 where id = $1', [change.id, outcome]);
  await moveChangeRequest(step, change, 'close', { actor: 'system', reason: outcome, detail: { outcome } });
}
