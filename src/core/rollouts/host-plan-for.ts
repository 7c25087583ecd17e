import { addMs, HOUR_MS, type Instant, MINUTE_MS } from '../kernel/instants.ts';
import type { HostPlan } from './host-plan.ts';
import type { JobStatus } from './job-status.ts';

/** security.md 2.2 allows 72 hours; a day covers any window, and a plan that lay longer describes an older host. */
const PLAN_HOURS = 24;
/** The precheck accepts clocks that are five minutes off (domain.md 2.4). */
const CLOCK_SKEW_MINUTES = 5;

type PlanTerms = Pick<
  HostPlan,
  'installationId' | 'planId' | 'sequence' | 'rolloutPlanHash' | 'kind' | 'restart' | 'reboot' | 'smokeTests' | 'hooks'
> & { readonly windowEndsAt: Instant | null };

/** The plan for the attempt that an offer has just begun. */
export function hostPlanFor(job: JobStatus, terms: PlanTerms, now: Instant): HostPlan {
  const { windowEndsAt, ...rest } = terms;
  const latest = addMs(now, PLAN_HOURS * HOUR_MS);
  return {
    version: 1,
    policyRoot: 1,
    ...rest,
    hostId: job.hostId,
    jobId: job.id,
    attempt: job.attempt,
    rolloutId: job.rolloutId,
    notBefore: addMs(now, -CLOCK_SKEW_MINUTES * MINUTE_MS),
    notAfter: windowEndsAt !== null && windowEndsAt < latest ? windowEndsAt : latest,
    transaction: job.transaction,
  };
}
