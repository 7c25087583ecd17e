/**
 * Copies of many short pieces of bytes, side by side: an array of its own costs each some 300 bytes beside its content, and 100,000 hosts have a package
 * set each. What was put up stays until nobody holds a piece of its board.
 */
export class ByteShelf {
  #board = new Uint8Array(0);
  #used = 0;

  copy(bytes: Uint8Array): Uint8Array {
    if (this.#used + bytes.length > this.#board.length) {
      this.#board = new Uint8Array(Math.max(BOARD_BYTES, bytes.length));
      this.#used = 0;
    }
    const place = this.#board.subarray(this.#used, this.#used + bytes.length);
    place.set(bytes);
    this.#used += bytes.length;
    return place;
  }
}

/** Some 350 hosts: few enough that a board is free again when they have all reported changes. */
const BOARD_BYTES = 1 << 18;
