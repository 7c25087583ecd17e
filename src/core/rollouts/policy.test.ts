import { describe, expect, it } from 'vitest';
import { parseGroupQuery } from '../inventory/group-query.ts';
import {
  choosePatches,
  decideOccurrence,
  dueOccurrences,
  emergencyPatches,
  lanesOf,
  nextOf,
  type OccurrenceFacts,
  type PatchCase,
  type PolicyRule,
  policyProblem,
  SKIP_REASONS,
} from './policy.ts';

const RULE: PolicyRule = {
  query: 'env = prod or tier = 1',
  schedule: {
    timeZone: 'Europe/Berlin',
    firstStart: '2026-11-26T22:00',
    minutes: 240,
    repeat: 'FREQ=WEEKLY;INTERVAL=2;BYDAY=TH',
    gap: 'shift-forward',
    overlap: 'first',
  },
  zones: { label: 'site', values: { 'new york': 'America/New_York', tokyo: 'Asia/Tokyo' } },
  patches: { securityOnly: true, minAgeDays: 3, knownExploitedAtOnce: true },
  leadHours: 48,
};
const patch = (patchId: string, more: Partial<PatchCase> = {}): PatchCase => ({
  patchId,
  title: patchId,
  security: true,
  knownExploited: [],
  knownSince: '2026-11-01T00:00:00.000Z',
  ...more,
});

describe('every second Thursday at 22:00 in each site’s own zone', () => {
  it('is one lane per zone and one for the rest, with queries that can be read', () => {
    const lanes = lanesOf(RULE);
    expect(lanes.map(lane => [lane.key, lane.timeZone])).toEqual([
      ['site=new york', 'America/New_York'],
      ['site=tokyo', 'Asia/Tokyo'],
      ['rest', 'Europe/Berlin'],
    ]);
    for (const lane of lanes) expect(parseGroupQuery(lane.query).ok, lane.query).toBe(true);
  });

  it('starts at 22:00 of the wall clock there, in summer and in winter', () => {
    const starts = (key: string) =>
      nextOf(RULE, lanesOf(RULE).find(lane => lane.key === key)!, '2026-11-22T00:00:00.000Z', 12).map(one => one.startsAt);
    expect(starts('rest').slice(0, 2)).toEqual(['2026-11-26T21:00:00.000Z', '2026-12-10T21:00:00.000Z']);
    expect(starts('site=new york')[0]).toBe('2026-11-27T03:00:00.000Z');
    expect(starts('site=tokyo')[0]).toBe('2026-11-26T13:00:00.000Z');
    expect(starts('rest')).toContain('2027-04-01T20:00:00.000Z');
  });

  it('is prepared its lead before it opens, and never before the policy was turned on', () => {
    const lane = lanesOf(RULE)[2]!;
    const due = (now: string, since = '2026-11-22T00:00:00.000Z') => dueOccurrences(RULE, lane, since, now).map(one => one.startsAt);
    expect(due('2026-11-24T20:59:59.000Z')).toEqual([]);
    expect(due('2026-11-24T21:00:00.000Z')).toEqual(['2026-11-26T21:00:00.000Z']);
    expect(due('2026-12-09T00:00:00.000Z')).toEqual(['2026-11-26T21:00:00.000Z', '2026-12-10T21:00:00.000Z']);
    expect(due('2026-12-09T00:00:00.000Z', '2026-11-26T22:00:00.000Z')).toEqual(['2026-12-10T21:00:00.000Z']);
  });

  it('ends by the clock where it says so', () => {
    const night: PolicyRule = {
      ...RULE,
      zones: null,
      schedule: { ...RULE.schedule, timeZone: 'Europe/Berlin', firstStart: '2026-10-24T22:00', minutes: 420, repeat: 'FREQ=DAILY;COUNT=1' },
    };
    const ends = (length?: 'wall-clock') => {
      const rule = { ...night, schedule: { ...night.schedule, length } };
      return nextOf(rule, lanesOf(rule)[0]!, '2026-10-24T00:00:00.000Z', 1)[0]!.endsAt;
    };
    expect([ends(), ends('wall-clock')]).toEqual(['2026-10-25T03:00:00.000Z', '2026-10-25T04:00:00.000Z']);
  });

  it('refuses a zone or a rule that does not exist', () => {
    expect(policyProblem(RULE)).toBeNull();
    expect(policyProblem({ ...RULE, zones: { label: 'site', values: { mars: 'Mars/Base' } } })).toMatch(/site mars/);
    expect(policyProblem({ ...RULE, schedule: { ...RULE.schedule, repeat: 'FREQ=HOURLY' } })).toMatch(/DAILY, WEEKLY, MONTHLY or YEARLY/);
  });
});

