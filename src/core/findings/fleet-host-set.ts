/**
 * A set of host slots (small integers that the fleet model gives to hosts). Few members are a sorted list, many are a bitmap: a bitmap of
 * 100,000 hosts takes 12.5 kB, so it is the smaller one from a thirty-second of the fleet on. Most package versions are on few hosts, most
 * memberships are in the versions that are nearly everywhere; with both shapes 75 million memberships take some 70 MB.
 */
export class HostSet {
  #size = 0;
  #list: Uint32Array = NONE;
  #bits: Uint32Array | null = null;

  get size(): number {
    return this.#size;
  }

  /** `slots` rise and do not repeat. `fleetSize` is the number of slots in use, which decides the shape. */
  static from(slots: Uint32Array, fleetSize: number): HostSet {
    const set = new HostSet();
    set.#list = slots;
    set.#size = slots.length;
    if (slots.length > listMax(fleetSize)) set.#toBits(fleetSize);
    return set;
  }

  /** The slots of the bits that are set; `bits` is copied. */
  static fromBits(bits: Uint32Array, fleetSize: number): HostSet {
    const set = new HostSet();
    let size = 0;
    for (let word = 0; word < bits.length; word++) size += bitCount(bits[word]!);
    if (size > listMax(fleetSize)) {
      set.#bits = bits.slice();
      set.#size = size;
      return set;
    }
    set.#list = new Uint32Array(size);
    for (let word = 0; set.#size < size; word++) if (bits[word] !== 0) set.appendWord(word, bits[word]!);
    return set;
  }

  /** An empty set in the shape that fits `members`; fill it with `append`. */
  static withRoom(members: number, fleetSize: number): HostSet {
    const set = new HostSet();
    if (members > listMax(fleetSize)) set.#bits = new Uint32Array(wordsFor(fleetSize));
    else set.#list = new Uint32Array(members);
    return set;
  }

  /** As `add`, for a set made by `withRoom` and slots that rise: no search, no growth. */
  append(slot: number): void {
    if (this.#bits !== null) this.#bits[slot >>> 5]! |= 1 << (slot & 31);
    else this.#list[this.#size] = slot;
    this.#size += 1;
  }

  /** As `append` for the slots of one word of a bitmap, all at once. */
  appendWord(word: number, bits: number): void {
    if (this.#bits === null) {
      for (let rest = bits; rest !== 0; rest &= rest - 1) this.#list[this.#size++] = (word << 5) + (31 - Math.clz32(rest & -rest));
      return;
    }
    this.#bits[word] = bits;
    this.#size += bitCount(bits);
  }

  has(slot: number): boolean {
    if (this.#bits !== null) return slot >>> 5 < this.#bits.length && (this.#bits[slot >>> 5]! & (1 << (slot & 31))) !== 0;
    const at = lowerBound(this.#list, this.#size, slot);
    return at < this.#size && this.#list[at] === slot;
  }

  add(slot: number, fleetSize: number): void {
    if (this.#bits === null) {
      // Fleets are loaded and assessed in rising order, where the place is the end and nothing has to be searched.
      const isLast = this.#size === 0 || slot > this.#list[this.#size - 1]!;
      if (!isLast && this.has(slot)) return;
      if (this.#size < listMax(fleetSize)) {
        this.#insert(slot);
        this.#size += 1;
        return;
      }
      this.#toBits(fleetSize);
    }
    if (slot >>> 5 >= this.#bits!.length) this.#growBits(slot);
    const bits = this.#bits!;
    const before = bits[slot >>> 5]!;
    const after = before | (1 << (slot & 31));
    if (before === after >>> 0) return;
    bits[slot >>> 5] = after;
    this.#size += 1;
  }

  /** As `add` for the slots of one word of a bitmap. */
  addWord(word: number, members: number, fleetSize: number): void {
    if (this.#bits === null) {
      for (let rest = members; rest !== 0; rest &= rest - 1) this.add((word << 5) + (31 - Math.clz32(rest & -rest)), fleetSize);
      return;
    }
    if (word >= this.#bits.length) this.#growBits(word << 5);
    const bits = this.#bits;
    this.#size += bitCount(members & ~bits[word]!);
    bits[word]! |= members;
  }

  delete(slot: number): void {
    if (!this.has(slot)) return;
    this.#size -= 1;
    if (this.#bits !== null) this.#bits[slot >>> 5]! &= ~(1 << (slot & 31));
    else
      this.#list.copyWithin(lowerBound(this.#list, this.#size + 1, slot), lowerBound(this.#list, this.#size + 1, slot) + 1, this.#size + 1);
    if (this.#size === 0) {
      this.#list = NONE;
      this.#bits = null;
    }
  }

  forEach(visit: (slot: number) => void): void {
    if (this.#bits === null) {
      for (let at = 0; at < this.#size; at++) visit(this.#list[at]!);
      return;
    }
    for (let word = 0; word < this.#bits.length; word++) {
      for (let rest = this.#bits[word]!; rest !== 0; rest &= rest - 1) visit((word << 5) + (31 - Math.clz32(rest & -rest)));
    }
  }

  /**
   * Sets the bits of the members of a block of slots: from `first`, a multiple of 32, whose bit is the first of `words[at]`, for `size` words. Blocks may be
   * asked for one after the other: `from` is then the answer for the block before (0 for the first), and nothing is searched.
   */
  blockInto(words: Uint32Array, first: number, from: number, at = 0, size = words.length): number {
    if (this.#bits !== null) {
      const start = first >>> 5;
      const end = Math.min(size, this.#bits.length - start);
      for (let word = 0; word < end; word++) words[at + word]! |= this.#bits[start + word]!;
      return 0;
    }
    const list = this.#list;
    const end = first + size * 32;
    let next = from < this.#size && list[from]! < first ? lowerBound(list, this.#size, first) : from;
    for (; next < this.#size && list[next]! < end; next++) words[at + ((list[next]! - first) >>> 5)]! |= 1 << (list[next]! & 31);
    return next;
  }

  /** The first slot that a block after this answer of `blockInto` can have; Infinity when there is none. */
  nextOf(from: number): number {
    return this.#bits !== null ? 0 : from < this.#size ? this.#list[from]! : Number.POSITIVE_INFINITY;
  }

  /** Rising slots. */
  toArray(): Uint32Array {
    const slots = new Uint32Array(this.#size);
    let at = 0;
    this.forEach(slot => {
      slots[at++] = slot;
    });
    return slots;
  }

  /** Sets the members' bits in `bits`, which has room for every slot of the fleet. */
  unionInto(bits: Uint32Array): void {
    if (this.#bits === null) {
      for (let at = 0; at < this.#size; at++) bits[this.#list[at]! >>> 5]! |= 1 << (this.#list[at]! & 31);
      return;
    }
    for (let word = 0; word < this.#bits.length; word++) bits[word]! |= this.#bits[word]!;
  }

  #insert(slot: number): void {
    const at = this.#size === 0 || slot > this.#list[this.#size - 1]! ? this.#size : lowerBound(this.#list, this.#size, slot);
    if (this.#size === this.#list.length) {
      const larger = new Uint32Array(Math.max(4, this.#size * 2));
      larger.set(this.#list.subarray(0, this.#size));
      this.#list = larger;
    }
    this.#list.copyWithin(at + 1, at, this.#size);
    this.#list[at] = slot;
  }

  #toBits(fleetSize: number): void {
    const last = this.#size === 0 ? 0 : this.#list[this.#size - 1]!;
    const bits = new Uint32Array(wordsFor(Math.max(fleetSize, last + 1)));
    for (let at = 0; at < this.#size; at++) bits[this.#list[at]! >>> 5]! |= 1 << (this.#list[at]! & 31);
    this.#bits = bits;
    this.#list = NONE;
  }

  #growBits(slot: number): void {
    if (slot >>> 5 < this.#bits!.length) return;
    const larger = new Uint32Array(Math.max(wordsFor(slot + 1), Math.ceil(this.#bits!.length * 1.25)));
    larger.set(this.#bits!);
    this.#bits = larger;
  }
}

const NONE = new Uint32Array(0);

/** A small fleet always uses lists: nothing is gained from a bitmap below a few dozen members. */
function listMax(fleetSize: number): number {
  return Math.max(64, fleetSize >>> 5);
}

function bitCount(word: number): number {
  const pairs = word - ((word >>> 1) & 0x55555555);
  const fours = (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333);
  return Math.imul((fours + (fours >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

/** 32-bit words that hold a bit for each of `slots`. */
export function wordsFor(slots: number): number {
  return (slots + 31) >>> 5;
}

/** First index of `sorted[0, length)` whose value is not below `value`. */
export function lowerBound(sorted: Uint32Array | Float64Array, length: number, value: number): number {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
