import { lookup } from '../kernel/lookup.ts';
import type { SchemeId } from '../versions/scheme.ts';
import { plainSpelling } from './release-spellings.ts';

/**
 * A release is what a distribution's advisories speak of, written `id:version` with the ids of os-release: `debian:12`, `ubuntu:22.04`, `almalinux:9`.
 * Language ecosystems are written as OSV writes them: `PyPI`, `npm`, `Go`.
 */
interface Distribution {
  readonly scheme: SchemeId;
  /** How much of VERSION_ID advisories look at: `12.5` -> `12`, `9.4` -> `9`, `3.20.1` -> `3.20`. 0 = rolling, no version. */
  readonly versionParts: 0 | 1 | 2;
  /** Whether statements name source packages or binary ones. */
  readonly packageKind: 'source' | 'binary';
  readonly codenames: Readonly<Record<string, string>>;
}

const NO_CODENAMES = lookup({});

const DEBIAN_CODENAMES = lookup({
  woody: '3.0',
  sarge: '3.1',
  etch: '4',
  lenny: '5',
  squeeze: '6',
  wheezy: '7',
  jessie: '8',
  stretch: '9',
  buster: '10',
  bullseye: '11',
  bookworm: '12',
  trixie: '13',
  forky: '14',
  duke: '15',
  sid: 'sid',
  unstable: 'sid',
  experimental: 'experimental',
});

const UBUNTU_CODENAMES = lookup({
  precise: '12.04',
  trusty: '14.04',
  xenial: '16.04',
  bionic: '18.04',
  focal: '20.04',
  groovy: '20.10',
  hirsute: '21.04',
  impish: '21.10',
  jammy: '22.04',
  kinetic: '22.10',
  lunar: '23.04',
  mantic: '23.10',
  noble: '24.04',
  oracular: '24.10',
  plucky: '25.04',
  questing: '25.10',
  resolute: '26.04',
});

const DISTRIBUTIONS: Readonly<Record<string, Distribution>> = lookup({
  debian: { scheme: 'deb', versionParts: 1, packageKind: 'source', codenames: DEBIAN_CODENAMES },
  ubuntu: { scheme: 'deb', versionParts: 2, packageKind: 'source', codenames: UBUNTU_CODENAMES },
  almalinux: { scheme: 'rpm', versionParts: 1, packageKind: 'binary', codenames: NO_CODENAMES },
  rocky: { scheme: 'rpm', versionParts: 1, packageKind: 'binary', codenames: NO_CODENAMES },
  rhel: { scheme: 'rpm', versionParts: 1, packageKind: 'binary', codenames: NO_CODENAMES },
  centos: { scheme: 'rpm', versionParts: 1, packageKind: 'binary', codenames: NO_CODENAMES },
  ol: { scheme: 'rpm', versionParts: 1, packageKind: 'binary', codenames: NO_CODENAMES },
  amzn: { scheme: 'rpm', versionParts: 1, packageKind: 'binary', codenames: NO_CODENAMES },
  fedora: { scheme: 'rpm', versionParts: 1, packageKind: 'binary', codenames: NO_CODENAMES },
  sles: { scheme: 'rpm', versionParts: 2, packageKind: 'binary', codenames: NO_CODENAMES },
  'opensuse-leap': { scheme: 'rpm', versionParts: 2, packageKind: 'binary', codenames: NO_CODENAMES },
  'opensuse-tumbleweed': { scheme: 'rpm', versionParts: 0, packageKind: 'binary', codenames: NO_CODENAMES },
  alpine: { scheme: 'apk', versionParts: 2, packageKind: 'source', codenames: NO_CODENAMES },
  wolfi: { scheme: 'apk', versionParts: 0, packageKind: 'source', codenames: NO_CODENAMES },
  arch: { scheme: 'pacman', versionParts: 0, packageKind: 'binary', codenames: NO_CODENAMES },
});

