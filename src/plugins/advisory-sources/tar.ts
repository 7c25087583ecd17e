import { MAX_ARCHIVE_FILES, MAX_FEED_RECORD_BYTES } from '../../core/kernel/limits.ts';
import { feedFault, joined } from './text-reader.ts';

export interface TarEntry {
  readonly name: string;
  readonly content: Uint8Array;
}

const BLOCK = 512;

export function looksLikeTar(head: Uint8Array): boolean {
  return Buffer.from(head.buffer, head.byteOffset, Math.min(head.length, BLOCK)).toString('latin1', 257, 262) === 'ustar';
}

/** Plain files that lie whole in the beginning of an archive, and as much as there is of the one that does not: for recognising what it is of. What is damaged is said when it is read. */
export function tarHead(head: Uint8Array): readonly TarEntry[] {
  const entries: TarEntry[] = [];
  for (let at = 0; at + BLOCK <= head.length; ) {
    const block = head.subarray(at, at + BLOCK);
    const header = hasItsSum(block) ? headerOf(block) : null;
    if (header === null) break;
    if (header.isFile) entries.push({ name: header.name, content: head.subarray(at + BLOCK, at + BLOCK + header.bytes) });
    at += BLOCK + padded(header.bytes);
  }
  return entries;
}

/**
 * The files of a tar archive (POSIX ustar, with the long names of GNU and pax) as they come. An archive without its end is cut. `wanted` tells by the
 * name whether a file is gathered at all.
 */
export async function* readTar(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  wanted: (name: string) => boolean,
): AsyncIterable<TarEntry> {
  let pending: Uint8Array = new Uint8Array(0);
  let header: Header | null = null;
  let longName: string | null = null;
  let skip = 0;
  let files = 0;
  for await (const chunk of chunks) {
    pending = joined(pending, chunk);
    for (;;) {
      if (skip > 0) {
        const passed = Math.min(skip, pending.length);
        pending = pending.subarray(passed);
        skip -= passed;
        if (skip > 0) break;
      }
      if (header === null) {
        if (pending.length < BLOCK) break;
        header = headerOf(pending.subarray(0, BLOCK));
        // The first block of zeroes ends the archive; what follows is padding.
        if (header === null) return;
        pending = pending.subarray(BLOCK);
        if (++files > MAX_ARCHIVE_FILES) throw feedFault('feed-too-large', `the archive holds more than ${MAX_ARCHIVE_FILES} files`);
      }
      const name: string = longName ?? header.name;
      if (!header.isName && !(header.isFile && wanted(name))) {
        skip = padded(header.bytes);
        [header, longName] = [null, null];
        continue;
      }
      if (header.bytes > MAX_FEED_RECORD_BYTES) throw feedFault('feed-too-large', `${name} is longer than ${MAX_FEED_RECORD_BYTES} bytes`);
      if (pending.length < padded(header.bytes)) break;
      const content = pending.subarray(0, header.bytes);
      pending = pending.subarray(padded(header.bytes));
      if (header.isName) longName = nameIn(content, header.isPax);
      else {
        yield { name, content };
        longName = null;
      }
      header = null;
    }
  }
  throw feedFault('feed-truncated', 'the archive ends before its end mark');
}

interface Header {
  readonly name: string;
  readonly bytes: number;
  readonly isFile: boolean;
  /** Its content is the name of the next member. */
  readonly isName: boolean;
  readonly isPax: boolean;
}

function padded(bytes: number): number {
  return Math.ceil(bytes / BLOCK) * BLOCK;
}

/** Bytes 148 to 155 hold the sum of all others, and count as blanks in it. */
function hasItsSum(block: Uint8Array): boolean {
  const stated = Number.parseInt(Buffer.from(block.buffer, block.byteOffset + 148, 8).toString('latin1'), 8);
  return stated === block.reduce((total, byte, at) => total + (at >= 148 && at < 156 ? 0x20 : byte), 0);
}

/** null for the block of zeroes. */
function headerOf(block: Uint8Array): Header | null {
  if (block.every(byte => byte === 0)) return null;
  const text = (start: number, length: number): string => {
    const field = Buffer.from(block.buffer, block.byteOffset + start, length);
    const end = field.indexOf(0);
    return field.toString('utf8', 0, end < 0 ? length : end);
  };
  const bytes = Number.parseInt(text(124, 12).trim() || '0', 8);
  if (!hasItsSum(block) || !Number.isSafeInteger(bytes) || bytes < 0)
    throw feedFault('feed-unreadable', 'the archive is damaged: a header has a wrong checksum');
  const prefix = text(345, 155);
  const type = text(156, 1);
  return {
    name: prefix === '' ? text(0, 100) : `${prefix}/${text(0, 100)}`,
    bytes,
    isFile: type === '0' || type === '',
    isName: type === 'L' || type === 'x',
    isPax: type === 'x',
  };
}

function nameIn(content: Uint8Array, isPax: boolean): string | null {
  const text = Buffer.from(content.buffer, content.byteOffset, content.byteLength).toString('utf8');
  return isPax ? (/(?:^|\n)\d+ path=([^\n]*)\n/.exec(text)?.[1] ?? null) : text.replace(/\0+$/, '');
}
