import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addMs, DAY_MS, type Instant } from '../../kernel/instants.ts';
import { isFinal, move, statesOf } from '../../kernel/machine.ts';
import type { ExceptionStatus } from './exception.ts';
import { EXCEPTION_KINDS, KINDS, kindProblem } from './kinds.ts';
import { approvalsNeeded, lifeOf, lifeProblem, reminderDue } from './life.ts';
import { epssRose, REOPEN_CODES, reopenReasons, type ScopeFacts } from './reopen.ts';
import { overlapOf, scopeHash, scopeOf } from './scope.ts';
import { EXCEPTION, EXCEPTION_GRANTED, EXCEPTION_IN_FORCE } from './states.ts';
import { sweepStep } from './sweep.ts';
import { EXCEPTION_VERBS, type ExceptionActor, type ExceptionVerbFacts, exceptionVerbStates, whyNotException } from './verbs.ts';

const NOW = '2026-11-22T12:00:00.000Z';
const inDays = (days: number): Instant => addMs(NOW, days * DAY_MS);
const quiet: ScopeFacts = {
  knownExploited: [],
  epss: { 'CVE-1': 0.01 },
  publicHosts: ['h2'],
  criticality: { h1: 1, h2: 2 },
  withFix: [],
  open: 2,
};
const life = lifeOf({ decisionDays: 60, knownExploited: false, cvssScore: 5 }, 'risk-accepted');

const status = (more: Partial<ExceptionStatus> = {}): ExceptionStatus => ({
  id: 'exc_1',
  kind: 'risk-accepted',
  state: 'active',
  stateSince: NOW,
  requestedById: 'ada',
  startsAt: NOW,
  endsAt: inDays(90),
  controlsCheckedAt: null,
  scope: scopeOf(['h1', 'h2'], [{ vulnerabilityId: 'CVE-1', sourceName: 'openssl' }]),
  baseline: quiet,
  approvals: [],
  renewsId: null,
  renewals: 0,
  remindedDays: null,
  ...more,
});
const facts = (more: Partial<ExceptionVerbFacts> = {}): ExceptionVerbFacts => ({
  now: NOW,
  status: status({ state: 'requested' }),
  life,
  ownerExists: true,
  others: [],
  renewalId: null,
  ...more,
});
const grace: ExceptionActor = {
  personId: 'grace',
  permissions: new Set(['exception.request', 'exception.approve']),
  viaToken: false,
  singleRiskOwner: false,
};
const ada: ExceptionActor = { ...grace, personId: 'ada' };

describe('the states of an exception', () => {
  it('are in force, granted, or neither', () => {
    for (const state of EXCEPTION_IN_FORCE) expect(EXCEPTION_GRANTED).toContain(state);
    for (const state of statesOf(EXCEPTION)) if (isFinal(EXCEPTION, state)) expect(EXCEPTION_GRANTED).not.toContain(state);
  });

  it('come into force through an approval only', () => {
    const reached = new Set<string>(['draft']);
    for (const state of reached)
      for (const event of Object.keys(EXCEPTION.events) as (keyof typeof EXCEPTION.events)[]) {
        const step = move(EXCEPTION, state as 'draft', event);
        if (step.ok && event !== 'approve') reached.add(step.to);
      }
    for (const state of EXCEPTION_GRANTED) expect(reached, state).not.toContain(state);
  });

  it('have a verb with a reason for everybody who asks', () => {
    for (const state of statesOf(EXCEPTION))
      for (const verb of exceptionVerbStates(facts({ status: status({ state }) }), grace))
        expect(verb.enabled === (verb.disabledReason === null), `${state} ${verb.verb}`).toBe(true);
    expect(Object.keys(EXCEPTION_VERBS)).toContain('approve');
  });
});

describe('approving', () => {
  it.each<[string, Partial<ExceptionVerbFacts>, ExceptionActor, string | null]>([
    ['another risk owner', {}, grace, null],
    ['the requester', {}, ada, 'you have asked for it yourself'],
    ['the requester alone', {}, { ...ada, singleRiskOwner: true }, null],
    ['a token', {}, { ...grace, viaToken: true }, 'API token'],
    ['an operator', {}, { ...grace, permissions: new Set(['exception.request']) }, 'exception.approve'],
    ['no owner', { ownerExists: false }, grace, 'owner is not there'],
    ['nothing in it', { status: status({ state: 'requested', scope: scopeOf([], []) }) }, grace, 'no host'],
    ['too long', { status: status({ state: 'requested', endsAt: inDays(181) }) }, grace, 'may last 180 days'],
    ['over', { status: status({ state: 'requested', endsAt: NOW }) }, grace, 'over already'],
    ['covered', { others: [status({ id: 'exc_2', state: 'approved' })] }, grace, 'exc_2 covers CVE-1 in openssl already'],
    [
      'covered by what it renews',
      { others: [status({ id: 'exc_2' })], status: status({ state: 'requested', renewsId: 'exc_2' }) },
      grace,
      null,
    ],
    ['a rejected one beside it', { others: [status({ id: 'exc_2', state: 'rejected' })] }, grace, null],
    ['in force already', { status: status() }, grace, 'does not wait for a decision'],
    [
      'the third renewal, by who approved it once',
      { status: status({ state: 'under-review', renewals: 3, approvals: [{ by: 'grace', byId: 'grace', at: NOW, self: false }] }) },
      grace,
      'two risk owners',
    ],
  ])('%s', (_what, more, actor, reason) => {
    const why = whyNotException('approve', facts(more), actor);
    if (reason === null) expect(why).toBeNull();
    else expect(why).toContain(reason);
  });

  it('asks two people after the second renewal', () => {
    expect([0, 1, 2, 3].map(approvalsNeeded)).toEqual([1, 1, 1, 2]);
  });
});

