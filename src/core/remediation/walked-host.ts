import type { KernelState } from '../findings/finding.ts';
import type { PackageSet } from '../findings/fleet-inventory.ts';
import type { Unit } from '../findings/fleet-units.ts';
import type { NumberLists } from '../findings/number-lists.ts';
import type { Offer } from './offers.ts';
import type { Standing } from './standing.ts';

/** A version that is gone from the disk and still runs: mapped by a process until that restarts, or the kernel until the next boot. */
export interface Residual {
  readonly unit: Unit;
  readonly packageName: string;
  readonly until: 'restart' | 'reboot';
  /** When the version had come onto the host. */
  readonly sinceMs: number;
}

/** What findings need to know of a host. */
export interface WalkedHost {
  readonly release: string;
  /** Everything whose files are on the disk. */
  readonly packages: PackageSet;
  /** Pairs of unit index and epoch seconds, rising units; the others came with the host. The host's are those of `slot`. */
  readonly since: NumberLists;
  readonly slot: number;
  readonly enrolledMs: number;
  /** By source, the one that counts first (offers.ts). null: the host's candidates could not be read. */
  readonly offers: readonly Offer[] | null;
  readonly residuals: readonly Residual[];
  /** `uname -r`; null when it could not be read. */
  readonly runningKernel: string | null;
}

/** One source package on one host: the shared standing and what is the host's own. */
export interface SourceOnHost {
  standing: Standing;
  /** The offer that `standing.target` comes from. */
  offer: Offer | null;
  /** When the first of its versions that somebody calls vulnerable came onto the host; Infinity when there is none. */
  sinceMs: number;
  /** Since when the version that only lives in memory had been there; equals `sinceMs` without one. */
  memorySinceMs: number;
  kernelState: KernelState;
}

/** When a version came onto a host, epoch ms. */
export function sinceMsOf({ since, slot, enrolledMs }: Pick<WalkedHost, 'since' | 'slot' | 'enrolledMs'>, unitIndex: number): number {
  const start = since.start(slot);
  const numbers = since.numbers(slot);
  for (let pair = start; pair < start + since.length(slot); pair += 2) if (numbers[pair] === unitIndex) return numbers[pair + 1]! * 1_000;
  return enrolledMs;
}
