import { FAILURE_CLASSES, isFailureClass } from './failure-classes.ts';
import type { RingCounts } from './gate.ts';
import { JOB_ACTIVE, JOB_FAILED, type JobState } from './job-states.ts';

/** Jobs of a ring that are alike in everything that a gate asks about; the database groups them, a list of jobs is groups of one. */
export interface JobGroup {
  readonly state: JobState;
  readonly parked: boolean;
  readonly infrastructure: boolean;
  readonly failureClass: string | null;
  /** Its failure was accepted by an override. */
  readonly accepted: boolean;
  readonly hosts: number;
}

type Count = Exclude<keyof RingCounts, undefined>;

const UNREACHED: readonly JobState[] = ['unreachable', 'cancelled', 'superseded'];
const EXCLUDED: readonly JobState[] = ['excluded', 'not-applicable'];

/** A ring without a host. */
export const NO_HOSTS = {
  hosts: 0,
  excluded: 0,
  skipped: 0,
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
} as const satisfies RingCounts;

/** domain.md 2.3. Every host of the ring is in `hosts` exactly once (S12); a failure that was accepted counts as accepted and as nothing else. */
export function ringCountsOf(groups: Iterable<JobGroup>): RingCounts {
  const counts: Record<Count, number> = { ...NO_HOSTS };
  for (const group of groups) for (const count of countsFor(group)) counts[count] += group.hosts;
  return counts;
}

function countsFor({ state, parked, infrastructure, failureClass, accepted }: JobGroup): Count[] {
  const row = failureClass !== null && isFailureClass(failureClass) ? FAILURE_CLASSES[failureClass] : null;
  const counts: Count[] = ['hosts'];
  if (accepted) counts.push('accepted');
  else if (JOB_FAILED.includes(state)) counts.push('failed', ...(row?.blocker ? (['blockers'] as const) : []));
  else if (UNREACHED.includes(state)) counts.push('unreached');
  if (EXCLUDED.includes(state)) counts.push('excluded');
  if (state === 'excluded') counts.push('skipped');
  if (state === 'succeeded') counts.push('succeeded');
  if (state === 'already-compliant') counts.push('compliant');
  if (parked) counts.push(infrastructure ? 'infrastructure' : 'notReady', ...(row?.alarm ? (['alarms'] as const) : []));
  else if (state === 'queued') counts.push('waiting');
  if (JOB_ACTIVE.includes(state)) counts.push('active');
  return counts;
}
