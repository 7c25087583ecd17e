import type { TransactionItem } from './host-plan.ts';

export type Reversible = 'reversible' | 'conditional' | 'one-way';

/** Servers that convert their data files when a newer version first starts; the older one may then refuse them. */
const KEEPS_DATA = /^(postgresql-\d+|postgresql|mariadb-server.*|mysql-server.*|mongodb.*|slapd|elasticsearch|opensearch|influxdb2?)$/;
const KERNEL = /^linux-image-/;
/** Everything on the host runs through these; the distribution does not support taking them back. */
const FOUNDATION = new Set(['libc6', 'libc-bin', 'dpkg', 'systemd', 'perl-base']);

/** Can the exact previous versions be put back, by the packages alone? Whether the archive still has them is asked when the rollback is rehearsed. */
export function reversibilityOf(transaction: readonly TransactionItem[]): { readonly reversible: Reversible; readonly reason: string } {
  const removed = transaction.filter(item => item.action === 'remove');
  if (removed.length > 0)
    return { reversible: 'one-way', reason: `removes ${names(removed)}: their configuration and data would not come back` };
  const data = transaction.filter(item => item.action !== 'install' && KEEPS_DATA.test(item.name));
  if (data.length > 0)
    return { reversible: 'conditional', reason: `${names(data)} may convert its data files on first start: keep a backup` };
  const kernels = transaction.filter(item => KERNEL.test(item.name));
  if (kernels.length > 0)
    return { reversible: 'conditional', reason: `${names(kernels)}: the old kernel stays installed, going back needs a reboot into it` };
  const jumps = transaction.filter(
    item => item.fromVersion !== null && item.toVersion !== null && upstream(item.fromVersion) !== upstream(item.toVersion),
  );
  if (jumps.length > 0)
    return {
      reversible: 'conditional',
      reason: `${names(jumps)} moves to another upstream version: configuration and data formats may follow`,
    };
  const foundation = transaction.filter(item => FOUNDATION.has(item.name));
  if (foundation.length > 0)
    return {
      reversible: 'conditional',
      reason: `everything runs through ${names(foundation)}: the distribution does not promise the way back`,
    };
  const added = transaction.filter(item => item.action === 'install');
  const note = added.length === 0 ? '' : `; newly installed ${names(added)} would stay`;
  return { reversible: 'reversible', reason: `same upstream version throughout${note}` };
}

/** Without epoch and Debian revision. An epoch that changes shows as another version too. */
function upstream(version: string): string {
  const hyphen = version.lastIndexOf('-');
  return hyphen < 0 ? version : version.slice(0, hyphen);
}

function names(items: readonly TransactionItem[]): string {
  const distinct = [...new Set(items.map(item => item.name))];
  return distinct.length <= 3 ? distinct.join(', ') : `${distinct.slice(0, 3).join(', ')} and ${distinct.length - 3} more`;
}
