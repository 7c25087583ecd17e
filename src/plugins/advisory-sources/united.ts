import type { AffectedRange, AffectedSet, Claim } from '../../core/advisories/claim.ts';
import { orderOf } from '../../core/advisories/orders.ts';
import { compareVersions } from '../../core/versions/scheme.ts';

/**
 * What one record says of one package in several pieces (a range each: GitHub's advisories, CSAF's product_version_range, CycloneDX's affects) is one
 * statement: of two statements one leads, and the ranges of the other would be forgotten. Only pieces with ranges or lists are put together.
 */
export function united(claims: readonly Claim[]): Claim[] {
  const whole = claims.filter(claim => claim.affected === undefined);
  const pieces = Map.groupBy(
    claims.filter(claim => claim.affected !== undefined),
    ({ release, packageName, packageKind, module, subscription }) => [release, packageName, packageKind, module, subscription].join('\n'),
  );
  return [...whole, ...Array.from(pieces.values(), unionOf)];
}

function unionOf(pieces: readonly Claim[]): Claim {
  const first = pieces[0]!;
  if (pieces.length === 1) return first;
  const outside = [...new Set(pieces.flatMap(piece => piece.unaffectedVersions ?? []))];
  const fixedVersion = highest(
    first.release,
    pieces.flatMap(piece => piece.fixedVersion ?? []),
  );
  return {
    ...first,
    state: fixedVersion !== null ? 'fixed' : pieces.every(piece => piece.state === first.state) ? first.state : 'open',
    fixedVersion,
    affected: unionOfSets(pieces.map(piece => piece.affected!)),
    ...(outside.length > 0 ? { unaffectedVersions: outside } : {}),
  };
}

function unionOfSets(sets: readonly AffectedSet[]): AffectedSet {
  const ranges = new Map<string, AffectedRange>();
  for (const range of sets.flatMap(set => set.ranges))
    ranges.set([range.introduced, range.fixed, range.lastAffected, range.limit].map(String).join('\n'), range);
  return { versions: [...new Set(sets.flatMap(set => set.versions))], ranges: [...ranges.values()] };
}

/** null where there is none, or where the versions have no order. */
export function highest(release: string, versions: readonly string[]): string | null {
  const order = orderOf(release);
  if (order === null) return null;
  return versions.reduce<string | null>(
    (best, version) => (best === null || compareVersions(order, version, best) === 1 ? version : best),
    null,
  );
}
