import { type Envelope, openEnvelope } from '../../core/evidence/envelope.ts';
import { epochMs, type Instant } from '../../core/kernel/instants.ts';
import { REHEARSAL_PLAN_TYPE, type RehearsalPlan } from '../../core/rollouts/rehearsal.ts';
import { PLAN_HOURS_MAX, type Trust } from '../decide.ts';
import { rehearsalFormProblem } from '../plan-form.ts';

type RehearsalAdmission = { readonly ok: true; readonly plan: RehearsalPlan } | { readonly ok: false; readonly problem: string };

/**
 * Signature, form, address and time. There is no sequence: a rehearsal changes nothing, so one that is replayed within its time costs the host
 * some processor time and nothing else.
 */
export function admitRehearsal(envelope: Envelope, trust: Trust, now: Instant): RehearsalAdmission {
  const opened = openEnvelope(envelope, REHEARSAL_PLAN_TYPE, trust.trustedKeys);
  if (!opened.ok) return { ok: false, problem: `the signature is not one of the pinned keys’ (${opened.problem})` };
  const problem = rehearsalFormProblem(opened.value);
  if (problem !== null) return { ok: false, problem: `the plan is not of the known form: ${problem}` };
  const plan = opened.value as RehearsalPlan;
  if (plan.installationId !== trust.installationId) return { ok: false, problem: 'the plan is of another installation' };
  if (plan.hostId !== trust.hostId) return { ok: false, problem: 'the plan is for another host' };
  if (epochMs(plan.notAfter) - epochMs(plan.notBefore) > PLAN_HOURS_MAX * 3_600_000)
    return { ok: false, problem: `the plan is valid for more than ${PLAN_HOURS_MAX} hours` };
  if (epochMs(now) < epochMs(plan.notBefore))
    return { ok: false, problem: `the plan begins ${plan.notBefore}, and here it is ${now}: compare the clocks` };
  if (epochMs(now) >= epochMs(plan.notAfter))
    return { ok: false, problem: `the plan ended ${plan.notAfter}, and here it is ${now}: compare the clocks` };
  return { ok: true, plan };
}
