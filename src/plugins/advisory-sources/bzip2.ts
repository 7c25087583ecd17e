import { feedFault } from './text-reader.ts';

/**
 * Unpacks bzip2, which Red Hat and SUSE publish in and Node does not read: block by block, each checked by its checksum. (Format: as the reference
 * implementation 1.0.8 writes it; blocks with the obsolete randomisation are refused.) Some 10 MB a second.
 */
export function* bunzip2(bytes: Uint8Array): Iterable<Uint8Array> {
  const bits = new Bits(bytes);
  for (let stream = 0; stream === 0 || bits.hasStream(); stream++) {
    if (bits.read(24) !== STREAM_MAGIC) throw damaged('it does not begin as bzip2 does');
    const level = bits.read(8) - 0x30;
    if (level < 1 || level > 9) throw damaged('its block size is none');
    const block = new Block(level * 100_000);
    for (;;) {
      const [high, low] = [bits.read(24), bits.read(24)];
      if (high === END_HIGH && low === END_LOW) break;
      if (high !== BLOCK_HIGH || low !== BLOCK_LOW) throw damaged('a block does not begin where it should');
      yield block.unpack(bits);
    }
    bits.read(32);
    bits.align();
  }
}

const STREAM_MAGIC = 0x425a68;
const [BLOCK_HIGH, BLOCK_LOW] = [0x314159, 0x265359];
const [END_HIGH, END_LOW] = [0x177245, 0x385090];
const RUN_A = 0;
const RUN_B = 1;
const CODE_BITS_MAX = 20;
const SYMBOLS_PER_SELECTOR = 50;

function damaged(reason: string): Error {
  return feedFault('feed-unreadable', `the compressed feed is damaged (bzip2: ${reason})`);
}

/** Most significant bit first. */
class Bits {
  readonly #bytes: Uint8Array;
  #at = 0;
  #held = 0;
  #count = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Up to 32 bits, as a number without sign. */
  read(count: number): number {
    if (count > 24) return this.read(count - 16) * 65_536 + this.read(16);
    while (this.#count < count) {
      const byte = this.#bytes[this.#at++];
      if (byte === undefined) throw feedFault('feed-truncated', 'the compressed feed ends too early');
      this.#held = ((this.#held << 8) | byte) & 0x7fffffff;
      this.#count += 8;
    }
    this.#count -= count;
    return (this.#held >>> this.#count) & ((1 << count) - 1);
  }

  align(): void {
    this.#count = 0;
  }

  /** Parallel packers write several streams one after the other; what else follows is padding. */
  hasStream(): boolean {
    return this.#bytes[this.#at] === 0x42 && this.#bytes[this.#at + 1] === 0x5a && this.#bytes[this.#at + 2] === 0x68;
  }
}

/** A canonical Huffman code: the codes of one length are consecutive numbers. */
interface Code {
  readonly lengthMin: number;
  /** Highest code of each length, -1 for none. */
  readonly limit: Int32Array;
  /** What to subtract from a code of each length to get its place in `symbols`. */
  readonly base: Int32Array;
  readonly symbols: Uint16Array;
}

function codeOf(lengths: Uint8Array): Code {
  const limit = new Int32Array(CODE_BITS_MAX + 2).fill(-1);
  const base = new Int32Array(CODE_BITS_MAX + 2);
  const symbols = new Uint16Array(lengths.length);
  let [code, place, lengthMin] = [0, 0, 0];
  for (let length = 1; length <= CODE_BITS_MAX; length++, code <<= 1) {
    base[length] = code - place;
    for (let symbol = 0; symbol < lengths.length; symbol++) {
      if (lengths[symbol] !== length) continue;
      if (lengthMin === 0) lengthMin = length;
      symbols[place++] = symbol;
      limit[length] = code++;
    }
  }
  return { lengthMin, limit, base, symbols };
}

class Block {
  /** Bytes in the low 8 bits, links of the inverse transform above. */
  readonly #links: Uint32Array;

  constructor(size: number) {
    this.#links = new Uint32Array(size);
  }

  unpack(bits: Bits): Uint8Array {
    const checksum = bits.read(32);
    if (bits.read(1) !== 0) throw damaged('it is randomised, which nobody writes any more');
    const origin = bits.read(24);
    const count = this.#readSymbols(bits);
    if (origin >= count) throw damaged('the origin of a block is none');
    const plain = this.#restore(origin, count);
    if (crcOf(plain) !== checksum) throw damaged('the checksum of a block is wrong');
    return plain;
  }

