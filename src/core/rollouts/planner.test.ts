import { readFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TransactionItem } from './host-plan.ts';
import { type LintFacts, lintPlan } from './plan-lint.ts';
import { type HostCase, makePlan, type PlanRequest } from './planner.ts';

const NOW = '2026-11-22T12:00:00.000Z';
const openssl: TransactionItem = {
  action: 'upgrade',
  name: 'openssl',
  arch: 'amd64',
  fromVersion: '3.0.20-1~deb12u2',
  toVersion: '3.0.22-1~deb12u2',
};
const libssl: TransactionItem = { ...openssl, name: 'libssl3' };
const REQUEST: PlanRequest = {
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
const host = (n: number, more: Partial<HostCase> = {}): HostCase => ({
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
const facts = (hosts: readonly HostCase[], more: Partial<LintFacts> = {}): LintFacts => ({
  now: NOW,
  asked: new Map(hosts.map(one => [one.hostId, one.asked])),
  rebootExpected: new Set(),
  fettleHostId: null,
  freezes: [],
  groups: [],
  ...more,
});
const errors = (hosts: readonly HostCase[], request = REQUEST, more: Partial<LintFacts> = {}) =>
  lintPlan(makePlan(request, hosts).plan, facts(hosts, more))
    .filter(finding => finding.level === 'error')
    .map(finding => finding.rule);
const warnings = (hosts: readonly HostCase[], request = REQUEST, more: Partial<LintFacts> = {}) =>
  lintPlan(makePlan(request, hosts).plan, facts(hosts, more))
    .filter(finding => finding.level === 'warning')
    .map(finding => finding.rule);

describe('the planner', () => {
  it('makes the same plan whatever the order of hosts, and another hash for any change', () => {
    const hosts = [1, 2, 3, 4].map(n => host(n));
    const made = makePlan(REQUEST, hosts);
    expect(makePlan(REQUEST, [...hosts].reverse()).hash).toBe(made.hash);
    expect(makePlan({ ...REQUEST, reboot: 'if-needed' }, hosts).hash).not.toBe(made.hash);
    expect(makePlan(REQUEST, hosts.slice(1)).hash).not.toBe(made.hash);
    expect(made.plan.rings.map(ring => ring.hosts.map(one => one.hostName))).toEqual([['h1'], ['h2', 'h3', 'h4']]);
    expect(made.plan.transactions).toHaveLength(1);
  });

  it('takes the exact transaction from the host, the prediction where it did not answer', () => {
    const { report } = makePlan(REQUEST, [host(1), host(2, { rehearsal: null })]);
    expect(report.rings[0]!.hosts[0]).toMatchObject({
      rehearsed: 'on-host',
      transaction: [{ name: 'libssl3' }, { name: 'openssl' }],
      problem: null,
    });
    expect(report.rings[1]!.hosts[0]).toMatchObject({ rehearsed: 'predicted', transaction: [{ name: 'openssl' }] });
    expect(report.rings[1]!.hosts[0]!.problem).toMatch(/predicted/);
  });

  it('leaves out what cannot be done whole, with the reason', () => {
    const answer = (transaction: readonly TransactionItem[], ok = true, problem: string | null = null) => ({
      rehearsal: { ok, transaction, problem, downloadBytes: null },
    });
    const { report } = makePlan(REQUEST, [
      host(1, { excluded: 'held on the host' }),
      host(2, answer([], false, 'Version not found')),
      host(3, answer([openssl, { action: 'remove', name: 'nginx', arch: 'amd64', fromVersion: '1', toVersion: null }])),
      host(4, answer([])),
      host(5, answer([libssl])),
      host(6),
    ]);
    expect(report.excluded.map(one => `${one.hostName}: ${one.reason}`)).toEqual([
      'h1: held on the host',
      'h2: the rehearsal on the host failed: Version not found',
      'h3: the rehearsal would remove nginx',
      'h4: already compliant: the rehearsal found nothing to change',
      'h5: the rehearsal would not make openssl 3.0.20-1~deb12u2 -> 3.0.22-1~deb12u2',
    ]);
    expect(report.rings.map(ring => ring.name)).toEqual(['canary']);
  });

  it('chooses canaries that are unlike each other', () => {
    const other: TransactionItem = { ...openssl, fromVersion: '3.0.19-1~deb12u1' };
    const hosts = [
      ...[1, 2, 3, 4].map(n => host(n)),
      host(5, { asked: [other], rehearsal: { ok: true, transaction: [other], problem: null, downloadBytes: null } }),
    ];
    const { plan } = makePlan(
      { ...REQUEST, rings: [{ name: 'canary', hosts: 2, soakMinutes: 0, concurrency: 1 }, REQUEST.rings[1]!] },
      hosts,
    );
    expect(plan.rings[0]!.hosts.map(one => one.hostName)).toEqual(['h1', 'h5']);
  });

  it('hands the soak of an empty ring to the next, which becomes the canary', () => {
    const { plan } = makePlan(
      { ...REQUEST, rings: [{ name: 'canary', hostIds: ['host_99'], soakMinutes: 60, concurrency: 1 }, REQUEST.rings[1]!] },
      [host(1), host(2)],
    );
    expect(plan.rings).toMatchObject([{ name: 'rest', soakMinutes: 60, gate: { minCoveragePercent: 100 } }]);
  });

  it('puts every host in exactly one ring, always', () => {
    const ringRequest = fc.record({
      name: fc.constantFrom('a', 'b', 'c'),
      hosts: fc.option(fc.integer({ min: 1, max: 20 }), { nil: undefined }),
      percent: fc.option(fc.integer({ min: 1, max: 100 }), { nil: undefined }),
      hostIds: fc.option(fc.array(fc.integer({ min: 0, max: 40 }).map(n => `host_${n}`)), { nil: undefined }),
      soakMinutes: fc.nat(100),
      concurrency: fc.integer({ min: 1, max: 5 }),
    });
    fc.assert(
      fc.property(fc.array(ringRequest, { minLength: 1, maxLength: 5 }), fc.nat(40), fc.nat(40), (rings, count, fettle) => {
        const hosts = Array.from({ length: count }, (_, n) => host(n, { runsFettle: n === fettle }));
        const { plan } = makePlan({ ...REQUEST, rings }, hosts);
        const planned = plan.rings.flatMap(ring => ring.hosts.map(one => one.hostId));
        expect([...planned].sort()).toEqual(hosts.map(one => one.hostId).sort());
        if (fettle < count) expect(planned.at(-1)).toBe(`host_${fettle}`);
      }),
    );
  });
});

const HOOKS = [
  { phase: 'pre', name: 'drain', timeoutSeconds: 90 },
  { phase: 'post', name: 'undrain', timeoutSeconds: 60 },
] as const;

describe('hooks by name', () => {
  const offered = [
    { name: 'drain', problem: null },
    { name: 'undrain', problem: null },
  ];
  it('leave out each host that does not offer them, with the reason', () => {
    const { report, plan } = makePlan({ ...REQUEST, hooks: HOOKS }, [
      host(1, { hooks: offered }),
      host(2, { hooks: [offered[0]!] }),
      host(3, { hooks: [offered[0]!, { name: 'undrain', problem: 'others than root may write it' }] }),
      host(4),
    ]);
    expect(report.excluded.map(one => `${one.hostName}: ${one.reason}`)).toEqual([
      'h2: it does not offer the hook undrain, which the rollout names',
      'h3: it does not offer the hook undrain (others than root may write it), which the rollout names',
      'h4: it does not offer the hooks drain (the host has not told which hooks it has), undrain (the host has not told which hooks it has), which the rollout names',
    ]);
    expect(plan.hooks).toEqual(HOOKS);
  });
  it('take their time in the window, and change nothing of a plan without them', () => {
    const plain = makePlan(REQUEST, [host(1)]);
    const hooked = makePlan({ ...REQUEST, hooks: HOOKS }, [host(1, { hooks: offered })]);
    const minutes = (made: typeof plain) => made.plan.rings[0]!.hosts[0]!.estimatedMinutes;
    expect(minutes(hooked)).toBe(minutes(plain) + 3);
    expect(makePlan({ ...REQUEST, hooks: [] }, [host(1)]).hash).toBe(plain.hash);
    expect(plain.text).not.toContain('hooks');
  });
  it('are checked again by the lint, from the hosts’ own word', () => {
    const { plan } = makePlan({ ...REQUEST, hooks: HOOKS }, [host(1, { hooks: offered }), host(2, { hooks: offered })]);
    const found = (second: typeof offered | null) =>
      lintPlan(
        plan,
        facts([host(1), host(2)], {
          hooksOf: new Map([
            ['host_1', offered],
            ['host_2', second],
          ]),
        }),
      ).filter(one => one.rule === 'hooks-offered');
    expect(found(offered)).toEqual([]);
    expect(found([offered[0]!])).toEqual([{ rule: 'hooks-offered', level: 'error', message: 'h2: does not offer undrain' }]);
    expect(found(null)).toHaveLength(1);
  });
});

describe('plan lint', () => {
  it('misses nobody, and lets nobody in', () => {
    const hosts = [1, 2, 3].map(n => host(n));
    const { plan } = makePlan(REQUEST, hosts.slice(0, 2));
    const found = (excluded: ReadonlyMap<string, string>, asked = hosts) =>
      lintPlan(plan, facts(asked, { excluded })).flatMap(one => (one.level === 'error' ? [one.rule] : []));
    expect(found(new Map([['host_3', 'held']]))).toEqual([]);
    expect(found(new Map())).toEqual(['nobody-vanishes']);
    expect(
      found(
        new Map([
          ['host_3', 'held'],
          ['host_2', 'held'],
        ]),
      ),
    ).toEqual(['nobody-vanishes']);
    expect(found(new Map(), hosts.slice(0, 1))).toEqual(['only-chosen']);
  });
  it('says that a pending reboot is settled by the one of this rollout, and counts its time', () => {
    const pending = host(1, { rebootPending: ['reboot-required: linux-image-amd64'] });
    const ifNeeded = { ...REQUEST, reboot: 'if-needed' } as const;
    const rebootPending = new Map([['host_1', pending.rebootPending!]]);
    const said = (expected: readonly string[]) =>
      lintPlan(makePlan(ifNeeded, [pending]).plan, facts([pending], { rebootPending, rebootExpected: new Set(expected) }))
        .filter(one => one.rule === 'reboot-settles')
        .map(one => one.message);
    expect(said([])).toEqual(['h1: a reboot is pending already (reboot-required: linux-image-amd64); this rollout reboots for it']);
    expect(said(['host_1'])).toEqual(['h1: a reboot is pending already (reboot-required: linux-image-amd64); one reboot serves both']);
    const minutes = (one: HostCase, request = REQUEST) => makePlan(request, [one]).plan.rings[0]!.hosts[0]!.estimatedMinutes;
    expect(minutes(pending, ifNeeded)).toBe(minutes(host(1), ifNeeded) + 10);
    expect(minutes(pending)).toBe(minutes(host(1)));
    expect(makePlan(ifNeeded, [pending]).report.rings[0]!.hosts[0]).toMatchObject({ rebootExpected: true });
    expect(makePlan(REQUEST, [pending]).report.rings[0]!.hosts[0]).toMatchObject({ rebootExpected: false });
  });
  it('says when a reboot is policy and no need', () => {
    expect(warnings([host(1)], { ...REQUEST, reboot: 'always' })).toContain('reboot-without-need');
    expect(warnings([host(1)], { ...REQUEST, reboot: 'always' }, { rebootExpected: new Set(['host_1']) })).not.toContain(
      'reboot-without-need',
    );
  });

  it('finds nothing wrong with an honest plan, and names what came along', () => {
    expect(errors([1, 2, 3, 4].map(n => host(n)))).toEqual([]);
    expect(warnings([1, 2, 3, 4].map(n => host(n)))).toEqual(['undeclared-upgrade']);
  });

  it('never reads the planner', () => {
    const source = readFileSync(path.join(import.meta.dirname, 'plan-lint.ts'), 'utf8');
    expect([...source.matchAll(/from '([^']+)'/g)].map(match => match[1]).filter(from => /planner|\.\/rings/.test(from!))).toEqual([]);
  });

  it('refuses an empty plan, a passed window, a wrong zone and a window that no host fits', () => {
    expect(errors([])).toEqual(['something-to-do']);
    expect(
      errors([host(1)], { ...REQUEST, window: { startsAt: null, endsAt: '2026-11-22T11:00:00.000Z', timeZone: 'UTC', repeat: null } }),
    ).toEqual(['window-order']);
    expect(
      errors([host(1)], {
        ...REQUEST,
        window: { startsAt: '2026-11-23T11:00:00.000Z', endsAt: '2026-11-23T10:00:00.000Z', timeZone: 'UTC', repeat: null },
      }),
    ).toEqual(['window-order']);
    expect(errors([host(1)], { ...REQUEST, window: { startsAt: null, endsAt: null, timeZone: '+02:00', repeat: null } })).toEqual([
      'window-zone',
    ]);
    expect(
      errors([host(1)], { ...REQUEST, window: { startsAt: null, endsAt: '2026-11-22T12:03:00.000Z', timeZone: 'UTC', repeat: null } }),
    ).toEqual(['window-fits-host']);
    expect(
      errors([host(1)], { ...REQUEST, window: { startsAt: null, endsAt: '2026-11-22T12:30:00.000Z', timeZone: 'UTC', repeat: null } }),
    ).toEqual([]);
  });

  it('names a rule it cannot follow, a freeze that eats the window, and a group that can spare nobody', () => {
    const window = { startsAt: '2026-11-22T20:00:00.000Z', endsAt: '2026-11-22T22:00:00.000Z', timeZone: 'UTC', repeat: null };
    expect(errors([host(1)], { ...REQUEST, window: { ...window, repeat: 'FREQ=HOURLY' } })).toEqual(['window-repeat']);
    expect(errors([host(1)], { ...REQUEST, window: { ...window, repeat: 'FREQ=WEEKLY' } })).toEqual([]);
    expect(errors([host(1)], { ...REQUEST, window: { ...window, repeat: 'FREQ=WEEKLY;UNTIL=20261101' } })).toEqual(['window-order']);
    const freeze = { name: 'quarter end', startsAt: '2026-11-22T19:00:00.000Z', endsAt: '2026-11-22T21:58:00.000Z', hostIds: null };
    expect(errors([host(1)], { ...REQUEST, window }, { freezes: [freeze] })).toEqual(['freeze-leaves-time']);
    expect(errors([host(1)], { ...REQUEST, window }, { freezes: [{ ...freeze, hostIds: new Set(['host_9']) }] })).toEqual([]);
    expect(errors([host(1)], { ...REQUEST, window }, { freezes: [{ ...freeze, endsAt: '2026-11-22T21:00:00.000Z' }] })).toEqual([]);
    const pair = { name: 'db', hostIds: new Set(['host_1', 'host_2']), minAvailable: 2 };
    expect(errors([host(1)], REQUEST, { groups: [pair] })).toEqual(['group-can-spare']);
    expect(errors([host(1)], REQUEST, { groups: [{ ...pair, minAvailable: 1 }] })).toEqual([]);
  });

  it('finds what a wrong planner could do', () => {
    const { plan } = makePlan(REQUEST, [host(1), host(2), host(3)]);
    const f = facts([host(1), host(2), host(3)]);
    const broken = (transaction: readonly TransactionItem[]) =>
      lintPlan({ ...plan, transactions: [transaction] }, f).map(finding => finding.rule);
    expect(broken([openssl, { action: 'remove', name: 'nginx', arch: 'amd64', fromVersion: '1', toVersion: null }])).toContain(
      'no-removals',
    );
    expect(broken([openssl, { action: 'install', name: 'libnew', arch: 'amd64', fromVersion: null, toVersion: '1' }])).toContain(
      'undeclared-install',
    );
    expect(broken([{ ...openssl, action: 'downgrade', toVersion: '1.0' }])).toEqual(
      expect.arrayContaining(['downgrade-only-in-rollback', 'asked-is-planned']),
    );
    expect(broken([{ ...openssl, toVersion: '1.0' }])).toContain('direction');
    expect(broken([openssl, { ...libssl, toVersion: 'not a version' }])).toContain('versions-valid');
    expect(broken([openssl, { ...libssl, name: '--force-yes' }])).toContain('names-valid');
    expect(broken([openssl, openssl])).toContain('package-once');
    expect(broken([])).toContain('transaction-size');
    const [canary, rest] = plan.rings;
    const rings = (value: typeof plan.rings, more: Partial<LintFacts> = {}) =>
      lintPlan({ ...plan, rings: value }, { ...f, ...more }).map(finding => finding.rule);
    expect(rings([canary!, { ...rest!, hosts: [...rest!.hosts, canary!.hosts[0]!] }])).toContain('one-ring-per-host');
    expect(rings([rest!, canary!])).toContain('canary-first');
    expect(rings([{ ...rest!, name: 'all', hosts: [...canary!.hosts, ...rest!.hosts] }])).toContain('canary-small');
    expect(rings([canary!, rest!], { fettleHostId: canary!.hosts[0]!.hostId })).toContain('fettle-host-last');
    expect(rings([{ ...canary!, hosts: canary!.hosts.map(one => ({ ...one, transaction: 7 })) }, rest!])).toContain('transaction-known');
    expect(lintPlan(plan, { ...f, rebootExpected: new Set(['host_1']) }).map(finding => finding.rule)).toContain('reboot-needed');
  });
});
