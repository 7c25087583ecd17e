import { makeId } from '../../core/kernel/ids.ts';
import type { Instant } from '../../core/kernel/instants.ts';
import { PERMIT_TYPE, type Permit } from '../../core/rollouts/host-plan.ts';
import { isPreparing, JOB_ACTIVE, JOB_DISRUPTING } from '../../core/rollouts/job-states.ts';
import { decidePermit, type PermitFacts } from '../../core/rollouts/permit-decision.ts';
import type { PermitAnswer } from '../ports.ts';
import { notFound } from '../runtime/problems.ts';
import type { Engine } from './engine.ts';
import { lockChangeRequest, lockHost, lockJob, lockRing, lockRollout, readEngine } from './locks.ts';
import { moveChangeRequest, moveJob, saveJob } from './moves.ts';
import type { ChangeRequestRow, JobRow, RingRow, RolloutRow } from './rows.ts';
import { freezesOver, groupsOf } from './safety-facts.ts';
import type { Scopes } from './safety-scopes.ts';
import { inStep, type Step } from './step.ts';

type SentEnvelope = NonNullable<PermitAnswer['permit']>;

/** What the permit is about, every row locked in the order of locks.ts (domain.md 2.9). */
interface Locked {
  readonly rollout: RolloutRow;
  readonly change: ChangeRequestRow | null;
  readonly ring: RingRow;
  readonly job: JobRow;
}

/**
 * The one place where the right to disrupt is given: facts, decision, permit, state and audit entry in one transaction. A host that asks again because
 * the answer was lost gets the same permit while it is valid; one that asks after it ran out says that it has not begun, and is decided anew.
 */
