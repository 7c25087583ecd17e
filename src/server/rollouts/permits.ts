import { makeId } from '../../core/kernel/ids.ts';
import type { Instant } from '../../core/kernel/instants.ts';
import { PERMIT_TYPE, type Permit } from '../../core/rollouts/host-plan.ts';
import { grantPermit, hearPermitRequest } from '../../core/rollouts/job-changes.ts';
import { JOB_ACTIVE, JOB_DISRUPTING, waitsForSharedReboot } from '../../core/rollouts/job-states.ts';
import { type JobChange, type JobStatus, withFields } from '../../core/rollouts/job-status.ts';
import { answerPermit, PERMIT_USED_IN, type PermitDecision, type PermitFacts } from '../../core/rollouts/permit-decision.ts';
import { HOLDS_HOST, type OtherJobOnHost, rebootWaitsFor } from '../../core/rollouts/reboot-sharing.ts';
import type { RingStatus } from '../../core/rollouts/ring-changes.ts';
import type { PermitAnswer } from '../ports.ts';
import { notFound } from '../runtime/problems.ts';
import type { Engine } from './engine.ts';
import { type EngineRow, lockChangeRequest, lockHost, lockJob, lockRing, lockRollout, readEngine } from './locks.ts';
import { moveChangeRequest, storeJob } from './moves.ts';
import type { ChangeRequestRow, RolloutRow } from './rows.ts';
import { safeguardsFor } from './safeguards.ts';
import { freezesOver, groupsOf } from './safety-facts.ts';
import type { Scopes } from './safety-scopes.ts';
import { inStep, type Step } from './step.ts';

type SentEnvelope = NonNullable<PermitAnswer['permit']>;
type Refusal = Extract<PermitDecision, { granted: false }>;

/** What the permit is about, every row locked in the order of locks.ts (domain.md 2.9). */
interface Locked {
  readonly rollout: RolloutRow;
  readonly change: ChangeRequestRow | null;
  readonly ring: RingStatus;
  readonly job: JobStatus;
}

interface LivePermit {
  readonly id: string;
  readonly expiresAt: Instant;
  readonly envelope: SentEnvelope;
  /** The host has told of something that it does only with this permit. */
  readonly begun: boolean;
}

/** The one place where the right to disrupt is given: facts, decision, permit, state and audit entry in one transaction. */
export async function issuePermit(
  engine: Engine,
  hostId: string,
  jobId: string,
  attempt: number,
  phase: 'apply' | 'reboot',
  sharesReboot = false,
): Promise<PermitAnswer> {
  const scopes = await engine.scopes.read();
  return await inStep(engine.context, async step => {
    const locked = await lockAll(step, hostId, jobId);
    const heard = hearPermitRequest(locked.job, attempt, phase, step.now);
    const now: Locked = { ...locked, job: heard.job };
    const live = await livePermit(step, jobId, attempt, phase);
    const facts = {
      ...(await gatherFacts(step, now, attempt, phase, scopes)),
      rebootWaitsFor: sharesReboot && phase === 'reboot' ? await waitsFor(step, now) : null,
    };
    const answer = answerPermit(facts, live);
    if (answer.kind === 'no') return await refuse(step, heard, answer.refusal);
    if (answer.kind === 'same') {
      await storeJob(step, heard);
      return { permit: live!.envelope, refused: null };
    }
    if (live !== null) await step.tx.query('update permit set voided_at = $2 where id = $1', [live.id, step.now]);
    return { permit: await grant(engine, step, now, heard, facts, answer.expiresAt), refused: null };
  });
}

async function lockAll(step: Step, hostId: string, jobId: string): Promise<Locked> {
  await lockHost(step.tx, hostId);
  const [peek] = await step.tx.query<{ host_id: string; rollout_id: string; ring_id: string }>(
    'select host_id, rollout_id, ring_id from job where id = $1',
    [jobId],
  );
  // Another host's job does not exist for this host (security.md 2.6).
  if (peek === undefined || peek.host_id !== hostId) throw notFound('job', jobId);
  const rollout = await lockRollout(step.tx, peek.rollout_id, 'share');
  const change = await lockChangeRequest(step.tx, rollout.change_request_id);
  const ring = await lockRing(step.tx, peek.ring_id);
  return { rollout, change, ring, job: await lockJob(step.tx, jobId) };
}

