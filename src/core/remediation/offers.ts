import { orderOf } from '../advisories/orders.ts';
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

/** What hosts are offered for one source package: candidates of one source version, which move together. */
export interface Offer {
  readonly source: FleetSource;
  readonly target: Unit;
  readonly availability: Availability;
  readonly security: boolean;
  readonly candidates: readonly Candidate[];
}

/** The first that holds for any binary holds for the source: a fix is in place only when all of its binaries are. */
const STRONGEST: readonly Availability[] = ['held', 'phased', 'kept-back', 'offered'];

/**
 * The offers of candidate sets. Each set of candidates of one source is one object for the whole fleet: hosts differ in which sources they have, far
 * less in which binaries of a source, so a host's own part is a list of references.
 */
export class Offers {
  readonly #units: FleetUnits;
  /** Release -> candidate id -> what it would install: 100,000 hosts are offered the same few thousand. */
  readonly #targetsOf = new Map<string, (Unit | undefined)[]>();
  /** By the first candidate's id; most have no other binary of their source. */
  readonly #single: (Offer | undefined)[] = [];
  readonly #interned = new Map<string, Offer>();
  readonly #sources = new Set<FleetSource>();

  constructor(units: FleetUnits) {
    this.#units = units;
  }

  /** The newest version of a source comes first. */
  of(candidates: readonly Candidate[], release: string): readonly Offer[] {
    const targets = this.#targetsOf.getOrInsertComputed(release, () => []);
    const byTarget = new Map<Unit, Candidate[]>();
    for (const candidate of candidates) {
      const unit = (targets[candidate.id] ??= this.#units.unitOfPackage(release, candidate.version));
      const group = byTarget.get(unit);
      if (group) group.push(candidate);
      else byTarget.set(unit, [candidate]);
    }
    const order = orderOf(release);
    const offers: Offer[] = [];
    for (const [target, members] of byTarget) offers.push(this.#intern(target, members));
    return offers.sort((a, b) => a.source.index - b.source.index || compareUnits(b.target, a.target, order));
  }

  /** Sources that some host is or was offered. */
  get sources(): ReadonlySet<FleetSource> {
    return this.#sources;
  }

  /** Units were made anew. */
  forget(): void {
    this.#targetsOf.clear();
    this.#single.length = 0;
    this.#interned.clear();
    this.#sources.clear();
  }

  #intern(target: Unit, candidates: readonly Candidate[]): Offer {
    if (candidates.length > 1) {
      const key = `${target.index}:${candidates.map(candidate => candidate.id).join(',')}`;
      return this.#interned.getOrInsertComputed(key, () => this.#make(target, candidates));
    }
    const { id } = candidates[0]!;
    const known = this.#single[id];
    // The same candidate on another release is another offer.
    if (known?.target === target) return known;
    return (this.#single[id] = this.#make(target, candidates));
  }

  #make(target: Unit, candidates: readonly Candidate[]): Offer {
    this.#sources.add(target.source);
    const availability = STRONGEST.find(word => candidates.some(candidate => candidate.availability === word)) ?? 'offered';
    return { source: target.source, target, availability, security: candidates.some(candidate => candidate.security), candidates };
  }
}

export function compareUnits(a: Unit, b: Unit, order: VersionScheme | null): number {
  const [keyA, keyB] = [order?.key(a.version), order?.key(b.version)];
  return keyA?.ok && keyB?.ok ? compareKeys(keyA.key, keyB.key) : a.index - b.index;
}
