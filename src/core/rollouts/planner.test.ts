import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TransactionItem } from './host-plan.ts';
import { facts, host, libssl, openssl, REQUEST } from './plan.testkit.ts';
import { lintPlan } from './plan-lint.ts';
import { makePlan } from './planner.ts';

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
