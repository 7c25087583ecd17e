import { describe, expect, it } from 'vitest';
import { durationClass, estimateMinutes, predictMinutes } from './duration.ts';
import { forecast, lateHosts } from './forecast.ts';
import type { RolloutPlan } from './plan.ts';
import { type LintFacts, lintPlan } from './plan-lint.ts';

const NOW = '2026-11-22T12:00:00.000Z';
const gate = { errorPercent: 0, minSample: 0, minCoveragePercent: 100 };
const item = (toVersion: string) => ({ action: 'upgrade', name: 'openssl', arch: 'amd64', fromVersion: '1', toVersion }) as const;
const ring = (name: string, hosts: number, more: Partial<RolloutPlan['rings'][number]> = {}) => ({
  name,
  soakMinutes: 0,
  concurrency: 1,
  gate,
  hosts: Array.from({ length: hosts }, (_, n) => ({
    hostId: `${name}${n + 1}`,
    hostName: `${name}${n + 1}`,
    transaction: 0,
    rehearsed: 'on-host' as const,
    estimatedMinutes: 30,
  })),
  ...more,
});
const plan = (more: Partial<RolloutPlan> = {}): RolloutPlan => ({
  version: 1,
  rolloutId: 'rol_1',
  kind: 'patch',
  revertsId: null,
  patchIds: ['p'],
  transactions: [[item('2')]],
  rings: [ring('canary', 1, { soakMinutes: 60 }), ring('rest', 4, { concurrency: 2 })],
  window: { startsAt: null, endsAt: null, timeZone: 'UTC', repeat: null },
  restart: 'affected-services',
  reboot: 'never',
  smokeTests: [],
  ...more,
});
const nights = { startsAt: '2026-11-22T22:00:00.000Z', endsAt: '2026-11-22T23:00:00.000Z', timeZone: 'UTC', repeat: 'FREQ=DAILY' };

describe('the forecast', () => {
  it('runs batches one after another, soak between rings', () => {
    expect(forecast(plan(), NOW)).toEqual([
      { name: 'canary', startsAt: NOW, endsAt: '2026-11-22T13:30:00.000Z' },
      { name: 'rest', startsAt: '2026-11-22T13:30:00.000Z', endsAt: '2026-11-22T14:30:00.000Z' },
    ]);
  });

  it('waits for windows, and begins a batch only where it still fits before the cutoff', () => {
    const two = plan({ window: nights });
    expect(forecast(two, NOW).map(one => one.endsAt)).toEqual(['2026-11-22T23:30:00.000Z', '2026-11-23T23:00:00.000Z']);
    const tight = plan({ window: { ...nights, cutoffMinutes: 20 } });
    expect(forecast(tight, NOW).map(one => one.endsAt)).toEqual(['2026-11-22T23:30:00.000Z', '2026-11-24T22:30:00.000Z']);
    const never = plan({ window: { ...nights, cutoffMinutes: 40 } });
    expect(forecast(never, NOW).map(one => one.endsAt)).toEqual([null, null]);
  });

  it('names who comes too late, and only what would help', () => {
    const late = (dueAt: string) => lateHosts(plan({ window: nights }), new Map([['rest1', dueAt]]), NOW);
    expect(late('2026-11-24T00:00:00.000Z')).toEqual([]);
    expect(late('2026-11-23T12:00:00.000Z')).toEqual([
      {
        ring: 'rest',
        dueAt: '2026-11-23T12:00:00.000Z',
        finishesAt: '2026-11-23T23:00:00.000Z',
        hosts: ['rest1'],
        offers: ['emergency-profile', 'extra-window', 'mitigation', 'exception'],
      },
    ]);
    expect(late('2026-11-22T12:10:00.000Z')[0]!.offers).toEqual(['mitigation', 'exception']);
  });
});

describe('predicted minutes', () => {
  it('are the ninth of ten of jobs alike, where there are enough', () => {
    const history = new Map([[durationClass(1, false), { minutes: 3, jobs: 40 }]]);
    expect(predictMinutes([item('2')], 'never', false, history)).toEqual({ minutes: 3, basedOnJobs: 40 });
    expect(predictMinutes([item('2')], 'always', false, history)).toEqual({
      minutes: estimateMinutes([item('2')], 'always', false),
      basedOnJobs: 0,
    });
    const few = new Map([[durationClass(1, false), { minutes: 3, jobs: 19 }]]);
    expect(predictMinutes([item('2')], 'never', false, few).basedOnJobs).toBe(0);
  });
});

describe('plan lint beyond the plan itself', () => {
  const facts: LintFacts = {
    now: NOW,
    asked: new Map(plan().rings.flatMap(one => one.hosts.map(host => [host.hostId, [item('2')]]))),
    rebootExpected: new Set(),
    fettleHostId: null,
    freezes: [],
    groups: [],
  };
  const rules = (made: RolloutPlan, more: Partial<LintFacts> = {}) => {
    const found = lintPlan(made, { ...facts, ...more });
    return found
      .filter(one => !['smoke-tests', 'canary-serial', 'undeclared-upgrade'].includes(one.rule))
      .map(one => `${one.level} ${one.rule}`);
  };
  const other = (version: string, hostId = 'rest1') => [{ rolloutId: 'rol_2', rolloutName: 'other', hostId, transaction: [item(version)] }];

  it('is silent about a sound plan', () => {
    expect(rules(plan(), { globalConcurrencyMax: 2, dueOf: new Map([['rest1', '2026-12-01T00:00:00.000Z']]), others: [] })).toEqual([]);
  });
  it('names a due date that cannot be met, with the offers', () => {
    const [finding] = lintPlan(plan({ window: nights }), { ...facts, dueOf: new Map([['rest1', '2026-11-23T00:00:00.000Z']]) }).filter(
      one => one.rule === 'due-date',
    );
    expect(finding!.message).toBe(
      'rest1: due on 2026-11-23T00:00:00.000Z, ring rest is through by 2026-11-23T23:00:00.000Z. What can be done: emergency profile, extra window, mitigation, exception',
    );
  });
  it('names other rollouts on the same hosts, and refuses two versions of one package', () => {
    expect(rules(plan(), { others: other('2') })).toEqual(['warning other-rollouts']);
    expect(rules(plan(), { others: other('3') })).toEqual(['error conflicting-versions', 'warning other-rollouts']);
    expect(rules(plan(), { others: other('3', 'elsewhere') })).toEqual([]);
  });
  it('names an approval that runs out, a gate that cannot fail, a cap, evidence and what was retracted', () => {
    expect(rules(plan({ rings: [ring('canary', 1, { soakMinutes: 31 * 1440 }), ring('rest', 1)] }))).toContain('warning approval-horizon');
    expect(rules(plan({ rings: [ring('canary', 1, { gate: { ...gate, errorPercent: 100 } }), ring('rest', 3)] }))).toEqual([
      'warning gate-can-fail',
    ]);
    expect(rules(plan(), { globalConcurrencyMax: 1 })).toEqual(['warning cap-over-all']);
    const first = ring('canary', 1);
    expect(rules(plan({ rings: [{ ...first, hosts: [{ ...first.hosts[0]!, forensic: true }] }, ring('rest', 3)] }))).toEqual([
      'warning evidence-first',
    ]);
    expect(rules(plan(), { retracted: new Map([['openssl 2', 'breaks TLS']]) })).toEqual(['error no-retracted']);
  });
});
