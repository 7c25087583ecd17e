import { type Envelope, openEnvelope } from '../core/evidence/envelope.ts';
import { epochMs, type Instant } from '../core/kernel/instants.ts';
import { HOST_PLAN_TYPE, type HostPlan, PERMIT_TYPE, type Permit } from '../core/rollouts/host-plan.ts';
import type { Failure } from '../core/verification/host-verdict.ts';
import { planFormProblem } from './plan-form.ts';

/** Who the host is and whom it believes: pinned at enrolment, never taken from a message. */
export interface Trust {
  readonly hostId: string;
  readonly installationId: string;
  /** Base64 SPKI keys. */
  readonly trustedKeys: readonly string[];
}

export interface Standing {
  readonly now: Instant;
  /** The highest sequence that was ever accepted. */
  readonly highestSequence: number;
}

/** A sequence that leaps is an attempt to shut out all later plans (security.md 1.1, fast-forward). */
export const SEQUENCE_LEAP_MAX = 1_000;
/** A plan for longer than this is no plan but a standing power (security.md 2.2). */
export const PLAN_HOURS_MAX = 72;

type Admission = { readonly ok: true; readonly plan: HostPlan } | { readonly ok: false; readonly failure: Failure };

/** Signature, form and address: what can be said without knowing the time or the past. */
export function readPlan(envelope: Envelope, trust: Trust): Admission {
  const opened = openEnvelope(envelope, HOST_PLAN_TYPE, trust.trustedKeys);
  if (!opened.ok) return refused(`the signature is not one of the pinned keys’ (${opened.problem})`, opened.problem);
  const problem = planFormProblem(opened.value);
  if (problem !== null) return refused(`the plan is not of the known form: ${problem}`, 'form');
  const plan = opened.value as HostPlan;
  if (plan.installationId !== trust.installationId) return refused('the plan is of another installation', 'installation');
  if (plan.hostId !== trust.hostId) return refused('the plan is for another host', 'host');
  return { ok: true, plan };
}

/**
 * Whether a plan that the journal does not know may begin. `task` is what the server says it is about; identity comes from the signed bytes,
 * so a plan that is relayed under another job's name is refused.
 */
export function admitPlan(plan: HostPlan, task: { readonly jobId: string; readonly attempt: number }, standing: Standing): Failure | null {
  const now = epochMs(standing.now);
  if (plan.jobId !== task.jobId || plan.attempt !== task.attempt) return refusal('the plan is of another job', 'job');
  if (plan.sequence <= standing.highestSequence)
    return refusal(`plan number ${plan.sequence} is not above ${standing.highestSequence}, the highest that was accepted`, 'replay');
  if (standing.highestSequence > 0 && plan.sequence > standing.highestSequence + SEQUENCE_LEAP_MAX)
    return refusal(`plan number ${plan.sequence} leaps from ${standing.highestSequence}`, 'leap');
  if (epochMs(plan.notAfter) - epochMs(plan.notBefore) > PLAN_HOURS_MAX * 3_600_000)
    return refusal(`the plan is valid for more than ${PLAN_HOURS_MAX} hours`, 'too-long');
  if (now < epochMs(plan.notBefore))
    return refusal(`the plan begins ${plan.notBefore}, and here it is ${standing.now}: compare the clocks`, 'early');
  if (now >= epochMs(plan.notAfter))
    return refusal(`the plan ended ${plan.notAfter}, and here it is ${standing.now}: compare the clocks`, 'expired');
  return null;
}

/** A permit must be signed, for this job, attempt, host and phase, and not run out. */
export function checkPermit(envelope: Envelope, plan: HostPlan, phase: Permit['phase'], trust: Trust, now: Instant): Failure | null {
  const opened = openEnvelope(envelope, PERMIT_TYPE, trust.trustedKeys);
  if (!opened.ok) return permitRefusal(`the permit’s signature is not one of the pinned keys’ (${opened.problem})`, opened.problem);
  const permit = opened.value as Partial<Permit>;
  const expiresAt = Date.parse(String(permit.expiresAt));
  if (permit.jobId !== plan.jobId || permit.attempt !== plan.attempt || permit.hostId !== trust.hostId || permit.phase !== phase)
    return permitRefusal('the permit is for something else', 'other');
  if (Number.isNaN(expiresAt) || expiresAt <= epochMs(now))
    return permitRefusal(`the permit ended ${permit.expiresAt}, and here it is ${now}: compare the clocks`, 'expired');
  return null;
}

/** What the server said to the question for a permit; both null: it had nothing to say. */
interface PermitReply {
  readonly permit: Envelope | null;
  readonly refused: { readonly code: string; readonly text: string; readonly retryAfterSeconds: number; readonly final: boolean } | null;
}

type PermitStep =
  | { readonly do: 'go' }
  | { readonly do: 'cancel' }
  | { readonly do: 'fail'; readonly failure: Failure }
  | { readonly do: 'ask-again'; readonly afterMs: number; readonly code: string; readonly text: string };

/** A host that waits asks at least once a minute, and never twice within half a second. */
const ASK_MS = { least: 500, most: 60_000 };

/** What a host does with the answer: only a permit that it has checked itself lets it begin; a refusal that is final ends the attempt untouched. */
export function onPermitReply(reply: PermitReply, plan: HostPlan, phase: Permit['phase'], trust: Trust, now: Instant): PermitStep {
  if (reply.permit !== null) {
    const problem = checkPermit(reply.permit, plan, phase, trust, now);
    return problem === null ? { do: 'go' } : { do: 'fail', failure: problem };
  }
  const { code, text, retryAfterSeconds, final } = reply.refused ?? {
    code: 'none',
    text: 'no permit yet',
    retryAfterSeconds: 5,
    final: false,
  };
  if (final && code === 'cancelled') return { do: 'cancel' };
  if (final) return { do: 'fail', failure: permitRefusal(text, code) };
  const left = epochMs(plan.notAfter) - epochMs(now);
  return { do: 'ask-again', afterMs: Math.max(ASK_MS.least, Math.min(retryAfterSeconds * 1000, left, ASK_MS.most)), code, text };
}

/**
 * A host that waited with its reboot for another rollout looks again before it reboots: what the other has left half done may not boot. `problems`: of the
 * package database, none when it is in order.
 */
export function rebootProblem(waited: boolean, problems: readonly string[]): Failure | null {
  if (!waited || problems.length === 0) return null;
  const message = `another rollout left packages half done while this one waited with its reboot, so the host was not rebooted: ${problems.slice(0, 5).join('; ')}`;
  return { class: 'package-database-broken', message, signature: 'package-database-broken:reboot-shared' };
}

function refused(message: string, code: string): Admission {
  return { ok: false, failure: refusal(message, code) };
}

function refusal(message: string, code: string): Failure {
  return { class: 'plan-refused', message, signature: `plan-refused:${code}` };
}

function permitRefusal(message: string, code: string): Failure {
  return { class: 'permit-refused', message, signature: `permit-refused:${code}` };
}
