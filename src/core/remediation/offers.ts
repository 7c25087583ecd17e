import type { FleetSource, FleetUnits, PackageVersion, Unit } from '../findings/fleet-units.ts';
import type { CandidateRecord } from '../inventory/snapshot.ts';
import { compareKeys, type VersionScheme } from '../versions/scheme.ts';

export type Availability = CandidateRecord['availability'];

/** A row of candidate: one version that package managers of the fleet would install. Equal offers on many hosts are one row. */
export interface Candidate {
  readonly id: number;
  readonly version: PackageVersion;
  readonly origins: readonly string[];
  readonly security: boolean;
  readonly availability: Availability;
}

/** What a host is offered for one source package: candidates of one source version, which move together. */
export interface Offer {
  readonly source: FleetSource;
  readonly target: Unit;
  /** As the package manager writes it; `target.version` is the one that advisories use. */
  readonly targetVersion: string;
  readonly availability: Availability;
  readonly security: boolean;
  readonly candidates: readonly Candidate[];
}

/** The first that holds for any binary holds for the source: a fix is in place only when all of its binaries are. */
const STRONGEST: readonly Availability[] = ['held', 'phased', 'kept-back', 'offered'];

/** The offers of a set of candidates on a release, the newest version of a source first. Hosts with the same candidates share the answer. */
export function offersOf(candidates: readonly Candidate[], release: string, units: FleetUnits, order: VersionScheme | null): Offer[] {
  const byTarget = new Map<Unit, Candidate[]>();
  for (const candidate of candidates) {
    const unit = units.unitOfPackage(release, candidate.version);
    const group = byTarget.get(unit);
    if (group) group.push(candidate);
    else byTarget.set(unit, [candidate]);
  }
  const offers = [...byTarget].map(([target, members]) => ({
    source: target.source,
    target,
    targetVersion: members[0]!.version.sourceVersion,
    availability: STRONGEST.find(availability => members.some(member => member.availability === availability)) ?? 'offered',
    security: members.some(member => member.security),
    candidates: members,
  }));
  return offers.sort((a, b) => a.source.index - b.source.index || compareUnits(b.target, a.target, order));
}

export function compareUnits(a: Unit, b: Unit, order: VersionScheme | null): number {
  const [keyA, keyB] = [order?.key(a.version), order?.key(b.version)];
  return keyA?.ok && keyB?.ok ? compareKeys(keyA.key, keyB.key) : a.index - b.index;
}
