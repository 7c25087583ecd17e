import type { PackageRecord } from '../inventory/snapshot.ts';
import type { HostPlan, JobResult, TransactionItem } from '../rollouts/host-plan.ts';
import { deb } from '../versions/deb.ts';
import { compareVersions } from '../versions/scheme.ts';

/** Where one item of a plan stands on the host: observed, never taken from an exit code. */
export interface ItemStatus {
  readonly item: TransactionItem;
  readonly version: string | null;
  /** dpkg's word, `absent` when the package is not there. */
  readonly state: string;
  /** The planned version is there and configured (for `remove`: the package is gone). */
  readonly inPlace: boolean;
  /** In place, or configured at something newer. */
  readonly inPlaceOrNewer: boolean;
  /** Begun and not finished: unpacked, half configured, half installed. */
  readonly halfDone: boolean;
}

/** `all` and the host's own architecture are one place: a package may change between them from version to version. */
export function samePlace(
  a: { readonly name: string; readonly arch: string },
  b: { readonly name: string; readonly arch: string },
): boolean {
  return a.name === b.name && (a.arch === b.arch || a.arch === 'all' || b.arch === 'all');
}

export function transactionStatus(transaction: readonly TransactionItem[], packages: readonly PackageRecord[]): ItemStatus[] {
  const byName = Map.groupBy(packages, p => p.name);
  return transaction.map(item => {
    const record = (byName.get(item.name) ?? []).find(p => p.state !== 'config-files' && samePlace(item, p));
    if (record === undefined) {
      const gone = item.toVersion === null;
      return { item, version: null, state: 'absent', inPlace: gone, inPlaceOrNewer: gone, halfDone: false };
    }
    const configured = record.state === 'installed';
    const exact = record.version === item.toVersion;
    const newer = item.toVersion !== null && compareVersions(deb, record.version, item.toVersion) === 1;
    return {
      item,
      version: record.version,
      state: record.state,
      inPlace: configured && exact,
      inPlaceOrNewer: configured && (exact || newer),
      halfDone: !configured,
    };
  });
}

/** A patch is also met by something newer; a rollback only by the exact versions. */
export function isCompliant(plan: Pick<HostPlan, 'kind' | 'transaction'>, status: readonly ItemStatus[]): boolean {
  return status.length > 0 && status.every(s => (plan.kind === 'patch' ? s.inPlaceOrNewer : s.inPlace));
}

export function beforeRows(status: readonly ItemStatus[]): JobResult['before'] {
  return status.map(s => ({ name: s.item.name, arch: s.item.arch, version: s.version }));
}

export function afterRows(status: readonly ItemStatus[]): JobResult['after'] {
  return status.map(s => ({ name: s.item.name, arch: s.item.arch, version: s.version, state: s.state }));
}
