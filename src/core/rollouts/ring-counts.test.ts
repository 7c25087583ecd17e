import { describe, expect, it } from 'vitest';
import { JOB_FINAL } from './job-states.ts';
import { type JobGroup, ringCountsOf } from './ring-counts.ts';

const group = (fields: Partial<JobGroup>): JobGroup => ({
  state: 'queued',
  parked: false,
  infrastructure: false,
  failureClass: null,
  accepted: false,
  hosts: 1,
  ...fields,
});

describe('what a ring counts', () => {
  it('is every host once, whatever its state', () => {
    const groups = [...JOB_FINAL, 'queued' as const, 'lost' as const].map((state, n) => group({ state, hosts: n + 1 }));
    const total = groups.reduce((sum, one) => sum + one.hosts, 0);
    expect(ringCountsOf(groups).hosts).toBe(total);
    expect(ringCountsOf([]).hosts).toBe(0);
  });

  it('tells a failure of the patch from one that was accepted, and from infrastructure', () => {
    const counts = ringCountsOf([
      group({ state: 'failed', failureClass: 'install-failed', hosts: 3 }),
      group({ state: 'failed', failureClass: 'needs-human' }),
      group({ state: 'timed-out', failureClass: 'lost', accepted: true, hosts: 2 }),
      group({ parked: true, infrastructure: true, failureClass: 'digest-mismatch', hosts: 4 }),
      group({ parked: true, failureClass: 'disk-space', hosts: 5 }),
      group({ state: 'unreachable', accepted: true, hosts: 6 }),
      group({ state: 'lost', hosts: 7 }),
      group({ hosts: 8 }),
    ]);
    expect(counts).toMatchObject({
      hosts: 36,
      failed: 4,
      blockers: 1,
      accepted: 8,
      infrastructure: 4,
      alarms: 4,
      notReady: 5,
      unreached: 0,
      active: 7,
      waiting: 8,
    });
  });
});
