import { addMs, MINUTE_MS } from '../../core/kernel/instants.ts';
import { FAILURE_CLASSES, isFailureClass } from '../../core/rollouts/failure-classes.ts';
import { evaluateGate, type GateDecision, isTripped, type RingCounts } from '../../core/rollouts/gate.ts';
import { deadlineAt } from '../../core/rollouts/machine.ts';
import { RING } from '../../core/rollouts/ring-states.ts';
import type { Engine } from './engine.ts';
import { lockRings } from './locks.ts';
import { moveJobs, moveRing, moveRollout } from './moves.ts';
import { ringCounts } from './ring-counts.ts';
import type { JobRow, RingRow, RolloutRow } from './rows.ts';
import { complete, setPauseReasons } from './running.ts';
import type { Step } from './step.ts';

const SYSTEM = { actor: 'system' } as const;

/** Moves the rings of a running rollout as far as the stored facts allow. Doing it twice does nothing the second time. */
export async function progressRings(engine: Engine, step: Step, row: RolloutRow): Promise<void> {
  const rings = await lockRings(step.tx, row.id);
  for (const ring of rings) {
    if (ring.state === 'pending') await moveRing(step, ring, 'open', SYSTEM);
    if (ring.state === 'eligible') await moveRing(step, ring, 'begin', SYSTEM);
    await progressRing(engine, step, row, ring);
    if (ring.state !== 'passed' && ring.state !== 'skipped') return;
  }
  await complete(engine, step, row);
}

async function progressRing(engine: Engine, step: Step, row: RolloutRow, ring: RingRow): Promise<void> {
  if (ring.state === 'passed' || ring.state === 'skipped') return;
  const counts = await ringCounts(step.tx, ring.id);
  if (ring.state === 'running') await settle(step, ring, counts);
  if (ring.state === 'soaking') await soak(step, ring, counts);
  if (ring.state === 'evaluating') await decide(engine, step, row, ring, counts);
}

async function settle(step: Step, ring: RingRow, counts: RingCounts): Promise<void> {
  if (isTripped(counts, ring.gate)) return await moveRing(step, ring, 'trip', { ...SYSTEM, reason: tripReason(counts) });
  if (counts.active === 0 && counts.waiting === 0) {
    const [last] = await step.tx.query<{ at: string | null }>(
      `select max(finished_at) as at from job where ring_id = $1 and state = 'succeeded'`,
      [ring.id],
    );
    ring.last_success_at = last?.at ?? null;
    ring.soak_ends_at = ring.last_success_at === null ? step.now : addMs(ring.last_success_at, ring.soak_minutes * MINUTE_MS);
    return await moveRing(step, ring, 'settle', { ...SYSTEM, reason: ring.soak_minutes > 0 ? `soaks until ${ring.soak_ends_at}` : null });
  }
  const deadline = deadlineAt(RING, ring.state, Date.parse(ring.state_since), null);
  if (deadline !== null && Date.parse(step.now) >= deadline.atMs)
    await moveRing(step, ring, 'incomplete', {
      ...SYSTEM,
      reason: `${counts.waiting + counts.active} hosts have no answer after ${RING.states.running.deadline!.minutes / 60} hours`,
    });
}

function tripReason(counts: RingCounts): string {
  if (counts.failed > 0) return `${counts.failed} failed`;
  return counts.infrastructure > 0 ? 'infrastructure' : 'hosts are not ready';
}

async function soak(step: Step, ring: RingRow, counts: RingCounts): Promise<void> {
  if (isTripped(counts, ring.gate)) return await moveRing(step, ring, 'trip', { ...SYSTEM, reason: tripReason(counts) });
  if (ring.soak_ends_at !== null && step.now >= ring.soak_ends_at) await moveRing(step, ring, 'evaluate', SYSTEM);
}

