/**
 * Where an installed version came from. dpkg does not write it down; the archives that offer the very same version tell (`apt-cache policy`).
 * The value travels as a text: '' is the distribution's own, `?` cannot be told, `-` was not read, anything else is the name of a third party.
 */
export type PackageOrigin = string;

export const DISTRIBUTION_ORIGIN = '';
/** No enabled archive has the version any more, and nothing else tells whose it is. Compared with the distribution's statements, and said so. */
export const UNKNOWN_ORIGIN = '?';
/** The host could not be asked; what was known of the same version before stays true. */
export const UNREAD_ORIGIN = '-';

const ORIGIN_CHARS_MAX = 60;

/** The Release file's fields, `site` as sources.list has it. */
export interface Archive {
  readonly origin: string;
  readonly label: string;
  readonly site: string;
}

interface OfferedVersion {
  readonly version: string;
  readonly archives: readonly Archive[];
}

/** True for the name of somebody else: the distribution's statements are not about such a package (vulnerability-data.md 2.2). */
export function isThirdParty(origin: PackageOrigin | undefined): boolean {
  return origin !== undefined && origin !== DISTRIBUTION_ORIGIN && origin !== UNKNOWN_ORIGIN && origin !== UNREAD_ORIGIN;
}

/** The distributions' own archives, as apt's Origin and rpm's Vendor name them: `Debian`, `Debian Backports`, `UbuntuESM`, `Red Hat, Inc.`. */
const DISTRIBUTIONS =
  /^(debian|ubuntu|raspbian|devuan|kali|linuxmint|almalinux|rocky|red ?hat|centos|oracle|suse|opensuse|fedora|amazon|alpine|arch)/i;

export function isDistributionName(origin: string): boolean {
  return DISTRIBUTIONS.test(origin);
}

/**
 * Which archives of a host are its distribution's. By name, and any archive that offers `base-files`: an organisation's mirror often bears a name of its
 * own, and reading it as a third party would silence every statement about the host. Third parties do not ship the distribution's first package.
 */
export function distributionArchives(archives: Iterable<Archive>, offeringBaseFiles: readonly Archive[]): ReadonlySet<string> {
  const base = new Set(offeringBaseFiles.map(originName));
  return new Set([...archives].filter(archive => isDistributionName(archive.origin) || base.has(originName(archive))).map(originName));
}

function originName({ origin, label, site }: Archive): string {
  return (origin || label || site).slice(0, ORIGIN_CHARS_MAX);
}

/**
 * Decided by what offers the installed version itself. A version that no archive has any more was the distribution's where only the distribution
 * offers the package and has overtaken it: that is what every superseded version looks like. Everything else stays unknown.
 */
export function originOf(
  installed: string,
  offered: readonly OfferedVersion[],
  distribution: ReadonlySet<string>,
  isOlder: (a: string, b: string) => boolean,
): PackageOrigin {
  const isDistributions = (archive: Archive) => distribution.has(originName(archive));
  const here = offered.filter(one => one.version === installed).flatMap(one => one.archives);
  if (here.some(isDistributions)) return DISTRIBUTION_ORIGIN;
  // Without any archive of the distribution there is nothing to tell a third party from.
  if (here.length > 0) return distribution.size === 0 ? UNKNOWN_ORIGIN : originName(here[0]!);
  const newer = offered.filter(one => isOlder(installed, one.version)).flatMap(one => one.archives);
  const onlyDistribution = offered.every(one => one.archives.every(isDistributions));
  return newer.length > 0 && onlyDistribution ? DISTRIBUTION_ORIGIN : UNKNOWN_ORIGIN;
}

/** An installed version does not change where it came from: what the host's last report told holds where this one cannot tell. */
export function settledOrigin(told: PackageOrigin, before: PackageOrigin | undefined): PackageOrigin {
  if (told !== UNKNOWN_ORIGIN && told !== UNREAD_ORIGIN) return told;
  if (before !== undefined) return before;
  return told === UNREAD_ORIGIN ? DISTRIBUTION_ORIGIN : told;
}
