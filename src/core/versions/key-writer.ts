import { MAX_VERSION_CHARS } from '../kernel/limits.ts';

/** No scheme writes more bytes per character of the text, end marks included. */
export const KEY_BYTES_PER_CHAR = 8;

/** From this many digits on, a number's length no longer fits into the byte before it and takes four bytes more: 59 is one above any build number made of a time stamp. */
export const LONG_COUNT = 59;

/**
 * Writes a key into one reused buffer and hands out a copy. A writer lives as long as its scheme and never grows: a text over
 * `MAX_VERSION_CHARS` is refused before anything is written.
 */
export class KeyWriter {
  readonly #bytes = new Uint8Array((MAX_VERSION_CHARS + 8) * KEY_BYTES_PER_CHAR);
  #length = 0;

  restart(): this {
    this.#length = 0;
    return this;
  }

  byte(value: number): void {
    this.#bytes[this.#length++] = value;
  }

  /**
   * The digits text[start, end) as a number of any size, leading zeros ignored: one byte, `base` + the count of digits, then the digits. Bytes
   * `base` to `base + LONG_COUNT` are used; `base + LONG_COUNT` is followed by the count in four bytes.
   */
  digits(text: string, base: number, start = 0, end = text.length): void {
    const bytes = this.#bytes;
    const mark = this.#length;
    let from = start;
    while (from < end && text.charCodeAt(from) === 48) from++;
    let length = mark + 1;
    for (let at = from; at < end; at++) bytes[length++] = text.charCodeAt(at);
    const count = end - from;
    if (count < LONG_COUNT) bytes[mark] = base + count;
    else length = writeLongCount(bytes, mark, count, base);
    this.#length = length;
  }

  ascii(text: string, start = 0, end = text.length): void {
    let length = this.#length;
    for (let at = start; at < end; at++) this.#bytes[length++] = text.charCodeAt(at);
    this.#length = length;
  }

  take(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }
}

/** Makes room for the count of a long number whose digits already stand behind `mark`; returns the new length. */
export function writeLongCount(bytes: Uint8Array, mark: number, count: number, base: number): number {
  const first = mark + 1;
  bytes.copyWithin(first + 4, first, first + count);
  bytes[mark] = base + LONG_COUNT;
  for (let place = 0; place < 4; place++) bytes[first + place] = (count >>> (24 - 8 * place)) & 0xff;
  return first + 4 + count;
}
