import { schemeOfRelease } from '../../core/advisories/releases.ts';
import { buildPurl } from '../../core/versions/purl.ts';
import type { SchemeId } from '../../core/versions/scheme.ts';
import type { FindingBlock } from './spec.ts';

const TYPES: Readonly<Record<SchemeId, string>> = {
  deb: 'deb',
  rpm: 'rpm',
  apk: 'apk',
  pacman: 'alpm',
  pep440: 'pypi',
  semver: 'npm',
  go: 'golang',
  maven: 'maven',
  nuget: 'nuget',
  gem: 'gem',
  composer: 'composer',
};

/**
 * `pkg:deb/debian/libssl3@3.0.20-1~deb12u2?arch=amd64&distro=debian-12&upstream=openssl`, canonical by purl-spec: an epoch is part of the version
 * (`@1:2.3-4`), but a qualifier of rpm's.
 */
export function packageUrlOf({ release, package: one }: FindingBlock): string {
  const scheme = schemeOfRelease(release);
  const type = scheme === null ? 'generic' : release === 'crates.io' ? 'cargo' : TYPES[scheme];
  const [distribution, number] = release.split(':');
  if (!['deb', 'rpm', 'apk', 'alpm'].includes(type)) {
    const path = one.name.split(type === 'maven' ? ':' : '/');
    return buildPurl({
      type,
      namespace: path.slice(0, -1).join('/') || null,
      name: path.at(-1)!,
      version: one.version,
      qualifiers: {},
      subpath: null,
    });
  }
  const [, epoch = '', version = one.version] = (type === 'rpm' && /^(\d+):(.*)$/.exec(one.version)) || [];
  return buildPurl({
    type,
    namespace: distribution!,
    name: one.name,
    version,
    qualifiers: {
      arch: one.arch,
      distro: number === undefined ? distribution! : `${distribution}-${number}`,
      epoch,
      upstream: one.sourceName === one.name ? '' : one.sourceName,
    },
    subpath: null,
  });
}