describe('which patches go along', () => {
  const at = '2026-11-26T21:00:00.000Z';
  it('those that are old enough when the window opens, and known exploited ones whatever their age', () => {
    const young = patch('young', { knownSince: '2026-11-24T00:00:00.000Z' });
    const kev = patch('kev', { knownSince: '2026-11-26T00:00:00.000Z', knownExploited: ['CVE-2026-1'] });
    const choice = choosePatches(RULE.patches, [patch('old'), young, kev, patch('feature', { security: false })], at);
    expect(choice.chosen.map(one => one.patchId)).toEqual(['old', 'kev']);
    expect(choice.left.map(one => [one.patch.patchId, one.eligibleAt])).toEqual([
      ['young', '2026-11-27T00:00:00.000Z'],
      ['feature', null],
    ]);
    const patient = choosePatches({ ...RULE.patches, knownExploitedAtOnce: false }, [kev], at);
    expect(patient.chosen).toEqual([]);
  });

  it('half-open: three days to the second are three days', () => {
    const exactly = patch('p', { knownSince: '2026-11-23T21:00:00.000Z' });
    expect(choosePatches(RULE.patches, [exactly], at).chosen).toHaveLength(1);
  });

  it('takes up a known exploited one at once, and only once', () => {
    const kev = patch('kev', { knownExploited: ['CVE-2026-1'] });
    expect(emergencyPatches(RULE.patches, [kev, patch('p')], new Set())).toEqual([kev]);
    expect(emergencyPatches(RULE.patches, [kev], new Set(['kev']))).toEqual([]);
    expect(emergencyPatches({ ...RULE.patches, knownExploitedAtOnce: false }, [kev], new Set())).toEqual([]);
  });
});

describe('an occurrence', () => {
  const facts: OccurrenceFacts = {
    now: '2026-11-25T00:00:00.000Z',
    occurrence: { startsAt: '2026-11-26T21:00:00.000Z', endsAt: '2026-11-27T01:00:00.000Z' },
    hosts: 4,
    queryProblem: null,
    choice: { chosen: [patch('p')], left: [] },
    freezes: [],
    previousOpen: null,
  };
  it('makes a rollout when nothing speaks against it', () => {
    expect(decideOccurrence(facts)).toEqual({ do: 'create', patchIds: ['p'] });
    const half = { name: 'f', startsAt: '2026-11-26T00:00:00.000Z', endsAt: '2026-11-26T23:00:00.000Z' };
    expect(decideOccurrence({ ...facts, freezes: [half] }).do).toBe('create');
  });

  const whole = { name: 'quarter end', startsAt: '2026-11-26T00:00:00.000Z', endsAt: '2026-11-28T00:00:00.000Z' };
  const cases: [keyof typeof SKIP_REASONS, Partial<OccurrenceFacts>][] = [
    ['missed', { now: '2026-11-27T01:00:00.000Z' }],
    ['query-problem', { queryProblem: 'a value is missing' }],
    ['no-hosts', { hosts: 0 }],
    ['previous-open', { previousOpen: 'rol_1 is running' }],
    ['frozen', { freezes: [whole] }],
    ['nothing-to-patch', { choice: { chosen: [], left: [{ patch: patch('y'), reason: 'younger than 3 days', eligibleAt: null }] } }],
  ];
  it.each(cases)('is skipped: %s', (reason, more) => {
    expect(decideOccurrence({ ...facts, ...more })).toMatchObject({ do: 'skip', reason });
  });
  it('has a test for every reason', () => {
    expect(new Set(cases.map(([reason]) => reason))).toEqual(new Set(Object.keys(SKIP_REASONS)));
  });
});
