import type { JobResult } from '../core/rollouts/host-plan.ts';
import { grantPermit, hearEvents, hearPermitRequest, takeResult, timeUp } from '../core/rollouts/job-changes.ts';
import { JOB_FAILED } from '../core/rollouts/job-states.ts';
import { withFields } from '../core/rollouts/job-status.ts';
import { answerPermit } from '../core/rollouts/permit-decision.ts';
import {
  type ExploreOptions,
  type HostState,
  isActive,
  isDisrupting,
  LATER,
  OPEN_UNTIL,
  PAIR,
  put,
  replace,
  type State,
  T0,
} from './explore-state.ts';

/** What the host can do, and what can happen to its messages: an answer that is lost is a step of the server without one of the host. */
export function* hostSteps(state: State, n: number, options: ExploreOptions): Generator<readonly [string, State]> {
  const job = state.jobs[n]!;
  const host = state.hosts[n]!;
  const withHost = (after: State, next: HostState): State => ({ ...after, hosts: replace(after.hosts, n, next) });
  const heardOf = put(state, n, isActive(job) ? hearEvents(job, [], T0).job : job);
  const free = host.stage === 'idle' || host.stage === 'ready' || host.stage === 'permitted' || host.stage === 'told';
  if (isActive(job) && !state.answered[n] && free && job.attempt > host.attempt)
    yield [`${job.hostId} takes attempt ${job.attempt}`, withHost(heardOf, { attempt: job.attempt, stage: 'ready', outcome: null })];
  if (host.stage === 'ready') {
    const [after, granted] = ask(state, n, host.attempt, options);
    yield [`${job.hostId} asks, the answer is lost`, after];
    yield [
      `${job.hostId} asks and ${granted ? 'gets its permit' : 'is refused'}`,
      granted ? withHost(after, { ...host, stage: 'permitted' }) : after,
    ];
    if (options.detail === 'full') yield [`${job.hostId} reports that its mirror is down`, tell(state, n, host.attempt, 'mirror')];
  }
  if (host.stage === 'permitted') {
    yield [`${job.hostId} begins to change`, withHost(state, { ...host, stage: 'changing' })];
    yield [`the permit of ${job.hostId} runs out on the host`, withHost(state, { ...host, stage: 'ready' })];
  }
  if (host.stage === 'changing') {
    yield [
      `${job.hostId} tells that it has begun`,
      { ...heardOf, begun: host.attempt === job.attempt ? replace(state.begun, n, true) : state.begun },
    ];
    yield [`${job.hostId} ends well`, withHost(state, { ...host, stage: 'changed', outcome: 'good' })];
    yield [`${job.hostId} ends badly`, withHost(state, { ...host, stage: 'changed', outcome: 'bad' })];
  }
  if (host.stage === 'changed' || host.stage === 'told') {
    const after = tell(state, n, host.attempt, host.outcome!);
    yield [`${job.hostId} tells its result, the answer is lost`, after];
    yield [`${job.hostId} tells its result`, withHost(after, { ...host, stage: 'told' })];
  }
}

function ask(state: State, n: number, attempt: number, options: ExploreOptions): readonly [State, boolean] {
  const stored = state.jobs[n]!;
  const asked = options.without === 'fencing' ? stored.attempt : attempt;
  const heard = hearPermitRequest(stored, asked, 'apply', T0);
  const { job } = heard;
  const ring = state.rings.find(one => one.id === job.ringId)!;
  const others = state.jobs.filter((one, index) => index !== n && isDisrupting(one));
  const pair = state.jobs[PAIR(n)];
  const facts = {
    now: T0,
    phase: 'apply' as const,
    rollout: {
      state: options.without === 'halt' ? ('running' as const) : state.rollout,
      planHash: 'h',
      windowStartsAt: null,
      windowEndsAt: state.windowOpen ? OPEN_UNTIL : T0,
      reboot: 'never' as const,
    },
    change: { state: 'implementing' as const, planHash: 'h', expiresAt: LATER },
    ring: {
      state: options.without === 'halt' ? ('running' as const) : ring.state,
      concurrency: options.without === 'concurrency' ? 99 : ring.concurrency,
    },
    disrupting: { ring: others.filter(one => one.ringId === ring.id).length, global: others.length },
    globalConcurrencyMax: options.without === 'concurrency' ? 99 : ring.concurrency,
    killSwitch: false,
    freezes: [],
    groups:
      options.without === 'availability' || pair === undefined
        ? []
        : [{ name: 'pair', available: isDisrupting(pair) || (JOB_FAILED.includes(pair.state) && pair.touched) ? 0 : 1, minAvailable: 1 }],
    job: { state: job.state, attempt: job.attempt, cancelRequested: job.cancelRequested, estimatedMinutes: 5, planNotAfter: OPEN_UNTIL },
    askedAttempt: asked,
    otherActiveJobOnHost: false,
  };
  const live = state.permits[n] === 'none' ? null : { expiresAt: state.permits[n] === 'live' ? LATER : T0, begun: state.begun[n]! };
  const answer = answerPermit(facts, live);
  if (answer.kind === 'no') return [put(state, n, job), false];
  if (answer.kind === 'same')
    return [{ ...put(state, n, job), permitAfterHalt: state.permitAfterHalt || state.rollout !== 'running' }, true];
  return [
    {
      ...put(state, n, grantPermit(heard, 'apply', T0, {}).job),
      permits: replace(state.permits, n, 'live' as const),
      permitAfterHalt: state.permitAfterHalt || state.rollout !== 'running',
    },
    true,
  ];
}

function tell(state: State, n: number, attempt: number, what: 'good' | 'bad' | 'mirror'): State {
  const job = state.jobs[n]!;
  const touched = what !== 'mirror';
  const result: JobResult = {
    jobId: job.id,
    attempt,
    outcome: what === 'good' ? 'succeeded' : 'failed',
    failure:
      what === 'good' ? null : { class: what === 'mirror' ? 'repository-unavailable' : 'install-failed', message: '', signature: '' },
    touched,
    before: [],
    after: [{ name: 'p', arch: 'amd64', version: what === 'good' ? '2' : '1', state: 'installed' }],
    restartedUnits: [],
    rebooted: false,
    bootIdBefore: null,
    bootIdAfter: null,
    smokeTests: [],
    healed: [],
    startedAt: T0,
    finishedAt: T0,
  };
  const known = { offered: attempt > 0 && attempt <= job.attempt, answered: attempt === job.attempt ? state.answered[n]! : true };
  const taken = takeResult(job, 'patch', attempt, result, known, T0);
  const after = taken.late === null ? put(state, n, taken.job) : state;
  const answered = attempt === job.attempt ? { ...after, answered: replace(after.answered, n, true) } : after;
  return what === 'mirror' ? { ...answered, hosts: replace(answered.hosts, n, { attempt, stage: 'idle', outcome: null }) } : answered;
}

/** Every time-out is something that may happen now: silence, an offer that lapses, a permit that runs out, a lost host that is given up. */
export function* timeSteps(state: State, n: number): Generator<readonly [string, State]> {
  const job = state.jobs[n]!;
  if (state.permits[n] === 'live')
    yield [`the permit of ${job.hostId} runs out`, { ...state, permits: replace(state.permits, n, 'over' as const) }];
  if (!isActive(job)) return;
  const change = timeUp(job, null, LATER);
  if (change !== null) yield [`time runs out for ${job.hostId} in ${job.state}`, put(state, n, withFields(change, {}).job)];
}
