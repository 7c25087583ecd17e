import { HostSet, wordsFor } from '../findings/fleet-host-set.ts';
import type { FleetInventory } from '../findings/fleet-inventory.ts';
import type { Unit } from '../findings/fleet-units.ts';

/**
 * Turns "which hosts have the unit" round, for the units that can matter and a block of hosts at a time: most units of a host are quiet, so to walk all
 * hosts it costs a tenth to ask each unit once for its hosts. A block's lists fit a processor's cache; those of 100,000 hosts would be 40 MB.
 */
export class Sweep {
  readonly #units: readonly Unit[];
  /** The hosts of each unit: its binaries are on nearly the same ones, so their bits are put together and each host is met once. 15 MB for 100,000 hosts. */
  readonly #hosts: readonly HostSet[];
  /** By unit: where its hosts go on for the next block, and the first slot that they have from there on. */
  readonly #from: Uint32Array;
  readonly #next: Float64Array;
  /** First slot of the block; -1 before the first. */
  #first = -1;
  /** How many units a host has room for, at first. */
  #room: number;
  #overflows = false;
  /** Unit indexes of the block's hosts, rising: those of a slot are `lists[start(slot)]` up to `lists[end(slot)]`. */
  lists: Uint32Array;
  readonly #lengths = new Uint32Array(BLOCK_HOSTS);
  readonly #words = new Uint32Array(BLOCK_HOSTS / 32);

  /** `units` rise by index. The inventory may not change while the sweep is used. */
  constructor(inventory: FleetInventory, units: readonly Unit[]) {
    this.#units = units;
    this.#room = Math.min(128, units.length);
    this.lists = new Uint32Array(BLOCK_HOSTS * this.#room);
    const released = new Map<string, Uint32Array>();
    const bits = new Uint32Array(wordsFor(inventory.slots));
    this.#hosts = units.map(({ versionIds, source: { release } }) => {
      bits.fill(0);
      for (const id of versionIds) inventory.hostsOf(id)?.unionInto(bits);
      // A package version belongs to no release: hosts of another one may have the same.
      if (inventory.releases > 1)
        keep(
          bits,
          released.getOrInsertComputed(release, () => hostsOfRelease(inventory, release)),
        );
      return HostSet.fromBits(bits, inventory.slots);
    });
    this.#from = new Uint32Array(units.length);
    this.#next = new Float64Array(units.length);
  }

  holds(slot: number): boolean {
    return this.#first >= 0 && slot >= this.#first && slot < this.#first + BLOCK_HOSTS;
  }

  start(slot: number): number {
    return (slot - this.#first) * this.#room;
  }

  end(slot: number): number {
    return this.start(slot) + this.#lengths[slot - this.#first]!;
  }

  /** Turns round the block of this slot. */
  moveTo(slot: number): void {
    if (this.holds(slot)) return;
    const first = slot - (slot % BLOCK_HOSTS);
    if (first < this.#first) this.#rewind();
    this.#first = first;
    for (;;) {
      this.#fill();
      if (!this.#overflows) return;
      this.#rewind();
      this.#room *= 2;
      this.lists = new Uint32Array(BLOCK_HOSTS * this.#room);
    }
  }

  #rewind(): void {
    this.#from.fill(0);
    this.#next.fill(0);
  }

  #fill(): void {
    this.#overflows = false;
    this.#lengths.fill(0);
    const end = this.#first + BLOCK_HOSTS;
    const next = this.#next;
    for (let unit = 0; unit < this.#units.length; unit++) {
      if (next[unit]! >= end) continue;
      const hosts = this.#hosts[unit]!;
      this.#from[unit] = hosts.blockInto(this.#words, this.#first, this.#from[unit]!);
      next[unit] = hosts.nextOf(this.#from[unit]!);
      this.#list(this.#units[unit]!.index);
    }
  }

  #list(unitIndex: number): void {
    const words = this.#words;
    const lengths = this.#lengths;
    const lists = this.lists;
    const room = this.#room;
    for (let word = 0; word < words.length; word++) {
      for (let rest = words[word]!; rest !== 0; rest &= rest - 1) {
        const host = (word << 5) + (31 - Math.clz32(rest & -rest));
        const length = lengths[host]!;
        if (length === room) {
          this.#overflows = true;
          continue;
        }
        lists[host * room + length] = unitIndex;
        lengths[host] = length + 1;
      }
      words[word] = 0;
    }
  }
}

function hostsOfRelease(inventory: FleetInventory, release: string): Uint32Array {
  const bits = new Uint32Array(wordsFor(inventory.slots));
  for (let slot = 0; slot < inventory.slots; slot++) if (inventory.setOf(slot)?.release === release) bits[slot >>> 5]! |= 1 << (slot & 31);
  return bits;
}

function keep(bits: Uint32Array, wanted: Uint32Array): void {
  for (let word = 0; word < bits.length; word++) bits[word]! &= wanted[word]!;
}

/** A multiple of 32. */
const BLOCK_HOSTS = 512;
