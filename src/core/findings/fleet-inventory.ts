import { HostSet, wordsFor } from './fleet-host-set.ts';
import type { FleetUnits } from './fleet-units.ts';

/**
 * Which host has which package versions, and the other way round. A host holds a packed set of package_version ids as the database does
 * (core/inventory/id-set.ts) and the list of its units; both are the same object for every host with the same digest on the same release. A package
 * version knows its hosts. Ids come from the database's sequence and index arrays directly.
 */
export interface PackageDelta {
  readonly added: readonly number[];
  readonly removed: readonly number[];
}

/** One set of packages on one release. */
export interface PackageSet {
  readonly key: string;
  readonly release: string;
  readonly packed: Uint8Array;
  readonly size: number;
  /** Distinct unit indexes, rising: what findings walk over, a third as many as there are packages. */
  units: Uint32Array;
  hosts: number;
}

export class FleetInventory {
  readonly #units: FleetUnits;
  readonly #sets: (PackageSet | undefined)[] = [];
  readonly #shared = new Map<string, PackageSet>();
  /** Release -> how many sets are of it. */
  readonly #byRelease = new Map<string, number>();
  readonly #hosts: (HostSet | undefined)[] = [];
  /** While the fleet is loaded the reverse direction waits for `index()`: one pass over everything instead of one insertion per membership. */
  #indexed = false;

  constructor(units: FleetUnits) {
    this.#units = units;
  }

  /** One more than the highest host slot in use. */
  get slots(): number {
    return this.#sets.length;
  }

  /** True once the reverse direction is there. */
  get isIndexed(): boolean {
    return this.#indexed;
  }

  /** How many releases its hosts run. */
  get releases(): number {
    return this.#byRelease.size;
  }

  setOf(slot: number): PackageSet | null {
    return this.#sets[slot] ?? null;
  }

  /** Rising. Unpacked for the caller. */
  idsOf(slot: number): Uint32Array {
    const set = this.#sets[slot];
    return set === undefined ? NO_IDS : unpackIdArray(set.packed);
  }

  has(slot: number, versionId: number): boolean {
    return this.#hosts[versionId]?.has(slot) ?? false;
  }

  hostsOf(versionId: number): HostSet | undefined {
    return this.#hosts[versionId];
  }

