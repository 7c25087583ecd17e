import { DISTRIBUTION_TYPES, releaseOfPackageUrl } from '../../core/advisories/package-url.ts';
import { CPE_RELEASE } from '../../core/advisories/releases.ts';
import { type Cpe, isStated, parseCpe, productOf, readableValue } from '../../core/versions/cpe.ts';
import { parsePurl } from '../../core/versions/purl.ts';
import { packageOfUrl } from './package-of-url.ts';
import { type ListedPackage, listedPackage } from './spec.ts';

/** What a bill of materials says of a component, in whatever format. */
export interface ComponentNames {
  readonly name: string;
  readonly version: string;
  readonly urls: readonly string[];
  readonly cpes: readonly string[];
}

/** `key`: the same for the same package stated twice. None for what has no version, or no name by which anybody speaks of it. */
export function packagesOfComponent(component: ComponentNames): { readonly key: string; readonly listed: ListedPackage }[] {
  const { name, urls, cpes } = component;
  const version = isVersion(component.version) ? component.version : '';
  const named = urls.flatMap(url => {
    const listed = packageOfUrl(url, version);
    return listed === null ? [] : [{ key: `${url}\n${listed.version}`, listed }];
  });
  if (urls.some(isDistributions)) return named;
  const stated = inOrder(cpes.flatMap(usable));
  if (named.length > 0) return stated.length === 0 ? named : named.map(({ key, listed }) => ({ key, listed: { ...listed, cpes: stated } }));
  const [first] = stated;
  const ofCpe = readableValue(stated.find(cpe => isStated(cpe.version))?.version ?? '');
  const shown = version || ofCpe;
  if (first === undefined || shown === '' || urls.some(hasEcosystem)) return [];
  const listed = listedPackage(name || first.product, shown, { release: CPE_RELEASE, sourceKnown: true, cpes: stated });
  return [{ key: `${cpes.join(' ')}\n${name}\n${version}`, listed }];
}

/** A package that is stated twice is one, with the CPEs of both. */
export function addPackage(packages: Map<string, ListedPackage>, key: string, listed: ListedPackage): void {
  const known = packages.get(key)?.cpes ?? [];
  packages.set(key, known.length === 0 ? listed : { ...listed, cpes: inOrder([...known, ...listed.cpes]) });
}

/** Each once, in an order of its own: the same component is the same package, whatever the order of its names. */
function inOrder(cpes: readonly Cpe[]): readonly Cpe[] {
  if (cpes.length < 2) return cpes;
  const byText = new Map(cpes.map(cpe => [JSON.stringify(cpe), cpe]));
  return [...byText.keys()].sort().map(text => byText.get(text)!);
}

/** SPDX has words for a field that is left open. */
function isVersion(text: string): boolean {
  return text !== 'NOASSERTION' && text !== 'NONE';
}

/** Programs and operating systems that are named; a hardware's name or a name of wildcards finds nothing. */
function usable(text: string): Cpe[] {
  const parsed = parseCpe(text);
  return parsed.ok && /^[ao*]$/.test(parsed.cpe.part) && productOf(parsed.cpe) !== null ? [parsed.cpe] : [];
}

/** By its URL, also where that states no version or cannot be read: its versions are the distribution's own, with fixes that the vendor's do not have. */
function isDistributions(url: string): boolean {
  const type = /^\s*pkg:\/*([^/]+)\//i.exec(url)?.[1];
  return type !== undefined && DISTRIBUTION_TYPES.has(type.toLowerCase());
}

/** A language package whose URL has no version or cannot be read: its publishers would have to be asked first. */
function hasEcosystem(url: string): boolean {
  const parsed = parsePurl(url);
  return !parsed.ok || releaseOfPackageUrl(parsed.purl) !== null;
}
