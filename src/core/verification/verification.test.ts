import { describe, expect, it } from 'vitest';
import type { PackageRecord, StaleProcess } from '../inventory/snapshot.ts';
import type { TransactionItem } from '../rollouts/host-plan.ts';
import { type HostAfter, hostVerdict, survivors } from './host-verdict.ts';
import { transactionDifferences } from './transaction-difference.ts';
import { isCompliant, transactionStatus } from './transaction-status.ts';

const up = (name: string, from: string | null, to: string | null, arch = 'amd64'): TransactionItem => ({
  action: to === null ? 'remove' : from === null ? 'install' : 'upgrade',
  name,
  arch,
  fromVersion: from,
  toVersion: to,
});
const has = (name: string, version: string, state: PackageRecord['state'] = 'installed', arch = 'amd64'): PackageRecord => ({
  name,
  arch,
  version,
  sourceName: name,
  sourceVersion: version,
  state,
  held: false,
});

describe('where a transaction stands', () => {
  const status = (item: TransactionItem, ...packages: PackageRecord[]) => transactionStatus([item], packages)[0]!;
  it('is in place only when the version is there and configured', () => {
    expect(status(up('a', '1', '2'), has('a', '2'))).toMatchObject({ inPlace: true, halfDone: false });
    expect(status(up('a', '1', '2'), has('a', '1'))).toMatchObject({ inPlace: false });
    expect(status(up('a', '1', '2'), has('a', '2', 'half-configured'))).toMatchObject({ inPlace: false, halfDone: true });
    expect(status(up('a', '1', '2'), has('a', '2', 'triggers-pending'))).toMatchObject({ inPlace: false });
    expect(status(up('a', '1', '2'))).toMatchObject({ inPlace: false, state: 'absent', version: null });
  });
  it('knows that a removed package may leave its configuration', () => {
    expect(status(up('a', '1', null), has('a', '1', 'config-files')).inPlace).toBe(true);
    expect(status(up('a', '1', null), has('a', '1')).inPlace).toBe(false);
  });
  it('does not take another architecture for the one that was meant', () => {
    expect(status(up('a', '1', '2', 'i386'), has('a', '2', 'installed', 'amd64')).inPlace).toBe(false);
    expect(status(up('a', '1', '2', 'amd64'), has('a', '2', 'installed', 'all')).inPlace).toBe(true);
  });
  it('lets a patch be overtaken and a rollback not', () => {
    const found = transactionStatus([up('a', '1', '2')], [has('a', '2.1')]);
    expect(isCompliant({ kind: 'patch', transaction: [] }, found)).toBe(true);
    expect(isCompliant({ kind: 'rollback', transaction: [] }, found)).toBe(false);
    expect(isCompliant({ kind: 'patch', transaction: [] }, [])).toBe(false);
  });
});

describe('the simulation against the plan', () => {
  const differ = (planned: TransactionItem[], packages: PackageRecord[], simulated: TransactionItem[]) =>
    transactionDifferences(transactionStatus(planned, packages), simulated);
  it('is silent about the same set', () => expect(differ([up('a', '1', '2')], [has('a', '1')], [up('a', '1', '2')])).toEqual([]));
  it.each([
    ['more', [up('a', '1', '2'), up('b', null, '1')], 'would also install b 1'],
    ['a removal', [up('a', '1', '2'), up('b', '1', null)], 'would also remove b'],
    ['less', [], 'would not upgrade a from 1 to 2'],
    ['another version', [up('a', '1', '3')], 'would upgrade a from 1 to 3 instead of upgrade a from 1 to 2'],
    ['another start', [up('a', '1.5', '2')], 'a is 1.5, the plan was made for 1'],
  ])('names %s', (_, simulated, says) => expect(differ([up('a', '1', '2')], [has('a', '1')], simulated)).toEqual([says]));
  it('does not expect what an attempt before has done', () => {
    expect(differ([up('a', '1', '2'), up('b', '1', '2')], [has('a', '2'), has('b', '1')], [up('b', '1', '2')])).toEqual([]);
    expect(differ([up('a', '1', '2')], [has('a', '2', 'half-configured')], [])).toEqual([]);
  });
  it('sees a package that moves between `all` and the own architecture', () => {
    expect(differ([up('a', '1', '2', 'amd64')], [has('a', '1')], [up('a', '1', '2', 'all')])).toEqual([]);
  });
});

