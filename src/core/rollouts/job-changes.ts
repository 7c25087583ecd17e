import { addMs, epochMs, type Instant, SECOND_MS } from '../kernel/instants.ts';
import { deadlineAt, isFinal, move } from '../kernel/machine.ts';
import { FAILURE_CLASSES, isFailureClass } from './failure-classes.ts';
import { type FailureClass, JOB_PHASES, type JobEvent, type JobPhase, type JobResult } from './host-plan.ts';
import { isPreparing, JOB, JOB_WITHDRAWN, type JobEventName } from './job-states.ts';
import { type JobChange, type JobStatus, send, unchanged, withFields } from './job-status.ts';
import { type Judgement, judgeResult } from './result.ts';
import { ATTEMPTS_MAX, nextAttemptInSeconds } from './retry.ts';

/**
 * Everything that can happen to a job, as functions from its status to the next. The server stores what they answer, the simulator keeps it in memory;
 * neither decides anything itself.
 */

/** A new attempt is a new signed plan: whoever still holds an older one is refused a permit (fencing). */
export function offerJob(job: JobStatus, now: Instant, detail: Readonly<Record<string, unknown>>): JobChange {
  const fields: Partial<JobStatus> = {
    attempt: job.attempt + 1,
    attemptsLeft: job.attemptsLeft - 1,
    retrySince: job.retrySince ?? now,
    notBefore: null,
    waitingOn: null,
    phase: null,
    lastHeardAt: null,
    startedAt: job.startedAt ?? now,
    sharesReboot: false,
  };
  return send(withFields(unchanged(job), fields), 'offer', now, { by: 'system', detail });
}

/** What the start of a phase on the host means for the job. `pre-hook`, `apply` and `restart` bring nothing new: the permit has moved the job already. */
const PHASE_EVENTS: Readonly<Record<JobPhase, JobEventName | null>> = {
  precheck: 'check',
  simulate: 'stage',
  download: 'stage',
  'awaiting-permit': 'await-permit',
  'pre-hook': null,
  apply: null,
  restart: null,
  reboot: 'need-reboot',
  verify: 'verify',
  'smoke-test': 'verify',
  'post-hook': 'verify',
};

function isPhase(text: string): text is JobPhase {
  return (JOB_PHASES as readonly string[]).includes(text);
}

/** `fresh`: events of the present attempt that were not known, in their order. The table lets no job go back, so stragglers change nothing. */
export function hearEvents(job: JobStatus, fresh: readonly JobEvent[], now: Instant): JobChange {
  let change = withFields(unchanged(job), { lastHeardAt: now });
  if (job.state === 'offered') change = send(change, 'acknowledge', now, { by: 'host' });
  if (job.state === 'lost')
    change = send(withFields(change, { waitingOn: null }), 'return', now, { by: 'host', reason: 'the host is back' });
  for (const { phase, kind } of fresh) {
    // A host of another version may have phases that this server does not know: they are shown and mean nothing here.
    if (kind !== 'phase-started' || !isPhase(phase)) continue;
    change = withFields(change, { phase });
    const event = PHASE_EVENTS[phase];
    if (event !== null && move(JOB, change.job.state, event).ok) change = send(change, event, now, { by: 'host' });
  }
  return change;
}

/** What a host's events mean, and what it is told: `change` is null where they come too late to mean anything. */
interface Heard {
  readonly change: JobChange | null;
  readonly cancelRequested: boolean;
}

/** A host that works on an attempt which is over is told to stop; before the point of no return it does. */
export function hearHost(job: JobStatus, attempt: number, fresh: readonly JobEvent[], now: Instant): Heard {
  if (attempt < job.attempt || job.state === 'queued') return { change: null, cancelRequested: true };
  if (isFinal(JOB, job.state)) return { change: null, cancelRequested: JOB_WITHDRAWN.includes(job.state) };
  return { change: hearEvents(job, fresh, now), cancelRequested: job.cancelRequested };
}

/** Asking for a permit is itself the sign that the host is ready, whatever of its events got lost on the way. */
export function hearPermitRequest(job: JobStatus, attempt: number, phase: 'apply' | 'reboot', now: Instant): JobChange {
  const heard = withFields(unchanged(job), { lastHeardAt: now });
  if (attempt !== job.attempt) return heard;
  if (phase === 'apply' && isPreparing(job.state) && job.state !== 'staged') return send(heard, 'await-permit', now, { by: 'host' });
  if (phase === 'reboot' && job.state === 'installing') return send(heard, 'need-reboot', now, { by: 'host' });
  return heard;
}

