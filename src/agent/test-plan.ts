import type { HostPlan } from '../core/rollouts/host-plan.ts';

/** A plan as a server signs it for one host: openssl from 1 to 2, begun a second ago. */
export function testPlan(hostId: string, given: Partial<HostPlan> = {}): HostPlan {
  const now = Date.now();
  return {
    version: 1,
    planId: 'plan_1',
    policyRoot: 1,
    installationId: 'ins_1',
    hostId,
    sequence: 1,
    jobId: 'job_1',
    attempt: 1,
    rolloutId: 'rol_1',
    rolloutPlanHash: 'x',
    kind: 'patch',
    notBefore: new Date(now - 1_000).toISOString(),
    notAfter: new Date(now + 600_000).toISOString(),
    restart: 'never',
    reboot: 'never',
    smokeTests: [],
    transaction: [{ action: 'upgrade', name: 'openssl', arch: 'amd64', fromVersion: '1', toVersion: '2' }],
    ...given,
  };
}