describe('how long', () => {
  it.each([
    [{ decisionDays: 3, knownExploited: false, cvssScore: 5 }, 14],
    [{ decisionDays: 14, knownExploited: true, cvssScore: 5 }, 30],
    [{ decisionDays: null, knownExploited: false, cvssScore: 9 }, 30],
    [{ decisionDays: null, knownExploited: false, cvssScore: 7.5 }, 90],
    [{ decisionDays: null, knownExploited: false, cvssScore: null }, 90],
    [{ decisionDays: 60, knownExploited: false, cvssScore: 6.9 }, 180],
  ])('%j: %i days', (worst, days) => {
    const { days: allowed } = lifeOf(worst, 'deferred');
    expect(allowed).toBe(days);
    expect(lifeProblem(NOW, inDays(days), NOW, lifeOf(worst, 'deferred'))).toBeNull();
    expect(lifeProblem(NOW, inDays(days + 0.01), NOW, lifeOf(worst, 'deferred'))).toContain(`${days} days`);
    expect(lifeOf(worst, 'operational').days).toBe(Math.min(days, 30));
  });

  it('gives each notice once, the tightest that is due', () => {
    expect([40, 30, 20, 14, 8, 7, 2, 1, 0.5].map(days => reminderDue(inDays(days), NOW))).toEqual([null, 30, 30, 14, 14, 7, 7, 1, 1]);
  });
});

describe('what each kind must say', () => {
  const claims = { justification: null, controls: [], controlsCheckedAt: null, hasPatch: false } as const;
  it('names the field that is missing', () => {
    expect(Object.fromEntries(EXCEPTION_KINDS.map(kind => [kind, kindProblem({ ...claims, kind })?.field ?? null]))).toEqual({
      'risk-accepted': null,
      deferred: null,
      mitigated: 'controls',
      'false-positive': null,
      'not-affected': 'justification',
      'no-fix-available': null,
      'unsupported-eol': null,
      operational: 'patchId',
    });
    expect(kindProblem({ ...claims, kind: 'mitigated', controls: ['waf-7'] })?.field).toBe('controlsCheckedAt');
    expect(kindProblem({ ...claims, kind: 'deferred', justification: 'component_not_present' })?.field).toBe('justification');
    expect(EXCEPTION_KINDS.filter(kind => !KINDS[kind].excuses)).toEqual(['operational']);
  });
});

describe('what makes it a question again', () => {
  const ground = { kind: 'risk-accepted', baseline: quiet, controlsCheckedAt: null } as const;
  const codes = (kind: ExceptionStatus['kind'], more: Partial<ScopeFacts>, present: { ownerExists?: boolean; checked?: Instant } = {}) =>
    reopenReasons(
      { ...ground, kind, controlsCheckedAt: present.checked ?? null },
      { facts: { ...quiet, ...more }, now: NOW, ownerExists: present.ownerExists ?? true },
    ).map(reason => reason.code);

  it('is nothing while nothing gets worse', () => {
    expect(codes('risk-accepted', { criticality: { h1: 0.5, h2: 1 }, publicHosts: [], epss: {} })).toEqual([]);
    expect(codes('risk-accepted', { withFix: ['CVE-1'] })).toEqual([]);
  });

  it('is each of the seven', () => {
    const seen = [
      ...codes('deferred', { knownExploited: ['CVE-1'] }),
      ...codes('deferred', { publicHosts: ['h2', 'h1'] }),
      ...codes('deferred', { epss: { 'CVE-1': 0.05 } }),
      ...codes('no-fix-available', { withFix: ['CVE-1'] }),
      ...codes('mitigated', {}, { checked: inDays(-90) }),
      ...codes('deferred', { criticality: { h1: 2, h2: 2 } }),
      ...codes('deferred', {}, { ownerExists: false }),
    ];
    expect(seen).toEqual(REOPEN_CODES);
    expect(codes('mitigated', {}, { checked: inDays(-89) })).toEqual([]);
  });

  it('EPSS: over the threshold, or five times as much', () => {
    expect([epssRose(0.09, 0.1), epssRose(0.2, 0.9), epssRose(0.01, 0.05), epssRose(0.01, 0.049), epssRose(0.0001, 0.0006)]).toEqual([
      true,
      false,
      true,
      false,
      false,
    ]);
  });
});

