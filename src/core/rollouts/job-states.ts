import { type EventOf, isFinal, machine, type StateOf, statesOf } from '../kernel/machine.ts';
import {
  INSTALLING_SILENCE_MINUTES,
  LOST_MINUTES,
  OFFER_MINUTES,
  PRECHECK_MINUTES,
  REBOOT_PENDING_SILENCE_MINUTES,
  REBOOTING_MINUTES,
  RECONCILING_MINUTES,
  STAGED_SILENCE_MINUTES,
  STAGING_MINUTES,
  UNREACHABLE_MINUTES,
  VERIFYING_MINUTES,
} from './timers.ts';

/**
 * One host's part of a rollout (domain.md 2.4). The point of no return lies between `staged` and `installing`: before it the host has no permit and
 * has changed nothing; after it only the host's own observation ends the job.
 *
 * One table, longer than a file should be: in two, the compiler would no longer find a move from or to a state that there is not.
 */
export const JOB = machine({
  name: 'job',
  initial: 'queued',
  states: {
    queued: {
      meaning: 'Waits for its ring, a free slot, the host, or the end of a back-off.',
      owner: 'server',
      deadline: { minutes: UNREACHABLE_MINUTES, from: 'entered', event: 'give-up' },
    },
    offered: {
      meaning: 'The signed plan lies ready for the host; nobody has heard of it yet.',
      owner: 'host',
      deadline: { minutes: OFFER_MINUTES, from: 'entered', event: 'lapse' },
    },
    acknowledged: {
      meaning: 'The host has the plan.',
      owner: 'host',
      deadline: { minutes: OFFER_MINUTES, from: 'last-heard', event: 'silence' },
    },
    precheck: {
      meaning: 'The host checks disk, package database, locks and clock.',
      owner: 'host',
      deadline: { minutes: PRECHECK_MINUTES, from: 'last-heard', event: 'silence' },
    },
    staging: {
      meaning: 'The host simulates, downloads and verifies. Nothing is changed.',
      owner: 'host',
      deadline: { minutes: STAGING_MINUTES, from: 'last-heard', event: 'silence' },
    },
    staged: {
      meaning: 'Everything is ready on the host. Waits for the permit.',
      owner: 'server',
      deadline: { minutes: STAGED_SILENCE_MINUTES, from: 'last-heard', event: 'silence' },
    },
    installing: {
      meaning: 'The permit is given: packages and services change.',
      owner: 'host',
      deadline: { minutes: INSTALLING_SILENCE_MINUTES, from: 'last-heard', event: 'silence' },
    },
    'reboot-pending': {
      meaning: 'The host needs a reboot and asks for a permit of its own for it.',
      owner: 'server',
      deadline: { minutes: REBOOT_PENDING_SILENCE_MINUTES, from: 'last-heard', event: 'silence' },
    },
    rebooting: {
      meaning: 'The host restarts; its boot id must change.',
      owner: 'host',
      deadline: { minutes: REBOOTING_MINUTES, from: 'last-heard', event: 'silence' },
    },
    verifying: {
      meaning: 'The host observes what is in effect: packages, processes, services, smoke tests.',
      owner: 'host',
      deadline: { minutes: VERIFYING_MINUTES, from: 'last-heard', event: 'silence' },
    },
    lost: {
      meaning: 'The host fell silent after the point of no return. It keeps its lock and its slot until it tells the truth.',
      owner: 'operator',
      deadline: { minutes: LOST_MINUTES, from: 'entered', event: 'time-out' },
    },
    reconciling: {
      meaning: 'The lost host is back; its journal and a fresh observation decide.',
      owner: 'host',
      deadline: { minutes: RECONCILING_MINUTES, from: 'last-heard', event: 'silence' },
    },
    succeeded: { meaning: 'The host observed every target version in place, healthy.', final: true, owner: null },
    'already-compliant': { meaning: 'The host had it, or something newer, before.', final: true, owner: null },
    failed: { meaning: 'The host reported a failure.', final: true, owner: null },
    'verify-failed': { meaning: 'It was installed, but what was observed afterwards is not what was asked.', final: true, owner: null },
    'timed-out': {
      meaning: 'Lost for a day. What the host reports later is stored and shown; it changes no counts.',
      final: true,
      owner: null,
    },
    'not-applicable': { meaning: 'The patch has nothing to do on this host.', final: true, owner: null },
    excluded: { meaning: 'Taken out of the population with a reason.', final: true, owner: null },
    unreachable: { meaning: 'The host never answered; nothing was changed.', final: true, owner: null },
    superseded: { meaning: 'A newer patch took over before anything was changed.', final: true, owner: null },
    cancelled: { meaning: 'Cancelled before anything was changed.', final: true, owner: null },
  },
  events: {
    offer: {
      by: 'server',
      meaning: 'Sign a plan for the host and lay it ready.',
      guard: 'ring running; slot free; the host was heard of lately; no other active job on it; back-off over',
      moves: { queued: 'offered' },
      refused: 'only a waiting job is offered',
    },
    lapse: {
      by: 'clock',
      meaning: 'The host never took the offer; the attempt keeps its number.',
      moves: { offered: 'queued' },
      refused: 'there is no offer',
    },
    acknowledge: {
      by: 'host',
      meaning: 'First sign of the host for this attempt.',
      moves: { offered: 'acknowledged' },
      refused: 'there is no offer',
    },
    check: {
      by: 'host',
      meaning: 'The host runs its prechecks.',
      moves: { offered: 'precheck', acknowledged: 'precheck' },
      refused: 'it is past the prechecks, or was never offered',
    },
    stage: {
      by: 'host',
      meaning: 'The host simulates and downloads.',
      moves: { offered: 'staging', acknowledged: 'staging', precheck: 'staging' },
      refused: 'it is past staging, or was never offered',
    },
    'await-permit': {
      by: 'host',
      meaning: 'The host is ready and asks.',
      moves: { offered: 'staged', acknowledged: 'staged', precheck: 'staged', staging: 'staged' },
      refused: 'it is staged already, or was never offered',
    },
    'permit-apply': {
      by: 'server',
      meaning: 'The permit for the transaction is issued: the point of no return.',
      guard: 'the permit decision, in one transaction (domain.md 2.9)',
      moves: { staged: 'installing' },
      refused: 'only a staged job gets a permit',
      refusedIn: { installing: 'its permit is issued already' },
    },
    'need-reboot': {
      by: 'host',
      meaning: 'The host has installed and needs a reboot.',
      moves: { installing: 'reboot-pending' },
      refused: 'it has not installed',
    },
    'permit-reboot': {
      by: 'server',
      meaning: 'The permit for the reboot is issued.',
      guard: 'reboot policy, window with reserve; the permit decision',
      moves: { 'reboot-pending': 'rebooting' },
      refused: 'it does not wait for a reboot',
    },
    verify: {
      by: 'host',
      meaning: 'The host observes.',
      moves: { installing: 'verifying', 'reboot-pending': 'verifying', rebooting: 'verifying', reconciling: 'verifying' },
      refused: 'nothing was installed',
    },
    silence: {
      by: 'clock',
      meaning:
        'Nothing was heard for too long. Before the point of no return the job is tried anew with the next attempt number; after it the host is lost.',
      moves: {
        acknowledged: 'queued',
        precheck: 'queued',
        staging: 'queued',
        staged: 'queued',
        installing: 'lost',
        'reboot-pending': 'lost',
        rebooting: 'lost',
        verifying: 'lost',
        reconciling: 'lost',
      },
      refused: 'it does not wait for the host',
    },
    return: { by: 'host', meaning: 'A lost host is heard again.', moves: { lost: 'reconciling' }, refused: 'it is not lost' },
    retry: {
      by: 'server',
      meaning: 'Try again with the next attempt number.',
      guard:
        'the host reports that nothing was touched, the class of failure passes by itself, attempts are left; or the signed plan ran out before the permit',
      moves: {
        offered: 'queued',
        acknowledged: 'queued',
        precheck: 'queued',
        staging: 'queued',
        staged: 'queued',
        installing: 'queued',
        verifying: 'queued',
        reconciling: 'queued',
        lost: 'queued',
      },
      refused: 'there is no attempt to repeat',
    },
    succeed: {
      by: 'host',
      meaning: 'The host’s own observation equals the plan.',
      guard: 'every target version observed as installed; a permit was issued',
      moves: {
        installing: 'succeeded',
        'reboot-pending': 'succeeded',
        rebooting: 'succeeded',
        verifying: 'succeeded',
        reconciling: 'succeeded',
        lost: 'succeeded',
      },
      refused: 'no permit was issued for it',
    },
    comply: {
      by: 'host',
      meaning: 'The host had it already.',
      moves: {
        queued: 'already-compliant',
        offered: 'already-compliant',
        acknowledged: 'already-compliant',
        precheck: 'already-compliant',
        staging: 'already-compliant',
        staged: 'already-compliant',
        installing: 'already-compliant',
        verifying: 'already-compliant',
        reconciling: 'already-compliant',
        lost: 'already-compliant',
      },
      refused: 'it has ended',
      refusedIn: { 'reboot-pending': 'it has installed', rebooting: 'it has installed' },
    },
    fail: {
      by: 'host',
      meaning: 'The host reports a failure.',
      moves: {
        offered: 'failed',
        acknowledged: 'failed',
        precheck: 'failed',
        staging: 'failed',
        staged: 'failed',
        installing: 'failed',
        'reboot-pending': 'failed',
        rebooting: 'failed',
        verifying: 'failed',
        reconciling: 'failed',
        lost: 'failed',
      },
      refused: 'it has ended',
      refusedIn: { queued: 'no attempt is under way' },
    },
    'fail-verification': {
      by: 'host',
      meaning: 'What was observed afterwards is not what was asked.',
      moves: {
        installing: 'verify-failed',
        'reboot-pending': 'verify-failed',
        rebooting: 'verify-failed',
        verifying: 'verify-failed',
        reconciling: 'verify-failed',
        lost: 'verify-failed',
      },
      refused: 'nothing was installed',
    },
    'time-out': { by: 'clock', meaning: 'Lost for too long.', moves: { lost: 'timed-out' }, refused: 'it is not lost' },
    'give-up': {
      by: 'clock',
      meaning: 'The host never answered, or its attempts are used up in silence.',
      moves: { queued: 'unreachable' },
      refused: 'it is not waiting',
    },
    'report-cancelled': {
      by: 'host',
      meaning: 'The host confirms that it stopped before it changed anything.',
      guard: 'the host reports that nothing was touched',
      moves: {
        offered: 'cancelled',
        acknowledged: 'cancelled',
        precheck: 'cancelled',
        staging: 'cancelled',
        staged: 'cancelled',
        installing: 'cancelled',
        // Its post-hooks have undone what its pre-hooks did.
        verifying: 'cancelled',
        reconciling: 'cancelled',
        lost: 'cancelled',
      },
      refused: 'it cannot be cancelled any more',
    },
    cancel: {
      by: 'server',
      meaning: 'The rollout is halted. No permit was given, so nothing was changed.',
      moves: {
        queued: 'cancelled',
        offered: 'cancelled',
        acknowledged: 'cancelled',
        precheck: 'cancelled',
        staging: 'cancelled',
        staged: 'cancelled',
      },
      refused: 'it is beyond the point of no return: it is brought to a safe end',
    },
    supersede: {
      by: 'server',
      meaning: 'A newer patch takes over.',
      moves: {
        queued: 'superseded',
        offered: 'superseded',
        acknowledged: 'superseded',
        precheck: 'superseded',
        staging: 'superseded',
        staged: 'superseded',
      },
      refused: 'it is beyond the point of no return: it is brought to a safe end',
    },
    exclude: {
      by: 'server',
      meaning: 'Taken out with a reason: decommissioned, hold, exception. No permit was given, so nothing was changed.',
      moves: {
        queued: 'excluded',
        offered: 'excluded',
        acknowledged: 'excluded',
        precheck: 'excluded',
        staging: 'excluded',
        staged: 'excluded',
      },
      refused: 'it is beyond the point of no return: it is brought to a safe end',
    },
    'rule-out': {
      by: 'host',
      meaning: 'The patch does not apply to this host.',
      moves: {
        offered: 'not-applicable',
        acknowledged: 'not-applicable',
        precheck: 'not-applicable',
        staging: 'not-applicable',
        staged: 'not-applicable',
      },
      refused: 'it has installed, or was never offered',
    },
  },
});

