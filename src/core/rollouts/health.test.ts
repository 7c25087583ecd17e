import { describe, expect, it } from 'vitest';
import { evaluateGate } from './gate.ts';
import { judgeHealth, readMeasured, readSignal } from './health.ts';
import { progressRing, type RingStatus } from './ring-changes.ts';
import { NO_HOSTS } from './ring-counts.ts';

const metric = {
  kind: 'prometheus',
  name: 'errors',
  query: 'q',
  operator: '<=',
  threshold: 5,
  controlFactor: null,
  dryRun: false,
} as const;
const value = (number: number) => ({ ok: true, value: number }) as const;

describe('a signal of hosts', () => {
  const read = (bad: number, good: number, unknown = 0, control: [number, number] | null = [1, 95]) =>
    readSignal('failed-units', { bad, good, unknown }, control === null ? null : { bad: control[0], good: control[1], unknown: 0 }, false);
  it('fails when chance alone would hardly do it, and says so', () => {
    expect(read(2, 3)).toMatchObject({
      verdict: 'failed',
      text: '2 of 5 hosts have failed units, 1 of 96 untouched hosts: chance alone does this in 0.6 of 100 cases',
    });
    expect(read(1, 4).verdict).toBe('successful');
    expect(read(0, 5).verdict).toBe('successful');
    expect(read(1, 4, 0, [0, 95]).verdict).toBe('failed');
  });
  it('without untouched hosts one bad host is one too many', () => {
    expect(read(1, 4, 0, null).verdict).toBe('failed');
    expect(read(0, 4, 0, null).verdict).toBe('successful');
  });
  it('no data never passes', () => {
    expect(read(0, 0, 5).verdict).toBe('inconclusive');
    expect(read(0, 3, 2).verdict).toBe('inconclusive');
    expect(read(0, 9, 1).verdict).toBe('successful');
  });
});

describe('a measured number', () => {
  it('is compared with its threshold, either way round', () => {
    expect(readMeasured(metric, value(5), null).verdict).toBe('successful');
    expect(readMeasured(metric, value(5.1), null)).toMatchObject({ verdict: 'failed', text: '5.10, wanted <= 5' });
    expect(readMeasured({ ...metric, operator: '>=' }, value(4), null).verdict).toBe('failed');
  });
  it('and with untouched hosts', () => {
    const compared = { ...metric, threshold: 100, controlFactor: 2 };
    expect(readMeasured(compared, value(19), value(10)).verdict).toBe('successful');
    expect(readMeasured(compared, value(21), value(10)).verdict).toBe('failed');
    expect(readMeasured(compared, value(21), null).verdict).toBe('inconclusive');
  });
  it('NaN, an empty answer and an error are no data', () => {
    expect(readMeasured(metric, value(Number.NaN), null).verdict).toBe('inconclusive');
    expect(readMeasured(metric, { ok: false, problem: 'no data' }, null)).toMatchObject({ verdict: 'inconclusive', text: 'no data' });
    expect(readMeasured({ ...metric, controlFactor: 1 }, value(1), { ok: false, problem: 'no data' }).verdict).toBe('inconclusive');
  });
  it('a dry run is shown and decides nothing', () => {
    expect(judgeHealth([readMeasured({ ...metric, dryRun: true }, value(9), null)])).toEqual({ failed: [], doubts: [] });
  });
});

describe('a gate with health metrics', () => {
  const counts = { ...NO_HOSTS, hosts: 2, succeeded: 2 };
  const gate = { errorPercent: 0, minSample: 0, minCoveragePercent: 100, health: [metric] };
  const reading = (verdict: 'successful' | 'failed' | 'inconclusive') => [{ name: 'errors', verdict, dryRun: false, text: 'x' }];
  it('passes only when results and every metric do', () => {
    expect(evaluateGate(counts, gate, reading('successful')).verdict).toBe('pass');
    expect(evaluateGate(counts, gate, reading('failed'))).toMatchObject({ verdict: 'fail', reasons: ['errors: x'] });
    expect(evaluateGate(counts, gate, reading('inconclusive')).verdict).toBe('inconclusive');
    expect(evaluateGate(counts, gate, 'unmeasured').verdict).toBe('inconclusive');
  });
  it('a soak that is over waits for the measurement', () => {
    const ring: RingStatus = {
      id: 'r',
      rolloutId: 'o',
      ringIndex: 0,
      name: 'canary',
      hosts: 2,
      soakMinutes: 0,
      concurrency: 1,
      gate,
      state: 'running',
      stateSince: '2026-11-22T12:00:00.000Z',
      stateReason: null,
      soakEndsAt: null,
      lastSuccessAt: null,
    };
    const now = '2026-11-22T12:30:00.000Z';
    const unmeasured = progressRing(ring, counts, '2026-11-22T12:10:00.000Z', '', now, 'unmeasured');
    expect([unmeasured.ring.state, unmeasured.gate]).toEqual(['soaking', null]);
    expect(progressRing(unmeasured.ring, counts, '2026-11-22T12:10:00.000Z', '', now, reading('successful')).ring.state).toBe('passed');
    expect(progressRing(unmeasured.ring, counts, '2026-11-22T12:10:00.000Z', '', now, reading('failed')).ring.state).toBe('failed');
  });
});
