/** The hosts whose numbers are stale. One advisory may concern all 100,000, and they are brought up to date in steps, by rising slot. */
export class StaleSlots {
  #marks = new Uint8Array(64);
  #count = 0;
  /** Where to look next. */
  #next = 0;

  get count(): number {
    return this.#count;
  }

  has(slot: number): boolean {
    return this.#marks[slot] === 1;
  }

  mark(slot: number): void {
    if (slot >= this.#marks.length) {
      const larger = new Uint8Array(slot * 2);
      larger.set(this.#marks);
      this.#marks = larger;
    }
    this.#count += 1 - this.#marks[slot]!;
    this.#marks[slot] = 1;
  }

  unmark(slot: number): void {
    this.#count -= this.#marks[slot] ?? 0;
    this.#marks[slot] = 0;
  }

  /**
   * The first one that is stale after those that were asked for before, all round; null when none is. Hosts that go stale behind it wait for the next
   * round: a host that reports all the time does not keep the others waiting.
   */
  next(): number | null {
    if (this.#count === 0) {
      // From the beginning the next time: sets of hosts are filled by rising slot without a search.
      this.#next = 0;
      return null;
    }
    for (;;) {
      const slot = this.#next;
      this.#next = (slot + 1) % this.#marks.length;
      if (this.#marks[slot] === 1) return slot;
    }
  }
}
