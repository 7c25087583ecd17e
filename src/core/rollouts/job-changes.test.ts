import { describe, expect, it } from 'vitest';
import { addMs, DAY_MS, epochMs, type Instant, MINUTE_MS, SECOND_MS } from '../kernel/instants.ts';
import type { JobResult } from './host-plan.ts';
import { grantPermit, hearEvents, hearPermitRequest, offerJob, takeResult, timeUp } from './job-changes.ts';
import { FRESH_JOB, type JobStatus } from './job-status.ts';
import { ATTEMPTS_MAX } from './retry.ts';

const start = '2026-11-22T08:00:00.000Z';
const queued: JobStatus = {
  id: 'job_1',
  rolloutId: 'rol_1',
  ringId: 'ring_1',
  ringIndex: 0,
  position: 0,
  hostId: 'host_1',
  hostName: 'h1',
  transaction: [{ action: 'upgrade', name: 'p', arch: 'amd64', fromVersion: '1', toVersion: '2' }],
  estimatedMinutes: 6,
  ...FRESH_JOB,
  stateSince: start,
};

function refusal(attempt: number, now: Instant): JobResult {
  return {
    ...{ jobId: 'job_1', attempt, outcome: 'failed', touched: false, before: [], after: [], restartedUnits: [], rebooted: false },
    failure: { class: 'permit-refused', message: 'the permit ended: compare the clocks', signature: 'permit-refused:expired' },
    ...{ bootIdBefore: null, bootIdAfter: null, smokeTests: [], healed: [], startedAt: now, finishedAt: now },
  };
}

/** One attempt that ends with the host's refusal, and the job after it. */
function attempt(job: JobStatus, now: Instant, permitted: boolean): JobStatus {
  const offered = offerJob(job, now, {}).job;
  const staged = hearPermitRequest(offered, offered.attempt, 'apply', now);
  const asked = permitted ? grantPermit(staged, 'apply', now, {}).job : staged.job;
  return takeResult(asked, 'patch', asked.attempt, refusal(asked.attempt, now), { offered: true, answered: false }, now).job;
}

describe('a host that ends an attempt for want of a permit', () => {
  it('loses no attempt where none was given', () => {
    let job = queued;
    for (let n = 0; n < 10; n++) job = attempt(job, addMs(start, n * 3_600 * SECOND_MS), false);
    expect(job).toMatchObject({ state: 'queued', parked: false, attempt: 10, attemptsLeft: ATTEMPTS_MAX });
  });

  it('loses none where it was lost with a permit that it never heard of', () => {
    const offered = offerJob(queued, start, {}).job;
    const permitted = grantPermit(hearPermitRequest(offered, 1, 'apply', start), 'apply', start, {}).job;
    const later = addMs(start, 3_600 * SECOND_MS);
    const lost = timeUp(permitted, null, later)!.job;
    expect(lost.state).toBe('lost');
    const back = takeResult(lost, 'patch', 1, refusal(1, later), { offered: true, answered: false }, later).job;
    expect(back).toMatchObject({ state: 'queued', parked: false, attemptsLeft: ATTEMPTS_MAX });
  });

  it('waits for a person after some attempts where it could not use the one that it got', () => {
    let job = queued;
    let now = start;
    for (let n = 0; n < ATTEMPTS_MAX && !job.parked; n++) {
      job = attempt(job, now, true);
      now = job.notBefore ?? now;
    }
    expect(job).toMatchObject({ state: 'queued', parked: true, waitingOn: 'host-not-ready', touched: false });
  });
});

describe('a host that is off', () => {
  it('is offered its job again after a minute, then ever less often, and costs no attempt', () => {
    let job = queued;
    let now = start;
    const pauses: number[] = [];
    while (epochMs(now) - epochMs(start) < 14 * DAY_MS) {
      const lapsed = timeUp(offerJob(job, now, {}).job, null, addMs(now, 5 * MINUTE_MS));
      job = lapsed!.job;
      pauses.push((epochMs(job.notBefore!) - epochMs(now)) / MINUTE_MS - 5);
      now = job.notBefore!;
    }
    expect(pauses.slice(0, 8)).toEqual([1, 2, 4, 8, 16, 32, 64, 64]);
    expect(job).toMatchObject({ state: 'queued', attemptsLeft: ATTEMPTS_MAX, parked: false });
    // Two weeks off leave room below the leap of a thousand that the agent refuses (src/agent/decide.ts).
    expect(job.attempt).toBeLessThan(320);
  });
});

describe('a host that is stopped while its post-hooks undo what its pre-hooks did', () => {
  const permitted = (): JobStatus =>
    grantPermit(hearPermitRequest(offerJob(queued, start, {}).job, 1, 'apply', start), 'apply', start, {}).job;
  const undoing = (): JobStatus =>
    hearEvents(
      { ...permitted(), cancelRequested: true },
      [{ sequence: 1, at: start, phase: 'post-hook', kind: 'phase-started', text: '' }],
      start,
    ).job;

  it.each(['cancelled', 'failed'] as const)('ends as cancelled when it says %s', outcome => {
    const result = {
      ...refusal(1, start),
      outcome,
      failure: { class: 'pre-hook-failed', message: 'drain', signature: 'drain' },
    } as JobResult;
    expect(undoing().state).toBe('verifying');
    expect(takeResult(undoing(), 'patch', 1, result, { offered: true, answered: false }, start).job.state).toBe('cancelled');
  });
});
