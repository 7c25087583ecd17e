import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { signEnvelope } from '../core/evidence/envelope.ts';
import { FAILURE_CLASSES, remedyOf } from '../core/rollouts/failure-classes.ts';
import { type HostPlan, PERMIT_TYPE } from '../core/rollouts/host-plan.ts';
import { admitPlan, checkPermit } from './decide.ts';

const now = '2026-11-22T12:00:00.000Z';
const plan = {
  jobId: 'job_1',
  attempt: 1,
  sequence: 2,
  notBefore: '2026-11-22T11:00:00.000Z',
  notAfter: '2026-11-22T13:00:00.000Z',
} as HostPlan;
const task = { jobId: 'job_1', attempt: 1 };

describe('what a person can do', () => {
  it('is about clocks where the host names its clock', () => {
    const { privateKey } = generateKeyPairSync('ed25519');
    const key = createPublicKey(privateKey).export({ format: 'der', type: 'spki' }).toString('base64');
    const permit = signEnvelope(PERMIT_TYPE, { ...task, hostId: 'h', phase: 'apply', expiresAt: now }, privateKey);
    const late = checkPermit(permit, plan, 'apply', { hostId: 'h', installationId: 'i', trustedKeys: [key] }, now)!;
    const early = admitPlan(plan, task, { now: '2026-11-22T10:00:00.000Z', highestSequence: 1 })!;
    const over = admitPlan(plan, task, { now: '2026-11-22T14:00:00.000Z', highestSequence: 1 })!;
    for (const failure of [late, early, over]) expect(remedyOf(failure.class, failure.signature)).toMatch(/Compare the clock/);
  });
  it('is that of the class for everything else', () => {
    const replayed = admitPlan(plan, task, { now, highestSequence: 5 })!;
    expect(remedyOf(replayed.class, replayed.signature)).toMatch(/restored from an older backup/);
    expect(remedyOf('permit-refused', 'permit-refused:window-over')).toBe(FAILURE_CLASSES['permit-refused'].remedy);
    expect(remedyOf('plan-refused', 'plan-refused:unknown-key')).toMatch(/signing keys/);
    expect(remedyOf('held', null)).toBe(FAILURE_CLASSES.held.remedy);
  });
});
