import type { ExceptionStateView } from '../../api/exceptions.ts';
import type { FindingView, PatchView } from '../../api/findings.ts';
import type { HostSummaryView } from '../../api/hosts.ts';
import type { JobView } from '../../api/jobs.ts';
import type { RolloutDetailView, RolloutSummaryView } from '../../api/rollouts.ts';
import type { FreezeView, SafeguardHoldView } from '../../api/safety.ts';
import type { AnswerOf } from '../data/ask.ts';
import type { Tone } from '../theme.ts';

/**
 * The one place where a state gets its words, its tone and its shape. The shape says the same as the colour,
 * for everybody who does not see the colour; the words always stand beside it.
 */
export type Shape = 'done' | 'going' | 'waiting' | 'attention' | 'failed' | 'off';
export interface Look {
  readonly label: string;
  readonly tone: Tone;
  readonly shape: Shape;
  readonly meaning?: string;
}
type Looks<State extends string> = Readonly<Record<State, Look>>;

const look = (label: string, tone: Tone, shape: Shape, meaning?: string): Look =>
  meaning === undefined ? { label, tone, shape } : { label, tone, shape, meaning };

export const HOST_LOOK: Looks<HostSummaryView['state']> = {
  'waiting-for-inventory': look('Waiting for inventory', 'info', 'going', 'Enrolled; the first package list is on its way.'),
  current: look('Current', 'good', 'done', 'Its inventory is fresh.'),
  stale: look('Stale', 'warn', 'attention', 'Its inventory is too old to be trusted. It stays in every denominator.'),
  unreachable: look('Unreachable', 'bad', 'failed', 'It has not answered. It stays in every denominator.'),
};

export const FINDING_LOOK: Looks<FindingView['state']> = {
  fixable: look('Fixable', 'bad', 'attention', 'A fixed version is offered to this host.'),
  held: look('Held', 'warn', 'attention', 'A fixed version is offered, and the package is on hold on this host.'),
  phased: look(
    'Phased',
    'warn',
    'waiting',
    'A fixed version is in an enabled suite; the archive offers it to some hosts first, and this one is not among them yet.',
  ),
  'not-offered': look(
    'Not offered',
    'warn',
    'attention',
    'The distribution has fixed it, but no enabled suite offers the fix to this host.',
  ),
  'restart-pending': look('Restart pending', 'warn', 'going', 'Patched on disk; a running process still maps the old file.'),
  'reboot-pending': look('Reboot pending', 'warn', 'going', 'Patched on disk; the old kernel still runs.'),
  'waiting-for-vendor': look('Waiting for vendor', 'quiet', 'waiting', 'Affected; no fix exists yet.'),
  deferred: look('Deferred by vendor', 'quiet', 'waiting', 'The distribution has put the fix off.'),
  'wont-fix': look('Won’t be fixed', 'quiet', 'off', 'The distribution will not fix it in this release.'),
  'end-of-life': look('End of life', 'warn', 'off', 'The release gets no fixes any more.'),
  unknown: look('Unknown', 'quiet', 'waiting', 'No source says whether this version is affected. Unknown is not safe.'),
};

export const ROLLOUT_LOOK: Looks<RolloutSummaryView['state']> = {
  draft: look('Draft', 'quiet', 'waiting', 'Can still be edited.'),
  rehearsing: look('Rehearsing', 'info', 'going', 'Every host computes the exact transaction; nothing is changed.'),
  planned: look('Planned', 'info', 'waiting', 'The plan is made; nobody has been asked for approval yet.'),
  'awaiting-approval': look('Awaiting approval', 'warn', 'attention', 'A person has to read the plan and decide.'),
  scheduled: look('Scheduled', 'info', 'waiting', 'Approved; waits for its window or for Start.'),
  running: look('Running', 'info', 'going'),
  paused: look('Paused', 'warn', 'attention', 'No new permits; hosts past the point of no return finish.'),
  halting: look('Halting', 'warn', 'going', 'Hosts past the point of no return are brought to a safe end.'),
  halted: look('Halted', 'bad', 'failed'),
  completed: look('Completed', 'good', 'done', 'Every host was observed to run the asked versions.'),
  'completed-partial': look('Completed in part', 'warn', 'attention', 'Some hosts did not get there; their due dates keep running.'),
  rejected: look('Rejected', 'bad', 'off'),
  expired: look('Expired', 'quiet', 'off'),
  superseded: look('Superseded', 'quiet', 'off'),
  cancelled: look('Cancelled', 'quiet', 'off'),
};