export type JobState = StateOf<typeof JOB>;
export type JobEventName = EventOf<typeof JOB>;

/** Before the point of no return: no permit, nothing changed, cancelled at once. */
export const JOB_PREPARING = ['offered', 'acknowledged', 'precheck', 'staging', 'staged'] as const satisfies readonly JobState[];
/** S1: these count against every concurrency cap; a lost host keeps its slot. */
export const JOB_DISRUPTING = [
  'installing',
  'reboot-pending',
  'rebooting',
  'verifying',
  'lost',
  'reconciling',
] as const satisfies readonly JobState[];
/** S5: at most one such job per host (partial unique index). */
export const JOB_ACTIVE: readonly JobState[] = [...JOB_PREPARING, ...JOB_DISRUPTING];
/** In SQL, for a row `NAME` of job: it waits with its reboot for another rollout's, so the host is free for that one. */
export const waitsForSharedReboot = (name: string): string => `(${name}.shares_reboot and ${name}.state = 'reboot-pending')`;

/** Taken from a host before it had its permit: it is told to stop when it speaks next. */
export const JOB_WITHDRAWN: readonly JobState[] = ['cancelled', 'superseded', 'excluded'];
/** Those that still want a permit: time that is over matters only while there are some. */
export const JOB_WANTING: readonly JobState[] = ['queued', ...JOB_PREPARING];
export const JOB_FINAL: readonly JobState[] = statesOf(JOB).filter(state => isFinal(JOB, state));
/** Ends that leave the host as asked. */
export const JOB_SATISFIED: readonly JobState[] = ['succeeded', 'already-compliant', 'not-applicable'];
/** domain.md 2.3: f. */
export const JOB_FAILED: readonly JobState[] = ['failed', 'verify-failed', 'timed-out'];

/** Ends that an override may accept: the gate then counts them as known and allowed. */
export const JOB_ACCEPTABLE: readonly JobState[] = [...JOB_FAILED, 'unreachable'];

export function isPreparing(state: JobState): boolean {
  return (JOB_PREPARING as readonly JobState[]).includes(state);
}
export function isDisrupting(state: JobState): boolean {
  return (JOB_DISRUPTING as readonly JobState[]).includes(state);
}
