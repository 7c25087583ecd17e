import type { TransactionItem } from '../rollouts/host-plan.ts';
import { type ItemStatus, samePlace } from './transaction-status.ts';

/**
 * The host's own simulation against the approved set. Items that are at their planned version already (an attempt before this one got that
 * far) are no longer expected; for everything else name, versions and direction must be equal, and nothing may be added.
 * Answers in words what differs, empty when nothing does.
 */
export function transactionDifferences(status: readonly ItemStatus[], simulated: readonly TransactionItem[]): string[] {
  const expected = new Set(status.filter(s => s.version !== s.item.toVersion).map(s => s.item));
  const differences: string[] = [];
  for (const item of simulated) {
    const planned = [...expected].find(p => samePlace(p, item));
    if (planned === undefined) {
      differences.push(`would also ${words(item)}`);
      continue;
    }
    expected.delete(planned);
    if (planned.toVersion !== item.toVersion || planned.action !== item.action)
      differences.push(`would ${words(item)} instead of ${words(planned)}`);
    else if (planned.fromVersion !== item.fromVersion)
      differences.push(
        `${item.name} is ${item.fromVersion ?? 'not installed'}, the plan was made for ${planned.fromVersion ?? 'a new installation'}`,
      );
  }
  return [...differences, ...[...expected].map(planned => `would not ${words(planned)}`)];
}

function words(item: TransactionItem): string {
  if (item.action === 'remove') return `remove ${item.name}`;
  return item.fromVersion === null
    ? `install ${item.name} ${item.toVersion}`
    : `${item.action} ${item.name} from ${item.fromVersion} to ${item.toVersion}`;
}