/** Names that people, tools and OSV ecosystems write for the ids above. Lower case. */
const DISTRIBUTION_NAMES: Readonly<Record<string, string>> = lookup({
  alma: 'almalinux',
  'rocky linux': 'rocky',
  rockylinux: 'rocky',
  'red hat': 'rhel',
  redhat: 'rhel',
  'red hat enterprise linux': 'rhel',
  oracle: 'ol',
  'oracle linux': 'ol',
  oraclelinux: 'ol',
  amazon: 'amzn',
  'amazon linux': 'amzn',
  amazonlinux: 'amzn',
  sle: 'sles',
  suse: 'sles',
  // What os-release says on the products that share a service pack's updates.
  sles_sap: 'sles',
  sled: 'sles',
  sle_hpc: 'sles',
  'centos-stream': 'centos',
  opensuse: 'opensuse-leap',
  tumbleweed: 'opensuse-tumbleweed',
  'alpine linux': 'alpine',
  archlinux: 'arch',
  'arch linux': 'arch',
});

/** OSV ecosystems of language packages, by their lower-case name. */
const ECOSYSTEMS: Readonly<Record<string, readonly [name: string, scheme: SchemeId]>> = lookup({
  pypi: ['PyPI', 'pep440'],
  npm: ['npm', 'semver'],
  go: ['Go', 'go'],
  golang: ['Go', 'go'],
  maven: ['Maven', 'maven'],
  nuget: ['NuGet', 'nuget'],
  rubygems: ['RubyGems', 'gem'],
  gem: ['RubyGems', 'gem'],
  packagist: ['Packagist', 'composer'],
  composer: ['Packagist', 'composer'],
  'crates.io': ['crates.io', 'semver'],
  cargo: ['crates.io', 'semver'],
});

/** What claims by CPE stand under in place of a release: they speak of a product wherever it runs, and orders of versions differ from product to product. */
export const CPE_RELEASE = 'cpe';

export type ReleaseName = { readonly ok: true; readonly release: string } | { readonly ok: false; readonly reason: string };

/** `debian:12`, `debian-12.5`, `Debian:bookworm`, `Ubuntu:22.04:LTS`, `Alpine:v3.20`, `SLES 15 SP5`, `noble`, `PyPI` -> the one spelling used in claims. */
export function parseRelease(text: string): ReleaseName {
  const trimmed = text.trim();
  if (trimmed === '' || trimmed.length > 100) return { ok: false, reason: 'a release is written id:version, for example debian:12' };
  const word = trimmed.toLowerCase();
  const ecosystem = known(ECOSYSTEMS, word);
  if (ecosystem) return { ok: true, release: ecosystem[0] };
  const asWritten = releaseOf(trimmed, word);
  if (asWritten.ok) return asWritten;
  const alone = debianRelease(word) ?? ubuntuRelease(word);
  if (alone !== null) return { ok: true, release: alone };
  const plain = releaseOf(trimmed, plainSpelling(word));
  return plain.ok ? plain : asWritten;
}

function releaseOf(written: string, word: string): ReleaseName {
  const { id, version } = splitRelease(word);
  const distribution = known(DISTRIBUTIONS, id);
  if (!distribution)
    return { ok: false, reason: `${written} is not a distribution that Fettle knows (${Object.keys(DISTRIBUTIONS).join(', ')})` };
  if (distribution.versionParts === 0) return { ok: true, release: id };
  const number = known(distribution.codenames, version) ?? version.replace(/^v(?=\d)/, '');
  if (id === 'debian' && /^(sid|experimental)$/.test(number)) return { ok: true, release: `debian:${number}` };
  if (/^edge$/.test(number) && id === 'alpine') return { ok: true, release: 'alpine:edge' };
  if (!/^\d+(\.\d+)*$/.test(number))
    return {
      ok: false,
      reason: `${written}: ${version === '' ? 'the version is missing' : `${version} is neither a version nor a codename`} (write for example ${id}:${known(EXAMPLES, id) ?? '9'})`,
    };
  return { ok: true, release: `${id}:${significantVersion(id, number, distribution.versionParts)}` };
}

