import { FAILURE_CLASSES, isFailureClass } from '../core/rollouts/failure-classes.ts';
import type { RingCounts } from '../core/rollouts/gate.ts';
import { JOB_FAILED } from '../core/rollouts/job-states.ts';
import type { JobStatus } from '../core/rollouts/job-status.ts';

/** What src/server/rollouts/ring-counts.ts counts in SQL. */
export function countsOf(jobs: readonly JobStatus[], isActive: (jobId: string) => boolean): RingCounts {
  const counts = {
    hosts: 0,
    excluded: 0,
    succeeded: 0,
    compliant: 0,
    failed: 0,
    blockers: 0,
    accepted: 0,
    infrastructure: 0,
    notReady: 0,
    alarms: 0,
    unreached: 0,
    waiting: 0,
    active: 0,
  };
  for (const job of jobs) {
    counts.hosts += 1;
    const row = job.failureClass !== null && isFailureClass(job.failureClass) ? FAILURE_CLASSES[job.failureClass] : null;
    if (job.failureAcceptedBy !== null) counts.accepted += 1;
    else if (JOB_FAILED.includes(job.state)) {
      counts.failed += 1;
      if (row?.blocker) counts.blockers += 1;
    } else if (job.state === 'unreachable' || job.state === 'cancelled' || job.state === 'superseded') counts.unreached += 1;
    if (job.state === 'excluded' || job.state === 'not-applicable') counts.excluded += 1;
    if (job.state === 'succeeded') counts.succeeded += 1;
    if (job.state === 'already-compliant') counts.compliant += 1;
    if (job.parked) {
      if (job.infrastructure) counts.infrastructure += 1;
      else counts.notReady += 1;
      if (row?.alarm) counts.alarms += 1;
    } else if (job.state === 'queued') counts.waiting += 1;
    if (isActive(job.id)) counts.active += 1;
  }
  return counts;
}

/** A planted bug: what is not known is taken for good. */
export function unknownAsOk(counts: RingCounts): RingCounts {
  const unknown = counts.infrastructure + counts.notReady + counts.unreached;
  return { ...counts, succeeded: counts.succeeded + unknown, infrastructure: 0, notReady: 0, alarms: 0, unreached: 0 };
}
