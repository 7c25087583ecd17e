import { schemeOfRelease } from '../../core/advisories/releases.ts';
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

/** `pkg:deb/debian/libssl3@3.0.20-1~deb12u2?arch=amd64&distro=debian-12&upstream=openssl` */
export function packageUrlOf({ release, package: one }: FindingBlock): string {
  const scheme = schemeOfRelease(release);
  const type = scheme === null ? 'generic' : release === 'crates.io' ? 'cargo' : TYPES[scheme];
  const [distribution, version] = release.split(':');
  if (!['deb', 'rpm', 'apk', 'alpm'].includes(type)) {
    const path = one.name
      .split(type === 'maven' ? ':' : '/')
      .map(encodeURIComponent)
      .join('/');
    return `pkg:${type}/${path}@${encodeURIComponent(one.version)}`;
  }
  const qualifiers = [
    one.arch === '' ? null : `arch=${encodeURIComponent(one.arch)}`,
    `distro=${encodeURIComponent(version === undefined ? distribution! : `${distribution}-${version}`)}`,
    one.sourceName === one.name ? null : `upstream=${encodeURIComponent(one.sourceName)}`,
  ].filter(part => part !== null);
  return `pkg:${type}/${distribution}/${encodeURIComponent(one.name)}@${encodeURIComponent(one.version)}?${qualifiers.join('&')}`;
}