export const RING_LOOK: Looks<RolloutDetailView['rings'][number]['state']> = {
  pending: look('Pending', 'quiet', 'waiting'),
  eligible: look('Eligible', 'info', 'waiting', 'May start; no host has a permit yet.'),
  running: look('Running', 'info', 'going'),
  soaking: look('Soaking', 'info', 'waiting', 'All hosts are done; it waits to see whether trouble shows.'),
  evaluating: look('Evaluating', 'info', 'going'),
  'gate-pending': look('Gate pending', 'warn', 'attention', 'The gate could not decide by itself; a person has to.'),
  passed: look('Passed', 'good', 'done'),
  failed: look('Failed', 'bad', 'failed'),
  skipped: look('Skipped', 'quiet', 'off'),
  cancelled: look('Cancelled', 'quiet', 'off'),
};

export const JOB_LOOK: Looks<JobView['state']> = {
  queued: look('Queued', 'quiet', 'waiting'),
  offered: look('Offered', 'quiet', 'waiting', 'The plan waits for the host to fetch it.'),
  acknowledged: look('Acknowledged', 'info', 'going'),
  precheck: look('Precheck', 'info', 'going'),
  staging: look('Downloading', 'info', 'going'),
  staged: look('Awaiting permit', 'info', 'waiting', 'Everything is on the host; it waits for the right to disrupt.'),
  installing: look('Installing', 'info', 'going', 'Past the point of no return.'),
  'reboot-pending': look('Awaiting reboot', 'info', 'waiting'),
  rebooting: look('Rebooting', 'info', 'going'),
  verifying: look('Verifying', 'info', 'going', 'The host is read again; exit codes prove nothing.'),
  reconciling: look('Reconciling', 'warn', 'going', 'The host came back; what really happened is being found out.'),
  lost: look('Lost', 'bad', 'attention', 'The host stopped answering in the middle of the job.'),
  succeeded: look('Succeeded', 'good', 'done', 'Observed on the host.'),
  'already-compliant': look('Already there', 'good', 'done', 'Nothing had to be done.'),
  failed: look('Failed', 'bad', 'failed'),
  'verify-failed': look('Not in effect', 'bad', 'failed', 'The change ran, but the host does not show it.'),
  'timed-out': look('Timed out', 'bad', 'failed'),
  'not-applicable': look('Not applicable', 'quiet', 'off'),
  excluded: look('Excluded', 'quiet', 'off'),
  unreachable: look('Unreachable', 'warn', 'failed'),
  superseded: look('Superseded', 'quiet', 'off'),
  cancelled: look('Cancelled', 'quiet', 'off'),
};

export const FEED_LOOK: Looks<AnswerOf<'feedList'>['items'][number]['state']> = {
  'never-loaded': look('Never loaded', 'warn', 'attention'),
  loading: look('Loading', 'info', 'going'),
  current: look('Current', 'good', 'done'),
  stale: look('Stale', 'warn', 'attention', 'Loaded before, but too old to be trusted.'),
  failed: look('Failed', 'bad', 'failed'),
  refused: look('Refused', 'bad', 'failed', 'The data did not pass its checks; what was loaded before is kept.'),
};

export const IMPORT_LOOK: Looks<AnswerOf<'feedImport'>['files'][number]['state']> = {
  downloading: look('Downloading', 'info', 'going'),
  waiting: look('Waiting', 'quiet', 'waiting'),
  reading: look('Reading', 'info', 'going'),
  storing: look('Storing', 'info', 'going'),
  loaded: look('Loaded', 'good', 'done'),
  unchanged: look('Unchanged', 'good', 'done', 'The same content was loaded before.'),
  refused: look('Refused', 'bad', 'failed', 'It did not pass its checks; what was loaded before is kept.'),
  failed: look('Failed', 'bad', 'failed'),
  skipped: look('No feed', 'quiet', 'off'),
};

