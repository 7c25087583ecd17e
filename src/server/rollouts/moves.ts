import { invariant } from '../../core/kernel/faults.ts';
import { isFinal, move, sourcesOf } from '../../core/kernel/machine.ts';
import { CHANGE_REQUEST, type ChangeRequestEvent } from '../../core/rollouts/change-request-states.ts';
import { JOB, type JobEventName, type JobState } from '../../core/rollouts/job-states.ts';
import type { JobChange } from '../../core/rollouts/job-status.ts';
import { JOB_MOVED } from '../../core/rollouts/log-words.ts';
import { type RingChange, type RingStatus, sameRing, sendRing } from '../../core/rollouts/ring-changes.ts';
import type { RingEvent } from '../../core/rollouts/ring-states.ts';
import { ROLLOUT, type RolloutEvent } from '../../core/rollouts/rollout-states.ts';
import type { ChangeRequestRow, RolloutRow } from './rows.ts';
import type { Step } from './step.ts';

/**
 * The only writers of a state. Each asks the transition table, writes the row, a line of the live log and an audit entry in one transaction (S10).
 * Rows are locked by the caller. A move that the table refuses is a defect: whoever sends an event has asked first.
 */
export interface MoveOptions {
  /** Login, `host:ID` or `system`. */
  readonly actor: string;
  readonly reason?: string | null;
  readonly detail?: Readonly<Record<string, unknown>>;
}

export async function moveRollout(step: Step, row: RolloutRow, event: RolloutEvent, options: MoveOptions): Promise<void> {
  const from = row.state;
  const to = allowed('rollout', row.id, from, event, move(ROLLOUT, from, event));
  row.state = to;
  row.state_since = step.now;
  row.state_reason = options.reason ?? null;
  if (isFinal(ROLLOUT, to)) row.finished_at = step.now;
  await step.tx.query('update rollout set state = $2, state_since = $3, state_reason = $4, finished_at = $5 where id = $1', [
    row.id,
    to,
    step.now,
    row.state_reason,
    row.finished_at,
  ]);
  step.say(row.id, { kind: 'rollout', text: sentence(`${from} → ${to}`, options) });
  step.audit({
    actor: options.actor,
    action: `rollout.${event}`,
    subject: row.id,
    detail: { from, to, reason: row.state_reason, ...options.detail },
  });
}

/** Stores what core made of a ring: its row, and a line and an entry for each move. */
export async function storeRing(step: Step, { ring, moves }: RingChange, options: MoveOptions): Promise<void> {
  await step.tx.query(
    'update ring set state = $2, state_since = $3, state_reason = $4, soak_ends_at = $5, last_success_at = $6 where id = $1',
    [ring.id, ring.state, ring.stateSince, ring.stateReason, ring.soakEndsAt, ring.lastSuccessAt],
  );
  for (const { event, from, to, reason } of moves) {
    step.say(ring.rolloutId, {
      kind: 'ring',
      ringIndex: ring.ringIndex,
      text: sentence(`ring ${ring.name}: ${from} → ${to}`, { ...options, reason }),
    });
    step.audit({
      actor: options.actor,
      action: `ring.${event}`,
      subject: ring.id,
      detail: { rolloutId: ring.rolloutId, ring: ring.name, from, to, reason, ...options.detail },
    });
  }
}

export async function moveRing(step: Step, ring: RingStatus, event: RingEvent, options: MoveOptions): Promise<RingStatus> {
  const change = sendRing(sameRing(ring), event, step.now, options.reason ?? null);
  await storeRing(step, change, options);
  return change.ring;
}

export async function moveChangeRequest(step: Step, row: ChangeRequestRow, event: ChangeRequestEvent, options: MoveOptions): Promise<void> {
  const from = row.state;
  const to = allowed('change request', row.id, from, event, move(CHANGE_REQUEST, from, event));
  row.state = to;
  row.state_since = step.now;
  await step.tx.query('update change_request set state = $2, state_since = $3 where id = $1', [row.id, to, step.now]);
  step.audit({
    actor: options.actor,
    action: `change-request.${event}`,
    subject: row.id,
    detail: { rolloutId: row.rollout_id, planHash: row.plan_hash, from, to, reason: options.reason ?? null, ...options.detail },
  });
}