/** A permit that replaces one which ran out unused finds the job where the first had brought it. */
export function grantPermit(
  change: JobChange,
  phase: 'apply' | 'reboot',
  now: Instant,
  detail: Readonly<Record<string, unknown>>,
): JobChange {
  const free = withFields(change, { waitingOn: null });
  const already = phase === 'apply' ? 'installing' : 'rebooting';
  return change.job.state === already
    ? free
    : send(free, phase === 'apply' ? 'permit-apply' : 'permit-reboot', now, { by: 'system', detail });
}

interface ResultTaken extends JobChange {
  /** Why the result was only kept; null when it counts. */
  readonly late: string | null;
  /** The host says that it changed something although no permit was issued: a security event. */
  readonly violation: boolean;
}

/**
 * Takes what the host observed. `known`: whether this attempt was ever offered, and whether it has a result already. Each attempt's first result counts,
 * once; whatever comes later is kept and changes nothing (S9).
 */
export function takeResult(
  job: JobStatus,
  kind: 'patch' | 'rollback',
  attempt: number,
  result: JobResult,
  known: { readonly offered: boolean; readonly answered: boolean },
  now: Instant,
): ResultTaken {
  const late = lateBecause(job, attempt, known);
  if (late !== null) return { ...unchanged(job), late, violation: false };
  const heard = withFields(unchanged(job), { lastHeardAt: now });
  const back =
    job.state === 'lost' ? send(withFields(heard, { waitingOn: null }), 'return', now, { by: 'host', reason: 'the host is back' }) : heard;
  const verdict = judgeResult(job.transaction, kind, back.job.state, result);
  return { ...accept(back, verdict, result, now), late: null, violation: verdict.unpermitted };
}

function lateBecause(job: JobStatus, attempt: number, known: { readonly offered: boolean; readonly answered: boolean }): string | null {
  if (!known.offered) return 'no such attempt was ever offered';
  if (known.answered) return 'the attempt has a result already';
  if (attempt !== job.attempt || job.state === 'queued') return 'a newer attempt exists';
  return isFinal(JOB, job.state) ? `the job had ended as ${job.state}` : null;
}

function accept(heard: JobChange, verdict: Judgement, result: JobResult, now: Instant): JobChange {
  const row = verdict.failureClass === null ? null : FAILURE_CLASSES[verdict.failureClass];
  const change = withFields(heard, {
    result,
    touched: heard.job.touched || result.touched,
    healed: result.healed,
    failureClass: verdict.failureClass,
    failure: verdict.failure,
    failureSignature: verdict.signature,
    infrastructure: row?.cause === 'infrastructure' && !result.touched,
  });
  const { outcome, touched, healed, bootIdBefore, bootIdAfter } = result;
  const detail = { outcome, failureClass: verdict.failureClass, touched, healed, bootIdBefore, bootIdAfter };
  if (verdict.waits && change.job.cancelRequested)
    return send(change, 'report-cancelled', now, { by: 'host', reason: verdict.failure, detail });
  if (verdict.waits) return waitForNext(change, verdict.failureClass as FailureClass, verdict.failure, now, detail);
  const reason = verdict.failure ?? (healed.length > 0 ? `repaired: ${healed.join('; ')}` : null);
  return send(change, verdict.event, now, { by: 'host', reason, detail });
}

/** Back to the queue: for the next attempt, or parked until a person resumes. */
function waitForNext(
  change: JobChange,
  failureClass: FailureClass,
  failure: string | null,
  now: Instant,
  detail: Readonly<Record<string, unknown>>,
): JobChange {
  const row = FAILURE_CLASSES[failureClass];
  const { job } = change;
  // Nothing failed there: the rollout itself kept the host waiting, so the attempt does not count. It does where a permit was given and the host could
  // not use it: a host whose clock is minutes wrong refuses each one, and would be offered plan after plan for as long as that lasts.
  const engine = row.cause === 'engine' && job.state !== 'installing';
  const attemptsLeft = engine ? Math.min(ATTEMPTS_MAX, job.attemptsLeft + 1) : job.attemptsLeft;
  const made = Math.max(1, ATTEMPTS_MAX - attemptsLeft);
  const seconds = row.transient ? nextAttemptInSeconds(made, attemptsLeft, engine ? now : (job.retrySince ?? now), now) : null;
  const waitingOn = seconds !== null ? 'back-off' : row.cause === 'infrastructure' ? 'infrastructure' : 'host-not-ready';
  const waits = withFields(change, {
    attemptsLeft,
    parked: seconds === null,
    notBefore: seconds === null ? null : addMs(now, seconds * SECOND_MS),
    waitingOn,
  });
  const next = seconds === null ? 'waits for a person' : `tries again in ${seconds} s`;
  return send(waits, 'retry', now, { by: 'host', reason: `${row.title}: ${failure ?? ''} (${next})`, detail });
}

