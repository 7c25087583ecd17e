import type { JobEvent, JobPhase } from './host-plan.ts';
import type { JobState } from './job-states.ts';

/** Lines of the log as sentences: time and host stand beside them, so they say who does what. */
const BEGUN: Readonly<Record<JobPhase, string>> = {
  precheck: 'The host looks at its disk, its locks and its package database',
  simulate: 'The host computes the transaction and compares it with the approved one',
  download: 'The host downloads the packages and checks them',
  'awaiting-permit': 'The host is ready and asks for its permit',
  'pre-hook': 'The programs before the change run',
  apply: 'The package manager begins',
  restart: 'Services that map replaced files are restarted',
  reboot: 'The host is about to reboot',
  verify: 'The host looks at what is in effect now',
  'smoke-test': 'The smoke tests run',
  'post-hook': 'The programs after the change run',
};

const SUBJECT: Readonly<Record<JobPhase, string>> = {
  precheck: 'Precheck',
  simulate: 'Transaction',
  download: 'Download',
  'awaiting-permit': 'Permit',
  'pre-hook': 'Before the change',
  apply: 'Package manager',
  restart: 'Restarts',
  reboot: 'Reboot',
  verify: 'Verification',
  'smoke-test': 'Smoke tests',
  'post-hook': 'After the change',
};

/** Of a host from another version: its words as they are. */
export function eventWords({ phase, kind, text }: Pick<JobEvent, 'kind' | 'text'> & { readonly phase: string }): string {
  if (kind === 'output') return text;
  const known = phase in BEGUN ? (phase as JobPhase) : null;
  const said = text === '' || text === phase ? '' : text;
  if (kind === 'phase-started') return `${known === null ? phase : BEGUN[known]}${said === '' ? '' : `: ${said}`}`;
  const subject = known === null ? phase : SUBJECT[known];
  return said === '' ? `${subject}: done` : `${subject}: ${said}`;
}

/** What a job has come to; null where the host's own words have said it already. */
export const JOB_MOVED: Readonly<Record<JobState, string | null>> = {
  queued: 'Waits for its next attempt',
  offered: 'Its signed plan lies ready',
  acknowledged: null,
  precheck: null,
  staging: null,
  staged: null,
  installing: 'Permit given: from here it is never cancelled, only brought to a safe end',
  'reboot-pending': 'Waits for the permit to reboot',
  rebooting: 'Permit to reboot given',
  verifying: null,
  lost: 'Lost: silent since the point of no return',
  reconciling: 'Back: what really happened is being found out',
  succeeded: 'Succeeded: every target version is in place, as observed',
  'already-compliant': 'Already there: nothing had to be done',
  failed: 'Failed',
  'verify-failed': 'Not in effect: what is observed is not what was asked',
  'timed-out': 'Timed out: lost for a day',
  'not-applicable': 'Nothing to do on this host',
  excluded: 'Left out',
  unreachable: 'Never answered; nothing was changed',
  superseded: 'Superseded before anything was changed',
  cancelled: 'Cancelled before anything was changed',
};