describe('what the clock does', () => {
  const events = (more: Partial<ExceptionStatus>, sweep: { now?: Instant; facts?: Partial<ScopeFacts> | null } = {}) =>
    sweepStep(status(more), {
      now: sweep.now ?? NOW,
      facts: sweep.facts === null ? null : { ...quiet, ...sweep.facts },
      ownerExists: true,
    })?.event ?? null;

  it.each<[string, Partial<ExceptionStatus>, Parameters<typeof events>[1], string | null]>([
    ['far from its end', {}, {}, null],
    ['starts', { state: 'approved' }, {}, 'activate'],
    ['does not start early', { state: 'approved', startsAt: inDays(1) }, {}, null],
    ['does not start when its ground is gone', { state: 'approved' }, { facts: { knownExploited: ['CVE-1'] } }, 'reopen'],
    ['gives notice', {}, { now: inDays(60) }, 'remind'],
    ['gives no notice twice', { state: 'expiring', remindedDays: 30 }, { now: inDays(61) }, null],
    ['gives the next notice', { state: 'expiring', remindedDays: 30 }, { now: inDays(76) }, 'remind'],
    ['ends', { state: 'expiring', remindedDays: 1 }, { now: inDays(90) }, 'expire'],
    ['ends under review too', { state: 'under-review' }, { now: inDays(90) }, 'expire'],
    ['is not decided', { state: 'requested' }, { now: inDays(14) }, 'expire'],
    ['waits for a decision', { state: 'requested' }, { now: inDays(13) }, null],
    ['has nothing left to excuse', {}, { facts: { open: 0 } }, 'resolve'],
    ['concludes nothing from what it does not know', {}, { facts: null }, null],
    ['ends whatever it knows', {}, { facts: null, now: inDays(90) }, 'expire'],
    ['a draft waits for its writer', { state: 'draft' }, { now: inDays(900) }, null],
    ['has ended', { state: 'revoked' }, { now: inDays(900) }, null],
  ])('%s', (_what, more, sweep, event) => {
    expect(events(more, sweep)).toBe(event);
  });
});

describe('scopes', () => {
  it('meet where a host and a finding are in both', () => {
    const finding = (vulnerabilityId: string, sourceName = 'openssl') => ({ vulnerabilityId, sourceName });
    const one = scopeOf(['b', 'a', 'a'], [finding('CVE-2'), finding('CVE-1')]);
    expect(one.hostIds).toEqual(['a', 'b']);
    expect(overlapOf(one, scopeOf(['b'], [finding('CVE-2')]))).toEqual({ hostId: 'b', what: 'CVE-2 in openssl' });
    expect(overlapOf(one, scopeOf(['c'], [finding('CVE-2')]))).toBeNull();
    expect(overlapOf(one, scopeOf(['b'], [finding('CVE-2', 'nginx')]))).toBeNull();
    expect(scopeHash(one)).toBe(scopeHash(scopeOf(['a', 'b'], [finding('CVE-1'), finding('CVE-2')])));
    const patch = { patchId: 'p', sourceName: 'openssl', targetVersion: '3' };
    expect(overlapOf(one, scopeOf(['b'], [finding('CVE-2')], patch))).toBeNull();
    expect(overlapOf(scopeOf(['b'], [], patch), scopeOf(['b'], [], patch))).toEqual({ hostId: 'b', what: 'openssl 3' });
    expect(overlapOf(scopeOf(['b'], [], patch), scopeOf(['b'], [], { ...patch, targetVersion: '4' }))).toBeNull();
  });

  it('say nothing of a pair that neither names (any scopes)', () => {
    const side = fc.tuple(fc.subarray(['a', 'b', 'c']), fc.subarray(['CVE-1', 'CVE-2', 'CVE-3']));
    fc.assert(
      fc.property(side, side, ([hosts, ids], [others, otherIds]) => {
        const scope = (h: string[], v: string[]) =>
          scopeOf(
            h,
            v.map(vulnerabilityId => ({ vulnerabilityId, sourceName: 's' })),
          );
        const isShared = hosts.some(host => others.includes(host)) && ids.some(id => otherIds.includes(id));
        expect(overlapOf(scope(hosts, ids), scope(others, otherIds)) !== null).toBe(isShared);
      }),
    );
  });
});
