import type { PackageVersion } from '../findings/fleet-units.ts';
import type { Offer } from './offers.ts';

/** One binary package to move on one host so that a patch is in place. */
export interface PackageMove {
  readonly name: string;
  readonly arch: string;
  readonly fromVersion: string;
  readonly toVersion: string;
}

/**
 * The binaries that an offer moves on a host: its candidates for what is installed there. They are named together, because siblings of one source
 * depend on each other's exact version (lab.md section 3). New dependencies are not named; the host's own simulation finds them.
 */
export function movesOf(offer: Offer, installed: ReadonlyMap<string, PackageVersion>): PackageMove[] {
  const moves = offer.candidates.flatMap(({ version: { name, arch, version } }) => {
    const now = installed.get(binaryKey({ name, arch }));
    return now === undefined || now.version === version ? [] : [{ name, arch, fromVersion: now.version, toVersion: version }];
  });
  return moves.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : a.arch < b.arch ? -1 : 1));
}

export function installedByBinary(versions: Iterable<PackageVersion>): Map<string, PackageVersion> {
  return new Map(Array.from(versions, version => [binaryKey(version), version]));
}

export function binaryKey({ name, arch }: Pick<PackageVersion, 'name' | 'arch'>): string {
  return `${name}\t${arch}`;
}