async function livePermit(step: Step, jobId: string, attempt: number, phase: 'apply' | 'reboot'): Promise<LivePermit | null> {
  const [row] = await step.tx.query<LivePermit>(
    `select id, expires_at as "expiresAt", envelope, exists (select from job_event where job_id = $1 and attempt = $2 and phase = any($4)) as begun
     from permit where job_id = $1 and attempt = $2 and phase = $3 and voided_at is null`,
    [jobId, attempt, phase, PERMIT_USED_IN[phase]],
  );
  return row ?? null;
}

async function gatherFacts(
  step: Step,
  { rollout, change, ring, job }: Locked,
  askedAttempt: number,
  phase: 'apply' | 'reboot',
  scopes: Scopes,
): Promise<PermitFacts> {
  const freezes = await freezesOver(step.tx, job.hostId, step.now, scopes);
  const safeguards = await safeguardsFor(step.tx, job, step.now, scopes);
  const groups = await groupsOf(step.tx, job.hostId, step.now, scopes);
  const engine = await readEngine(step.tx, 'update');
  const [counted] = await step.tx.query<{
    ring: number;
    rollout: number;
    global: number;
    host: number;
    not_after: Instant | null;
    forensic: boolean;
  }>(
    // Hosts are counted: what else goes on at this one costs no second place.
    `select (select count(*) from job where ring_id = $1 and state = any($4) and host_id <> $2)::int as ring,
       (select count(*) from job where rollout_id = $7 and state = any($4) and host_id <> $2)::int as rollout,
       (select count(distinct host_id) from job where state = any($4) and host_id <> $2)::int as global,
       (select count(*) from job where host_id = $2 and state = any($5) and id <> $3 and not ${waitsForSharedReboot('job')})::int as host,
       (select not_after from job_attempt where job_id = $3 and attempt = $6) as not_after,
       (select forensic <> '{}' and forensic_cleared_by is null from job where id = $3) as forensic`,
    [ring.id, job.hostId, job.id, JOB_DISRUPTING, HOLDS_HOST[phase], job.attempt, rollout.id],
  );
  return {
    now: step.now,
    phase,
    rollout: {
      state: rollout.state,
      planHash: rollout.plan_hash,
      windowStartsAt: rollout.window_starts_at,
      windowEndsAt: rollout.window_ends_at,
      reboot: rollout.spec.reboot,
      // Rollouts from before these existed have none of them.
      profile: rollout.spec.profile ?? 'normal',
      cutoffMinutes: rollout.spec.window.cutoffMinutes ?? 0,
      concurrencyMax: rollout.spec.concurrencyMax ?? null,
    },
    change: change === null ? null : { state: change.state, planHash: change.plan_hash, expiresAt: change.expires_at },
    ring: { state: ring.state, concurrency: ring.concurrency },
    disrupting: { ring: counted?.ring ?? 0, rollout: counted?.rollout ?? 0, global: counted?.global ?? 0 },
    globalConcurrencyMax: engine.concurrency_max,
    site: await siteOf(step, job.hostId, engine),
    killSwitch: engine.kill_switch,
    freezes,
    ...safeguards,
    groups,
    job: {
      state: job.state,
      attempt: job.attempt,
      cancelRequested: job.cancelRequested,
      estimatedMinutes: job.estimatedMinutes,
      planNotAfter: counted?.not_after ?? step.now,
      forensicNeeded: counted?.forensic ?? false,
    },
    askedAttempt,
    otherActiveJobOnHost: (counted?.host ?? 0) > 0,
  };
}

