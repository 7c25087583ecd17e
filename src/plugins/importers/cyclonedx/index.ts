import { parseRelease } from '../../../core/advisories/releases.ts';
import { addPackage, packagesOfComponent } from '../package-of-component.ts';
import { withImpliedSources } from '../package-of-url.ts';
import type { ListedPackage, PackageListImporter, PackageListing } from '../spec.ts';
import { componentsOfXml, isCycloneDxXml } from './xml.ts';

/** A CycloneDX document in JSON or XML: components by their package URL or their CPE, nested ones included, once each. */
export const cyclonedx: PackageListImporter = {
  id: 'cyclonedx',
  title: 'CycloneDX SBOM (JSON or XML)',
  madeBy: 'syft -o cyclonedx-json, trivy --format cyclonedx',
  // JSON has no order of members: the word may stand at the very end.
  recognise: text => (/^\s*\{/.test(text) && /"bomFormat"\s*:\s*"CycloneDX"/.test(text)) || isCycloneDxXml(text),
  read: text => (isCycloneDxXml(text) ? listingOf(componentsOfXml(text)) : read(text)),
};

export interface Component {
  readonly type?: unknown;
  readonly name?: unknown;
  readonly version?: unknown;
  readonly purl?: unknown;
  readonly cpe?: unknown;
  readonly components?: unknown;
  readonly properties?: unknown;
}

function read(text: string): PackageListing {
  let document: { components?: unknown; metadata?: { component?: unknown } };
  try {
    document = JSON.parse(text);
  } catch (problem) {
    return { packages: [], release: null, warnings: [`the SBOM is not whole JSON (${(problem as Error).message})`] };
  }
  const components = [
    ...flatten(document.components, 0),
    ...flatten(document.metadata?.component === undefined ? [] : [document.metadata.component], 0),
  ];
  return listingOf(components);
}

function listingOf(components: readonly Component[]): PackageListing {
  const packages = new Map<string, ListedPackage>();
  let unknown = 0;
  let release: string | null = null;
  for (const component of components) {
    if (component.type === 'operating-system') release ??= releaseOf(component);
    else {
      const [one] = packagesOfComponent({
        name: textOf(component.name),
        version: textOf(component.version),
        urls: [component.purl].filter(url => typeof url === 'string'),
        cpes: [component.cpe].filter(cpe => typeof cpe === 'string'),
      });
      if (one !== undefined) addPackage(packages, one.key, withTrivySource(one.listed, component));
      else if (component.purl !== undefined || KNOWN_BY_NAME.has(String(component.type))) unknown++;
    }
  }
  const warnings =
    unknown === 0
      ? []
      : [`${unknown} components have no package URL with a version and no CPE, or a URL of a type that no advisory speaks of`];
  return { packages: withImpliedSources([...packages.values()]), release, warnings };
}

const KNOWN_BY_NAME: ReadonlySet<string> = new Set(['library', 'application']);
const MAX_NESTING = 50;

function flatten(components: unknown, depth: number): Component[] {
  if (!Array.isArray(components) || depth > MAX_NESTING) return [];
  return (components as (Component | null)[]).flatMap(component =>
    component === null || typeof component !== 'object' ? [] : [component, ...flatten(component.components, depth + 1)],
  );
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function releaseOf(component: Component): string | null {
  const release = parseRelease(`${String(component.name)}:${String(component.version ?? '')}`);
  return release.ok ? release.release : null;
}

/** Trivy keeps the source package in properties of its own. */
function withTrivySource(one: ListedPackage, component: Component): ListedPackage {
  const properties = new Map(
    (Array.isArray(component.properties) ? (component.properties as { name?: unknown; value?: unknown }[]) : []).map(property => [
      String(property?.name),
      String(property?.value),
    ]),
  );
  const of = (name: string) => properties.get(`aquasecurity:trivy:${name}`);
  const [name, version, revision, epoch] = [of('SrcName'), of('SrcVersion'), of('SrcRelease'), of('SrcEpoch')];
  if (name === undefined || version === undefined) return one;
  return {
    ...one,
    sourceName: name,
    sourceVersion: `${epoch ? `${epoch}:` : ''}${version}${revision ? `-${revision}` : ''}`,
    sourceKnown: true,
  };
}
