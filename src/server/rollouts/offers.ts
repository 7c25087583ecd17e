import { makeId } from '../../core/kernel/ids.ts';
import { addMs, HOUR_MS, type Instant, MINUTE_MS } from '../../core/kernel/instants.ts';
import { HOST_PLAN_TYPE, type HostPlan } from '../../core/rollouts/host-plan.ts';
import { JOB_ACTIVE } from '../../core/rollouts/job-states.ts';
import type { HostChange } from '../ports.ts';
import type { Engine } from './engine.ts';
import { lockHost, lockJob, lockRing, lockRollout } from './locks.ts';
import { moveJob } from './moves.ts';
import { PREPARE_MS } from './openings.ts';
import type { JobRow, RolloutRow } from './rows.ts';
import { inStep, type Step } from './step.ts';

/** Hosts prepare (simulate, download) while others are at work; the permit keeps the concurrency. Twice the slots keep them filled. */
const OFFERS_PER_SLOT = 2;
/** security.md 2.2 allows 72 hours; a day covers any window, and a plan that lay longer describes an older host. */
const PLAN_HOURS = 24;
/** The precheck accepts clocks that are five minutes off (domain.md 2.4). */
const CLOCK_SKEW_MINUTES = 5;

/** Offers jobs of the open ring up to its free places, each in a transaction of its own: hosts do not wait for each other. */
export async function offerJobs(engine: Engine, rolloutId: string): Promise<number> {
  const { db, clock } = engine.context;
  const waiting = await db.query<{ id: string; host_id: string }>(
    `select job.id, job.host_id from job
       join ring on ring.id = job.ring_id and ring.state = 'running'
       join rollout on rollout.id = job.rollout_id and rollout.state = 'running' and coalesce(rollout.window_starts_at, $3) <= $5
       cross join lateral (select count(*) as places from job other where other.ring_id = ring.id and other.state = any($2)) as taken
     where job.rollout_id = $1 and job.state = 'queued' and not job.parked and coalesce(job.not_before, $3) <= $3
       and not exists (select from job other where other.host_id = job.host_id and other.state = any($2))
       and taken.places < ring.concurrency * $4
     order by job.position limit (select greatest(0, max(concurrency) * $4) from ring where rollout_id = $1 and state = 'running')`,
    [rolloutId, JOB_ACTIVE, clock.now(), OFFERS_PER_SLOT, addMs(clock.now(), PREPARE_MS)],
  );
  let offered = 0;
  for (const job of waiting) if (await inStep(engine.context, step => offer(engine, step, rolloutId, job.id, job.host_id))) offered++;
  return offered;
}

/** Everything is asked again under the locks; what was read before was only a list of whom to ask. */
async function offer(engine: Engine, step: Step, rolloutId: string, jobId: string, hostId: string): Promise<boolean> {
  await lockHost(step.tx, hostId);
  const rollout = await lockRollout(step.tx, rolloutId, 'share');
  const job = await peekJob(step, jobId);
  const ring = await lockRing(step.tx, job.ring_id);
  const row = await lockJob(step.tx, jobId);
  if (
    rollout.state !== 'running' ||
    ring.state !== 'running' ||
    row.state !== 'queued' ||
    row.parked ||
    (row.not_before ?? step.now) > step.now
  )
    return false;
  const [taken] = await step.tx.query<{ places: number; host: number }>(
    `select (select count(*) from job where ring_id = $1 and state = any($3))::int as places, (select count(*) from job where host_id = $2 and state = any($3))::int as host`,
    [ring.id, hostId, JOB_ACTIVE],
  );
  if (taken === undefined || taken.places >= ring.concurrency * OFFERS_PER_SLOT || taken.host > 0) return false;
  await sign(engine, step, rollout, row);
  step.afterwards(() => engine.wake.wake(hostId));
  return true;
}

async function peekJob(step: Step, id: string): Promise<Pick<JobRow, 'ring_id'>> {
  const [row] = await step.tx.query<Pick<JobRow, 'ring_id'>>('select ring_id from job where id = $1', [id]);
  if (row === undefined) throw new Error(`job ${id} exists`);
  return row;
}

/** A new attempt is a new plan with the next sequence of its host: whoever still holds an older one is refused a permit (fencing). */
async function sign(engine: Engine, step: Step, rollout: RolloutRow, row: JobRow): Promise<void> {
  const { context } = engine;
  const [lock] = await step.tx.query<{ plan_sequence: number }>(
    'update host_lock set plan_sequence = plan_sequence + 1 where host_id = $1 returning plan_sequence',
    [row.host_id],
  );
  if (lock === undefined) throw new Error('the host was locked before');
  row.attempt += 1;
  row.attempts_left -= 1;
  row.retry_since ??= step.now;
  row.not_before = null;
  row.waiting_on = null;
  row.phase = null;
  row.last_heard_at = null;
  row.started_at ??= step.now;
  const plan = hostPlan(context.installation.id, makeId('plan', context.randomHex(16)), lock.plan_sequence, rollout, row, step.now);
  const envelope = context.planKeys.sign(HOST_PLAN_TYPE, plan);
  await step.tx.query(
    `insert into job_attempt (job_id, attempt, plan_id, host_sequence, envelope, offered_at, not_after) values ($1, $2, $3, $4, $5::jsonb, $6, $7)`,
    [row.id, row.attempt, plan.planId, plan.sequence, JSON.stringify(envelope), step.now, plan.notAfter],
  );
  if (row.closed_vulnerabilities.length === 0) row.closed_vulnerabilities = engine.fleet.closedBy(row.host_id, upgrades(row));
  await moveJob(step, row, 'offer', { actor: 'system', detail: { planId: plan.planId, sequence: plan.sequence, notAfter: plan.notAfter } });
}

function hostPlan(installationId: string, planId: string, sequence: number, rollout: RolloutRow, row: JobRow, now: Instant): HostPlan {
  const latest = addMs(now, PLAN_HOURS * HOUR_MS);
  const { spec } = rollout;
  return {
    version: 1,
    planId,
    policyRoot: 1,
    installationId,
    hostId: row.host_id,
    sequence,
    jobId: row.id,
    attempt: row.attempt,
    rolloutId: rollout.id,
    rolloutPlanHash: rollout.plan_hash ?? '',
    kind: rollout.kind,
    notBefore: addMs(now, -CLOCK_SKEW_MINUTES * MINUTE_MS),
    notAfter: rollout.window_ends_at !== null && rollout.window_ends_at < latest ? rollout.window_ends_at : latest,
    transaction: row.transaction,
    restart: spec.restart,
    reboot: spec.reboot,
    smokeTests: spec.smokeTests,
  };
}

function upgrades(row: JobRow): HostChange[] {
  return row.transaction.flatMap(({ name, arch, fromVersion, toVersion, action }) =>
    action === 'upgrade' && fromVersion !== null && toVersion !== null ? [{ name, arch, fromVersion, toVersion }] : [],
  );
}
