import { type EventOf, machine, type StateOf } from '../kernel/machine.ts';
import {
  APPROVAL_MINUTES,
  APPROVAL_VALID_MINUTES,
  EMERGENCY_PAUSED_MINUTES,
  PAUSED_MINUTES,
  PLANNED_MINUTES,
  REHEARSAL_MINUTES,
} from './timers.ts';

/** One run of a plan over a fleet (domain.md 2.2). A rollback is a rollout of its own, not a state. */
export const ROLLOUT = machine({
  name: 'rollout',
  initial: 'draft',
  states: {
    draft: { meaning: 'Being written. Waits for the planner to submit it.', owner: 'planner' },
    rehearsing: {
      meaning: 'Every host computes its exact transaction without changing anything. Hosts that do not answer in time are predicted.',
      owner: 'server',
      deadline: { minutes: REHEARSAL_MINUTES, from: 'entered', event: 'planned' },
    },
    planned: {
      meaning: 'The plan is made, checked and hashed. Waits for somebody to ask for approval.',
      owner: 'planner',
      deadline: { minutes: PLANNED_MINUTES, from: 'entered', event: 'expire' },
    },
    'awaiting-approval': {
      meaning: 'Waits for a second person to approve exactly this plan hash.',
      owner: 'approver',
      deadline: { minutes: APPROVAL_MINUTES, from: 'entered', event: 'expire' },
    },
    scheduled: {
      meaning: 'Approved. Starts by itself when its window opens, or when somebody starts it.',
      owner: 'operator',
      deadline: { minutes: APPROVAL_VALID_MINUTES, from: 'entered', event: 'expire' },
    },
    running: {
      meaning: 'Rings are opened one after another; hosts get permits.',
      owner: 'server',
      deadline: { minutes: APPROVAL_VALID_MINUTES, from: 'entered', event: 'expire' },
    },
    paused: {
      meaning: 'No new permits. Hosts beyond the point of no return finish. Waits for a person.',
      owner: 'operator',
      deadline: { minutes: PAUSED_MINUTES, emergencyMinutes: EMERGENCY_PAUSED_MINUTES, from: 'entered', event: 'halt' },
    },
    halting: {
      meaning: 'Jobs before the point of no return are cancelled; the others are brought to a safe end, each within its own deadline.',
      owner: 'host',
    },
    halted: { meaning: 'Stopped by a person, or after seven days of pause (one in an emergency).', final: true, owner: null },
    completed: { meaning: 'Every host ended as asked.', final: true, owner: null },
    'completed-partial': { meaning: 'Every ring is through, but some hosts were not reached or failed.', final: true, owner: null },
    rejected: { meaning: 'The approver said no.', final: true, owner: null },
    expired: { meaning: 'Its window, its approval or its plan ran out.', final: true, owner: null },
    superseded: { meaning: 'A newer patch took its place.', final: true, owner: null },
    cancelled: { meaning: 'Withdrawn before it started.', final: true, owner: null },
  },
  events: {
    submit: {
      by: 'person',
      meaning: 'Resolve the hosts and rehearse.',
      moves: { draft: 'rehearsing' },
      refused: 'only a draft can be submitted',
    },
    planned: {
      by: 'server',
      meaning: 'All rehearsals are in, or their time is up, and the plan has no error.',
      guard: 'the plan lint found no error',
      moves: { rehearsing: 'planned' },
      refused: 'there is no rehearsal to finish',
    },
    'plan-refused': {
      by: 'server',
      meaning: 'The plan has errors; they are the reason shown.',
      moves: { rehearsing: 'draft' },
      refused: 'there is no rehearsal to finish',
    },
    edit: {
      by: 'person',
      meaning: 'Back to draft. Approvals are void: the plan will have another hash.',
      moves: { draft: 'draft', rehearsing: 'draft', planned: 'draft', 'awaiting-approval': 'draft', scheduled: 'draft' },
      refused: 'it has ended: draft a new one',
      refusedIn: {
        running: 'it is running: halt it and draft a new one',
        paused: 'it has started: halt it and draft a new one',
        halting: 'it is being halted',
      },
    },
    'request-approval': {
      by: 'person',
      meaning: 'Open a change request for this plan hash.',
      moves: { planned: 'awaiting-approval' },
      refused: 'only a finished plan can be put up for approval',
      refusedIn: {
        draft: 'submit it first, so that there is a plan to approve',
        rehearsing: 'the rehearsal is still running',
        'awaiting-approval': 'approval has been asked for already',
      },
    },
    approve: {
      by: 'person',
      meaning: 'A second person approves this plan hash.',
      guard:
        'the hash is the one that was read; the change request is open; approver and requester differ, or the installation has one person and says so',
      moves: { 'awaiting-approval': 'scheduled' },
      refused: 'nobody has asked for approval',
      refusedIn: { scheduled: 'it is approved already', running: 'it is approved already', paused: 'it is approved already' },
    },
    reject: {
      by: 'person',
      meaning: 'The approver says no.',
      moves: { 'awaiting-approval': 'rejected' },
      refused: 'nobody has asked for approval',
    },
    start: {
      by: 'person',
      meaning: 'Open the first ring. The server sends it by itself when the window opens.',
      guard: 'approval valid and its hash equal; kill switch off; window not over',
      moves: { scheduled: 'running' },
      refused: 'it must be approved first',
      refusedIn: { running: 'it is running already', paused: 'it is paused: resume it', halting: 'it is being halted' },
    },
    pause: {
      by: 'person',
      meaning: 'Withhold permits. Needs no approval.',
      moves: { running: 'paused' },
      refused: 'it is not running',
      refusedIn: { paused: 'it is paused already' },
    },
    'gate-stopped': {
      by: 'server',
      meaning: 'The gate of a ring said fail or inconclusive.',
      moves: { running: 'paused' },
      refused: 'it is not running',
    },
    resume: {
      by: 'person',
      meaning: 'Go on with the same ring; no ring is ever skipped.',
      guard:
        'after a failed gate: an override with a reason by a person other than the requester, or the installation has one person and says so',
      moves: { paused: 'running' },
      refused: 'it is not paused',
    },
    halt: {
      by: 'person',
      meaning: 'Stop for good. Needs no approval.',
      moves: { running: 'halting', paused: 'halting' },
      refused: 'it has not started: cancel it instead',
      refusedIn: {
        halting: 'it is being halted already',
        halted: 'it has ended',
        completed: 'it has ended',
        'completed-partial': 'it has ended',
        rejected: 'it has ended',
        expired: 'it has ended',
        superseded: 'it has ended',
        cancelled: 'it has ended',
      },
    },
    expire: {
      by: 'clock',
      meaning: 'Window, approval or plan ran out. A rollout that has started is drained first (see halting).',
      moves: { planned: 'expired', 'awaiting-approval': 'expired', scheduled: 'expired', running: 'halting', paused: 'halting' },
      refused: 'nothing in this state runs out',
    },
    supersede: {
      by: 'server',
      meaning: 'A newer patch takes its place.',
      moves: { planned: 'superseded', 'awaiting-approval': 'superseded', scheduled: 'superseded', running: 'halting', paused: 'halting' },
      refused: 'there is no plan to supersede',
    },
    'drained-halted': {
      by: 'server',
      meaning: 'The last job ended after a halt.',
      moves: { halting: 'halted' },
      refused: 'it is not being halted',
    },
    'drained-expired': {
      by: 'server',
      meaning: 'The last job ended after the time ran out.',
      moves: { halting: 'expired' },
      refused: 'it is not being halted',
    },
    'drained-superseded': {
      by: 'server',
      meaning: 'The last job ended after a newer patch took over.',
      moves: { halting: 'superseded' },
      refused: 'it is not being halted',
    },
    complete: {
      by: 'server',
      meaning: 'All rings are through and every host ended as asked.',
      guard: 'every job succeeded, was already compliant or not applicable',
      moves: { running: 'completed' },
      refused: 'it is not running',
    },
    'complete-partial': {
      by: 'server',
      meaning: 'All rings are through; some hosts did not end as asked and stay listed, their due dates running.',
      moves: { running: 'completed-partial' },
      refused: 'it is not running',
    },
    cancel: {
      by: 'person',
      meaning: 'Withdraw it before it starts.',
      moves: {
        draft: 'cancelled',
        rehearsing: 'cancelled',
        planned: 'cancelled',
        'awaiting-approval': 'cancelled',
        scheduled: 'cancelled',
      },
      refused: 'it has ended',
      refusedIn: { running: 'it has started: halt it', paused: 'it has started: halt it', halting: 'it is being halted already' },
    },
  },
});

export type RolloutState = StateOf<typeof ROLLOUT>;
export type RolloutEvent = EventOf<typeof ROLLOUT>;
