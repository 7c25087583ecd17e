import type { Instant } from '../../core/kernel/instants.ts';
import { FAILURE_CLASSES, isFailureClass } from '../../core/rollouts/failure-classes.ts';
import type { GateDecision } from '../../core/rollouts/gate.ts';
import type { JobStatus } from '../../core/rollouts/job-status.ts';
import { inheritFrom, progressRing, type RingChange, type RingStatus } from '../../core/rollouts/ring-changes.ts';
import type { Engine } from './engine.ts';
import { lockRings } from './locks.ts';
import { moveJobs, moveRollout, storeRing } from './moves.ts';
import { setPauseReasons } from './pause-reasons.ts';
import { firstRingMayOpen } from './rehearsals.ts';
import { ringCounts } from './ring-counts.ts';
import { healthOf } from './ring-health.ts';
import type { PauseReason, RolloutRow } from './rows.ts';
import { complete } from './running.ts';
import type { Step } from './step.ts';

const SYSTEM = { actor: 'system' } as const;

/** Moves the rings of a running rollout as far as the stored facts allow. Doing it twice does nothing the second time. */
export async function progressRings(engine: Engine, step: Step, row: RolloutRow): Promise<void> {
  let skipped: RingStatus | null = null;
  let isFirst = true;
  for (const stored of await lockRings(step.tx, row.id)) {
    isFirst &&= stored.state !== 'passed';
    if (stored.state === 'passed' || stored.state === 'skipped') continue;
    // Written before anybody waits: the next pass no longer sees that a ring has just been skipped.
    const ring: RingStatus = skipped === null ? stored : await inherit(step, skipped, stored);
    if (isFirst && stored.state === 'pending' && !(await firstRingMayOpen(engine, step, row, ring))) return;
    const change = await progress(step, ring);
    await settleGate(engine, step, row, change);
    if (change.ring.state !== 'passed' && change.ring.state !== 'skipped') return;
    skipped = change.ring.state === 'skipped' ? change.ring : null;
    isFirst &&= skipped !== null;
  }
  await complete(engine, step, row);
}

/** While paused only one thing can still happen: that a host in flight says what the gate could not tell. */
export async function recheckStoppedRing(engine: Engine, step: Step, row: RolloutRow): Promise<void> {
  const ring = (await lockRings(step.tx, row.id)).find(one => one.state === 'gate-pending');
  if (ring !== undefined) await settleGate(engine, step, row, await progress(step, ring));
}

async function progress(step: Step, ring: RingStatus): Promise<RingChange> {
  const counts = await ringCounts(step.tx, ring.id);
  const [last] = await step.tx.query<{ at: Instant | null; overridden: boolean }>(
    `select (select max(finished_at) from job where ring_id = $1 and state = 'succeeded') as at, overridden_by is not null as overridden from ring where id = $1`,
    [ring.id],
  );
  const overridden = last?.overridden ?? false;
  const health = await healthOf(step.tx, ring, overridden);
  // What a person has accepted is not asked again; failures that come later are.
  const asked = overridden ? { ring: withoutProof(ring), counts: { ...counts, skipped: 0 } } : { ring, counts };
  const moved = progressRing(asked.ring, asked.counts, last?.at ?? null, await examples(step, ring), step.now, health);
  const change = { ...moved, ring: { ...moved.ring, gate: ring.gate } };
  if (change.moves.length > 0) await storeRing(step, change, SYSTEM);
  return change;
}

function withoutProof(ring: RingStatus): RingStatus {
  const { proof: _, ...gate } = ring.gate;
  return { ...ring, gate };
}

/** What a gate's answer means for the rollout. */
async function settleGate(engine: Engine, step: Step, row: RolloutRow, { ring, gate }: RingChange): Promise<void> {
  if (gate === null) return;
  await recordGate(step, ring, gate);
  step.afterwards(() => engine.poke());
  if (ring.state === 'skipped') return;
  if (ring.state === 'passed') {
    if (await moveToCatchUp(step, ring)) return;
    await moveJobs(step, row.id, 'give-up', 'unreachable', {
      ...SYSTEM,
      reason: `ring ${ring.name} has passed without it`,
      ringId: ring.id,
    });
    return;
  }
  const reason: PauseReason = { code: gate.verdict === 'fail' ? 'gate-failed' : 'gate-inconclusive', text: ring.stateReason ?? '' };
  await setPauseReasons(step, row, [...row.pause_reasons.filter(one => one.code !== 'gate-inconclusive'), reason]);
  if (row.state === 'running') return await moveRollout(step, row, 'gate-stopped', { ...SYSTEM, reason: reason.text });
  row.state_reason = reason.text;
  await step.tx.query('update rollout set state_reason = $2 where id = $1', [row.id, reason.text]);
}

