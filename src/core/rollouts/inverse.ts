import { deb } from '../versions/deb.ts';
import { compareVersions } from '../versions/scheme.ts';
import type { JobResult, TransactionItem } from './host-plan.ts';
import { itemKey } from './plan.ts';

/**
 * The transaction that puts a host back to the exact versions that it reported before. What was newly installed stays: an unused library harms nobody,
 * while removing it could take along what has come to need it since. Items that did not move need no way back.
 */
export function inverseTransaction(
  transaction: readonly TransactionItem[],
  result: Pick<JobResult, 'before' | 'after'>,
): TransactionItem[] {
  const before = new Map(result.before.map(row => [itemKey(row), row.version]));
  const after = new Map(result.after.map(row => [itemKey(row), row.version]));
  return transaction.flatMap((item): TransactionItem[] => {
    const then = before.has(itemKey(item)) ? before.get(itemKey(item))! : item.fromVersion;
    const now = after.has(itemKey(item)) ? after.get(itemKey(item))! : item.toVersion;
    if (then === null || then === now) return [];
    const { name, arch } = item;
    if (now === null) return [{ action: 'install', name, arch, fromVersion: null, toVersion: then }];
    const action = compareVersions(deb, now, then) === 1 ? 'downgrade' : 'upgrade';
    return [{ action, name, arch, fromVersion: now, toVersion: then }];
  });
}
