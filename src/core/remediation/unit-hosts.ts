import { HostSet, wordsFor } from '../findings/fleet-host-set.ts';
import type { FleetInventory } from '../findings/fleet-inventory.ts';
import { BLOCK_HOSTS, BLOCK_WORDS } from './host-block.ts';

/**
 * The hosts of many things at once, block by block. The hosts of a unit's binaries are nearly the same ones, so their bits are put together and each host
 * is met once: 15 MB for 100,000 hosts.
 */
export class UnitHosts {
  readonly #hosts: readonly HostSet[];
  /** Where each one's hosts go on for the next block, and the first slot that they have from there on. */
  readonly #from: Uint32Array;
  readonly #next: Float64Array;

  /** The inventory may not change while this is used. */
  constructor(inventory: FleetInventory, of: readonly { readonly versionIds: readonly number[]; readonly release: string }[]) {
    const released = new Map<string, Uint32Array>();
    const bits = new Uint32Array(wordsFor(inventory.slots));
    this.#hosts = of.map(({ versionIds, release }) => {
      if (versionIds.length === 1 && inventory.isAllOf(release)) return inventory.hostsOf(versionIds[0]!) ?? NO_HOSTS;
      bits.fill(0);
      for (const id of versionIds) inventory.hostsOf(id)?.unionInto(bits);
      // A package version belongs to no release: hosts of another one may have the same, also when none is left of this one.
      if (!inventory.isAllOf(release))
        keep(
          bits,
          released.getOrInsertComputed(release, () => hostsOfRelease(inventory, release)),
        );
      return HostSet.fromBits(bits, inventory.slots);
    });
    this.#from = new Uint32Array(of.length);
    this.#next = new Float64Array(of.length);
  }

  /** Sets the bits of the hosts of number `index` in a block, BLOCK_WORDS of `words` from `at` on. False: it has none there. Blocks are asked for rising, until a `rewind`. */
  blockInto(index: number, first: number, words: Uint32Array, at: number): boolean {
    if (this.#next[index]! >= first + BLOCK_HOSTS) return false;
    const hosts = this.#hosts[index]!;
    this.#from[index] = hosts.blockInto(words, first, this.#from[index]!, at, BLOCK_WORDS);
    this.#next[index] = hosts.nextOf(this.#from[index]!);
    return true;
  }

  rewind(): void {
    this.#from.fill(0);
    this.#next.fill(0);
  }
}

const NO_HOSTS = new HostSet();

function hostsOfRelease(inventory: FleetInventory, release: string): Uint32Array {
  const bits = new Uint32Array(wordsFor(inventory.slots));
  for (let slot = 0; slot < inventory.slots; slot++) if (inventory.setOf(slot)?.release === release) bits[slot >>> 5]! |= 1 << (slot & 31);
  return bits;
}

function keep(bits: Uint32Array, wanted: Uint32Array): void {
  for (let word = 0; word < bits.length; word++) bits[word]! &= wanted[word]!;
}
