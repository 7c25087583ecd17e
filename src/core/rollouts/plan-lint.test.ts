import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { TransactionItem } from './host-plan.ts';
import { errors, facts, host, libssl, openssl, REQUEST, warnings } from './plan.testkit.ts';
import { type LintFacts, lintPlan } from './plan-lint.ts';
import { type HostCase, makePlan } from './planner.ts';

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
