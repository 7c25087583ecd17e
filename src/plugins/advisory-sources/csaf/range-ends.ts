import type { AffectedRange, Claim } from '../../../core/advisories/claim.ts';
import { orderOf } from '../../../core/advisories/orders.ts';
import { lookup } from '../../../core/kernel/lookup.ts';
import { compareVersions, isInvalid, type VersionScheme } from '../../../core/versions/scheme.ts';

/** "The first" and "the last versions known to be affected" are ends of ranges, not all that is affected (CSAF 2.0, 3.2.3.9). */
export const RANGE_ENDS: Readonly<Record<string, 'introduced' | 'lastAffected'>> = lookup({
  first_affected: 'introduced',
  last_affected: 'lastAffected',
});

export interface RangeEnd {
  /** As if every version were meant. */
  readonly claim: Claim;
  readonly end: 'introduced' | 'lastAffected';
  readonly version: string;
}

/** Ends of the same package make ranges: the lowest first with the lowest last, and so on. Where one is missing, or they are of different branches, the range is open on that side. */
export function claimsOfEnds(ends: readonly RangeEnd[]): Claim[] {
  const ofPackage = Map.groupBy(ends, ({ claim }) => [claim.release, claim.packageName, claim.packageKind, claim.module].join('\n'));
  return Array.from(ofPackage.values(), ([first, ...others]) => ({
    ...first!.claim,
    affected: { versions: [], ranges: rangesOf([first!, ...others]) },
  }));
}

function rangesOf(ends: readonly RangeEnd[]): AffectedRange[] {
  const order = orderOf(ends[0]!.claim.release);
  const versions = (end: RangeEnd['end']) =>
    ends
      .filter(one => one.end === end)
      .map(one => one.version)
      .sort((a, b) => (order === null ? 0 : Number(compareVersions(order, a, b))));
  const [firsts, lasts] = [versions('introduced'), versions('lastAffected')];
  const isPaired = firsts.length === lasts.length && firsts.every((first, at) => isUpTo(order, first, lasts[at]!));
  if (isPaired) return firsts.map((introduced, at) => ({ introduced, fixed: null, lastAffected: lasts[at]! }));
  return [
    ...firsts.map(introduced => ({ introduced, fixed: null, lastAffected: null })),
    ...lasts.map(lastAffected => ({ introduced: null, fixed: null, lastAffected })),
  ];
}

/** "Last affected 2.0" of one branch and "first affected 3.0" of the next would be a range that holds nothing. */
function isUpTo(order: VersionScheme | null, first: string, last: string): boolean {
  const ordering = order === null ? 1 : compareVersions(order, first, last);
  return !isInvalid(ordering) && ordering <= 0;
}
