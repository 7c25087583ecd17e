import type { HostSet } from '../findings/fleet-host-set.ts';
import type { FleetInventory } from '../findings/fleet-inventory.ts';
import type { Unit } from '../findings/fleet-units.ts';

/**
 * Turns "which hosts have the unit" round, for the units that can matter and a block of hosts at a time: most units of a host are quiet, so to walk all
 * hosts it costs a tenth to ask each unit once for its hosts. A block's lists fit a processor's cache; those of 100,000 hosts would be 40 MB.
 */
export class Sweep {
  readonly #inventory: FleetInventory;
  readonly #units: readonly Unit[];
  /** The binaries of all units, one unit after the other: those of a unit end before `#ends[unit]`. */
  readonly #sets: HostSet[] = [];
  readonly #ends: Uint32Array;
  /** By binary: where its set goes on for the next block, and the first slot that it has from there on. */
  readonly #from: Uint32Array;
  readonly #next: Float64Array;
  /** First slot of the block; -1 before the first. */
  #first = -1;
  #room = 128;
  #overflows = false;
  /** Unit indexes of the block's hosts, rising: those of a slot are `lists[start(slot)]` up to `lists[end(slot)]`. */
  lists = new Uint32Array(BLOCK_HOSTS * this.#room);
  readonly #lengths = new Uint32Array(BLOCK_HOSTS);
  readonly #words = new Uint32Array(BLOCK_HOSTS / 32);

  /** `units` rise by index. The inventory may not change while the sweep is used. */
  constructor(inventory: FleetInventory, units: readonly Unit[]) {
    this.#inventory = inventory;
    this.#units = units;
    this.#ends = new Uint32Array(units.length);
    for (const [at, unit] of units.entries()) {
      for (const id of unit.versionIds) {
        const hosts = inventory.hostsOf(id);
        if (hosts !== undefined) this.#sets.push(hosts);
      }
      this.#ends[at] = this.#sets.length;
    }
    this.#from = new Uint32Array(this.#sets.length);
    this.#next = new Float64Array(this.#sets.length);
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

  /** A unit's binaries are on nearly the same hosts, so their bits are put together first and each host is met once. */
  #fill(): void {
    this.#overflows = false;
    this.#lengths.fill(0);
    const first = this.#first;
    const end = first + BLOCK_HOSTS;
    const words = this.#words;
    let at = 0;
    for (let unit = 0; unit < this.#units.length; unit++) {
      let isThere = false;
      for (const last = this.#ends[unit]!; at < last; at++) {
        if (this.#next[at]! >= end) continue;
        const hosts = this.#sets[at]!;
        this.#from[at] = hosts.blockInto(words, first, this.#from[at]!);
        this.#next[at] = hosts.nextOf(this.#from[at]!);
        isThere = true;
      }
      if (isThere) this.#list(this.#units[unit]!);
    }
  }

  #list({ index, source: { release } }: Unit): void {
    const words = this.#words;
    const lengths = this.#lengths;
    const room = this.#room;
    // A package version belongs to no release: hosts of another one may have the same.
    const isMixed = this.#inventory.releases > 1;
    for (let word = 0; word < words.length; word++) {
      for (let rest = words[word]!; rest !== 0; rest &= rest - 1) {
        const host = (word << 5) + (31 - Math.clz32(rest & -rest));
        if (isMixed && this.#inventory.setOf(this.#first + host)?.release !== release) continue;
        const length = lengths[host]!;
        if (length === room) {
          this.#overflows = true;
          continue;
        }
        this.lists[host * room + length] = index;
        lengths[host] = length + 1;
      }
      words[word] = 0;
    }
  }
}

/** A multiple of 32. */
const BLOCK_HOSTS = 512;
