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

export type Admission = { readonly ok: true; readonly plan: HostPlan } | { readonly ok: false; readonly failure: Failure };

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

function refused(message: string, code: string): Admission {
  return { ok: false, failure: refusal(message, code) };
}

function refusal(message: string, code: string): Failure {
  return { class: 'plan-refused', message, signature: `plan-refused:${code}` };
}

function permitRefusal(message: string, code: string): Failure {
  return { class: 'permit-refused', message, signature: `permit-refused:${code}` };
}
