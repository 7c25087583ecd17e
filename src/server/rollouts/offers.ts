import { makeId } from '../../core/kernel/ids.ts';
import { addMs, type Instant } from '../../core/kernel/instants.ts';
import { HOST_PLAN_TYPE } from '../../core/rollouts/host-plan.ts';
import { hostPlanFor } from '../../core/rollouts/host-plan-for.ts';
import { offerJob } from '../../core/rollouts/job-changes.ts';
import { JOB_ACTIVE, JOB_PREPARING, waitsForSharedReboot } from '../../core/rollouts/job-states.ts';
import { type JobStatus, send, unchanged, withFields } from '../../core/rollouts/job-status.ts';
import { isTakenOver, mayOffer, OFFERS_PER_SLOT, PREPARE_MS } from '../../core/rollouts/offer-decision.ts';
import type { HostChange } from '../ports.ts';
import type { Engine } from './engine.ts';
import { lockHost, lockJob, lockRing, lockRollout } from './locks.ts';
import { storeJob } from './moves.ts';
import type { RolloutRow } from './rows.ts';
import { HEALTH_MINUTES } from './safety-facts.ts';
import { inStep, type Step } from './step.ts';

/** Offers jobs of the open ring up to its free places, each in a transaction of its own: hosts do not wait for each other. */
export async function offerJobs(engine: Engine, rolloutId: string, emergency: boolean): Promise<number> {
  const offered = await offerTo(engine, rolloutId, FREE_HOST);
  return emergency && (await takeOver(engine, rolloutId)) > 0 ? offered + (await offerTo(engine, rolloutId, FREE_HOST)) : offered;
}

const FREE_HOST = `not exists (select from job other where other.host_id = job.host_id and other.state = any($2) and not ${waitsForSharedReboot('other')})`;
/** Nothing but what an emergency takes the host from (isTakenOver). */
const ONLY_PREPARES = `not exists (select from job other join rollout theirs on theirs.id = other.rollout_id
    where other.host_id = job.host_id and other.state = any($2) and not ${waitsForSharedReboot('other')}
      and (other.state <> all($7) or theirs.spec->>'profile' = 'emergency'))`;

interface Candidate {
  readonly id: string;
  readonly host_id: string;
}

/** Jobs that the open ring has places for, in its order. */
async function candidates(engine: Engine, rolloutId: string, whose: string): Promise<Candidate[]> {
  const { db, clock } = engine.context;
  const now = clock.now();
  const reach = JSON.stringify(HEALTH_MINUTES);
  return await db.query<Candidate>(
    `select job.id, job.host_id from job
       join ring on ring.id = job.ring_id and ring.state = 'running'
       join rollout on rollout.id = job.rollout_id and rollout.state = 'running' and coalesce(rollout.window_starts_at, $3) <= $5
       join host on host.id = job.host_id
       join host_seen seen on seen.host_id = host.id and seen.last_seen_at > $3::timestamptz - make_interval(mins => coalesce(($6::jsonb->>host.reach)::int, 0))
     where job.rollout_id = $1 and job.state = 'queued' and not job.parked and coalesce(job.not_before, $3) <= $3 and ${whose}
     order by job.position limit (select greatest(0, coalesce(max(ring.concurrency * $4 - taken.places), 0)) from ring
       cross join lateral (select count(*) as places from job other where other.ring_id = ring.id and other.state = any($2)) as taken
       where ring.rollout_id = $1 and ring.state = 'running')`,
    [rolloutId, JOB_ACTIVE, now, OFFERS_PER_SLOT, addMs(now, PREPARE_MS), reach, ...(whose === ONLY_PREPARES ? [JOB_PREPARING] : [])],
  );
}

async function offerTo(engine: Engine, rolloutId: string, whose: string): Promise<number> {
  let offered = 0;
  for (const job of await candidates(engine, rolloutId, whose))
    if (await inStep(engine.context, step => offer(engine, step, rolloutId, job.id, job.host_id))) offered++;
  return offered;
}

