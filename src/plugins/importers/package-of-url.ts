import { advisoryName, DISTRIBUTION_TYPES, releaseOfPackageUrl, versionOf } from '../../core/advisories/package-url.ts';
import { type PackageUrl, parsePurl } from '../../core/versions/purl.ts';
import { moduleOf } from './package-table/index.ts';
import { type ListedPackage, listedPackage } from './spec.ts';

/** A component of an SBOM as a package, in the version that stands beside its URL where that has none; null for what is none, has no version or is of a type that no advisory speaks of. */
export function packageOfUrl(text: string, statedVersion = ''): ListedPackage | null {
  const parsed = parsePurl(text);
  if (!parsed.ok) return null;
  const { written } = parsed;
  const url = { ...parsed.purl, version: parsed.purl.version ?? statedVersion };
  if (url.version === '') return null;
  const release = releaseOfPackageUrl(url);
  if (!DISTRIBUTION_TYPES.has(url.type))
    return release === null ? null : listedPackage(advisoryName(written), versionOf(url), { release, sourceKnown: true });
  const version = versionOf(url);
  // Syft: upstream=name or upstream=name@version; for rpm the source rpm's file name, which no advisory uses.
  const upstream = url.type === 'rpm' ? '' : (url.qualifiers.upstream ?? '');
  const at = upstream.lastIndexOf('@');
  return listedPackage(url.name, version, {
    arch: url.qualifiers.arch ?? '',
    sourceName: (at > 0 ? upstream.slice(0, at) : upstream) || url.name,
    sourceVersion: at > 0 ? upstream.slice(at + 1) : version,
    sourceKnown: (url.type !== 'deb' && url.type !== 'apk') || upstream !== '' || url.qualifiers.arch === 'source',
    epochKnown: url.type !== 'rpm' || version.includes(':'),
    release,
    module: moduleOfUrl(url.qualifiers),
  });
}

/**
 * Syft names a source package only where it has another name: in a document that names any, a package without one is built from a source of its own name.
 */
export function withImpliedSources(packages: readonly ListedPackage[]): readonly ListedPackage[] {
  const named = new Set(packages.filter(one => one.sourceKnown && one.sourceName !== one.name).map(one => one.release));
  return packages.map(one => (one.sourceKnown || !named.has(one.release) ? one : { ...one, sourceKnown: true }));
}

/** Trivy and Syft each have a qualifier of their own for the module of an rpm; without one nothing is known. */
function moduleOfUrl({ modularitylabel, rpmmod }: PackageUrl['qualifiers']): string | null {
  const label = modularitylabel ?? rpmmod;
  return label === undefined ? null : moduleOf(label);
}
