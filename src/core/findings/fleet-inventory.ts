import { HostSet, wordsFor } from './fleet-host-set.ts';

/**
 * Which host has which package versions, and the other way round. A host holds a rising list of package_version ids, the same list object for
 * every host with the same digest; a package version knows its hosts. Ids come from the database's sequence and index arrays directly.
 */
export interface PackageDelta {
  readonly added: readonly number[];
  readonly removed: readonly number[];
}

interface SharedList {
  readonly digest: string;
  readonly ids: Uint32Array;
  hosts: number;
}

export class FleetInventory {
  readonly #lists: (SharedList | undefined)[] = [];
  readonly #shared = new Map<string, SharedList>();
  readonly #hosts: (HostSet | undefined)[] = [];
  /** While the fleet is loaded the reverse direction waits for `index()`: one pass over everything instead of one insertion per membership. */
  #indexed = false;

  /** One more than the highest host slot in use. */
  get slots(): number {
    return this.#lists.length;
  }

  idsOf(slot: number): Uint32Array {
    return this.#lists[slot]?.ids ?? NO_IDS;
  }

  digestOf(slot: number): string | null {
    return this.#lists[slot]?.digest ?? null;
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

  /** `digest` names the content of `ids`, which rise. Calls `ids` only when no other host has the same digest. */
  setPackages(slot: number, digest: string, ids: () => Uint32Array): PackageDelta {
    const before = this.#lists[slot];
    if (before?.digest === digest) return NO_CHANGE;
    const after = this.#take(digest, ids);
    this.#lists[slot] = after;
    const delta = this.#indexed ? difference(before?.ids ?? NO_IDS, after.ids) : NO_CHANGE;
    this.#apply(slot, delta);
    this.#release(before);
    return delta;
  }

  remove(slot: number): PackageDelta {
    const before = this.#lists[slot];
    this.#lists[slot] = undefined;
    const delta = before && this.#indexed ? { added: [], removed: [...before.ids] } : NO_CHANGE;
    this.#apply(slot, delta);
    this.#release(before);
    return delta;
  }

  /** Ends loading: fills the reverse direction in one pass, hosts in rising order. */
  index(): void {
    let highest = -1;
    for (const { ids } of this.#shared.values()) highest = Math.max(highest, ids.at(-1) ?? -1);
    const counts = new Uint32Array(highest + 1);
    for (const list of this.#lists) if (list) for (let at = 0; at < list.ids.length; at++) counts[list.ids[at]!]!++;
    this.#hosts.length = 0;
    for (let id = 0; id <= highest; id++) this.#hosts.push(counts[id] === 0 ? undefined : HostSet.withRoom(counts[id]!, this.slots));
    for (let slot = 0; slot < this.#lists.length; slot++) {
      const ids = this.idsOf(slot);
      for (let at = 0; at < ids.length; at++) this.#hosts[ids[at]!]!.append(slot);
    }
    this.#indexed = true;
  }

  #apply(slot: number, delta: PackageDelta): void {
    for (const id of delta.removed) this.#hosts[id]?.delete(slot);
    for (const id of delta.added) (this.#hosts[id] ??= new HostSet()).add(slot, this.slots);
  }

  #take(digest: string, ids: () => Uint32Array): SharedList {
    let list = this.#shared.get(digest);
    if (!list) {
      list = { digest, ids: ids(), hosts: 0 };
      this.#shared.set(digest, list);
    }
    list.hosts += 1;
    return list;
  }

  #release(list: SharedList | undefined): void {
    if (list && --list.hosts === 0) this.#shared.delete(list.digest);
  }
}

const NO_IDS = new Uint32Array(0);
const NO_CHANGE: PackageDelta = { added: [], removed: [] };

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
