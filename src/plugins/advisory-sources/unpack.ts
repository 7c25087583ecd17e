import * as zlib from 'node:zlib';
import { MAX_FEED_BYTES, MAX_FEED_BYTES_AT_ONCE, MAX_FEED_EXPANSION } from '../../core/kernel/limits.ts';
import { bunzip2 } from './bzip2.ts';
import { feedFault, HEAD_BYTES } from './text-reader.ts';

export type Packing = 'gzip' | 'zlib' | 'zstd' | 'bzip2' | 'xz' | 'zip' | 'plain';

/** Unpacks what takes a program of the system: main has the programs, with limits on time and memory. null: it would not, and we do it ourselves if we can. */
export type Unpacker = (packing: 'xz' | 'bzip2', chunks: AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array> | null;

/** By magic bytes (RFC 1952, RFC 1950, RFC 8878, APPNOTE 4.3.7, the .xz file format 2.1.1.1): names lie. */
export function packingOf(head: Uint8Array): Packing {
  const [a, b, c, d] = head;
  if (a === 0x1f && b === 0x8b) return 'gzip';
  if (a === 0xfd && b === 0x37 && c === 0x7a && d === 0x58 && head[4] === 0x5a) return 'xz';
  if (a === 0x28 && b === 0xb5 && c === 0x2f && d === 0xfd) return 'zstd';
  // BZh, a level, and the first digits of pi that begin a block (or of its root, which end an empty stream).
  if (a === 0x42 && b === 0x5a && c === 0x68 && d !== undefined && d > 0x30 && d <= 0x39 && (head[4] === 0x31 || head[4] === 0x17))
    return 'bzip2';
  if (a === 0x50 && b === 0x4b && (c === 0x03 || c === 0x05)) return 'zip';
  // zlib: deflate with a 32 KB window, and a header that is a multiple of 31. Of texts only one that starts with x^ gets past the second test, and no feed does.
  if (a === 0x78 && b !== undefined && (b & 0x20) === 0 && ((a << 8) | b) % 31 === 0) return 'zlib';
  return 'plain';
}

const AT_ONCE = { gzip: zlib.gunzipSync, zlib: zlib.inflateSync, zstd: zlib.zstdDecompressSync } as const;
const STREAMED = { gzip: zlib.createGunzip, zlib: zlib.createInflate, zstd: zlib.createZstdDecompress } as const;

/** The beginning of what is packed, for recognising a format. Never throws: what cannot be unpacked is an empty head. */
export function unpackHead(bytes: Uint8Array): Uint8Array {
  const packing = packingOf(bytes);
  if (packing === 'plain' || packing === 'zip') return bytes.subarray(0, HEAD_BYTES);
  if (packing === 'xz') return new Uint8Array(0);
  try {
    if (packing === 'bzip2') return firstBlock(bytes).subarray(0, HEAD_BYTES);
    // Flushing instead of finishing gives what a cut stream holds so far.
    const flush = packing === 'zstd' ? zlib.constants.ZSTD_e_flush : zlib.constants.Z_SYNC_FLUSH;
    return AT_ONCE[packing](bytes, { finishFlush: flush, maxOutputLength: HEAD_BYTES * 64, chunkSize: HEAD_BYTES }).subarray(0, HEAD_BYTES);
  } catch {
    // What is packed a thousandfold (a zip bomb) overflows from a small piece: a smaller one still shows how it begins.
    return bytes.length > 1_024 && packing !== 'bzip2' ? unpackHead(bytes.subarray(0, bytes.length >> 2)) : new Uint8Array(0);
  }
}

/** A bzip2 block unpacks as a whole; `headBytesOf` says how much of a file has to be at hand for it. */
function firstBlock(bytes: Uint8Array): Uint8Array {
  for (const block of bunzip2(bytes)) return block;
  return new Uint8Array(0);
}

/** Whole blocks unpack or nothing: a block of bzip2 has 900 kB at most when nothing can be packed, one of zstd 128 KiB (RFC 8878, 3.1.1.2.4). */
const HEAD_BYTES_OF: Readonly<Partial<Record<Packing, number>>> = { bzip2: 1_000_000, zstd: 140_000, plain: HEAD_BYTES };

/** Bytes that show the beginning of what a file holds; text packs to a quarter and less. */
export function headBytesOf(first: Uint8Array): number {
  return HEAD_BYTES_OF[packingOf(first)] ?? 16_384;
}

/** Small pieces cost more than the unpacking itself. */
const CHUNK_BYTES = 1 << 20;

/** The whole content, or null when it is larger than is unpacked at once, or packed by what we cannot unpack ourselves (then stream it). */
export function unpackAtOnce(bytes: Uint8Array): Uint8Array | null {
  const packing = packingOf(bytes);
  if (packing === 'zip' || packing === 'xz') return null;
  if (packing === 'plain') return bytes.length <= MAX_FEED_BYTES_AT_ONCE ? bytes : null;
  if (packing === 'bzip2') return blocksAtOnce(bytes);
  try {
    return AT_ONCE[packing](bytes, { maxOutputLength: MAX_FEED_BYTES_AT_ONCE, chunkSize: CHUNK_BYTES });
  } catch (problem) {
    if ((problem as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') return null;
    throw unpackFault(problem);
  }
}

function blocksAtOnce(bytes: Uint8Array): Uint8Array | null {
  const blocks: Uint8Array[] = [];
  let length = 0;
  for (const block of bunzip2(bytes)) {
    length += block.length;
    if (length > MAX_FEED_BYTES_AT_ONCE) return null;
    blocks.push(block);
  }
  return Buffer.concat(blocks, length);
}

/** Unpacks a stream, with a cap on what comes out. Packed bytes are counted as they go in. */
export async function* unpackStream(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  unpackByProgram: Unpacker = () => null,
  bytesMax = MAX_FEED_BYTES,
): AsyncIterable<Uint8Array> {
  const counted = new CountedChunks(chunks);
  const head = await counted.head();
  const packing = packingOf(head);
  if (packing === 'zip') throw feedFault('feed-unreadable', 'a zip archive cannot be read as a stream');
  if (packing === 'plain') {
    yield* counted;
    return;
  }
  if (packing === 'xz' || packing === 'bzip2') {
    const unpacked = unpackByProgram(packing, counted);
    if (unpacked !== null) {
      yield* capped(unpacked, counted, bytesMax);
      return;
    }
  }
  if (packing === 'xz')
    throw feedFault('feed-unreadable', 'it is packed by xz, which nothing on this machine unpacks: install xz, or unpack it first');
  if (packing === 'bzip2') {
    // The packed bytes as a whole: a stream of bits that ends anywhere has no pieces.
    const pieces: Uint8Array[] = [];
    for await (const piece of counted) pieces.push(piece);
    yield* capped(bunzip2(Buffer.concat(pieces)), counted, bytesMax);
    return;
  }
  const stream = STREAMED[packing]({ chunkSize: CHUNK_BYTES });
  const feeding = feed(stream, counted);
  try {
    yield* capped(stream as AsyncIterable<Buffer>, counted, bytesMax);
  } catch (problem) {
    throw unpackFault(problem);
  } finally {
    stream.destroy();
    await feeding;
  }
}

async function* capped(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  counted: CountedChunks,
  bytesMax: number,
): AsyncIterable<Uint8Array> {
  let unpacked = 0;
  for await (const chunk of chunks) {
    unpacked += chunk.length;
    if (unpacked > bytesMax) throw feedFault('feed-too-large', `the feed unpacks to more than ${bytesMax} bytes`);
    if (unpacked > MAX_FEED_BYTES_AT_ONCE && unpacked > counted.count * MAX_FEED_EXPANSION)
      throw feedFault('feed-too-large', `the feed unpacks to more than ${MAX_FEED_EXPANSION} times its size: a zip bomb`);
    yield chunk;
  }
}

/** Writes with back pressure; the reader's side reports what goes wrong. */
async function feed(stream: zlib.Gunzip | zlib.Inflate | zlib.ZstdDecompress, chunks: CountedChunks): Promise<void> {
  try {
    for await (const chunk of chunks) {
      if (stream.destroyed) return;
      if (!stream.write(chunk))
        await new Promise<void>(resolve => {
          const go = (): void => {
            stream.off('drain', go).off('close', go);
            resolve();
          };
          stream.on('drain', go).on('close', go);
        });
    }
    stream.end();
  } catch (problem) {
    stream.destroy(problem as Error);
  }
}

class CountedChunks implements AsyncIterable<Uint8Array> {
  count = 0;
  readonly #source: AsyncIterator<Uint8Array> | Iterator<Uint8Array>;
  #first: Uint8Array[] = [];
  constructor(chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>) {
    this.#source = Symbol.asyncIterator in chunks ? chunks[Symbol.asyncIterator]() : chunks[Symbol.iterator]();
  }
  /** The first five bytes and what came with them; they are handed out again. */
  async head(): Promise<Uint8Array> {
    let bytes: Uint8Array = new Uint8Array(0);
    while (bytes.length < 5) {
      const next = await this.#source.next();
      if (next.done) break;
      this.#first.push(next.value);
      bytes = Buffer.concat([bytes, next.value]);
    }
    return bytes;
  }
  async *[Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    for (let chunk = this.#first.shift(); chunk !== undefined; chunk = this.#first.shift()) {
      this.count += chunk.length;
      yield chunk;
    }
    for (let next = await this.#source.next(); !next.done; next = await this.#source.next()) {
      this.count += next.value.length;
      yield next.value;
    }
  }
}

export function unpackFault(problem: unknown): unknown {
  const { code, message } = problem as NodeJS.ErrnoException;
  if (code === 'Z_BUF_ERROR' || /unexpected end of file/.test(message ?? ''))
    return feedFault('feed-truncated', 'the compressed feed ends too early', problem);
  if (/^(Z_|ZSTD_)/.test(code ?? '')) return feedFault('feed-unreadable', `the compressed feed is damaged (${message})`, problem);
  return problem;
}
