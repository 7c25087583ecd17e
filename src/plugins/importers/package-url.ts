import { parseRelease } from '../../core/advisories/releases.ts';
import { type ListedPackage, listedPackage } from './spec.ts';

interface PackageUrl {
  readonly type: string;
  readonly namespace: string;
  readonly name: string;
  readonly version: string;
  readonly qualifiers: ReadonlyMap<string, string>;
}

/** `pkg:type/namespace/name@version?qualifiers#subpath` (package-url specification); null when it is none. */
export function parsePackageUrl(text: string): PackageUrl | null {
  const parts = /^pkg:\/*([a-z][a-z0-9.+-]*)\/([^?#]+)(?:\?([^#]*))?(?:#.*)?$/i.exec(text);
  if (!parts) return null;
  const pathAndVersion = parts[2]!.replace(/\/+$/, '');
  const at = pathAndVersion.lastIndexOf('@');
  const path = (at > 0 ? pathAndVersion.slice(0, at) : pathAndVersion).split('/').map(decoded);
  const qualifiers = new Map(
    (parts[3] ?? '').split('&').flatMap(pair => {
      const equals = pair.indexOf('=');
      return equals < 1 ? [] : [[pair.slice(0, equals).toLowerCase(), decoded(pair.slice(equals + 1))] as const];
    }),
  );
  const name = path.pop() ?? '';
  if (name === '') return null;
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
const DISTRIBUTION_TYPES: ReadonlySet<string> = new Set(['deb', 'rpm', 'apk', 'alpm']);
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

/** How each ecosystem writes a package's name in advisories. */
function ecosystemName(url: PackageUrl): string {
  if (url.type === 'pypi') return url.name.toLowerCase().replace(/[-_.]+/g, '-');
  if (url.namespace === '') return url.name;
  return url.type === 'maven' ? `${url.namespace}:${url.name}` : `${url.namespace}/${url.name}`;
}

/** A component of an SBOM as a package; null for what has no version or is of a type that no advisory speaks of. */
export function packageOfUrl(text: string): ListedPackage | null {
  const url = parsePackageUrl(text);
  if (url === null || url.version === '') return null;
  if (!DISTRIBUTION_TYPES.has(url.type)) {
    const release = ECOSYSTEM_OF_TYPE[url.type];
    return release === undefined ? null : listedPackage(ecosystemName(url), url.version, { release, sourceKnown: true });
  }
  const epoch = url.qualifiers.get('epoch');
  const version = epoch !== undefined && !url.version.includes(':') ? `${epoch}:${url.version}` : url.version;
  // Syft: upstream=name or upstream=name@version; for rpm the source rpm's file name.
  const upstream = url.qualifiers.get('upstream') ?? '';
  const at = upstream.lastIndexOf('@');
  const sourceName = at > 0 ? upstream.slice(0, at) : upstream;
  const isSourceRpm = url.type === 'rpm';
  return listedPackage(url.name, version, {
    arch: url.qualifiers.get('arch') ?? '',
    sourceName: isSourceRpm || sourceName === '' ? url.name : sourceName,
    sourceVersion: !isSourceRpm && at > 0 ? upstream.slice(at + 1) : version,
    sourceKnown: url.type !== 'deb' || url.qualifiers.has('upstream'),
    epochKnown: url.type !== 'rpm' || version.includes(':'),
    release: releaseOf(url),
  });
}

/** `distro=debian-12`, else what the namespace says without a version: then nothing. */
function releaseOf(url: PackageUrl): string | null {
  const distro = url.qualifiers.get('distro');
  if (distro === undefined) return null;
  const release = parseRelease(distro);
  if (release.ok) return release.release;
  const named = parseRelease(`${url.namespace}:${distro}`);
  return named.ok ? named.release : null;
}
