import { HostSet, wordsFor } from './fleet-host-set.ts';
import type { FleetUnits } from './fleet-units.ts';
import { unpackIdArray, unpackInto } from './packed-ids.ts';

/**
 * Which host has which package versions, and the other way round. A host holds a packed set of package_version ids as the database does
 * (core/inventory/id-set.ts), the same object for every host with the same digest on the same release. A package version knows its hosts.
 * Ids come from the database's sequence and index arrays directly.
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
  hosts: number;
}

export class FleetInventory {
  readonly #units: FleetUnits;
  readonly #sets: (PackageSet | undefined)[] = [];
  readonly #shared = new Map<string, PackageSet>();
  /** Release -> how many sets are of it. */
  readonly #byRelease = new Map<string, number>();
  /** Release -> its number from 1, and these numbers by slot: an advisory asks it of 100,000 hosts within milliseconds. */
  readonly #codes = new Map<string, number>();
  #releaseOf = new Uint16Array(64);
  readonly #hosts: (HostSet | undefined)[] = [];
  /** Unpacked last: whoever puts a host asks for its ids right after. */
  #last: { readonly packed: Uint8Array; readonly ids: Uint32Array } = { packed: NO_BYTES, ids: NO_IDS };
  /** While the fleet is loaded the reverse direction waits for `index()`: one pass over everything instead of one insertion per membership. */
  #indexed = false;
  /** While loading: package_version id -> how many sets have it. */
  #counts = new Uint32Array(1024);
  #scratch = new Uint32Array(1024);

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

  /** Whether all its hosts run this release. */
  isAllOf(release: string): boolean {
    return this.#byRelease.size === 1 && this.#byRelease.has(release);
  }

  setOf(slot: number): PackageSet | null {
    return this.#sets[slot] ?? null;
  }

  /** Rising. Read only; while the fleet is loaded, until the next host is put. */
  idsOf(slot: number): Uint32Array {
    const set = this.#sets[slot];
    return set === undefined ? NO_IDS : this.#unpack(set.packed);
  }

  /** Whether some host has this set. */
  holds(release: string, digest: string): boolean {
    return this.#shared.has(`${release} ${digest}`);
  }

  /** Of a set that is about to be put; read only, until the next one. */
  idsIn(packed: Uint8Array): Uint32Array {
    // A host is put, and its ids asked for, before the next one is unpacked.
    if (!this.#indexed && this.#last.packed !== packed) this.#last = { packed, ids: this.#unpackScratch(packed) };
    return this.#unpack(packed);
  }

  #unpack(packed: Uint8Array): Uint32Array {
    if (this.#last.packed !== packed) this.#last = { packed, ids: unpackIdArray(packed) };
    return this.#last.ids;
  }

  has(slot: number, versionId: number): boolean {
    return this.#hosts[versionId]?.has(slot) ?? false;
  }

  hostsOf(versionId: number): HostSet | undefined {
    return this.#hosts[versionId];
  }

  /** Rising slots of the hosts that have any of these versions; of one release, because a version belongs to none. */
  hostsOfAny(versionIds: readonly number[], release: string | null = null): Uint32Array {
    const sets = versionIds.map(id => this.#hosts[id]).filter(set => set !== undefined);
    if (sets.length === 0) return NO_IDS;
    const bits = new Uint32Array(wordsFor(this.slots));
    for (const set of sets) set.unionInto(bits);
    const slots = slotsOf(bits);
    if (release === null || this.isAllOf(release)) return slots;
    const code = this.#codes.get(release) ?? 0;
    const codeOf = this.#releaseOf;
    return slots.filter(slot => codeOf[slot] === code);
  }

  /** `digest` names the content of the packed set; `packed` is called only when no other host of the release has the same. */
  setPackages(slot: number, release: string, digest: string, packed: () => Uint8Array): PackageDelta {
    const before = this.#sets[slot];
    const key = `${release} ${digest}`;
    if (before?.key === key) return NO_CHANGE;
    const after = this.#take(key, release, packed);
    this.#sets[slot] = after;
    if (slot >= this.#releaseOf.length) {
      const larger = new Uint16Array(slot * 2);
      larger.set(this.#releaseOf);
      this.#releaseOf = larger;
    }
    this.#releaseOf[slot] = this.#codes.getOrInsertComputed(release, () => this.#codes.size + 1);
    const delta = this.#indexed ? difference(before ? unpackIdArray(before.packed) : NO_IDS, this.#unpack(after.packed)) : NO_CHANGE;
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
    for (const { release, packed } of this.#shared.values()) this.#units.meet(release, unpackIdArray(packed));
  }

  /**
   * Ends loading: fills the reverse direction, hosts in rising order. 32 hosts at a time are gathered in one word for each version, which a table of some
   * 50 kB holds; host by host every one of 75 million memberships would be a walk to another place in memory.
   */
  index(): void {
    const counts = this.#countHosts();
    this.#hosts.length = 0;
    for (let id = 0; id < counts.length; id++) this.#hosts.push(counts[id] === 0 ? undefined : HostSet.withRoom(counts[id]!, this.slots));
    const words = new Uint32Array(counts.length);
    const met = new Uint32Array(counts.length);
    for (let first = 0; first < this.#sets.length; first += 32) {
      let size = 0;
      for (let slot = first; slot < Math.min(first + 32, this.#sets.length); slot++) {
        const packed = this.#sets[slot]?.packed;
        if (packed === undefined) continue;
        const ids = this.#unpackScratch(packed);
        const bit = 1 << (slot & 31);
        for (let at = 0; at < ids.length; at++) {
          const id = ids[at]!;
          if (words[id] === 0) met[size++] = id;
          words[id]! |= bit;
        }
      }
      for (let at = 0; at < size; at++) {
        const id = met[at]!;
        this.#hosts[id]!.appendWord(first >>> 5, words[id]!);
        words[id] = 0;
      }
    }
    this.#indexed = true;
  }

  /** Package_version id -> how many hosts have it: of most sets there is one. */
  #countHosts(): Uint32Array {
    for (const { packed, hosts } of this.#shared.values()) if (hosts !== 1) this.#count(this.#unpackScratch(packed), hosts - 1);
    const counts = this.#counts;
    this.#counts = new Uint32Array(0);
    return counts;
  }

  #count(ids: Uint32Array, by: number): void {
    if ((ids.at(-1) ?? 0) >= this.#counts.length) this.#counts = grown(this.#counts, ids.at(-1)! * 2);
    const counts = this.#counts;
    for (let at = 0; at < ids.length; at++) counts[ids[at]!]! += by;
  }

  /** Until the next call. */
  #unpackScratch(packed: Uint8Array): Uint32Array {
    // A number takes a byte at least.
    if (packed.length > this.#scratch.length) this.#scratch = new Uint32Array(packed.length * 2);
    return this.#scratch.subarray(0, unpackInto(packed, this.#scratch));
  }

  #apply(slot: number, delta: PackageDelta): void {
    for (const id of delta.removed) this.#hosts[id]?.delete(slot);
    for (const id of delta.added) (this.#hosts[id] ??= new HostSet()).add(slot, this.slots);
  }

  #take(key: string, release: string, read: () => Uint8Array): PackageSet {
    let set = this.#shared.get(key);
    if (set === undefined) {
      const packed = read();
      const ids = this.idsIn(packed);
      if (!this.#indexed) this.#count(ids, 1);
      this.#units.meet(release, ids);
      set = { key, release, packed, size: ids.length, hosts: 0 };
      this.#shared.set(key, set);
      this.#byRelease.set(release, (this.#byRelease.get(release) ?? 0) + 1);
    }
    set.hosts += 1;
    return set;
  }

  #release(set: PackageSet | undefined): void {
    if (!set || --set.hosts > 0) return;
    if (!this.#indexed) this.#count(unpackIdArray(set.packed), -1);
    this.#shared.delete(set.key);
    const left = this.#byRelease.get(set.release)! - 1;
    if (left === 0) this.#byRelease.delete(set.release);
    else this.#byRelease.set(set.release, left);
  }
}

const NO_IDS = new Uint32Array(0);
const NO_BYTES = new Uint8Array(0);
const NO_CHANGE: PackageDelta = { added: [], removed: [] };

function grown(counts: Uint32Array, length: number): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(length);
  larger.set(counts);
  return larger;
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