/** S1 for the host's site, under the same lock as the cap over all. */
async function siteOf(step: Step, hostId: string, engine: EngineRow): Promise<PermitFacts['site']> {
  if (engine.site_concurrency_max === null) return null;
  const [own] = await step.tx.query<{ name: string | null; disrupting: number }>(
    `select labels->>$2 as name, (select count(distinct job.host_id)::int from job join host other on other.id = job.host_id
         where job.state = any($3) and job.host_id <> host.id and other.labels->>$2 = host.labels->>$2) as disrupting
     from host where id = $1`,
    [hostId, engine.site_label, JOB_DISRUPTING],
  );
  return own?.name == null ? null : { name: own.name, disrupting: own.disrupting, concurrencyMax: engine.site_concurrency_max };
}

/** Under the host's lock: nobody else decides about this host meanwhile. */
async function waitsFor(step: Step, { rollout, job }: Locked): Promise<string | null> {
  const others = await step.tx.query<OtherJobOnHost>(
    `select theirs.name as "rolloutName", job.state, job.parked, job.not_before as "notBefore", job.waiting_on as "waitingOn",
       job.estimated_minutes as "estimatedMinutes", theirs.spec->>'reboot' as reboot, theirs.state as "rolloutState", ring.state as "ringState",
       theirs.window_starts_at as "windowStartsAt", theirs.window_ends_at as "windowEndsAt"
     from job join rollout theirs on theirs.id = job.rollout_id join ring on ring.id = job.ring_id
     where job.host_id = $1 and job.id <> $2 and job.finished_at is null order by job.state_since`,
    [job.hostId, job.id],
  );
  const own = { state: job.state, since: job.stateSince, windowEndsAt: rollout.window_ends_at, profile: rollout.spec.profile ?? 'normal' };
  return rebootWaitsFor(own, others, step.now);
}

async function refuse(step: Step, heard: JobChange, refusal: Refusal): Promise<PermitAnswer> {
  const { code, text, retryAfterSeconds, final } = refusal;
  const { job } = heard;
  const isNews = job.waitingOn !== code && JOB_ACTIVE.includes(job.state);
  if (isNews) step.say(job.rolloutId, { kind: 'permit', ...lineOf(job), text: `no permit: ${text}` });
  const shared = code === 'reboot-shared' ? { sharesReboot: true } : {};
  await storeJob(step, withFields(heard, { ...(isNews ? { waitingOn: code } : {}), ...shared }));
  return { permit: null, refused: { code, text, retryAfterSeconds, final } };
}

async function grant(
  engine: Engine,
  step: Step,
  { change }: Locked,
  heard: JobChange,
  facts: PermitFacts,
  expiresAt: Instant,
): Promise<SentEnvelope> {
  const { context } = engine;
  const { job } = heard;
  const permit: Permit = {
    permitId: makeId('permit', context.randomHex(16)),
    jobId: job.id,
    attempt: job.attempt,
    hostId: job.hostId,
    phase: facts.phase,
    issuedAt: step.now,
    expiresAt,
  };
  const signed = context.planKeys.sign(PERMIT_TYPE, permit);
  const envelope: SentEnvelope = { ...signed, signatures: [...signed.signatures] };
  await step.tx.query(
    'insert into permit (id, job_id, attempt, host_id, phase, issued_at, expires_at, envelope, decided_on) values ($1, $2, $3, $4, $5, $6, $7, $8::jsonb, $9::jsonb)',
    [permit.permitId, job.id, job.attempt, job.hostId, facts.phase, step.now, expiresAt, JSON.stringify(envelope), JSON.stringify(facts)],
  );
  if (change !== null && change.state === 'scheduled')
    await moveChangeRequest(step, change, 'implement', { actor: 'system', reason: `first permit, for ${job.hostName}` });
  await storeJob(step, grantPermit(heard, facts.phase, step.now, { permitId: permit.permitId }));
  step.say(job.rolloutId, {
    kind: 'permit',
    ...lineOf(job),
    text: `permit to ${facts.phase === 'apply' ? 'change packages' : 'reboot'} until ${expiresAt}`,
  });
  step.audit({ actor: 'system', action: 'permit.issue', subject: permit.permitId, detail: { ...permit, facts } });
  return envelope;
}

function lineOf(job: JobStatus) {
  return { ringIndex: job.ringIndex, jobId: job.id, hostName: job.hostName };
}
