import { counted } from '../../../core/kernel/words.ts';
import { packageOfUrl, withImpliedSources } from '../package-of-url.ts';
import type { ListedPackage, PackageListImporter, PackageListing } from '../spec.ts';

/** An SPDX document: packages by the package URL among their external references. 2.x as JSON or tags and values, 3.0 as JSON-LD. */
export const spdx: PackageListImporter = {
  id: 'spdx',
  title: 'SPDX SBOM (JSON or tag-value)',
  madeBy: 'syft -o spdx-json, trivy --format spdx-json',
  // JSON has no order of members: the word may stand at the very end.
  recognise: text => (/^\s*\{/.test(text) && (/"spdxVersion"\s*:\s*"SPDX-2/.test(text) || isSpdx3(text))) || isTagValue(text),
  read: text => (isTagValue(text) ? listingOf(urlsOfTagValue(text)) : read(text)),
};

const isSpdx3 = (text: string): boolean => /"@context"\s*:\s*(?:\[\s*)?"https?:\/\/spdx\.org\/rdf\/3/.test(text);
const isTagValue = (text: string): boolean => /^SPDXVersion:\s*SPDX-2/m.test(text.slice(0, 4000));

interface Reference {
  readonly referenceType?: unknown;
  readonly referenceLocator?: unknown;
}

interface SpdxPackage {
  readonly externalRefs?: readonly Reference[];
}

function read(text: string): PackageListing {
  let document: { packages?: readonly SpdxPackage[]; '@graph'?: readonly SpdxElement[] };
  try {
    document = JSON.parse(text);
  } catch (problem) {
    return { packages: [], release: null, warnings: [`the SBOM is not whole JSON (${(problem as Error).message})`] };
  }
  if (Array.isArray(document['@graph'])) return listingOf(urlsOfGraph(document['@graph']));
  return listingOf((Array.isArray(document.packages) ? document.packages : []).map(urlsOfPackage));
}

/** The package URLs of each package. */
function listingOf(urlsByPackage: readonly (readonly string[])[]): PackageListing {
  const packages = new Map<string, ListedPackage>();
  let unknown = 0;
  for (const urls of urlsByPackage) {
    let isKnown = false;
    for (const url of urls) {
      const listed = packageOfUrl(url);
      if (listed === null) continue;
      packages.set(url, listed);
      isKnown = true;
    }
    if (!isKnown) unknown++;
  }
  const warnings =
    unknown === 0
      ? []
      : [`${counted(unknown, 'package has', 'packages have')} no package URL with a version, or one of a type that no advisory speaks of`];
  return { packages: withImpliedSources([...packages.values()]), release: null, warnings };
}

function urlsOfPackage(one: SpdxPackage): string[] {
  const references: readonly Reference[] = Array.isArray(one?.externalRefs) ? one.externalRefs : [];
  return references.flatMap(reference => (reference?.referenceType === 'purl' ? [String(reference.referenceLocator)] : []));
}

/** SPDX 2.3, annex "tag-value": a package begins with its name; an external reference is `CATEGORY TYPE LOCATOR`. */
function urlsOfTagValue(text: string): string[][] {
  const packages: string[][] = [];
  for (const line of text.split('\n')) {
    if (/^PackageName:/.test(line)) packages.push([]);
    const locator = /^ExternalRef:\s*\S+\s+purl\s+(\S+)/.exec(line)?.[1];
    if (locator !== undefined) packages.at(-1)?.push(locator);
  }
  return packages;
}

interface SpdxElement {
  readonly type?: unknown;
  readonly software_packageUrl?: unknown;
  readonly externalIdentifier?: readonly { readonly externalIdentifierType?: unknown; readonly identifier?: unknown }[];
}

/** SPDX 3.0: the URL is a property of the package, or one of its identifiers. */
function urlsOfGraph(graph: readonly SpdxElement[]): string[][] {
  return graph
    .filter(element => element?.type === 'software_Package')
    .map(({ software_packageUrl: url, externalIdentifier }) => {
      const identifiers = Array.isArray(externalIdentifier) ? externalIdentifier : [];
      const urls = identifiers.filter(one => one?.externalIdentifierType === 'packageUrl').map(one => String(one.identifier));
      return typeof url === 'string' ? [url] : urls;
    });
}