describe('the verdict on a host', () => {
  const plan = { kind: 'patch' as const, transaction: [up('libssl3', '1', '2')] };
  const good: HostAfter = {
    status: transactionStatus(plan.transaction, [has('libssl3', '2')]),
    services: [{ unit: 'nginx.service', activeState: 'active', subState: 'running' }],
    staleProcesses: [],
    mainPids: new Map([['nginx.service', 10]]),
    reboot: null,
    bootId: 'b1',
  };
  const before = { failedUnits: ['old.service'], bootId: 'b1' };
  const done = { restartedUnits: ['nginx.service'], rebootAsked: false };
  const stale = (pid: number, unit = 'nginx.service', packageName = 'libssl3'): StaleProcess => ({
    pid,
    command: 'x',
    unit,
    files: [{ path: '/x', packageName }],
  });
  const verdict = (after: Partial<HostAfter>, with_: Partial<typeof done> = {}) =>
    hostVerdict(plan, before, { ...good, ...after }, { ...done, ...with_ })?.signature ?? null;

  it('is silent when all is well', () => expect(verdict({})).toBeNull());
  it('believes versions, not exit codes', () =>
    expect(verdict({ status: transactionStatus(plan.transaction, [has('libssl3', '1')]) })).toBe('verify-failed:libssl3'));
  it('blames units that failed since, not those that had failed before', () => {
    expect(verdict({ services: [...good.services!, { unit: 'old.service', activeState: 'failed', subState: 'failed' }] })).toBeNull();
    expect(verdict({ services: [...good.services!, { unit: 'lab-svc.service', activeState: 'failed', subState: 'failed' }] })).toBe(
      'service-failed:lab-svc.service',
    );
    expect(
      verdict({ services: [...good.services!, { unit: 'lab-svc.service', activeState: 'activating', subState: 'auto-restart' }] }),
    ).toBe('service-failed:lab-svc.service');
  });
  it('wants restarted units to be active', () => expect(verdict({ services: [] })).toBe('service-failed:nginx.service'));
  it('wants the main process of a restarted unit to run the new files, and lets sessions end', () => {
    expect(verdict({ staleProcesses: [stale(10)] })).toBe('verify-failed:nginx.service');
    expect(verdict({ staleProcesses: [stale(11)] })).toBeNull();
    expect([...survivors(plan, { ...good, staleProcesses: [stale(11), stale(12)] }, done)]).toEqual([['nginx.service', 2]]);
    expect(verdict({ staleProcesses: [stale(10, 'nginx.service', 'libother')] })).toBeNull();
  });
  it('takes no observation for a good one', () => {
    expect(verdict({ services: null })).toBe('verify-failed:unread-services');
    expect(verdict({ staleProcesses: null })).toBe('verify-failed:unread-processes');
    expect(verdict({ bootId: null }, { rebootAsked: true })).toBe('reboot-lost:same-boot');
  });
  it('wants another boot id after a reboot, and the newest kernel', () => {
    expect(verdict({}, { rebootAsked: true })).toBe('reboot-lost:same-boot');
    expect(verdict({ bootId: 'b2' }, { rebootAsked: true })).toBeNull();
    expect(
      verdict(
        { bootId: 'b2', reboot: { required: true, reasons: ['running kernel 6.1.0-50-amd64 is older than installed 6.1.0-56-amd64'] } },
        { rebootAsked: true },
      ),
    ).toBe('verify-failed:kernel');
  });
});
