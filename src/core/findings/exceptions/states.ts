import { type EventOf, isFinal, machine, type StateOf, statesOf } from '../../kernel/machine.ts';
import { DECIDE_MINUTES } from './life.ts';

/**
 * Approved, reasoned, expiring leave to keep findings (domain.md 2.6). It changes nothing about them: they stay open, due and counted; beside the gross
 * number stands one without what is excused. `active` and `expiring` are the states in force.
 */
export const EXCEPTION = machine({
  name: 'exception',
  initial: 'draft',
  states: {
    draft: { meaning: 'Being written. Nobody has been asked.', owner: 'requester' },
    requested: {
      meaning: 'Waits for a risk owner to take it up.',
      owner: 'risk-owner',
      deadline: { minutes: DECIDE_MINUTES, from: 'entered', event: 'expire' },
    },
    'under-review': {
      meaning: 'A risk owner looks at it, for the first time or because something has changed. It excuses nothing meanwhile.',
      owner: 'risk-owner',
      deadline: { minutes: DECIDE_MINUTES, from: 'entered', event: 'expire' },
    },
    approved: { meaning: 'Approved, its scope frozen; not valid yet. Starts by itself.', owner: 'server' },
    active: { meaning: 'In force until its end.', owner: 'server' },
    expiring: { meaning: 'In force, and its end is near: renew it, or close the findings.', owner: 'requester' },
    expired: { meaning: 'Its time ran out, or nobody decided. Findings that are still open count as before.', final: true, owner: null },
    renewed: { meaning: 'The next exception of its chain is in force in its place.', final: true, owner: null },
    revoked: { meaning: 'A risk owner took the leave back.', final: true, owner: null },
    resolved: { meaning: 'No finding of its scope is open any more.', final: true, owner: null },
    rejected: { meaning: 'A risk owner said no.', final: true, owner: null },
    withdrawn: { meaning: 'Taken back before it was in force.', final: true, owner: null },
  },
  events: {
    submit: {
      by: 'person',
      meaning: 'Ask for it.',
      moves: { draft: 'requested' },
      refused: 'it has been asked for already',
    },
    edit: {
      by: 'person',
      meaning: 'Write it anew, before anybody is asked.',
      guard: 'only whoever wrote it: who edits it and approves it would approve words of their own',
      moves: { draft: 'draft' },
      refused: 'only a draft is edited: withdraw it and ask anew',
    },
    review: {
      by: 'person',
      meaning: 'Take it up.',
      moves: { requested: 'under-review' },
      refused: 'it does not wait to be taken up',
      refusedIn: { 'under-review': 'it is under review already' },
    },
    approve: {
      by: 'person',
      meaning: 'Grant it; freezes the scope.',
      guard:
        'approver and requester differ, or the installation has one risk owner and says so; never by an API token; the owner exists; the scope is the one shown; nothing else covers any of it; past the second renewal two risk owners',
      moves: { requested: 'approved', 'under-review': 'approved' },
      refused: 'it does not wait for a decision',
    },
    reject: {
      by: 'person',
      meaning: 'Say no.',
      moves: { requested: 'rejected', 'under-review': 'rejected' },
      refused: 'it does not wait for a decision',
    },
    withdraw: {
      by: 'person',
      meaning: 'Take the request back.',
      moves: { draft: 'withdrawn', requested: 'withdrawn', 'under-review': 'withdrawn', approved: 'withdrawn' },
      refused: 'it has ended',
      refusedIn: { active: 'it is in force: revoke it', expiring: 'it is in force: revoke it' },
    },
    activate: {
      by: 'clock',
      meaning: 'Its first day has come.',
      moves: { approved: 'active' },
      refused: 'it is not approved',
    },
    remind: {
      by: 'clock',
      meaning: '30, 14, 7 and 1 days before the end.',
      moves: { active: 'expiring', expiring: 'expiring' },
      refused: 'it is not in force',
    },
    expire: {
      by: 'clock',
      meaning: 'Its end has come, or nobody decided in time.',
      moves: {
        requested: 'expired',
        'under-review': 'expired',
        approved: 'expired',
        active: 'expired',
        expiring: 'expired',
      },
      refused: 'nothing in this state runs out',
    },
    renew: {
      by: 'server',
      meaning: 'The next of its chain takes its place.',
      guard: 'the next one was approved by a person other than its requester',
      moves: { 'under-review': 'renewed', active: 'renewed', expiring: 'renewed' },
      refused: 'only what is or was in force can be renewed',
    },
    reopen: {
      by: 'server',
      meaning: 'What it was granted on has changed; a person may say so too.',
      guard: 'known exploited, publicly exposed, EPSS, a fix, a control, criticality or the owner has changed since the approval',
      moves: { approved: 'under-review', active: 'under-review', expiring: 'under-review' },
      refused: 'it has not been granted',
      refusedIn: { 'under-review': 'it is under review already' },
    },
    revoke: {
      by: 'person',
      meaning: 'Take the leave back.',
      moves: { approved: 'revoked', active: 'revoked', expiring: 'revoked' },
      refused: 'it is not granted',
      refusedIn: { requested: 'it is not granted: reject it', 'under-review': 'it is under review: reject it' },
    },
    resolve: {
      by: 'server',
      meaning: 'The last finding of its scope has closed.',
      moves: {
        requested: 'resolved',
        'under-review': 'resolved',
        approved: 'resolved',
        active: 'resolved',
        expiring: 'resolved',
      },
      refused: 'it has ended',
      refusedIn: { draft: 'it has not been asked for' },
    },
  },
});

export type ExceptionState = StateOf<typeof EXCEPTION>;
export type ExceptionEvent = EventOf<typeof EXCEPTION>;

/** What excuses something at this moment; the end counts beside it, because the server may have slept through it. */
export const EXCEPTION_IN_FORCE = ['active', 'expiring'] as const satisfies readonly ExceptionState[];
/** Granted: nothing else may be granted for the same findings. */
export const EXCEPTION_GRANTED = ['approved', 'active', 'expiring'] as const satisfies readonly ExceptionState[];

/** Waits for a risk owner. */
export const EXCEPTION_UNDECIDED = ['requested', 'under-review'] as const satisfies readonly ExceptionState[];
/** Has not ended. */
export const EXCEPTION_OPEN: readonly ExceptionState[] = statesOf(EXCEPTION).filter(state => !isFinal(EXCEPTION, state));
export const EXCEPTION_ENDED: readonly ExceptionState[] = statesOf(EXCEPTION).filter(state => isFinal(EXCEPTION, state));

export function isGranted(state: ExceptionState): boolean {
  return (EXCEPTION_GRANTED as readonly string[]).includes(state);
}

export function isInForce(state: ExceptionState): boolean {
  return (EXCEPTION_IN_FORCE as readonly string[]).includes(state);
}
