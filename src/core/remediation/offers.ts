import { orderOf } from '../advisories/orders.ts';
import type { FleetSource, FleetUnits, PackageVersion, Unit } from '../findings/fleet-units.ts';
import { isThirdParty } from '../inventory/package-origin.ts';
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
  /** Of `source`. */
  readonly sourceIndex: number;
  readonly target: Unit;
  readonly availability: Availability;
  /** Of `availability` in AVAILABILITY_CODES: numbers of 100,000 hosts are made from codes, not from words. */
  readonly code: number;
  readonly security: boolean;
  /** The same for offers that differ in nothing but their candidates; never 0. */
  readonly key: number;
  readonly candidates: readonly Candidate[];
}

export const AVAILABILITY_CODES = ['offered', 'kept-back', 'held', 'phased'] as const satisfies readonly Availability[];

/** The first that holds for any binary holds for the source: a fix is in place only when all of its binaries are. */
const STRONGEST: readonly Availability[] = ['held', 'phased', 'kept-back', 'offered'];

/** No other position of the group follows. */
const END = -1;

/**
 * The offers of candidate sets. Each set of candidates of one source is one object for the whole fleet: hosts differ in which sources they have, far
 * less in which binaries of a source, so a host's own part is a list of references.
 */
export class Offers {
  readonly #units: FleetUnits;
  /** Release -> candidate id -> what it would install: 100,000 hosts are offered the same few thousand. */
  readonly #targetsOf = new Map<string, (Unit | undefined)[]>();
  /** By the first candidate's id: few sets of a source's candidates begin with the same. */
  readonly #known: (Offer[] | undefined)[] = [];
  readonly #sources = new Set<FleetSource>();
  /** Unit index -> serial of the `of` that met it, and which of that one's groups is the unit's. */
  #met = new Uint32Array(1024);
  #groupOf = new Uint32Array(1024);
  /** Reused: a group's first and last candidate as positions in the list, and for each position the next of its group. */
  readonly #targets: Unit[] = [];
  readonly #firstOf: number[] = [];
  readonly #lastOf: number[] = [];
  readonly #next: number[] = [];
  #serial = 0;

  constructor(units: FleetUnits) {
    this.#units = units;
  }

  /** Of a source, the distribution's own versions come before third parties', which close nothing that it says, and the newest of them first. */
  of(candidates: readonly Candidate[], release: string): readonly Offer[] {
    const groups = this.#group(candidates, release);
    const offers: Offer[] = [];
    for (let group = 0; group < groups; group++) offers.push(this.#intern(candidates, group));
    const order = orderOf(release);
    const isForeign = ({ target }: Offer) => Number(isThirdParty(target.origin));
    return offers.sort((a, b) => a.sourceIndex - b.sourceIndex || isForeign(a) - isForeign(b) || compareUnits(b.target, a.target, order));
  }

  /** By target; answers how many groups there are. */
  #group(candidates: readonly Candidate[], release: string): number {
    const targets = this.#targetsOf.getOrInsertComputed(release, () => []);
    this.#serial += 1;
    let groups = 0;
    for (let at = 0; at < candidates.length; at++) {
      const candidate = candidates[at]!;
      const unit = (targets[candidate.id] ??= this.#units.unitOfPackage(release, candidate.version));
      if (unit.index >= this.#met.length) this.#grow(unit.index * 2);
      this.#next[at] = END;
      if (this.#met[unit.index] === this.#serial) {
        const group = this.#groupOf[unit.index]!;
        this.#next[this.#lastOf[group]!] = at;
        this.#lastOf[group] = at;
        continue;
      }
      this.#met[unit.index] = this.#serial;
      this.#groupOf[unit.index] = groups;
      this.#targets[groups] = unit;
      this.#firstOf[groups] = at;
      this.#lastOf[groups] = at;
      groups += 1;
    }
    return groups;
  }

  /** Sources that some host is or was offered. */
  get sources(): ReadonlySet<FleetSource> {
    return this.#sources;
  }

  /** Units were made anew. */
  forget(): void {
    this.#targetsOf.clear();
    this.#known.length = 0;
    this.#sources.clear();
  }

  #intern(candidates: readonly Candidate[], group: number): Offer {
    const target = this.#targets[group]!;
    const first = this.#firstOf[group]!;
    const known = (this.#known[candidates[first]!.id] ??= []);
    for (const offer of known) if (offer.target === target && this.#isMadeOf(offer, candidates, first)) return offer;
    const members: Candidate[] = [];
    for (let at = first; at !== END; at = this.#next[at]!) members.push(candidates[at]!);
    const offer = this.#make(target, members);
    known.push(offer);
    return offer;
  }

  #isMadeOf(offer: Offer, candidates: readonly Candidate[], first: number): boolean {
    const { candidates: members } = offer;
    let at = first;
    for (let member = 0; member < members.length; member++) {
      if (at === END || candidates[at] !== members[member]) return false;
      at = this.#next[at]!;
    }
    return at === END;
  }

  #grow(size: number): void {
    const met = new Uint32Array(size);
    const groupOf = new Uint32Array(size);
    met.set(this.#met);
    groupOf.set(this.#groupOf);
    this.#met = met;
    this.#groupOf = groupOf;
  }

  #make(target: Unit, candidates: readonly Candidate[]): Offer {
    this.#sources.add(target.source);
    const availability = STRONGEST.find(word => candidates.some(candidate => candidate.availability === word)) ?? 'offered';
    const security = candidates.some(candidate => candidate.security);
    const code = AVAILABILITY_CODES.indexOf(availability);
    const key = (target.index + 1) * 8 + code * 2 + Number(security);
    const { source } = target;
    return { source, sourceIndex: source.index, target, availability, code, security, key, candidates };
  }
}

export function compareUnits(a: Unit, b: Unit, order: VersionScheme | null): number {
  const [keyA, keyB] = [order?.key(a.version), order?.key(b.version)];
  return keyA?.ok && keyB?.ok ? compareKeys(keyA.key, keyB.key) : a.index - b.index;
}
