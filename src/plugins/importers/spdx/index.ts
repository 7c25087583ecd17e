import { packageOfUrl } from '../package-of-url.ts';
import type { ListedPackage, PackageListImporter, PackageListing } from '../spec.ts';

/** An SPDX 2.x JSON document: packages by the package URL among their external references. */
export const spdx: PackageListImporter = {
  id: 'spdx',
  title: 'SPDX SBOM (JSON)',
  madeBy: 'syft -o spdx-json, trivy --format spdx-json',
  recognise: text => /^\s*\{/.test(text) && /"spdxVersion"\s*:\s*"SPDX-2/.test(text.slice(0, 4000)),
  read,
};

interface Reference {
  readonly referenceType?: unknown;
  readonly referenceLocator?: unknown;
}

interface SpdxPackage {
  readonly externalRefs?: readonly Reference[];
}

function read(text: string): PackageListing {
  let document: { packages?: readonly SpdxPackage[] };
  try {
    document = JSON.parse(text);
  } catch (problem) {
    return { packages: [], release: null, warnings: [`the SBOM is not whole JSON (${(problem as Error).message})`] };
  }
  const packages = new Map<string, ListedPackage>();
  let unknown = 0;
  for (const one of Array.isArray(document.packages) ? document.packages : []) {
    const references: readonly Reference[] = Array.isArray(one?.externalRefs) ? one.externalRefs : [];
    let known = false;
    for (const reference of references) {
      const listed = reference?.referenceType === 'purl' ? packageOfUrl(String(reference.referenceLocator)) : null;
      if (listed === null) continue;
      packages.set(String(reference.referenceLocator), listed);
      known = true;
    }
    if (!known) unknown++;
  }
  const warnings =
    unknown === 0 ? [] : [`${unknown} packages have no package URL with a version, or one of a type that no advisory speaks of`];
  return { packages: [...packages.values()], release: null, warnings };
}
