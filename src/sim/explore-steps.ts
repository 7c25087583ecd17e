import { invariant } from '../core/kernel/faults.ts';
import { move } from '../core/kernel/machine.ts';
import type { RingCounts } from '../core/rollouts/gate.ts';
import { offerJob } from '../core/rollouts/job-changes.ts';
import { JOB, JOB_FAILED } from '../core/rollouts/job-states.ts';
import { type JobStatus, send, unchanged } from '../core/rollouts/job-status.ts';
import { progressRing, sameRing, sendRing } from '../core/rollouts/ring-changes.ts';
import { stepOf } from '../core/rollouts/rollout-changes.ts';
import { ROLLOUT, type RolloutEvent } from '../core/rollouts/rollout-states.ts';
import { hostSteps, timeSteps } from './explore-host.ts';
import { type ExploreOptions, isActive, isDisrupting, LATER, OPEN_UNTIL, put, replace, type State, T0 } from './explore-state.ts';

/** Everything that can happen next, in words, with the state that it leads to. */
export function* successors(state: State, options: ExploreOptions): Generator<readonly [string, State]> {
  yield ['the server looks', reconcile(state, options)];
  for (let n = 0; n < state.jobs.length; n++) {
    yield* hostSteps(state, n, options);
    yield* timeSteps(state, n);
  }
  if (state.rollout === 'running' && state.pausesLeft > 0)
    yield ['a person pauses', { ...moveRollout(state, 'pause'), pausesLeft: state.pausesLeft - 1 }];
  if (state.rollout === 'paused' && state.resumesLeft > 0) yield ['a person resumes', resume(state)];
  if (state.rollout === 'running' || state.rollout === 'paused') yield ['a person halts', halt(state)];
  if (state.windowOpen) yield ['the window closes', { ...state, windowOpen: false }];
}

function moveRollout(state: State, event: RolloutEvent): State {
  const step = move(ROLLOUT, state.rollout, event);
  invariant(step.ok, `${event} in ${state.rollout}`);
  return { ...state, rollout: step.to };
}

/** One pass of the reconciler: what src/server/rollouts/reconciler.ts does, on this state. */
function reconcile(state: State, options: ExploreOptions): State {
  const wanting = state.jobs.filter(job => job.state === 'queued' || (isActive(job) && !isDisrupting(job))).length;
  const next = stepOf({
    now: T0,
    state: state.rollout,
    stateSince: T0,
    isEmergency: false,
    windowStartsAt: null,
    windowEndsAt: state.windowOpen ? OPEN_UNTIL : T0,
    approvalExpiresAt: LATER,
    killSwitch: false,
    retracted: false,
    openRehearsals: 0,
    wanting,
  });
  if (next.do === 'progress') return offer(progress(state, options));
  if (next.do === 'recheck') return progress(state, options);
  if (next.do === 'halt') return halt(state);
  return next.do === 'drain' ? drain(state) : state;
}

function progress(state: State, options: ExploreOptions): State {
  let after = state;
  for (const [index, ring] of state.rings.entries()) {
    if (ring.state === 'passed' || ring.state === 'skipped') continue;
    if (state.rollout === 'paused' && ring.state !== 'gate-pending') return after;
    const counts = countsOf(after, ring.id);
    const gate = options.without === 'gate' ? { errorPercent: 100, minSample: 0, minCoveragePercent: 0 } : ring.gate;
    const change = progressRing({ ...ring, gate }, counts, T0, '', T0);
    after = {
      ...after,
      rings: replace(after.rings, index, {
        ...change.ring,
        gate: ring.gate,
        stateSince: T0,
        stateReason: null,
        soakEndsAt: null,
        lastSuccessAt: null,
      }),
    };
    if (change.gate !== null && change.ring.state !== 'passed' && change.ring.state !== 'skipped')
      return after.rollout === 'running' ? moveRollout(after, 'gate-stopped') : after;
    if (change.ring.state !== 'passed' && change.ring.state !== 'skipped') return after;
  }
  return after.rollout === 'running'
    ? moveRollout(
        after,
        after.jobs.every(job => job.state === 'succeeded' || job.state === 'already-compliant') ? 'complete' : 'complete-partial',
      )
    : after;
}

function countsOf(state: State, ringId: string): RingCounts {
  const jobs = state.jobs.filter(job => job.ringId === ringId);
  const count = (holds: (job: JobStatus) => boolean): number => jobs.filter(holds).length;
  return {
    hosts: jobs.length,
    excluded: 0,
    succeeded: count(job => job.state === 'succeeded'),
    compliant: count(job => job.state === 'already-compliant'),
    failed: count(job => JOB_FAILED.includes(job.state) && job.failureAcceptedBy === null),
    blockers: 0,
    accepted: count(job => job.failureAcceptedBy !== null),
    infrastructure: count(job => job.parked && job.infrastructure),
    notReady: count(job => job.parked && !job.infrastructure),
    alarms: 0,
    unreached: count(job => ['unreachable', 'cancelled'].includes(job.state) && job.failureAcceptedBy === null),
    waiting: count(job => job.state === 'queued' && !job.parked),
    active: count(isActive),
  };
}

function offer(state: State): State {
  let after = state;
  const ring = state.rings.find(one => one.state === 'running');
  if (ring === undefined || state.rollout !== 'running') return state;
  for (const [n, job] of state.jobs.entries()) {
    if (job.ringId !== ring.id || job.state !== 'queued' || job.parked) continue;
    after = {
      ...put(after, n, offerJob(job, T0, {}).job),
      permits: replace(after.permits, n, 'none' as const),
      begun: replace(after.begun, n, false),
      answered: replace(after.answered, n, false),
    };
  }
  return after;
}

function resume(state: State): State {
  const index = state.rings.findIndex(ring => ring.state === 'failed' || ring.state === 'gate-pending');
  let after: State = { ...state, resumesLeft: state.resumesLeft - 1 };
  if (index >= 0) {
    const ring = state.rings[index]!;
    const own = state.jobs.filter(job => job.ringId === ring.id);
    const override = ring.state === 'failed' || !own.some(job => job.parked);
    for (const [n, job] of state.jobs.entries()) {
      if (job.ringId !== ring.id) continue;
      if (override && (JOB_FAILED.includes(job.state) || job.state === 'unreachable'))
        after = put(after, n, { ...job, failureAcceptedBy: 'grace' });
      if (job.parked) after = put(after, n, { ...job, parked: false, attemptsLeft: 1 });
    }
    after = { ...after, rings: replace(after.rings, index, { ...sendRing(sameRing(ring), 'reopen', T0).ring, stateReason: null }) };
  }
  return moveRollout(after, 'resume');
}

function halt(state: State): State {
  let after = moveRollout(state, 'halt');
  for (const [n, job] of after.jobs.entries()) {
    if (move(JOB, job.state, 'cancel').ok) after = put(after, n, send(unchanged(job), 'cancel', T0, { by: 'system' }).job);
    else if (isActive(job)) after = put(after, n, { ...job, cancelRequested: true });
  }
  return after;
}

function drain(state: State): State {
  let after = state;
  for (const [n, job] of state.jobs.entries())
    if (move(JOB, job.state, 'cancel').ok) after = put(after, n, send(unchanged(job), 'cancel', T0, { by: 'system' }).job);
  return after.jobs.some(isActive) ? after : moveRollout(after, 'drained-halted');
}