const EXAMPLES: Readonly<Record<string, string>> = {
  debian: '12',
  ubuntu: '24.04',
  alpine: '3.20',
  sles: '15.5',
  'opensuse-leap': '15.6',
  amzn: '2023',
  fedora: '40',
};

/** Names come from lists and feeds: `constructor` is none of a table's own. */
function known<Value>(table: Readonly<Record<string, Value>>, name: string): Value | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}

/** `debian-bookworm`, `alpine-edge`, `rhel9`, `ubuntu22.04`: a codename after a hyphen, or a number straight after the name. */
const JOINED = /^([a-z]+)(?:[-\s](?=[a-z]+$)|(?=\d))([a-z]+|\d[\d.]*)$/;

function splitRelease(whole: string): { id: string; version: string } {
  // OSV writes Ubuntu Pro as Ubuntu:Pro:22.04:LTS: the same release, another pocket.
  const text = whole.replace(/:pro(?=:)/, '');
  const joined = text.includes(':') || Object.hasOwn(DISTRIBUTIONS, text) ? null : JOINED.exec(text);
  const joinedId = joined && (known(DISTRIBUTION_NAMES, joined[1]!) ?? joined[1]!);
  if (joinedId != null && Object.hasOwn(DISTRIBUTIONS, joinedId)) return { id: joinedId, version: joined![2]! };
  const separator = text.includes(':') ? text.indexOf(':') : text.search(/[-\s]v?\d[\d.]*$/);
  const rawId = separator < 0 ? text : text.slice(0, separator);
  const version = separator < 0 ? '' : text.slice(separator + 1).replace(/:.*$/, '');
  return { id: known(DISTRIBUTION_NAMES, rawId) ?? rawId, version };
}

function significantVersion(id: string, number: string, parts: number): string {
  // Debian 3.0 and 3.1 were two releases; since etch the first number alone names the release.
  if (id === 'debian' && /^[123]\./.test(number)) return number.split('.').slice(0, 2).join('.');
  return number.split('.').slice(0, parts).join('.');
}

/** Whether the text names a distribution that is known, whatever it says of the release. */
export function namesDistribution(text: string): boolean {
  return Object.hasOwn(DISTRIBUTIONS, splitRelease(text.trim().toLowerCase()).id);
}

/** As OSV writes it; null for a distribution's release, and for what is neither. */
export function languageEcosystem(release: string): string | null {
  return ECOSYSTEMS[release.toLowerCase()]?.[0] ?? null;
}

/** The version order of a release's packages; null for a release that is none of ours. */
export function schemeOfRelease(release: string): SchemeId | null {
  const colon = release.indexOf(':');
  const distribution = known(DISTRIBUTIONS, colon < 0 ? release : release.slice(0, colon));
  if (distribution) return distribution.scheme;
  return known(ECOSYSTEMS, release.toLowerCase())?.[1] ?? null;
}

/** Whether a release's publisher names source packages (dpkg, apk) or binary ones (rpm, pacman, languages). */
export function packageKindOfRelease(release: string): 'source' | 'binary' {
  const colon = release.indexOf(':');
  return known(DISTRIBUTIONS, colon < 0 ? release : release.slice(0, colon))?.packageKind ?? 'binary';
}

/** `bookworm` -> `debian:12`, null when the codename is not known. */
export function debianRelease(codename: string): string | null {
  const version = known<string>(DEBIAN_CODENAMES, codename);
  return version === undefined ? null : `debian:${version}`;
}

/** Every name that Debian's data uses for these releases. */
export function debianCodenames(releases: ReadonlySet<string>): readonly string[] {
  return Object.entries(DEBIAN_CODENAMES).flatMap(([codename, version]) => (releases.has(`debian:${version}`) ? [codename] : []));
}

export function ubuntuRelease(codename: string): string | null {
  const version = known<string>(UBUNTU_CODENAMES, codename);
  return version === undefined ? null : `ubuntu:${version}`;
}