export const SSH_LOOK: Looks<AnswerOf<'hostSshTargets'>['targets'][number]['state']> = {
  'scanning-key': look('Reading its key', 'info', 'going'),
  'awaiting-key-confirmation': look('Confirm its key', 'warn', 'attention'),
  connecting: look('Connecting', 'info', 'going'),
  received: look('Received', 'good', 'done'),
  failed: look('Failed', 'bad', 'failed'),
};

export const REVERSIBLE_LOOK: Looks<PatchView['reversible']> = {
  reversible: look('Reversible', 'good', 'done', 'The exact previous versions can still be had.'),
  conditional: look('Conditional', 'warn', 'waiting', 'It can be undone under a condition.'),
  'one-way': look('One way', 'bad', 'off', 'It cannot be undone.'),
};

export const FREEZE_LOOK: Looks<FreezeView['state']> = {
  coming: look('Coming', 'info', 'waiting'),
  'in-force': look('In force', 'warn', 'attention', 'Nothing that it covers may start.'),
  over: look('Over', 'quiet', 'off'),
  'ended-early': look('Ended early', 'quiet', 'off'),
};

export const HOLD_LOOK: Looks<SafeguardHoldView['state']> = {
  'in-force': look('In force', 'warn', 'attention', 'Hosts that it covers do not get the update.'),
  over: look('Over', 'quiet', 'off'),
  lifted: look('Lifted', 'quiet', 'off'),
};

export const EXCEPTION_LOOK: Looks<ExceptionStateView> = {
  draft: look('Draft', 'quiet', 'waiting', 'Nobody has been asked.'),
  requested: look('Requested', 'warn', 'attention', 'Waits for a risk owner.'),
  'under-review': look('Under review', 'warn', 'attention', 'A risk owner has to decide; it excuses nothing meanwhile.'),
  approved: look('Approved', 'info', 'waiting', 'Starts by itself on its first day.'),
  active: look('Active', 'good', 'done', 'In force.'),
  expiring: look('Ends soon', 'warn', 'going', 'In force, and its end is near.'),
  expired: look('Expired', 'quiet', 'off', 'Findings that are still open count as before.'),
  renewed: look('Renewed', 'quiet', 'off', 'The next of its chain took its place.'),
  revoked: look('Revoked', 'quiet', 'off', 'A risk owner took it back.'),
  resolved: look('Resolved', 'good', 'off', 'No finding of its scope is open any more.'),
  rejected: look('Rejected', 'quiet', 'off'),
  withdrawn: look('Withdrawn', 'quiet', 'off'),
};

export const RETRACTION_LOOK = {
  'in-force': look('Blocked', 'bad', 'failed', 'No host may install it.'),
  lifted: look('Allowed again', 'quiet', 'off'),
} as const;

export const GATE_LOOK: Looks<RolloutDetailView['rings'][number]['gates'][number]['verdict']> = {
  pass: look('Pass', 'good', 'done'),
  fail: look('Fail', 'bad', 'failed'),
  inconclusive: look('Inconclusive', 'warn', 'attention', 'No data never passes.'),
};

export const RESTART_WORD: Readonly<Record<PatchView['restart'], string>> = {
  none: 'no restart',
  services: 'restarts services',
  reboot: 'needs a reboot',
};
export const REACH_WORD: Readonly<Record<HostSummaryView['reach'], string>> = {
  local: 'this machine',
  agent: 'agent',
  ssh: 'SSH',
  upload: 'upload',
};
export const CRITICALITY_WORD: Readonly<Record<HostSummaryView['criticality'], string>> = {
  vital: 'vital',
  high: 'high',
  normal: 'normal',
  low: 'low',
  unset: 'not set (treated as high)',
};
export const EXPOSURE_WORD: Readonly<Record<HostSummaryView['exposure'], string>> = {
  public: 'public',
  controlled: 'controlled',
  local: 'local',
  unknown: 'unknown (treated as public)',
};
export const DUE_WORD = {
  overdue: 'overdue',
  week: 'within 7 days',
  month: 'within 30 days',
  later: 'later',
  none: 'no due date',
} as const;
/** `later` and `none` are drawn faint. */
export const DUE_TONE: Readonly<Record<string, Tone>> = { overdue: 'bad', week: 'warn', month: 'info', later: 'info', none: 'quiet' };
export const DUE_FAINT: ReadonlySet<string> = new Set(['later', 'none']);
