import type { TransactionItem } from './host-plan.ts';
import { type LintFacts, lintPlan } from './plan-lint.ts';
import { type HostCase, makePlan, type PlanRequest } from './planner.ts';

/** One rollout and its hosts, for the tests of the planner and of the lint. */
export const NOW = '2026-11-22T12:00:00.000Z';
export const openssl: TransactionItem = {
  action: 'upgrade',
  name: 'openssl',
  arch: 'amd64',
  fromVersion: '3.0.20-1~deb12u2',
  toVersion: '3.0.22-1~deb12u2',
};
export const libssl: TransactionItem = { ...openssl, name: 'libssl3' };
export const REQUEST: PlanRequest = {
  rolloutId: 'rol_0123456789abcdef',
  kind: 'patch',
  revertsId: null,
  patchIds: ['b', 'a'],
  rings: [
    { name: 'canary', hosts: 1, soakMinutes: 5, concurrency: 1 },
    { name: 'rest', percent: 100, soakMinutes: 0, concurrency: 5 },
  ],
  window: { startsAt: null, endsAt: null, timeZone: 'Europe/Berlin', repeat: null },
  restart: 'affected-services',
  reboot: 'never',
  smokeTests: [{ kind: 'unit-active', unit: 'nginx.service' }],
};
export const host = (n: number, more: Partial<HostCase> = {}): HostCase => ({
  hostId: `host_${n}`,
  hostName: `h${n}`,
  asked: [openssl],
  excluded: null,
  rehearsal: { ok: true, transaction: [openssl, libssl], problem: null, downloadBytes: 1000 },
  restartUnits: [],
  rebootExpected: false,
  runsFettle: false,
  ...more,
});
export const facts = (hosts: readonly HostCase[], more: Partial<LintFacts> = {}): LintFacts => ({
  now: NOW,
  asked: new Map(hosts.map(one => [one.hostId, one.asked])),
  rebootExpected: new Set(),
  fettleHostId: null,
  freezes: [],
  groups: [],
  ...more,
});
export const errors = (hosts: readonly HostCase[], request = REQUEST, more: Partial<LintFacts> = {}) =>
  lintPlan(makePlan(request, hosts).plan, facts(hosts, more))
    .filter(finding => finding.level === 'error')
    .map(finding => finding.rule);
export const warnings = (hosts: readonly HostCase[], request = REQUEST, more: Partial<LintFacts> = {}) =>
  lintPlan(makePlan(request, hosts).plan, facts(hosts, more))
    .filter(finding => finding.level === 'warning')
    .map(finding => finding.rule);