/** Who has a permit is never disturbed; what was prepared is kept in the cache. Answers how many hosts it got. */
async function takeOver(engine: Engine, rolloutId: string): Promise<number> {
  const wanted = await candidates(engine, rolloutId, ONLY_PREPARES);
  if (wanted.length === 0) return 0;
  const others = await engine.context.db.query<{ id: string; host_id: string; rollout_id: string }>(
    'select id, host_id, rollout_id from job where host_id = any($1) and state = any($2)',
    [wanted.map(job => job.host_id), JOB_PREPARING],
  );
  for (const other of others)
    await inStep(engine.context, async step => {
      await lockHost(step.tx, other.host_id);
      const theirs = await lockRollout(step.tx, other.rollout_id, 'share');
      const job = await lockJob(step.tx, other.id);
      if (!isTakenOver(job.state, theirs.spec.profile ?? 'normal')) return;
      const reason = 'an emergency rollout needs the host; nothing was changed on it';
      const waits = withFields(unchanged(job), { attemptsLeft: job.attemptsLeft + 1, waitingOn: 'host-lock' });
      await storeJob(step, send(waits, 'retry', step.now, { by: 'system', reason, detail: { emergency: rolloutId } }));
    });
  return others.length;
}

/** Everything is asked again under the locks; what was read before was only a list of whom to ask. */
async function offer(engine: Engine, step: Step, rolloutId: string, jobId: string, hostId: string): Promise<boolean> {
  await lockHost(step.tx, hostId);
  const rollout = await lockRollout(step.tx, rolloutId, 'share');
  const ring = await lockRing(step.tx, await peekRing(step, jobId));
  const row = await lockJob(step.tx, jobId);
  const [taken] = await step.tx.query<{ places: number; host: number; reach: string; last_seen_at: Instant | null }>(
    `select (select count(*) from job where ring_id = $1 and state = any($3))::int as places, (select count(*) from job where host_id = $2 and state = any($3) and not ${waitsForSharedReboot('job')})::int as host,
       reach, last_seen_at from host left join host_seen on host_seen.host_id = host.id where host.id = $2`,
    [ring.id, hostId, JOB_ACTIVE],
  );
  const facts = {
    now: step.now,
    rollout: { state: rollout.state, windowStartsAt: rollout.window_starts_at },
    ring,
    job: row,
    taken: taken!.places,
    activeJobsOnHost: taken!.host,
    host: { lastSeenAt: taken!.last_seen_at, healthMinutes: HEALTH_MINUTES[taken!.reach] ?? 0 },
  };
  if (!mayOffer(facts)) return false;
  await sign(engine, step, rollout, row);
  step.afterwards(() => engine.wake.wake(hostId));
  return true;
}

async function peekRing(step: Step, jobId: string): Promise<string> {
  const [row] = await step.tx.query<{ ring_id: string }>('select ring_id from job where id = $1', [jobId]);
  if (row === undefined) throw new Error(`job ${jobId} exists`);
  return row.ring_id;
}

/** The next sequence of the host goes with the attempt; the host refuses anything at or below what it has accepted. */
async function sign(engine: Engine, step: Step, rollout: RolloutRow, waiting: JobStatus): Promise<void> {
  const { context } = engine;
  const [lock] = await step.tx.query<{ plan_sequence: number }>(
    'update host_lock set plan_sequence = plan_sequence + 1 where host_id = $1 returning plan_sequence',
    [waiting.hostId],
  );
  if (lock === undefined) throw new Error('the host was locked before');
  const planId = makeId('plan', context.randomHex(16));
  const closedVulnerabilities =
    waiting.closedVulnerabilities.length > 0 ? waiting.closedVulnerabilities : engine.fleet.closedBy(waiting.hostId, upgrades(waiting));
  const change = offerJob({ ...waiting, closedVulnerabilities }, step.now, { planId, sequence: lock.plan_sequence });
  const { spec } = rollout;
  const terms = {
    installationId: context.installation.id,
    planId,
    sequence: lock.plan_sequence,
    rolloutPlanHash: rollout.plan_hash ?? '',
    kind: rollout.kind,
    restart: spec.restart,
    reboot: spec.reboot,
    smokeTests: spec.smokeTests,
    ...((spec.hooks ?? []).length > 0 ? { hooks: spec.hooks } : {}),
    windowEndsAt: rollout.window_ends_at,
  };
  const plan = hostPlanFor(change.job, terms, step.now);
  await step.tx.query(
    `insert into job_attempt (job_id, attempt, plan_id, host_sequence, envelope, offered_at, not_after) values ($1, $2, $3, $4, $5::jsonb, $6, $7)`,
    [plan.jobId, plan.attempt, planId, plan.sequence, JSON.stringify(context.planKeys.sign(HOST_PLAN_TYPE, plan)), step.now, plan.notAfter],
  );
  await storeJob(step, change);
}

function upgrades(job: JobStatus): HostChange[] {
  return job.transaction.flatMap(({ name, arch, fromVersion, toVersion, action }) =>
    action === 'upgrade' && fromVersion !== null && toVersion !== null ? [{ name, arch, fromVersion, toVersion }] : [],
  );
}
