import { describe, expect, it } from 'vitest';
import type { TransactionItem } from './host-plan.ts';
import { inverseTransaction } from './inverse.ts';

const up = (name: string): TransactionItem => ({ action: 'upgrade', name, arch: 'amd64', fromVersion: '1', toVersion: '2' });
const row = (name: string, version: string | null) => ({ name, arch: 'amd64', version, state: 'installed' });

describe('the way back', () => {
  it('goes to what the host reported before, from what it reported after', () => {
    expect(
      inverseTransaction([up('a'), up('b')], { before: [row('a', '1'), row('b', '0.9')], after: [row('a', '2'), row('b', '2')] }),
    ).toEqual([
      { action: 'downgrade', name: 'a', arch: 'amd64', fromVersion: '2', toVersion: '1' },
      { action: 'downgrade', name: 'b', arch: 'amd64', fromVersion: '2', toVersion: '0.9' },
    ]);
  });
  it('leaves alone what did not move and what was newly installed', () => {
    const installed: TransactionItem = { action: 'install', name: 'lib', arch: 'amd64', fromVersion: null, toVersion: '1' };
    expect(
      inverseTransaction([up('a'), installed], { before: [row('a', '1'), row('lib', null)], after: [row('a', '1'), row('lib', '1')] }),
    ).toEqual([]);
  });
  it('undoes a rollback upwards, and brings back what was lost', () => {
    const down: TransactionItem = { action: 'downgrade', name: 'a', arch: 'amd64', fromVersion: '2', toVersion: '1' };
    expect(inverseTransaction([down], { before: [row('a', '2')], after: [row('a', '1')] })).toMatchObject([
      { action: 'upgrade', fromVersion: '1', toVersion: '2' },
    ]);
    expect(inverseTransaction([up('a')], { before: [row('a', '1')], after: [row('a', null)] })).toMatchObject([
      { action: 'install', fromVersion: null, toVersion: '1' },
    ]);
  });
});
