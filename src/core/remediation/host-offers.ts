import type { FleetSource, FleetUnits } from '../findings/fleet-units.ts';
import { type Candidate, type Offer, Offers } from './offers.ts';

/** What hosts with equal candidates are offered. */
export interface CandidateSet {
  readonly key: string;
  readonly release: string;
  offers: readonly Offer[];
  hosts: number;
}

/** The candidates of all hosts: equal lists are one, for as long as a host has it. */
export class HostOffers {
  readonly #offers: Offers;
  readonly #candidates: (Candidate | undefined)[] = [];
  readonly #sets = new Map<string, CandidateSet>();

  constructor(units: FleetUnits) {
    this.#offers = new Offers(units);
  }

  add(candidate: Candidate): void {
    this.#candidates[candidate.id] = candidate;
  }

  has(id: number): boolean {
    return this.#candidates[id] !== undefined;
  }

  /** Sources that some host is or was offered. */
  get sources(): ReadonlySet<FleetSource> {
    return this.#offers.sources;
  }

  /** The set for one more host. `ids` is asked only when no host of the release has the same digest. */
  take(release: string, digest: string, ids: () => ArrayLike<number>): CandidateSet {
    const key = `${release} ${digest}`;
    let set = this.#sets.get(key);
    if (set === undefined) {
      const list = ids();
      const candidates: Candidate[] = [];
      for (let at = 0; at < list.length; at++) candidates.push(this.#candidates[list[at]!]!);
      this.#sets.set(key, (set = { key, release, offers: this.#offers.of(candidates, release), hosts: 0 }));
    }
    set.hosts += 1;
    return set;
  }

  /** One host has it no longer. */
  release(set: CandidateSet | null): void {
    if (set !== null && --set.hosts === 0) this.#sets.delete(set.key);
  }

  /** Units were made anew. */
  renew(): void {
    this.#offers.forget();
    for (const set of this.#sets.values())
      set.offers = this.#offers.of(
        set.offers.flatMap(offer => offer.candidates),
        set.release,
      );
  }
}
