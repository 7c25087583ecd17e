import { counted } from '../../../core/kernel/words.ts';
import { addPackage, type ComponentNames, packagesOfComponent } from '../package-of-component.ts';
import { withImpliedSources } from '../package-of-url.ts';
import type { ListedPackage, PackageListImporter, PackageListing } from '../spec.ts';

/** An SPDX document: packages by the package URL or the CPE names among their external references. 2.x as JSON or tags and values, 3.0 as JSON-LD. */
export const spdx: PackageListImporter = {
  id: 'spdx',
  title: 'SPDX SBOM (JSON or tag-value)',
  madeBy: 'syft -o spdx-json, trivy --format spdx-json',
  // JSON has no order of members: the word may stand at the very end.
  recognise: text => (/^\s*\{/.test(text) && (/"spdxVersion"\s*:\s*"SPDX-2/.test(text) || isSpdx3(text))) || isTagValue(text),
  read: text => (isTagValue(text) ? listingOf(namesOfTagValue(text)) : read(text)),
};

const isSpdx3 = (text: string): boolean => /"@context"\s*:\s*(?:\[\s*)?"https?:\/\/spdx\.org\/rdf\/3/.test(text);
const isTagValue = (text: string): boolean => /^SPDXVersion:\s*SPDX-2/m.test(text.slice(0, 4000));

interface Reference {
  readonly referenceType?: unknown;
  readonly referenceLocator?: unknown;
}

interface SpdxPackage {
  readonly name?: unknown;
  readonly versionInfo?: unknown;
  readonly externalRefs?: readonly Reference[];
}

function read(text: string): PackageListing {
  let document: { packages?: readonly SpdxPackage[]; '@graph'?: readonly SpdxElement[] };
  try {
    document = JSON.parse(text);
  } catch (problem) {
    return { packages: [], release: null, warnings: [`the SBOM is not whole JSON (${(problem as Error).message})`] };
  }
  if (Array.isArray(document['@graph'])) return listingOf(namesOfGraph(document['@graph']));
  return listingOf((Array.isArray(document.packages) ? document.packages : []).map(namesOfPackage));
}

function listingOf(components: readonly ComponentNames[]): PackageListing {
  const packages = new Map<string, ListedPackage>();
  let unknown = 0;
  for (const component of components) {
    const listed = packagesOfComponent(component);
    for (const one of listed) addPackage(packages, one.key, one.listed);
    if (listed.length === 0) unknown++;
  }
  const warnings =
    unknown === 0
      ? []
      : [
          `${counted(unknown, 'package has', 'packages have')} no package URL with a version and no CPE, or a URL of a type that no advisory speaks of`,
        ];
  return { packages: withImpliedSources([...packages.values()]), release: null, warnings };
}

function namesOf(name: unknown, version: unknown, references: readonly (readonly [type: unknown, locator: unknown])[]): ComponentNames {
  const of = (kinds: ReadonlySet<unknown>) => references.flatMap(([type, locator]) => (kinds.has(type) ? [String(locator)] : []));
  return {
    name: typeof name === 'string' ? name : '',
    version: typeof version === 'string' ? version : '',
    urls: of(URL_TYPES),
    cpes: of(CPE_TYPES),
  };
}

/** SPDX 2.3, annex F, and the words of 3.0 for the same (Core, ExternalIdentifierType). */
const URL_TYPES: ReadonlySet<unknown> = new Set(['purl', 'packageUrl']);
const CPE_TYPES: ReadonlySet<unknown> = new Set(['cpe23Type', 'cpe22Type', 'cpe23', 'cpe22']);

function namesOfPackage(one: SpdxPackage): ComponentNames {
  const references: readonly Reference[] = Array.isArray(one?.externalRefs) ? one.externalRefs : [];
  return namesOf(
    one?.name,
    one?.versionInfo,
    references.map(reference => [reference?.referenceType, reference?.referenceLocator]),
  );
}

/** SPDX 2.3, annex "tag-value": a package begins with its name; an external reference is `CATEGORY TYPE LOCATOR`. */
function namesOfTagValue(text: string): ComponentNames[] {
  const packages: { name: string; version: string; readonly references: [string, string][] }[] = [];
  for (const line of text.split('\n')) {
    const [, tag, value = ''] = /^(PackageName|PackageVersion|ExternalRef):\s*(.*?)\s*$/.exec(line) ?? [];
    if (tag === 'PackageName') packages.push({ name: value, version: '', references: [] });
    else if (tag === 'PackageVersion') {
      const last = packages.at(-1);
      if (last !== undefined) last.version ||= value;
    } else if (tag === 'ExternalRef') {
      const [, type, locator] = value.split(/\s+/);
      if (type !== undefined && locator !== undefined) packages.at(-1)?.references.push([type, locator]);
    }
  }
  return packages.map(({ name, version, references }) => namesOf(name, version, references));
}

interface SpdxElement {
  readonly type?: unknown;
  readonly name?: unknown;
  readonly software_packageVersion?: unknown;
  readonly software_packageUrl?: unknown;
  readonly externalIdentifier?: readonly { readonly externalIdentifierType?: unknown; readonly identifier?: unknown }[];
}

/** SPDX 3.0: the URL is a property of the package, or one of its identifiers. */
function namesOfGraph(graph: readonly SpdxElement[]): ComponentNames[] {
  return graph
    .filter(element => element?.type === 'software_Package')
    .map(({ name, software_packageVersion: version, software_packageUrl: url, externalIdentifier }) => {
      const identifiers = Array.isArray(externalIdentifier) ? externalIdentifier : [];
      const named = namesOf(
        name,
        version,
        identifiers.map(one => [one?.externalIdentifierType, one?.identifier]),
      );
      return typeof url === 'string' ? { ...named, urls: [url] } : named;
    });
}
