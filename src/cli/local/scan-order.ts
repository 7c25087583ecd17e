import type { ListedPackage } from '../../plugins/importers/spec.ts';

const FIELDS = ['name', 'version', 'arch', 'sourceName', 'sourceVersion', 'release'] as const satisfies readonly (keyof ListedPackage)[];

function compare(a: ListedPackage, b: ListedPackage): number {
  for (const field of FIELDS) {
    const [one, other] = [a[field] ?? '', b[field] ?? ''];
    if (one !== other) return one < other ? -1 : 1;
  }
  return 0;
}

/** By name: the same packages give the same answer, byte by byte, in whatever order a list has them. Package managers list by name, so most lists are only looked through. */
export function inOrder(packages: readonly ListedPackage[]): readonly ListedPackage[] {
  return packages.every((one, at) => at === 0 || compare(packages[at - 1]!, one) <= 0) ? packages : packages.toSorted(compare);
}
