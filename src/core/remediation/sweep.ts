import type { FleetInventory } from '../findings/fleet-inventory.ts';
import type { Unit } from '../findings/fleet-units.ts';
import { BLOCK_HOSTS, BLOCK_WORDS, lowestBit } from './host-block.ts';
import { UnitHosts } from './unit-hosts.ts';

/**
 * Turns "which hosts have the unit" round, for a few units and a block of hosts at a time: most units of a host are quiet, so to walk all hosts it costs a
 * tenth to ask each unit once for its hosts. A block's lists fit a processor's cache; those of 100,000 hosts would be 40 MB.
 */
export class Sweep {
  readonly #units: readonly Unit[];
  readonly #hosts: UnitHosts;
  /** First slot of the block; -1 before the first. */
  #first = -1;
  /** How many units a host has room for, at first. */
  #room: number;
  #overflows = false;
  /** Unit indexes of the block's hosts, rising: those of a slot are `lists[start(slot)]` up to `lists[end(slot)]`. */
  lists: Uint32Array;
  readonly #lengths = new Uint32Array(BLOCK_HOSTS);
  readonly #words = new Uint32Array(BLOCK_WORDS);

  /** `units` rise by index. The inventory may not change while the sweep is used. */
  constructor(inventory: FleetInventory, units: readonly Unit[]) {
    this.#units = units;
    this.#room = Math.min(128, units.length);
    this.lists = new Uint32Array(BLOCK_HOSTS * this.#room);
    this.#hosts = new UnitHosts(
      inventory,
      units.map(({ versionIds, source: { release } }) => ({ versionIds, release })),
    );
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
    if (first < this.#first) this.#hosts.rewind();
    this.#first = first;
    for (;;) {
      this.#fill();
      if (!this.#overflows) return;
      this.#hosts.rewind();
      this.#room *= 2;
      this.lists = new Uint32Array(BLOCK_HOSTS * this.#room);
    }
  }

  #fill(): void {
    this.#overflows = false;
    this.#lengths.fill(0);
    for (let unit = 0; unit < this.#units.length; unit++)
      if (this.#hosts.blockInto(unit, this.#first, this.#words, 0)) this.#list(this.#units[unit]!.index);
  }

  #list(unitIndex: number): void {
    const words = this.#words;
    const lengths = this.#lengths;
    const lists = this.lists;
    const room = this.#room;
    for (let word = 0; word < words.length; word++) {
      for (let rest = words[word]!; rest !== 0; rest &= rest - 1) {
        const host = (word << 5) + lowestBit(rest);
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
