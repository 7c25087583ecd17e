import type { InvalidVersion, Ordering } from '../versions/scheme.ts';
import { isInvalid } from '../versions/scheme.ts';
import type { PackageChange } from './snapshot.ts';

export interface IdDelta {
  readonly added: readonly number[];
  readonly removed: readonly number[];
}

/** Both lists rising without repeats, as unpackIds returns them. */
export function diffIds(before: readonly number[], after: readonly number[]): IdDelta {
  const added: number[] = [];
  const removed: number[] = [];
  let b = 0;
  let a = 0;
  while (b < before.length || a < after.length) {
    const old = before[b] ?? Number.POSITIVE_INFINITY;
    const fresh = after[a] ?? Number.POSITIVE_INFINITY;
    if (old === fresh) {
      b++;
      a++;
    } else if (old < fresh) {
      removed.push(old);
      b++;
    } else {
      added.push(fresh);
      a++;
    }
  }
  return { added, removed };
}

interface VersionOnHost {
  readonly name: string;
  readonly arch: string;
  readonly version: string;
}

export type Transition = Pick<PackageChange, 'action' | 'name' | 'arch' | 'fromVersion' | 'toVersion'>;

/** What happened between two inventories, package by package. A version that cannot be ordered counts as an upgrade: the newer report has it. */
export function transitionsOf(
  removed: readonly VersionOnHost[],
  added: readonly VersionOnHost[],
  compare: (a: string, b: string) => Ordering | InvalidVersion,
): Transition[] {
  const before = Map.groupBy(removed, keyOf);
  const transitions: Transition[] = [];
  for (const { name, arch, version } of added) {
    const old = before.get(keyOf({ name, arch }))?.shift();
    if (!old) transitions.push({ action: 'install', name, arch, fromVersion: null, toVersion: version });
    // The same version with another source version: the record was corrected, nothing was changed on the host.
    else if (old.version !== version)
      transitions.push({
        action: isDowngrade(compare(version, old.version)) ? 'downgrade' : 'upgrade',
        name,
        arch,
        fromVersion: old.version,
        toVersion: version,
      });
  }
  for (const { name, arch, version } of [...before.values()].flat())
    transitions.push({ action: 'remove', name, arch, fromVersion: version, toVersion: null });
  return transitions;
}

function isDowngrade(ordering: Ordering | InvalidVersion): boolean {
  return !isInvalid(ordering) && ordering < 0;
}

function keyOf({ name, arch }: Pick<VersionOnHost, 'name' | 'arch'>): string {
  return `${name}\t${arch}`;
}
