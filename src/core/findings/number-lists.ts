/**
 * A list of 32-bit numbers for each slot, many to an array: a typed array of its own costs some 250 bytes beside its numbers, and 100,000 hosts have
 * several lists. The arrays never grow: one array for all would be there twice while it does, and with room to spare afterwards. A list that outgrows
 * its place moves to the last array; an array that is half holes is emptied into the last one.
 */
export class NumberLists {
  readonly #chunks: Chunk[] = [];
  readonly #free: number[] = [];
  #last = -1;
  #places = places(64);

  /** The array that holds a slot's list, until the next `set`: the list is `numbers(slot)[start(slot)]` and the `length(slot) - 1` after it. */
  numbers(slot: number): Uint32Array {
    return this.length(slot) === 0 ? NONE : this.#chunks[this.#places.chunks[slot]!]!.numbers;
  }

  start(slot: number): number {
    return slot < this.#places.size ? this.#places.starts[slot]! : 0;
  }

  length(slot: number): number {
    return slot < this.#places.size ? this.#places.lengths[slot]! : 0;
  }

  /** A copy. */
  of(slot: number): Uint32Array {
    const start = this.start(slot);
    return this.numbers(slot).slice(start, start + this.length(slot));
  }

  /** Takes `length` numbers of `from`, which may not be one of `numbers`, from `first` on. */
  set(slot: number, from: Uint32Array, length: number, first = 0): void {
    if (slot >= this.#places.size) this.#places = places(slot * 2, this.#places);
    const { rooms, chunks, starts, lengths } = this.#places;
    if (length > rooms[slot]!) {
      this.#leave(slot);
      this.#place(slot, length);
    }
    lengths[slot] = length;
    if (length === 0) return;
    const { numbers } = this.#chunks[chunks[slot]!]!;
    const start = starts[slot]!;
    for (let at = 0; at < length; at++) numbers[start + at] = from[first + at]!;
  }

  #leave(slot: number): void {
    const { rooms, chunks, lengths } = this.#places;
    const room = rooms[slot]!;
    rooms[slot] = 0;
    lengths[slot] = 0;
    if (room === 0) return;
    const chunk = this.#chunks[chunks[slot]!]!;
    chunk.live -= room;
    if (chunks[slot] !== this.#last && chunk.live * 2 < chunk.numbers.length) this.#empty(chunks[slot]!);
  }

  /** At the end of the last array, or in a new one. */
  #place(slot: number, room: number): void {
    let chunk = this.#chunks[this.#last];
    if (chunk === undefined || chunk.filled + room > chunk.numbers.length) {
      chunk = { numbers: new Uint32Array(Math.max(CHUNK_NUMBERS, room)), filled: 0, live: 0 };
      this.#last = this.#free.pop() ?? this.#chunks.length;
      this.#chunks[this.#last] = chunk;
    }
    this.#places.chunks[slot] = this.#last;
    this.#places.starts[slot] = chunk.filled;
    this.#places.rooms[slot] = room;
    chunk.filled += room;
    chunk.live += room;
  }

  #empty(index: number): void {
    const { numbers } = this.#chunks[index]!;
    const { rooms, chunks, starts, lengths, size } = this.#places;
    for (let slot = 0; slot < size; slot++) {
      if (chunks[slot] !== index || rooms[slot] === 0) continue;
      const start = starts[slot]!;
      const list = numbers.subarray(start, start + lengths[slot]!);
      this.#place(slot, list.length);
      this.#chunks[chunks[slot]!]!.numbers.set(list, starts[slot]!);
    }
    this.#chunks[index] = { numbers: NONE, filled: 0, live: 0 };
    this.#free.push(index);
  }
}

interface Chunk {
  readonly numbers: Uint32Array;
  /** Numbers from here on are free; before it, `live` of them belong to lists. */
  filled: number;
  live: number;
}

/** 1 MB. */
const CHUNK_NUMBERS = 1 << 18;
const NONE = new Uint32Array(0);

/** Where the lists are, by slot. */
interface Places {
  readonly size: number;
  readonly chunks: Uint32Array;
  readonly starts: Uint32Array;
  readonly lengths: Uint32Array;
  readonly rooms: Uint32Array;
}

function places(size: number, before?: Places): Places {
  const column = (known?: Uint32Array) => {
    const numbers = new Uint32Array(size);
    if (known !== undefined) numbers.set(known);
    return numbers;
  };
  return {
    size,
    chunks: column(before?.chunks),
    starts: column(before?.starts),
    lengths: column(before?.lengths),
    rooms: column(before?.rooms),
  };
}