/**
 * The next offer to a host that did not answer waits a minute, then twice as long each time up to about an hour, so that a host that is off does not hold a
 * place. Each offer is a signed plan with a number of its own, and a host refuses a number that leaps by more than a thousand: at one offer every six
 * minutes a host that was off for four days would never be patched again.
 */
const LAPSE_SECONDS = 60;
const LAPSE_DOUBLINGS_MAX = 6;

function lapseSeconds(job: JobStatus): number {
  const free = Math.max(0, job.attempt - (ATTEMPTS_MAX - job.attemptsLeft));
  return LAPSE_SECONDS * 2 ** Math.min(LAPSE_DOUBLINGS_MAX, Math.max(0, free - 1));
}

/** What the clock does to a job, or null while it has nothing to say. `planNotAfter`: when the signed plan of the present attempt runs out. */
export function timeUp(job: JobStatus, planNotAfter: Instant | null, now: Instant): JobChange | null {
  // A host that waits for its permit longer than its plan is valid gets a new plan; that costs no attempt.
  if (isPreparing(job.state) && planNotAfter !== null && planNotAfter <= now)
    return send(withFields(unchanged(job), { attemptsLeft: job.attemptsLeft + 1 }), 'retry', now, {
      by: 'system',
      reason: 'the signed plan has run out; the host gets a new one',
    });
  const deadline = deadlineAt(JOB, job.state, epochMs(job.stateSince), job.lastHeardAt === null ? null : epochMs(job.lastHeardAt));
  if (deadline === null || epochMs(now) < deadline.atMs) return null;
  if (deadline.event === 'lapse') {
    const returned = { ...job, attemptsLeft: job.attemptsLeft + 1 };
    const fields: Partial<JobStatus> = { notBefore: addMs(now, lapseSeconds(returned) * SECOND_MS), waitingOn: 'host-offline' };
    return send(withFields(unchanged(returned), fields), 'lapse', now, { by: 'system', reason: 'the host does not answer' });
  }
  if (deadline.event === 'silence')
    return isPreparing(job.state)
      ? silentBefore(job, now)
      : send(withFields(unchanged(job), { waitingOn: 'host-lost' }), 'silence', now, {
          by: 'system',
          reason: 'the host fell silent in the middle',
        });
  if (deadline.event === 'time-out') {
    const fields = {
      failureClass: 'lost',
      failure: 'the host fell silent in the middle and did not come back within a day',
      failureSignature: 'lost',
      touched: true,
    };
    return send(withFields(unchanged(job), fields), 'time-out', now, { by: 'system', reason: fields.failure });
  }
  return send(unchanged(job), deadline.event, now, { by: 'system' });
}

/** Nothing was changed, so the next attempt may begin at once; when they are used up, a person has to look at the host. */
function silentBefore(job: JobStatus, now: Instant): JobChange {
  const parked = job.attemptsLeft <= 0;
  const failure = `the host fell silent in ${job.state}, before anything was changed`;
  const fields: Partial<JobStatus> = {
    failureClass: 'interrupted',
    failure,
    failureSignature: 'silent',
    infrastructure: true,
    parked,
    waitingOn: parked ? 'infrastructure' : 'host-offline',
  };
  return send(withFields(unchanged(job), fields), 'silence', now, { by: 'system', reason: failure });
}

/** A host of another version may name a class that is not known here: then a person has to look. */
export function knownClass(result: JobResult): JobResult {
  if (result.failure === null || isFailureClass(result.failure.class)) return result;
  return {
    ...result,
    failure: { ...result.failure, class: 'needs-human', message: `${result.failure.class as string}: ${result.failure.message}` },
  };
}