  /** Rising slots of the hosts that have any of these versions. */
  hostsOfAny(versionIds: readonly number[]): Uint32Array {
    const sets = versionIds.map(id => this.#hosts[id]).filter(set => set !== undefined);
    if (sets.length === 0) return NO_IDS;
    if (sets.length === 1) return sets[0]!.toArray();
    const bits = new Uint32Array(wordsFor(this.slots));
    for (const set of sets) set.unionInto(bits);
    return slotsOf(bits);
  }

  /** `digest` names the content of the packed set; `packed` is called only when no other host of the release has the same. */
  setPackages(slot: number, release: string, digest: string, packed: () => Uint8Array): PackageDelta {
    const before = this.#sets[slot];
    const key = `${release} ${digest}`;
    if (before?.key === key) return NO_CHANGE;
    const after = this.#take(key, release, packed);
    this.#sets[slot] = after;
    const delta = this.#indexed ? difference(before ? unpackIdArray(before.packed) : NO_IDS, unpackIdArray(after.packed)) : NO_CHANGE;
    this.#apply(slot, delta);
    this.#release(before);
    return delta;
  }

  remove(slot: number): PackageDelta {
    const before = this.#sets[slot];
    this.#sets[slot] = undefined;
    const delta = before && this.#indexed ? { added: [], removed: Array.from(unpackIdArray(before.packed)) } : NO_CHANGE;
    this.#apply(slot, delta);
    this.#release(before);
    return delta;
  }

  /** Units were made anew. */
  renewUnits(): void {
    for (const set of this.#shared.values()) set.units = this.#units.unitsOf(set.release, unpackIdArray(set.packed));
  }

  /** Ends loading: fills the reverse direction in two passes, hosts in rising order. */
  index(): void {
    const counts: number[] = [];
    for (const { packed, hosts } of this.#shared.values()) {
      const ids = unpackIdArray(packed);
      for (let at = 0; at < ids.length; at++) counts[ids[at]!] = (counts[ids[at]!] ?? 0) + hosts;
    }
    this.#hosts.length = 0;
    for (let id = 0; id < counts.length; id++)
      this.#hosts.push(counts[id] === undefined ? undefined : HostSet.withRoom(counts[id]!, this.slots));
    for (let slot = 0; slot < this.#sets.length; slot++) {
      const ids = this.idsOf(slot);
      for (let at = 0; at < ids.length; at++) this.#hosts[ids[at]!]!.append(slot);
    }
    this.#indexed = true;
  }

  #apply(slot: number, delta: PackageDelta): void {
    for (const id of delta.removed) this.#hosts[id]?.delete(slot);
    for (const id of delta.added) (this.#hosts[id] ??= new HostSet()).add(slot, this.slots);
  }

  #take(key: string, release: string, read: () => Uint8Array): PackageSet {
    let set = this.#shared.get(key);
    if (set === undefined) {
      const packed = read();
      const ids = unpackIdArray(packed);
      set = { key, release, packed, size: ids.length, units: this.#units.unitsOf(release, ids), hosts: 0 };
      this.#shared.set(key, set);
      this.#byRelease.set(release, (this.#byRelease.get(release) ?? 0) + 1);
    }
    set.hosts += 1;
    return set;
  }

  #release(set: PackageSet | undefined): void {
    if (!set || --set.hosts > 0) return;
    this.#shared.delete(set.key);
    const left = this.#byRelease.get(set.release)! - 1;
    if (left === 0) this.#byRelease.delete(set.release);
    else this.#byRelease.set(set.release, left);
  }
}

const NO_IDS = new Uint32Array(0);
const NO_CHANGE: PackageDelta = { added: [], removed: [] };

/** As `unpackIds` of core/inventory/id-set.ts, into 32-bit numbers: package_version ids are PostgreSQL integers. 2 µs for 750 ids. */
export function unpackIdArray(packed: Uint8Array): Uint32Array {
  let size = 0;
  for (let at = 0; at < packed.length; at++) size += Number(packed[at]! < 128);
  const ids = new Uint32Array(size);
  let id = 0;
  let read = 0;
  for (let at = 0; at < size; at++) {
    let byte = packed[read++]!;
    let gap = byte & 127;
    for (let shift = 7; byte > 127; shift += 7) {
      byte = packed[read++]!;
      gap |= (byte & 127) << shift;
    }
    id += gap;
    ids[at] = id;
  }
  return ids;
}

/** Which of a few rising ids are in a packed set, without unpacking it. */
export function idsAmong(packed: Uint8Array, wanted: Uint32Array): number[] {
  const found: number[] = [];
  let id = 0;
  let want = 0;
  for (let read = 0; read < packed.length && want < wanted.length; ) {
    let byte = packed[read++]!;
    let gap = byte & 127;
    for (let shift = 7; byte > 127; shift += 7) {
      byte = packed[read++]!;
      gap |= (byte & 127) << shift;
    }
    id += gap;
    while (want < wanted.length && wanted[want]! < id) want++;
    if (wanted[want] === id) found.push(id);
  }
  return found;
}

/** What is in one rising list and not in the other: a merge, 2-4 µs for two lists of 600. */
export function difference(before: Uint32Array, after: Uint32Array): PackageDelta {
  const added: number[] = [];
  const removed: number[] = [];
  let b = 0;
  let a = 0;
  while (b < before.length || a < after.length) {
    const old = b < before.length ? before[b]! : Number.POSITIVE_INFINITY;
    const now = a < after.length ? after[a]! : Number.POSITIVE_INFINITY;
    if (old === now) {
      b++;
      a++;
    } else if (old < now) {
      removed.push(old);
      b++;
    } else {
      added.push(now);
      a++;
    }
  }
  return { added, removed };
}

/** The positions of the bits that are set, rising. */
export function slotsOf(bits: Uint32Array): Uint32Array {
  let count = 0;
  for (let word = 0; word < bits.length; word++) for (let rest = bits[word]!; rest !== 0; rest &= rest - 1) count++;
  const slots = new Uint32Array(count);
  let at = 0;
  for (let word = 0; word < bits.length; word++) {
    for (let rest = bits[word]!; rest !== 0; rest &= rest - 1) slots[at++] = (word << 5) + (31 - Math.clz32(rest & -rest));
  }
  return slots;
}
