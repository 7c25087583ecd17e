import { type EventOf, machine, type StateOf } from '../kernel/machine.ts';
import { APPROVAL_MINUTES, APPROVAL_VALID_MINUTES, REVIEW_MINUTES } from './timers.ts';

/** The record that asks for and holds an approval of one plan hash (domain.md 2.5). An edit cancels it; the next plan opens another. */
export const CHANGE_REQUEST = machine({
  name: 'change request',
  initial: 'draft',
  states: {
    draft: { meaning: 'Being written.', owner: 'planner' },
    submitted: { meaning: 'Handed in. The server assesses it in the same step.', owner: 'server' },
    assessed: { meaning: 'Risk, reversibility and conflicts are written down.', owner: 'server' },
    'awaiting-approval': {
      meaning: 'Waits for a person other than the requester.',
      owner: 'approver',
      deadline: { minutes: APPROVAL_MINUTES, from: 'entered', event: 'expire' },
    },
    approved: {
      meaning: 'Approved; binds the plan hash.',
      owner: 'server',
      deadline: { minutes: APPROVAL_VALID_MINUTES, from: 'entered', event: 'expire' },
    },
    scheduled: {
      meaning: 'Waits for the rollout to start.',
      owner: 'operator',
      deadline: { minutes: APPROVAL_VALID_MINUTES, from: 'entered', event: 'expire' },
    },
    implementing: { meaning: 'The first permit was issued; ends with the last job.', owner: 'host' },
    review: {
      meaning: 'All jobs have ended. The server closes it with the outcome when nothing went wrong; else a person looks.',
      owner: 'operator',
      deadline: { minutes: REVIEW_MINUTES, from: 'entered', event: 'close' },
    },
    closed: { meaning: 'Closed as successful, successful with issues, or unsuccessful.', final: true, owner: null },
    rejected: { meaning: 'The approver said no.', final: true, owner: null },
    cancelled: { meaning: 'Withdrawn, or the plan was edited.', final: true, owner: null },
    expired: { meaning: 'Nobody decided in time, or the approval ran out unused.', final: true, owner: null },
  },
  events: {
    submit: { by: 'person', meaning: 'Hand it in.', moves: { draft: 'submitted' }, refused: 'it has been handed in already' },
    assess: {
      by: 'server',
      meaning: 'Write down risk and conflicts.',
      moves: { submitted: 'assessed' },
      refused: 'it has been assessed already',
      refusedIn: { draft: 'it has not been handed in' },
    },
    ask: { by: 'server', meaning: 'Ask for approval.', moves: { assessed: 'awaiting-approval' }, refused: 'it has not been assessed' },
    approve: {
      by: 'person',
      meaning: 'Approve the plan hash.',
      guard: 'approver and requester differ, or the installation has one person and says so; never by an API token',
      moves: { 'awaiting-approval': 'approved' },
      refused: 'it does not wait for approval',
    },
    schedule: { by: 'server', meaning: 'The rollout is scheduled.', moves: { approved: 'scheduled' }, refused: 'it is not approved' },
    reject: { by: 'person', meaning: 'Say no.', moves: { 'awaiting-approval': 'rejected' }, refused: 'it does not wait for approval' },
    implement: {
      by: 'server',
      meaning: 'The first permit is issued.',
      moves: { scheduled: 'implementing' },
      refused: 'it is not scheduled',
    },
    'begin-review': {
      by: 'server',
      meaning: 'The last job has ended.',
      moves: { scheduled: 'review', implementing: 'review' },
      refused: 'nothing has been implemented',
    },
    close: { by: 'server', meaning: 'Write down the outcome.', moves: { review: 'closed' }, refused: 'it is not in review' },
    cancel: {
      by: 'person',
      meaning: 'Withdraw it; an edit of the plan does so.',
      moves: {
        draft: 'cancelled',
        submitted: 'cancelled',
        assessed: 'cancelled',
        'awaiting-approval': 'cancelled',
        approved: 'cancelled',
        scheduled: 'cancelled',
      },
      refused: 'it has ended',
      refusedIn: { implementing: 'it is being implemented', review: 'it is in review' },
    },
    expire: {
      by: 'clock',
      meaning: 'Time is up.',
      moves: { 'awaiting-approval': 'expired', approved: 'expired', scheduled: 'expired' },
      refused: 'nothing in this state runs out',
    },
  },
});

export type ChangeRequestState = StateOf<typeof CHANGE_REQUEST>;
export type ChangeRequestEvent = EventOf<typeof CHANGE_REQUEST>;
