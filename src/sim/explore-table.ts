/** Rows of small numbers, each kept once: exact, no hash compaction, about 20 bytes a row, so that millions fit beside each other. */
export class StateTable {
  readonly #stride: number;
  #rows: Uint16Array;
  /** Where the row was reached from, and by which step. */
  #from: Int32Array;
  #by: Uint16Array;
  /** Open addressing: position of a row plus one; 0 is free. */
  #slots: Int32Array;
  size = 0;

  constructor(stride: number, capacity = 1 << 16) {
    this.#stride = stride;
    this.#rows = new Uint16Array(capacity * stride);
    this.#from = new Int32Array(capacity);
    this.#by = new Uint16Array(capacity);
    this.#slots = new Int32Array(capacity * 2);
  }

  /** The row's position, and whether it is new. */
  add(row: Uint16Array, from: number, by: number): boolean {
    const slot = this.#slotOf(row, 0);
    if (this.#slots[slot] !== 0) return false;
    if (this.size === this.#from.length) {
      this.#grow();
      return this.add(row, from, by);
    }
    this.#rows.set(row, this.size * this.#stride);
    this.#from[this.size] = from;
    this.#by[this.size] = by;
    this.size += 1;
    this.#slots[slot] = this.size;
    return true;
  }

  read(at: number, into: Uint16Array): void {
    const start = at * this.#stride;
    for (let n = 0; n < this.#stride; n++) into[n] = this.#rows[start + n]!;
  }

  /** Steps from the first row to this one. */
  pathTo(at: number): number[] {
    const path: number[] = [];
    for (let row = at; row > 0; row = this.#from[row]!) path.unshift(this.#by[row]!);
    return path;
  }

  #slotOf(row: Uint16Array, start: number): number {
    const mask = this.#slots.length - 1;
    let hash = 0x811c9dc5;
    for (let n = 0; n < this.#stride; n++) {
      hash = Math.imul(hash ^ row[start + n]!, 0x01000193);
      hash ^= hash >>> 15;
    }
    for (let slot = (hash >>> 0) & mask; ; slot = (slot + 1) & mask) {
      const known = this.#slots[slot]!;
      if (known === 0 || this.#equals(row, start, known - 1)) return slot;
    }
  }

  #equals(row: Uint16Array, start: number, at: number): boolean {
    for (let n = 0; n < this.#stride; n++) if (this.#rows[at * this.#stride + n] !== row[start + n]) return false;
    return true;
  }

  #grow(): void {
    const capacity = this.#from.length * 2;
    const rows = new Uint16Array(capacity * this.#stride);
    rows.set(this.#rows);
    const from = new Int32Array(capacity);
    from.set(this.#from);
    const by = new Uint16Array(capacity);
    by.set(this.#by);
    [this.#rows, this.#from, this.#by] = [rows, from, by];
    this.#slots = new Int32Array(capacity * 2);
    for (let at = 0; at < this.size; at++) this.#slots[this.#slotOf(rows, at * this.#stride)] = at + 1;
  }
}
