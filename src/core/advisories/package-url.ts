import { lookup } from '../kernel/lookup.ts';
import type { PackageUrl } from '../versions/purl.ts';
import { parseRelease } from './releases.ts';

/** Package types whose versions a distribution counts. */
export const DISTRIBUTION_TYPES: ReadonlySet<string> = new Set(['deb', 'rpm', 'apk', 'alpm']);

const ECOSYSTEM_OF_TYPE: Readonly<Record<string, string>> = lookup({
  pypi: 'PyPI',
  npm: 'npm',
  golang: 'Go',
  maven: 'Maven',
  nuget: 'NuGet',
  gem: 'RubyGems',
  composer: 'Packagist',
  cargo: 'crates.io',
});

/** How advisories write the package: `group:artifact` for Maven, `@scope/name` for npm, lower case with hyphens for PyPI. */
export function advisoryName(url: PackageUrl): string {
  if (DISTRIBUTION_TYPES.has(url.type)) return url.name;
  const name = url.namespace === null ? url.name : `${url.namespace}${url.type === 'maven' ? ':' : '/'}${url.name}`;
  return url.type === 'pypi' ? pypiName(name) : name;
}

/** PEP 503: runs of hyphens, underscores and dots are one hyphen. */
export function pypiName(name: string): string {
  return name.toLowerCase().replace(/[-_.]+/g, '-');
}

/** With its epoch, which rpm's package URLs keep in a qualifier; '' when there is none. */
export function versionOf({ version, qualifiers: { epoch } }: PackageUrl): string {
  if (version === null) return '';
  return epoch !== undefined && /^\d+$/.test(epoch) && !version.includes(':') ? `${epoch}:${version}` : version;
}

/** The release by the `distro` qualifier (`debian-12`, `bookworm`), the ecosystem by the type; null when the URL does not say. */
export function releaseOfPackageUrl(url: PackageUrl): string | null {
  if (!DISTRIBUTION_TYPES.has(url.type)) return (Object.hasOwn(ECOSYSTEM_OF_TYPE, url.type) && ECOSYSTEM_OF_TYPE[url.type]) || null;
  const { distro } = url.qualifiers;
  if (distro === undefined) return null;
  const release = parseRelease(distro);
  if (release.ok) return release.release;
  const named = parseRelease(`${url.namespace ?? ''}:${distro}`);
  return named.ok ? named.release : null;
}
