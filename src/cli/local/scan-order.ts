import type { ListedPackage } from '../../plugins/importers/spec.ts';

/** By these first, for whoever reads the answer; by the rest, because two rows that differ in them are two packages. */
const FIELDS = [
  'name',
  'version',
  'arch',
  'sourceName',
  'sourceVersion',
  'release',
  'module',
  'originTrusted',
  'sourceKnown',
  'epochKnown',
] as const satisfies readonly (keyof ListedPackage)[];

function compare(a: ListedPackage, b: ListedPackage): number {
  for (const field of FIELDS) {
    const [one, other] = [a[field], b[field]];
    if (one !== other) return one === null || (other !== null && one < other) ? -1 : 1;
  }
  if (a.cpes.length === 0 && b.cpes.length === 0) return 0;
  // Importers sort the names of a package.
  const [one, other] = [JSON.stringify(a.cpes), JSON.stringify(b.cpes)];
  return one === other ? 0 : one < other ? -1 : 1;
}

/**
 * By name, each once: the same packages give the same answer, byte by byte, in whatever order a list has them and whatever stands in the columns that
 * nobody reads. Package managers list by name, so most lists are only looked through.
 */
export function inOrder(packages: readonly ListedPackage[]): readonly ListedPackage[] {
  if (packages.every((one, at) => at === 0 || compare(packages[at - 1]!, one) < 0)) return packages;
  const sorted = packages.toSorted(compare);
  return sorted.filter((one, at) => at === 0 || compare(sorted[at - 1]!, one) !== 0);
}
