import { MAX_VERSION_CHARS } from '../kernel/limits.ts';

/**
 * Writes a key into one reused buffer and hands out a copy. Keys are made tens of thousands at a time while a feed is indexed, so a
 * writer lives as long as its scheme and is never grown: a text over the limit is refused before anything is written.
 */
export class KeyWriter {
  /** No scheme writes more than eight bytes per character and 64 more. */
  readonly #bytes = new Uint8Array(MAX_VERSION_CHARS * 8 + 64);
  #length = 0;

  restart(): void {
    this.#length = 0;
  }

  byte(value: number): void {
    this.#bytes[this.#length++] = value;
  }

  /** The digits of `text` in [start, end) as a number of any size, leading zeros ignored: `base` + count of digits, then the digits. Counts of 59 and more take four bytes behind `base` + 59. */
  digits(text: string, start: number, end: number, base: number): void {
    let from = start;
    while (from < end && text.charCodeAt(from) === 48) from++;
    const count = end - from;
    if (count < LONG_COUNT) this.#bytes[this.#length++] = base + count;
    else this.#longCount(count, base);
    for (let at = from; at < end; at++) this.#bytes[this.#length++] = text.charCodeAt(at);
  }

  /** The ASCII characters of `text` in [start, end) as they are. */
  ascii(text: string, start: number, end: number): void {
    for (let at = start; at < end; at++) this.#bytes[this.#length++] = text.charCodeAt(at);
  }

  take(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  #longCount(count: number, base: number): void {
    this.byte(base + LONG_COUNT);
    for (let shift = 24; shift >= 0; shift -= 8) this.byte((count >>> shift) & 0xff);
  }
}

/** The count from which a number's length no longer fits beside `base`: `digits` uses the bytes `base` to `base + 59`. */
const LONG_COUNT = 59;