/** Stores what core made of a job: its row once, and a line and an entry for each move. */
export async function storeJob(step: Step, { job, moves }: JobChange): Promise<void> {
  await step.tx.query(
    `update job set state = $2, state_since = $3, phase = $4, attempt = $5, attempts_left = $6, waiting_on = $7, parked = $8, not_before = $9,
       retry_since = $10, last_heard_at = $11, failure_class = $12, failure = $13, failure_signature = $14, infrastructure = $15, touched = $16,
       result = $17::jsonb, healed = $18::jsonb, closed_vulnerabilities = $19, started_at = $20, finished_at = $21, shares_reboot = $22
     where id = $1`,
    [
      job.id,
      job.state,
      job.stateSince,
      job.phase,
      job.attempt,
      job.attemptsLeft,
      job.waitingOn,
      job.parked,
      job.notBefore,
      job.retrySince,
      job.lastHeardAt,
      job.failureClass,
      job.failure,
      job.failureSignature,
      job.infrastructure,
      job.touched,
      job.result === null ? null : JSON.stringify(job.result),
      JSON.stringify(job.healed),
      job.closedVulnerabilities,
      job.startedAt,
      job.finishedAt,
      job.sharesReboot,
    ],
  );
  for (const { event, from, to, by, reason, detail } of moves) {
    const actor = by === 'host' ? `host:${job.hostId}` : 'system';
    // A reason is news even where the host has said what it does.
    const words = JOB_MOVED[to] ?? (reason === null ? null : to);
    if (words !== null)
      step.say(job.rolloutId, {
        kind: 'job',
        ringIndex: job.ringIndex,
        jobId: job.id,
        hostName: job.hostName,
        text: sentence(words, { actor, reason }),
      });
    step.audit({
      actor,
      action: `job.${event}`,
      subject: job.id,
      detail: { rolloutId: job.rolloutId, hostId: job.hostId, attempt: job.attempt, from, to, reason, ...detail },
    });
  }
}

/**
 * Sends one event to every job of a rollout that is in a state which allows it: one update and one audit entry that names them all. For halts of
 * large rollouts, where an entry per job would hold the audit chain for minutes. Returns the jobs that moved.
 */
export async function moveJobs(
  step: Step,
  rolloutId: string,
  event: JobEventName,
  to: JobState,
  options: MoveOptions & { readonly ringId?: string; readonly hostIds?: readonly string[] },
): Promise<{ id: string; host_id: string; attempt: number }[]> {
  const sources = sourcesOf(JOB, event).filter(state => allowed('job', '', state, event, move(JOB, state, event)) === to);
  const moved = await step.tx.query<{ id: string; host_id: string; attempt: number }>(
    `update job set state = $3, state_since = $4, finished_at = $5, waiting_on = null, parked = false
     where rollout_id = $1 and state = any($2) and ($6::text is null or ring_id = $6) and ($7::text[] is null or host_id = any($7))
     returning id, host_id, attempt`,
    [rolloutId, sources, to, step.now, isFinal(JOB, to) ? step.now : null, options.ringId ?? null, options.hostIds ?? null],
  );
  if (moved.length === 0) return moved;
  step.say(rolloutId, { kind: 'job', text: sentence(`${moved.length} ${moved.length === 1 ? 'job' : 'jobs'} → ${to}`, options) });
  step.audit({
    actor: options.actor,
    action: `job.${event}`,
    subject: rolloutId,
    detail: { to, reason: options.reason ?? null, jobs: moved.map(job => job.id).sort(), ...options.detail },
  });
  return moved;
}

function allowed<State extends string>(
  what: string,
  id: string,
  from: State,
  event: string,
  step: { ok: true; to: State } | { ok: false; reason: string },
): State {
  invariant(step.ok, `${what} ${id}: ${event} in ${from}: ${step.ok ? '' : step.reason}`);
  return step.to;
}

function sentence(what: string, { actor, reason }: MoveOptions): string {
  const by = actor === 'system' || actor.startsWith('host:') ? '' : ` by ${actor}`;
  return `${what}${by}${reason ? `: ${reason}` : ''}`;
}
