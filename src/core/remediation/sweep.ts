import type { FleetInventory } from '../findings/fleet-inventory.ts';
import type { Unit } from '../findings/fleet-units.ts';

/**
 * Turns "which hosts have the unit" round, for the units that can matter and a block of hosts at a time: most units of a host are quiet, so to walk all
 * hosts it costs a tenth to ask each unit once for its hosts. A block's lists fit a processor's cache; those of 100,000 hosts would be 40 MB.
 */
export class Sweep {
  readonly #inventory: FleetInventory;
  readonly #units: readonly Unit[];
  /** First slot of the block; -1 before the first. */
  #first = -1;
  #room = 128;
  #overflows = false;
  /** Unit indexes of the block's hosts, rising: those of a slot are `lists[start(slot)]` up to `lists[end(slot)]`. */
  lists = new Uint32Array(BLOCK_HOSTS * this.#room);
  readonly #lengths = new Uint32Array(BLOCK_HOSTS);

  /** `units` rise by index. */
  constructor(inventory: FleetInventory, units: readonly Unit[]) {
    this.#inventory = inventory;
    this.#units = units;
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
    this.#first = slot - (slot % BLOCK_HOSTS);
    for (;;) {
      this.#fill();
      if (!this.#overflows) return;
      this.#room *= 2;
      this.lists = new Uint32Array(BLOCK_HOSTS * this.#room);
    }
  }

  #fill(): void {
    this.#overflows = false;
    this.#lengths.fill(0);
    const end = Math.min(this.#first + BLOCK_HOSTS, this.#inventory.slots);
    let unit: Unit;
    // A package version belongs to no release: hosts of another one may have the same.
    const isMixed = this.#inventory.releases > 1;
    const add = (slot: number) => {
      if (isMixed && this.#inventory.setOf(slot)?.release !== unit.source.release) return;
      const host = slot - this.#first;
      const length = this.#lengths[host]!;
      const place = host * this.#room + length;
      // Another binary of the same unit.
      if (length > 0 && this.lists[place - 1] === unit.index) return;
      if (length === this.#room) {
        this.#overflows = true;
        return;
      }
      this.lists[place] = unit.index;
      this.#lengths[host] = length + 1;
    };
    for (unit of this.#units) for (const id of unit.versionIds) this.#inventory.hostsOf(id)?.forEachIn(this.#first, end, add);
  }
}

/** A multiple of 32. */
const BLOCK_HOSTS = 512;