async function decide(engine: Engine, step: Step, row: RolloutRow, ring: RingRow, counts: RingCounts): Promise<void> {
  const decision = evaluateGate(counts, ring.gate);
  await recordGate(step, ring, decision);
  if (decision.verdict === 'pass') {
    if (decision.nothingAttempted) {
      await passOnSoak(step, ring);
      return await moveRing(step, ring, 'skip', { ...SYSTEM, reason: decision.statement });
    }
    await moveJobs(step, row.id, 'give-up', 'unreachable', {
      ...SYSTEM,
      reason: `ring ${ring.name} has passed without it`,
      ringId: ring.id,
    });
    return await moveRing(step, ring, 'pass', { ...SYSTEM, reason: decision.statement });
  }
  const reason = `ring ${ring.name}: ${decision.reasons.join('; ')}${await examples(step, ring)}`;
  await moveRing(step, ring, decision.verdict === 'fail' ? 'fail' : 'unsure', { ...SYSTEM, reason });
  await setPauseReasons(step, row, [
    ...row.pause_reasons,
    { code: decision.verdict === 'fail' ? 'gate-failed' : 'gate-inconclusive', text: reason },
  ]);
  if (row.state === 'running') await moveRollout(step, row, 'gate-stopped', { ...SYSTEM, reason });
  step.afterwards(() => engine.poke());
}

/** A late result can turn a gate that could not tell into one that says no: hosts that were in flight when the ring was stopped. */
export async function recheckStoppedRing(engine: Engine, step: Step, row: RolloutRow): Promise<void> {
  const ring = (await lockRings(step.tx, row.id)).find(one => one.state === 'gate-pending');
  if (ring === undefined) return;
  const counts = await ringCounts(step.tx, ring.id);
  const decision = evaluateGate(counts, ring.gate);
  if (decision.verdict !== 'fail') return;
  await recordGate(step, ring, decision);
  const reason = `ring ${ring.name}: ${decision.reasons.join('; ')}${await examples(step, ring)}`;
  await moveRing(step, ring, 'fail', { ...SYSTEM, reason });
  row.state_reason = reason;
  await step.tx.query('update rollout set state_reason = $2 where id = $1', [row.id, reason]);
  await setPauseReasons(step, row, [
    ...row.pause_reasons.filter(one => one.code !== 'gate-inconclusive'),
    { code: 'gate-failed', text: reason },
  ]);
  step.afterwards(() => engine.poke());
}

/** Immutable: inputs, thresholds, verdict and the words, for the approver of the next ring and the auditor. */
async function recordGate(step: Step, ring: RingRow, decision: GateDecision): Promise<void> {
  await step.tx.query(
    `insert into gate_evaluation (rollout_id, ring_id, at, verdict, inputs, thresholds, statement, reasons, decided_by)
     values ($1, $2, $3, $4, $5::jsonb, $6::jsonb, $7, $8::jsonb, 'system')`,
    [
      ring.rollout_id,
      ring.id,
      step.now,
      decision.verdict,
      JSON.stringify(decision.inputs),
      JSON.stringify(ring.gate),
      decision.statement,
      JSON.stringify(decision.reasons),
    ],
  );
  const why = decision.reasons.length === 0 ? '' : ` (${decision.reasons.join('; ')})`;
  step.say(ring.rollout_id, {
    kind: 'gate',
    ringIndex: ring.ring_index,
    text: `ring ${ring.name}: ${decision.verdict}: ${decision.statement}${why}`,
  });
  step.audit({
    actor: 'system',
    action: 'gate.evaluate',
    subject: ring.id,
    detail: { rolloutId: ring.rollout_id, ring: ring.name, ...decision },
  });
}

/** domain.md 2.3: a ring that proves nothing hands its soak to the next, which is the canary now. */
async function passOnSoak(step: Step, ring: RingRow): Promise<void> {
  await step.tx.query(
    `update ring set soak_minutes = greatest(soak_minutes, $3), gate = $4::jsonb where rollout_id = $1 and ring_index = $2 and state = 'pending'`,
    [ring.rollout_id, ring.ring_index + 1, ring.soak_minutes, JSON.stringify(ring.gate)],
  );
}

/** Three hosts that say what went wrong; the rest is in the list of jobs. */
async function examples(step: Step, ring: RingRow): Promise<string> {
  const jobs = await step.tx.query<Pick<JobRow, 'host_name' | 'failure_class' | 'failure'>>(
    `select host_name, failure_class, failure from job
     where ring_id = $1 and (parked or state in ('failed', 'verify-failed', 'timed-out')) and failure_accepted_by is null order by state_since, position limit 3`,
    [ring.id],
  );
  return jobs
    .map(
      job =>
        `; ${job.host_name}: ${job.failure_class !== null && isFailureClass(job.failure_class) ? FAILURE_CLASSES[job.failure_class].title : 'failed'}${job.failure === null ? '' : ` (${oneLine(job.failure)})`}`,
    )
    .join('');
}

function oneLine(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length <= 200 ? line : `${line.slice(0, 199)}…`;
}
