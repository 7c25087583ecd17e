import { lookup } from '../kernel/lookup.ts';
import { languageEcosystem, namesDistribution, parseRelease } from './releases.ts';

/** What an OSV ecosystem says beyond the release: that only subscribers get the fix. */
export interface OsvRelease {
  readonly release: string;
  readonly subscription: string | null;
}

/** OSV's ecosystems are products, not releases, where a distribution has products. null: one that Fettle does not match. */
export function releaseOfOsvEcosystem(ecosystem: string): OsvRelease | null {
  for (const [pattern, release] of OSV_PRODUCTS) {
    const parts = pattern.exec(ecosystem);
    if (parts !== null) return release(parts);
  }
  const parsed = parseRelease(ecosystem);
  return parsed.ok ? { release: parsed.release, subscription: /:Pro(:|$)/.test(ecosystem) ? 'ubuntu-pro' : null } : null;
}

/** `Debian:atlantis`: a distribution that Fettle knows, and a release of it that it does not. Ecosystems that are not matched at all (Android, GIT) are none. */
export function isUnknownRelease(ecosystem: string): boolean {
  if (releaseOfOsvEcosystem(ecosystem) !== null) return false;
  return namesDistribution(ecosystem) && !OSV_PRODUCTS.some(([one, , isKnown]) => isKnown === true && one.test(ecosystem));
}

/** The third column: products that are left out on purpose, of which nobody need be told. */
const OSV_PRODUCTS: readonly (readonly [RegExp, (parts: RegExpExecArray) => OsvRelease | null, true?])[] = [
  // Canonical also has pockets whose packages are called like the release's and count their versions otherwise: FIPS, and builds for NVIDIA BlueField.
  [
    /^Ubuntu:(Pro:)?(?:Realtime:)?(\d+\.\d+)(?::LTS)?(?::Realtime:Kernel)?$/,
    ([, pro, version]) => ({ release: `ubuntu:${version}`, subscription: pro === undefined ? null : 'ubuntu-pro' }),
  ],
  [/^Ubuntu:.*(?:FIPS|BlueField|Realtime)/i, () => null],
  // "SUSE:Linux Enterprise Module for Basesystem 15 SP6", "... Server 12 SP5-LTSS", "... Server 16.0": the modules of a service pack are one release.
  [
    /^SUSE:Linux Enterprise (?!Micro|Live Patching)(.+?) (\d+)(?:[ .]S?P?(\d+))?([- ](?:LTSS|ESPOS|TERADATA|CLIENT-TOOLS).*)?$/,
    ([, product, major, minor, extra]) => ({
      release: minor === undefined || minor === '0' ? `sles:${major}` : `sles:${major}.${minor}`,
      subscription: extra !== undefined || /LTSS/.test(product ?? '') ? 'ltss' : null,
    }),
  ],
  [/^SUSE:/, () => null, true],
  [/^openSUSE:Leap (\d+\.\d+)$/, ([, version]) => ({ release: `opensuse-leap:${version}`, subscription: null })],
  [/^openSUSE:Tumbleweed$/, () => ({ release: 'opensuse-tumbleweed', subscription: null })],
  [/^openSUSE:/, () => null, true],
  // Only the main stream: EUS, AUS and their kin are releases of their own, and so are products that run on RHEL.
  [/^Red Hat:enterprise_linux:(\d+)(?:[.:]|$)/, ([, major]) => ({ release: `rhel:${major}`, subscription: null })],
  [/^Red Hat:/, () => null, true],
];

/** How OSV writes a distribution, where it has it; language ecosystems are written alike on both sides. */
const OSV_NAMES: Readonly<Record<string, string>> = lookup({
  debian: 'Debian',
  ubuntu: 'Ubuntu',
  almalinux: 'AlmaLinux',
  alpine: 'Alpine',
  wolfi: 'Wolfi',
  rhel: 'Red Hat',
  rocky: 'Rocky Linux',
  sles: 'SUSE',
  'opensuse-leap': 'openSUSE',
  'opensuse-tumbleweed': 'openSUSE',
  ol: 'Oracle',
  amzn: 'Amazon',
});

/** The names that must occur in the text of a file that speaks of these releases; null when one of them has no known spelling. */
export function osvEcosystemNames(releases: ReadonlySet<string>): readonly string[] | null {
  const names = Array.from(releases, release => OSV_NAMES[release.split(':', 1)[0]!] ?? languageEcosystem(release));
  return names.includes(null) ? null : names.filter(name => name !== null);
}

/** Finds records of these releases' ecosystems in the text of OSV files, without reading the others. */
export function osvEcosystemPattern(releases: ReadonlySet<string>): RegExp {
  const names = Array.from(releases, release => {
    const id = release.split(':', 1)[0]!;
    return OSV_NAMES[id] ?? id;
  });
  return new RegExp(`"ecosystem"\\s*:\\s*"(?:${names.map(name => name.replace(/[^\w ]/g, '\\$&')).join('|')})`, 'i');
}
