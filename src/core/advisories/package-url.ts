import { parseRelease } from './releases.ts';

/** A package URL (`pkg:type/namespace/name@version?qualifiers#subpath`), decoded. */
export interface PackageUrl {
  readonly type: string;
  readonly namespace: string;
  readonly name: string;
  /** '' when there is none. */
  readonly version: string;
  readonly qualifiers: ReadonlyMap<string, string>;
}

export function parsePackageUrl(text: string): PackageUrl | null {
  const parts = /^pkg:\/*([a-z][a-z0-9.+-]*)\/([^?#]+)(?:\?([^#]*))?(?:#.*)?$/i.exec(text);
  if (!parts) return null;
  const pathAndVersion = parts[2]!.replace(/\/+$/, '');
  const at = pathAndVersion.lastIndexOf('@');
  const path = (at > 0 ? pathAndVersion.slice(0, at) : pathAndVersion).split('/').map(decoded);
  const name = path.pop() ?? '';
  if (name === '') return null;
  const qualifiers = new Map<string, string>();
  for (const pair of (parts[3] ?? '').split('&')) {
    const equals = pair.indexOf('=');
    if (equals > 0) qualifiers.set(pair.slice(0, equals).toLowerCase(), decoded(pair.slice(equals + 1)));
  }
  return {
    type: parts[1]!.toLowerCase(),
    namespace: path.join('/'),
    name,
    version: at > 0 ? decoded(pathAndVersion.slice(at + 1)) : '',
    qualifiers,
  };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Package types whose versions a distribution counts. */
export const DISTRIBUTION_TYPES: ReadonlySet<string> = new Set(['deb', 'rpm', 'apk', 'alpm']);

const ECOSYSTEM_OF_TYPE: Readonly<Record<string, string>> = {
  pypi: 'PyPI',
  npm: 'npm',
  golang: 'Go',
  maven: 'Maven',
  nuget: 'NuGet',
  gem: 'RubyGems',
  composer: 'Packagist',
  cargo: 'crates.io',
};

/** How advisories write the package: `group:artifact` for Maven, `@scope/name` for npm, lower case with hyphens for PyPI. */
export function advisoryName(url: PackageUrl): string {
  if (DISTRIBUTION_TYPES.has(url.type)) return url.name;
  const name = url.namespace === '' ? url.name : `${url.namespace}${url.type === 'maven' ? ':' : '/'}${url.name}`;
  return url.type === 'pypi' ? pypiName(name) : name;
}

/** PEP 503: runs of hyphens, underscores and dots are one hyphen. */
export function pypiName(name: string): string {
  return name.toLowerCase().replace(/[-_.]+/g, '-');
}

/** With its epoch, which rpm's package URLs keep in a qualifier. */
export function versionOf(url: PackageUrl): string {
  const epoch = url.qualifiers.get('epoch');
  return epoch !== undefined && /^\d+$/.test(epoch) && !url.version.includes(':') ? `${epoch}:${url.version}` : url.version;
}

/** The release by the `distro` qualifier (`debian-12`, `bookworm`), the ecosystem by the type; null when the URL does not say. */
export function releaseOfPackageUrl(url: PackageUrl): string | null {
  if (!DISTRIBUTION_TYPES.has(url.type)) return ECOSYSTEM_OF_TYPE[url.type] ?? null;
  const distro = url.qualifiers.get('distro');
  if (distro === undefined) return null;
  const release = parseRelease(distro);
  if (release.ok) return release.release;
  const named = parseRelease(`${url.namespace}:${distro}`);
  return named.ok ? named.release : null;
}
