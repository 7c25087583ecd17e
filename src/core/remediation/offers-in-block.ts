import type { FleetSource, FleetUnits } from '../findings/fleet-units.ts';
import { BLOCK_HOSTS, BLOCK_WORDS, type HostBlock } from './host-block.ts';
import type { Offer } from './offers.ts';

/** Which hosts of a block are offered what, source by source. Offers with the same key are one: they differ in nothing that counts in numbers. */
export class OffersInBlock {
  /** Sources by number: hosts that are offered anything for it, BLOCK_WORDS each. */
  readonly offered: Uint32Array;
  readonly #numberOf: Int32Array;
  /** Source number -> the offer that was met last, and each offer's predecessor; NONE after the first. */
  readonly #last: Int32Array;
  readonly #before: number[] = [];
  readonly #offers: Offer[] = [];
  #hosts = new Uint32Array(64 * BLOCK_WORDS);
  /** By key: number of the block that met it last, and its offer there. */
  #metIn: Uint32Array;
  #metAs: Uint32Array;
  #serial = 0;

  constructor(sources: readonly FleetSource[], units: FleetUnits) {
    this.offered = new Uint32Array(sources.length * BLOCK_WORDS);
    this.#last = new Int32Array(sources.length);
    this.#numberOf = new Int32Array(units.sources.length).fill(NONE);
    for (const [number, { index }] of sources.entries()) this.#numberOf[index] = number;
    this.#metIn = new Uint32Array((units.units.length + 2) * KEYS_OF_UNIT);
    this.#metAs = new Uint32Array((units.units.length + 2) * KEYS_OF_UNIT);
  }

  /** Of a source, by its index in the fleet; negative for one that is not among the sources. */
  numberOf(sourceIndex: number): number {
    return sourceIndex < this.#numberOf.length ? this.#numberOf[sourceIndex]! : NONE;
  }

  fill({ hosts }: HostBlock): void {
    this.offered.fill(0);
    this.#last.fill(NONE);
    this.#hosts.fill(0, 0, this.#offers.length * BLOCK_WORDS);
    this.#offers.length = 0;
    this.#before.length = 0;
    this.#serial += 1;
    for (let host = 0; host < BLOCK_HOSTS; host++) {
      const offers = hosts[host]?.offers;
      if (offers == null) continue;
      const word = host >>> 5;
      const bit = 1 << (host & 31);
      for (let at = 0; at < offers.length; at++) {
        const offer = offers[at]!;
        const number = this.#numberOf[offer.sourceIndex]!;
        // The first one of a source decides.
        if ((this.offered[number * BLOCK_WORDS + word]! & bit) !== 0) continue;
        this.offered[number * BLOCK_WORDS + word]! |= bit;
        this.#hosts[this.#meet(offer, number) * BLOCK_WORDS + word]! |= bit;
      }
    }
  }

  #meet(offer: Offer, source: number): number {
    const { key } = offer;
    if (this.#metIn[key] === this.#serial) return this.#metAs[key]!;
    const at = this.#offers.push(offer) - 1;
    this.#before.push(this.#last[source]!);
    this.#last[source] = at;
    this.#metIn[key] = this.#serial;
    this.#metAs[key] = at;
    if ((at + 1) * BLOCK_WORDS > this.#hosts.length) {
      const larger = new Uint32Array(this.#hosts.length * 2);
      larger.set(this.#hosts);
      this.#hosts = larger;
    }
    return at;
  }

  /** The offers of a source: `first`, then `next` of each until it is negative. */
  first(source: number): number {
    return this.#last[source]!;
  }

  next(offer: number): number {
    return this.#before[offer]!;
  }

  offer(offer: number): Offer {
    return this.#offers[offer]!;
  }

  /** What a host of the block is offered for a source. */
  on(host: number, source: number): Offer | null {
    for (let offer = this.first(source); offer >= 0; offer = this.next(offer))
      if ((this.#hosts[offer * BLOCK_WORDS + (host >>> 5)]! & (1 << (host & 31))) !== 0) return this.#offers[offer]!;
    return null;
  }

  /** Moves those of `hosts` that have the offer to `chosen`, which is overwritten. False: there are none. */
  takeFrom(hosts: Uint32Array, offer: number, chosen: Uint32Array): boolean {
    let any = 0;
    for (let word = 0; word < BLOCK_WORDS; word++) {
      const both = hosts[word]! & this.#hosts[offer * BLOCK_WORDS + word]!;
      chosen[word] = both;
      hosts[word]! ^= both;
      any |= both;
    }
    return any !== 0;
  }
}

const NONE = -1;
/** A key is a unit, an availability and whether it is security (offers.ts). */
const KEYS_OF_UNIT = 8;
