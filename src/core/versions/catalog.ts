import { apk } from './apk.ts';
import { composer } from './composer.ts';
import { deb } from './deb.ts';
import { gem } from './gem.ts';
import { go } from './go.ts';
import { maven } from './maven.ts';
import { nuget } from './nuget.ts';
import { pacman } from './pacman.ts';
import { pep440 } from './pep440.ts';
import { rpm } from './rpm.ts';
import type { SchemeId, VersionScheme } from './scheme.ts';
import { semver } from './semver.ts';

/** Every version scheme of the product. */
export const SCHEMES: Readonly<Record<SchemeId, VersionScheme>> = {
  deb,
  rpm,
  apk,
  pacman,
  semver,
  pep440,
  maven,
  nuget,
  gem,
  go,
  composer,
};

/** Other names in use for a scheme: package managers, package URL types, OSV ecosystems without their release (`Debian:12`), in lower case. */
const ALIASES: Readonly<Record<string, SchemeId>> = {
  dpkg: 'deb',
  debian: 'deb',
  ubuntu: 'deb',
  'red hat': 'rpm',
  redhat: 'rpm',
  rhel: 'rpm',
  almalinux: 'rpm',
  'rocky linux': 'rpm',
  rocky: 'rpm',
  suse: 'rpm',
  sles: 'rpm',
  'oracle linux': 'rpm',
  opensuse: 'rpm',
  fedora: 'rpm',
  amazon: 'rpm',
  mageia: 'rpm',
  openeuler: 'rpm',
  'photon os': 'rpm',
  evr: 'rpm',
  alpine: 'apk',
  'alpine linux': 'apk',
  wolfi: 'apk',
  chainguard: 'apk',
  arch: 'pacman',
  archlinux: 'pacman',
  'arch linux': 'pacman',
  alpm: 'pacman',
  npm: 'semver',
  node: 'semver',
  'semver/npm': 'semver',
  cargo: 'semver',
  'crates.io': 'semver',
  pypi: 'pep440',
  pip: 'pep440',
  python: 'pep440',
  'pep 440': 'pep440',
  java: 'maven',
  dotnet: 'nuget',
  rubygems: 'gem',
  ruby: 'gem',
  golang: 'go',
  packagist: 'composer',
  php: 'composer',
};

/** A scheme by its id or an alias, hyphens and underscores read as spaces; undefined for a name that nobody knows. */
export function schemeFor(name: string): VersionScheme | undefined {
  const word = name
    .trim()
    .toLowerCase()
    .replace(/[\s_-]+/g, ' ');
  const id = Object.hasOwn(SCHEMES, word) ? (word as SchemeId) : Object.hasOwn(ALIASES, word) ? ALIASES[word] : undefined;
  return id && SCHEMES[id];
}
