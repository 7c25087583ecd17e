import { describe, expect, it } from 'vitest';
import { FAILURE_CLASSES } from './failure-classes.ts';
import type { JobResult, TransactionItem } from './host-plan.ts';
import { judgeResult } from './result.ts';
import { nextAttemptInSeconds } from './retry.ts';

const openssl: TransactionItem = { action: 'upgrade', name: 'openssl', arch: 'amd64', fromVersion: '1', toVersion: '2' };
const RESULT: JobResult = {
  jobId: 'job_1',
  attempt: 1,
  outcome: 'succeeded',
  failure: null,
  touched: true,
  before: [{ name: 'openssl', arch: 'amd64', version: '1' }],
  after: [{ name: 'openssl', arch: 'amd64', version: '2', state: 'installed' }],
  restartedUnits: [],
  rebooted: false,
  bootIdBefore: null,
  bootIdAfter: null,
  smokeTests: [],
  healed: [],
  startedAt: '2026-11-22T12:00:00.000Z',
  finishedAt: '2026-11-22T12:01:00.000Z',
};
const judge = (more: Partial<JobResult>, state: Parameters<typeof judgeResult>[2] = 'verifying', kind: 'patch' | 'rollback' = 'patch') =>
  judgeResult([openssl], kind, state, { ...RESULT, ...more });
const observed = (version: string | null, state = 'installed') => ({ after: [{ name: 'openssl', arch: 'amd64', version, state }] });
const failure = (failureClass: NonNullable<JobResult['failure']>['class']) => ({
  outcome: 'failed' as const,
  failure: { class: failureClass, message: 'm', signature: 's' },
});

describe('judging a result', () => {
  it('believes the observation, not the word', () => {
    expect(judge({})).toMatchObject({ event: 'succeed', failureClass: null });
    expect(judge(observed('1'))).toMatchObject({ event: 'fail-verification', failureClass: 'verify-failed' });
    expect(judge(observed('2', 'half-configured')).failure).toContain('openssl is half-configured');
    expect(judge({ after: [] }).failure).toContain('was not observed');
    expect(judge({ smokeTests: [{ test: { kind: 'unit-active', unit: 'x.service' }, passed: false, detail: 'inactive' }] }).event).toBe(
      'fail-verification',
    );
  });

  it('takes something newer for a patch, only the exact version for a rollback', () => {
    expect(judge(observed('3')).event).toBe('succeed');
    expect(judge(observed('3'), 'verifying', 'rollback').event).toBe('fail-verification');
  });

  it('sees a change without a permit as a security event', () => {
    expect(judge({}, 'staging')).toMatchObject({ event: 'fail', unpermitted: true, failureClass: 'needs-human' });
    expect(judge({ touched: false, outcome: 'already-compliant' }, 'staging')).toMatchObject({ event: 'comply', unpermitted: false });
  });

  it('lets untouched hosts wait for what is not the patch', () => {
    for (const state of ['staging', 'installing'] as const)
      expect(judge({ ...failure('repository-unavailable'), touched: false }, state)).toMatchObject({ event: 'retry', waits: true });
    expect(judge({ ...failure('digest-mismatch'), touched: false }, 'staging')).toMatchObject({ event: 'retry', waits: true });
    expect(judge({ ...failure('repository-unavailable'), touched: true }, 'installing')).toMatchObject({ event: 'fail', waits: false });
    expect(judge({ ...failure('install-failed'), touched: true }, 'installing')).toMatchObject({ event: 'fail' });
    expect(judge({ ...failure('service-failed'), touched: true }, 'verifying')).toMatchObject({
      event: 'fail-verification',
      failureClass: 'service-failed',
    });
  });

  it('takes a cancellation only where nothing was touched', () => {
    expect(judge({ outcome: 'cancelled', touched: false }, 'staged').event).toBe('report-cancelled');
    expect(judge({ outcome: 'cancelled', touched: true }, 'installing')).toMatchObject({ event: 'fail', failureClass: 'needs-human' });
  });
});

it('tries again after 20 s and 2 min, and not for longer than three minutes', () => {
  const begun = '2026-11-22T12:00:00.000Z';
  expect(nextAttemptInSeconds(1, 2, begun, '2026-11-22T12:00:05.000Z')).toBe(20);
  expect(nextAttemptInSeconds(2, 1, begun, '2026-11-22T12:00:30.000Z')).toBe(120);
  expect(nextAttemptInSeconds(3, 0, begun, '2026-11-22T12:02:40.000Z')).toBeNull();
  expect(nextAttemptInSeconds(2, 1, begun, '2026-11-22T12:03:01.000Z')).toBeNull();
});

describe('a host that refuses its plan', () => {
  const refused = (signature: string, touched = false): JobResult => ({
    ...RESULT,
    outcome: 'failed',
    touched,
    failure: { class: 'plan-refused', message: 'compare the clocks', signature },
  });
  it.each(['plan-refused:early', 'plan-refused:expired'])('for its time alone tries again and counts apart: %s', signature => {
    expect(judgeResult([openssl], 'patch', 'precheck', refused(signature))).toMatchObject({ waits: true, failureClass: 'clock-differs' });
  });
  it.each(['plan-refused:unknown-key', 'plan-refused:host', 'plan-refused:replay', 'plan-refused:leap'])(
    'otherwise fails the gate: %s',
    signature => {
      const judged = judgeResult([openssl], 'patch', 'precheck', refused(signature));
      expect(judged).toMatchObject({ waits: false, failureClass: 'plan-refused', event: 'fail' });
      expect(FAILURE_CLASSES[judged.failureClass!].blocker).toBe(true);
    },
  );
});