export async function issuePermit(
  engine: Engine,
  hostId: string,
  jobId: string,
  attempt: number,
  phase: 'apply' | 'reboot',
): Promise<PermitAnswer> {
  const scopes = await engine.scopes.read();
  return await inStep(engine.context, async step => {
    const locked = await lockAll(step, hostId, jobId);
    const { job } = locked;
    job.last_heard_at = step.now;
    await reachThePoint(step, job, attempt, phase);
    const live = attempt === job.attempt ? await livePermit(step, jobId, attempt, phase) : null;
    if (live !== null && live.expires_at > step.now && !stopped(locked)) {
      await saveJob(step, job);
      return { permit: live.envelope, refused: null };
    }
    const facts = await gatherFacts(step, locked, attempt, phase, scopes);
    if (live !== null && (await hasBegun(step, jobId, attempt, phase)))
      return await refuse(step, job, {
        code: 'wrong-state',
        text: 'The permit for this has been used.',
        retryAfterSeconds: 60,
        final: true,
      });
    const decision = decidePermit(facts);
    if (!decision.granted) return await refuse(step, job, decision);
    if (live !== null) await step.tx.query('update permit set voided_at = $2 where id = $1', [live.id, step.now]);
    const envelope = await grant(engine, step, locked, facts, decision.expiresAt);
    return { permit: envelope, refused: null };
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

/** Asking is itself the sign that the host is ready, whatever of its events got lost on the way. */
async function reachThePoint(step: Step, job: JobRow, attempt: number, phase: 'apply' | 'reboot'): Promise<void> {
  if (attempt !== job.attempt) return;
  const actor = `host:${job.host_id}`;
  if (phase === 'apply' && isPreparing(job.state) && job.state !== 'staged') await moveJob(step, job, 'await-permit', { actor });
  if (phase === 'reboot' && job.state === 'installing') await moveJob(step, job, 'need-reboot', { actor });
}

async function livePermit(
  step: Step,
  jobId: string,
  attempt: number,
  phase: string,
): Promise<{ id: string; expires_at: Instant; envelope: SentEnvelope } | null> {
  const [row] = await step.tx.query<{ id: string; expires_at: Instant; envelope: SentEnvelope }>(
    'select id, expires_at, envelope from permit where job_id = $1 and attempt = $2 and phase = $3 and voided_at is null',
    [jobId, attempt, phase],
  );
  return row ?? null;
}

/** A permit that was issued but not yet begun is not handed out again once somebody said stop. */
function stopped({ rollout, job }: Locked): boolean {
  return rollout.state !== 'running' || job.cancel_requested;
}

async function hasBegun(step: Step, jobId: string, attempt: number, phase: string): Promise<boolean> {
  const begun = phase === 'apply' ? ['apply', 'restart', 'reboot', 'verify', 'smoke-test'] : ['verify', 'smoke-test'];
  const [row] = await step.tx.query<{ begun: boolean }>(
    'select exists (select from job_event where job_id = $1 and attempt = $2 and phase = any($3)) as begun',
    [jobId, attempt, begun],
  );
  return row?.begun === true;
}

async function gatherFacts(
  step: Step,
  { rollout, change, ring, job }: Locked,
  askedAttempt: number,
  phase: 'apply' | 'reboot',
  scopes: Scopes,
): Promise<PermitFacts> {
  const freezes = await freezesOver(step.tx, job.host_id, step.now, scopes);
  const groups = await groupsOf(step.tx, job.host_id, step.now, scopes);
  const engine = await readEngine(step.tx, 'update');
  const [counted] = await step.tx.query<{ ring: number; global: number; host: number; not_after: Instant | null }>(
    `select (select count(*) from job where ring_id = $1 and state = any($4) and id <> $3)::int as ring,
       (select count(*) from job where state = any($4) and id <> $3)::int as global,
       (select count(*) from job where host_id = $2 and state = any($5) and id <> $3)::int as host,
       (select not_after from job_attempt where job_id = $3 and attempt = $6) as not_after`,
    [ring.id, job.host_id, job.id, JOB_DISRUPTING, JOB_ACTIVE, job.attempt],
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
    },
    change: change === null ? null : { state: change.state, planHash: change.plan_hash, expiresAt: change.expires_at },
    ring: { state: ring.state, concurrency: ring.concurrency },
    disrupting: { ring: counted?.ring ?? 0, global: counted?.global ?? 0 },
    globalConcurrencyMax: engine.concurrency_max,
    killSwitch: engine.kill_switch,
    freezes,
    groups,
    job: {
      state: job.state,
      attempt: job.attempt,
      cancelRequested: job.cancel_requested,
      estimatedMinutes: job.estimated_minutes,
      planNotAfter: counted?.not_after ?? step.now,
    },
    askedAttempt,
    otherActiveJobOnHost: (counted?.host ?? 0) > 0,
  };
}

async function refuse(
  step: Step,
  job: JobRow,
  refusal: { code: string; text: string; retryAfterSeconds: number; final: boolean },
): Promise<PermitAnswer> {
  const { code, text, retryAfterSeconds, final } = refusal;
  if (job.waiting_on !== code && JOB_ACTIVE.includes(job.state)) {
    job.waiting_on = code;
    step.say(job.rollout_id, {
      kind: 'permit',
      ringIndex: job.ring_index,
      jobId: job.id,
      hostName: job.host_name,
      text: `no permit: ${text}`,
    });
  }
  await saveJob(step, job);
  return { permit: null, refused: { code, text, retryAfterSeconds, final } };
}

async function grant(engine: Engine, step: Step, { change, job }: Locked, facts: PermitFacts, expiresAt: Instant): Promise<SentEnvelope> {
  const { context } = engine;
  const permit: Permit = {
    permitId: makeId('permit', context.randomHex(16)),
    jobId: job.id,
    attempt: job.attempt,
    hostId: job.host_id,
    phase: facts.phase,
    issuedAt: step.now,
    expiresAt,
  };
  const signed = context.planKeys.sign(PERMIT_TYPE, permit);
  const envelope: SentEnvelope = { ...signed, signatures: [...signed.signatures] };
  await step.tx.query(
    'insert into permit (id, job_id, attempt, host_id, phase, issued_at, expires_at, envelope, decided_on) values ($1, $2, $3, $4, $5, $6, $7, $8::jsonb, $9::jsonb)',
    [permit.permitId, job.id, job.attempt, job.host_id, facts.phase, step.now, expiresAt, JSON.stringify(envelope), JSON.stringify(facts)],
  );
  job.waiting_on = null;
  const event = facts.phase === 'apply' ? 'permit-apply' : 'permit-reboot';
  const already = facts.phase === 'apply' ? job.state === 'installing' : job.state === 'rebooting';
  if (change !== null && change.state === 'scheduled')
    await moveChangeRequest(step, change, 'implement', { actor: 'system', reason: `first permit, for ${job.host_name}` });
  if (already) await saveJob(step, job);
  else await moveJob(step, job, event, { actor: 'system', detail: { permitId: permit.permitId } });
  step.say(job.rollout_id, {
    kind: 'permit',
    ringIndex: job.ring_index,
    jobId: job.id,
    hostName: job.host_name,
    text: `permit to ${facts.phase === 'apply' ? 'change packages' : 'reboot'} until ${expiresAt}`,
  });
  step.audit({ actor: 'system', action: 'permit.issue', subject: permit.permitId, detail: { ...permit, facts } });
  return envelope;
}
