/**
 * A list of 32-bit numbers for each slot, all in one array: a typed array of its own costs some 250 bytes beside its numbers, and 100,000 hosts have
 * several lists. A list that outgrows its place moves to the end; the holes are closed when they are a third of everything.
 */
export class NumberLists {
  #numbers = new Uint32Array(1024);
  #used = 0;
  #lost = 0;
  #starts = new Uint32Array(64);
  #lengths = new Uint32Array(64);
  #rooms = new Uint32Array(64);

  /** Holds until the next `set`. A slot's list is `numbers[start(slot)]` and the `length(slot) - 1` after it. */
  get numbers(): Uint32Array {
    return this.#numbers;
  }

  start(slot: number): number {
    return slot < this.#starts.length ? this.#starts[slot]! : 0;
  }

  length(slot: number): number {
    return slot < this.#lengths.length ? this.#lengths[slot]! : 0;
  }

  /** A copy. */
  of(slot: number): Uint32Array {
    return this.#numbers.slice(this.start(slot), this.start(slot) + this.length(slot));
  }

  /** Takes the first `length` numbers of `from`, which may not be `numbers` itself. */
  set(slot: number, from: Uint32Array, length: number): void {
    if (slot >= this.#starts.length) this.#growSlots(slot * 2);
    if (length > this.#rooms[slot]!) this.#move(slot, length);
    const start = this.#starts[slot]!;
    for (let at = 0; at < length; at++) this.#numbers[start + at] = from[at]!;
    this.#lengths[slot] = length;
  }

  #move(slot: number, room: number): void {
    this.#lost += this.#rooms[slot]!;
    this.#rooms[slot] = 0;
    this.#lengths[slot] = 0;
    if (this.#used + room > this.#numbers.length) this.#makeRoom(room);
    this.#starts[slot] = this.#used;
    this.#rooms[slot] = room;
    this.#used += room;
  }

  #makeRoom(room: number): void {
    const needed = this.#used - this.#lost + room;
    // Without a third to win, or when that is not enough, the array grows.
    const size =
      this.#lost * 3 < this.#used || needed > this.#numbers.length
        ? Math.max(Math.ceil(this.#numbers.length * 1.4), needed)
        : this.#numbers.length;
    const numbers = new Uint32Array(size);
    let used = 0;
    for (let slot = 0; slot < this.#starts.length; slot++) {
      const length = this.#lengths[slot]!;
      numbers.set(this.#numbers.subarray(this.#starts[slot]!, this.#starts[slot]! + length), used);
      this.#starts[slot] = used;
      this.#rooms[slot] = length;
      used += length;
    }
    this.#numbers = numbers;
    this.#used = used;
    this.#lost = 0;
  }

  #growSlots(slots: number): void {
    const grown = (column: Uint32Array) => {
      const larger = new Uint32Array(slots);
      larger.set(column);
      return larger;
    };
    this.#starts = grown(this.#starts);
    this.#lengths = grown(this.#lengths);
    this.#rooms = grown(this.#rooms);
  }
}