  /** Huffman codes, run lengths and move-to-front, to the last column of the transform. */
  #readSymbols(bits: Bits): number {
    const front = usedBytes(bits);
    const { selectors, codes } = readCodes(bits, front.length + 2);
    const end = front.length + 1;
    let [count, run, weight, selector, left] = [0, 0, 1, 0, 0];
    let code: Code = codes[0]!;
    for (;;) {
      if (left === 0) {
        const chosen = selectors[selector++];
        if (chosen === undefined) throw damaged('a block has more symbols than it says');
        [code, left] = [codes[chosen]!, SYMBOLS_PER_SELECTOR];
      }
      left--;
      const symbol = symbolOf(bits, code);
      if (symbol === RUN_A || symbol === RUN_B) {
        run += weight << symbol;
        weight <<= 1;
        if (run > this.#links.length) throw damaged('a run is longer than a block');
        continue;
      }
      if (run > 0) {
        if (count + run > this.#links.length) throw damaged('a block is longer than it may be');
        this.#links.fill(front[0]!, count, count + run);
        [count, run, weight] = [count + run, 0, 1];
      }
      if (symbol === end) return count;
      const byte = front[symbol - 1]!;
      front.copyWithin(1, 0, symbol - 1);
      front[0] = byte;
      if (count >= this.#links.length) throw damaged('a block is longer than it may be');
      this.#links[count++] = byte;
    }
  }

  /** The inverse Burrows-Wheeler transform, and the first run-length coding: after four equal bytes stands how many more. */
  #restore(origin: number, count: number): Uint8Array {
    const links = this.#links;
    const starts = new Uint32Array(257);
    for (let at = 0; at < count; at++) starts[(links[at]! & 0xff) + 1]! += 1;
    for (let byte = 1; byte < 257; byte++) starts[byte]! += starts[byte - 1]!;
    for (let at = 0; at < count; at++) {
      const place = starts[links[at]! & 0xff]!++;
      links[place] = (links[place]! & 0xff) | (at << 8);
    }
    let plain = new Uint8Array(count + 1_024);
    let [length, equal, last] = [0, 0, -1];
    let link = links[origin]! >>> 8;
    for (let at = 0; at < count; at++) {
      const entry = links[link]!;
      const byte = entry & 0xff;
      link = entry >>> 8;
      if (length + 256 > plain.length) plain = grown(plain);
      if (equal === 4) {
        plain.fill(last, length, length + byte);
        [length, equal, last] = [length + byte, 0, -1];
        continue;
      }
      equal = byte === last ? equal + 1 : 1;
      last = byte;
      plain[length++] = byte;
    }
    return plain.subarray(0, length);
  }
}

function grown(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(bytes.length * 2);
  larger.set(bytes);
  return larger;
}

/** The bytes that occur in the block, in order. */
function usedBytes(bits: Bits): Uint8Array {
  const used: number[] = [];
  const groups = bits.read(16);
  for (let group = 0; group < 16; group++) {
    if ((groups & (0x8000 >> group)) === 0) continue;
    const members = bits.read(16);
    for (let member = 0; member < 16; member++) if ((members & (0x8000 >> member)) !== 0) used.push(group * 16 + member);
  }
  if (used.length === 0) throw damaged('a block uses no byte');
  return Uint8Array.from(used);
}

function readCodes(bits: Bits, symbols: number): { selectors: Uint8Array; codes: readonly Code[] } {
  const groups = bits.read(3);
  const selectors = new Uint8Array(bits.read(15));
  if (groups < 2 || groups > 6 || selectors.length === 0) throw damaged('a block has no codes');
  const order = Array.from({ length: groups }, (_, group) => group);
  for (let at = 0; at < selectors.length; at++) {
    let place = 0;
    while (bits.read(1) === 1) if (++place >= groups) throw damaged('a code is chosen that is none');
    const [chosen] = order.splice(place, 1);
    order.unshift(chosen!);
    selectors[at] = chosen!;
  }
  const codes = Array.from({ length: groups }, () => {
    const lengths = new Uint8Array(symbols);
    let length = bits.read(5);
    for (let symbol = 0; symbol < symbols; symbol++) {
      while (bits.read(1) === 1) length += bits.read(1) === 0 ? 1 : -1;
      if (length < 1 || length > CODE_BITS_MAX) throw damaged('a code has no length');
      lengths[symbol] = length;
    }
    return codeOf(lengths);
  });
  return { selectors, codes };
}

function symbolOf(bits: Bits, { lengthMin, limit, base, symbols }: Code): number {
  let code = bits.read(lengthMin);
  for (let length = lengthMin; length <= CODE_BITS_MAX; length++) {
    if (limit[length]! >= 0 && code <= limit[length]!) {
      const symbol = symbols[code - base[length]!];
      if (symbol !== undefined) return symbol;
    }
    code = (code << 1) | bits.read(1);
  }
  throw damaged('a symbol has no code');
}

const CRC = new Uint32Array(256);
for (let byte = 0; byte < 256; byte++) {
  let crc = byte << 24;
  for (let bit = 0; bit < 8; bit++) crc = (crc & 0x80000000) !== 0 ? (crc << 1) ^ 0x04c11db7 : crc << 1;
  CRC[byte] = crc >>> 0;
}

function crcOf(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (let at = 0; at < bytes.length; at++) crc = ((crc << 8) ^ CRC[((crc >>> 24) ^ bytes[at]!) & 0xff]!) >>> 0;
  return ~crc >>> 0;
}