/** Whoever was not reached waits for the ring that comes last, where the plan has one. The jobs stay as they are (S12). */
async function moveToCatchUp(step: Step, from: RingStatus): Promise<boolean> {
  const [to] = await step.tx.query<{ id: string; ring_index: number }>(
    'select id, ring_index from ring where rollout_id = $1 and catch_up and id <> $2',
    [from.rolloutId, from.id],
  );
  if (to === undefined) return false;
  const moved = await step.tx.query<{ id: string; host_name: string }>(
    `update job set ring_id = $2, ring_index = $3 where ring_id = $1 and state = 'queued' returning id, host_name`,
    [from.id, to.id, to.ring_index],
  );
  if (moved.length === 0) return true;
  await step.tx.query('update ring set hosts = hosts + case id when $2 then $3::int else -$3::int end where id in ($1, $2)', [
    from.id,
    to.id,
    moved.length,
  ]);
  const names = moved.map(job => job.host_name).sort();
  const text = `ring ${from.name} has passed without ${names.slice(0, 5).join(', ')}${names.length > 5 ? ', ...' : ''}: tried again at the end`;
  step.say(from.rolloutId, { kind: 'ring', ringIndex: from.ringIndex, text });
  step.audit({
    actor: 'system',
    action: 'ring.catch-up',
    subject: from.id,
    detail: { rolloutId: from.rolloutId, jobs: moved.map(job => job.id).sort(), into: to.id },
  });
  return true;
}

/** Immutable: inputs, thresholds, verdict and the words, for the approver of the next ring and the auditor. */
async function recordGate(step: Step, ring: RingStatus, decision: GateDecision): Promise<void> {
  await step.tx.query(
    `insert into gate_evaluation (rollout_id, ring_id, at, verdict, inputs, thresholds, statement, reasons, metrics, decided_by)
     values ($1, $2, $3, $4, $5::jsonb, $6::jsonb, $7, $8::jsonb, $9::jsonb, 'system')`,
    [
      ring.rolloutId,
      ring.id,
      step.now,
      decision.verdict,
      JSON.stringify(decision.inputs),
      JSON.stringify(ring.gate),
      decision.statement,
      JSON.stringify(decision.reasons),
      JSON.stringify(decision.metrics),
    ],
  );
  const why = decision.reasons.length === 0 ? '' : ` (${decision.reasons.join('; ')})`;
  step.say(ring.rolloutId, {
    kind: 'gate',
    ringIndex: ring.ringIndex,
    text: `ring ${ring.name}: ${decision.verdict}: ${decision.statement}${why}`,
  });
  step.audit({
    actor: 'system',
    action: 'gate.evaluate',
    subject: ring.id,
    detail: { rolloutId: ring.rolloutId, ring: ring.name, ...decision },
  });
}

async function inherit(step: Step, skipped: RingStatus, next: RingStatus): Promise<RingStatus> {
  const heir = inheritFrom(skipped, next);
  await step.tx.query('update ring set soak_minutes = $2, gate = $3::jsonb where id = $1', [
    heir.id,
    heir.soakMinutes,
    JSON.stringify(heir.gate),
  ]);
  return heir;
}

/** Three hosts that say what went wrong; the rest is in the list of jobs. */
async function examples(step: Step, ring: RingStatus): Promise<string> {
  const jobs = await step.tx.query<Pick<JobStatus, 'hostName' | 'failureClass' | 'failure'>>(
    `select host_name as "hostName", failure_class as "failureClass", failure from job
     where ring_id = $1 and (parked or state in ('failed', 'verify-failed', 'timed-out')) and failure_accepted_by is null order by state_since, position limit 3`,
    [ring.id],
  );
  return jobs
    .map(job => `; ${job.hostName}: ${titleOf(job.failureClass)}${job.failure === null ? '' : ` (${oneLine(job.failure)})`}`)
    .join('');
}

function titleOf(failureClass: string | null): string {
  return failureClass !== null && isFailureClass(failureClass) ? FAILURE_CLASSES[failureClass].title : 'failed';
}

function oneLine(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length <= 200 ? line : `${line.slice(0, 199)}…`;
}
