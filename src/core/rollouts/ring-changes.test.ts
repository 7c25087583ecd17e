import { describe, expect, it } from 'vitest';
import { inheritFrom, type RingStatus } from './ring-changes.ts';

const now = '2026-11-22T12:00:00.000Z';
const ring = (name: string, fields: Partial<RingStatus>): RingStatus => ({
  ...{ id: name, rolloutId: 'rol_1', ringIndex: 0, name, hosts: 3, soakMinutes: 0, concurrency: 1, state: 'pending', stateSince: now },
  ...{ stateReason: null, soakEndsAt: null, lastSuccessAt: null, gate: { errorPercent: 0, minSample: 0, minCoveragePercent: 80 } },
  ...fields,
});

describe('a ring in which nothing was attempted', () => {
  const canary = ring('canary', { soakMinutes: 60, gate: { errorPercent: 0, minSample: 5, minCoveragePercent: 100 } });

  it('hands its soak and its gate to the next', () => {
    expect(inheritFrom(canary, ring('early', { soakMinutes: 10 }))).toMatchObject({ soakMinutes: 60, gate: canary.gate });
    expect(inheritFrom(canary, ring('early', { soakMinutes: 90 })).soakMinutes).toBe(90);
  });

  it('hands nothing to the ring of those that were not reached, which hosts that stay away must never stop', () => {
    const catchUp = ring('catch-up', { deadlineMinutes: 2_880, gate: { errorPercent: 0, minSample: 0, minCoveragePercent: 0 } });
    expect(inheritFrom(canary, catchUp)).toEqual(catchUp);
  });
});
