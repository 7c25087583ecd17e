import { inflateRawSync } from 'node:zlib';
import { MAX_ARCHIVE_FILES, MAX_FEED_BYTES, MAX_FEED_EXPANSION, MAX_FEED_RECORD_BYTES } from '../../core/kernel/limits.ts';
import { feedFault } from './text-reader.ts';

/** One file of a zip archive. `content` throws a Fault for a damaged or overlong file, which costs that file only. */
export interface ZipEntry {
  readonly name: string;
  content(): Uint8Array;
}

const END_OF_DIRECTORY = 0x06054b50;
const END_OF_DIRECTORY_64 = 0x06064b50;
const LOCATOR_64 = 0x07064b50;
const DIRECTORY_ENTRY = 0x02014b50;
const LOCAL_HEADER = 0x04034b50;
const END_BYTES = 22;
const MAX_COMMENT = 65_535;

/**
 * Lists an archive by its central directory (APPNOTE 4.3), which stands at the end: a cut archive has none and is told. Sizes that the directory
 * states are not believed; what comes out is counted.
 */
export function readZip(bytes: Uint8Array): Iterable<ZipEntry> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const { count, offset } = directoryOf(view);
  if (count > MAX_ARCHIVE_FILES) throw feedFault('feed-too-large', `the archive holds ${count} files, more than ${MAX_ARCHIVE_FILES}`);
  return entriesOf(bytes, view, count, offset);
}

function directoryOf(view: DataView): { count: number; offset: number } {
  for (let at = view.byteLength - END_BYTES; at >= 0 && at >= view.byteLength - END_BYTES - MAX_COMMENT; at--) {
    if (view.getUint32(at, true) !== END_OF_DIRECTORY) continue;
    const count = view.getUint16(at + 10, true);
    const offset = view.getUint32(at + 16, true);
    if (count !== 0xffff && offset !== 0xffffffff) return { count, offset };
    if (at >= 20 && view.getUint32(at - 20, true) === LOCATOR_64) {
      const end64 = Number(view.getBigUint64(at - 20 + 8, true));
      if (end64 + 56 <= view.byteLength && view.getUint32(end64, true) === END_OF_DIRECTORY_64)
        return { count: Number(view.getBigUint64(end64 + 32, true)), offset: Number(view.getBigUint64(end64 + 48, true)) };
    }
    return { count, offset };
  }
  throw feedFault('feed-truncated', 'the archive ends before its directory');
}

function* entriesOf(bytes: Uint8Array, view: DataView, count: number, offset: number): Iterable<ZipEntry> {
  const budget = { bytes: Math.min(MAX_FEED_BYTES, Math.max(64_000_000, bytes.length * MAX_FEED_EXPANSION)) };
  let at = offset;
  for (let index = 0; index < count; index++) {
    if (at + 46 > view.byteLength || view.getUint32(at, true) !== DIRECTORY_ENTRY)
      throw feedFault('feed-unreadable', `the archive's directory is damaged at file ${index + 1}`);
    const method = view.getUint16(at + 10, true);
    const packedSize = view.getUint32(at + 20, true);
    const [nameSize, extraSize, commentSize] = [
      view.getUint16(at + 28, true),
      view.getUint16(at + 30, true),
      view.getUint16(at + 32, true),
    ];
    const localOffset = view.getUint32(at + 42, true);
    const name = Buffer.from(bytes.buffer, bytes.byteOffset + at + 46, Math.min(nameSize, view.byteLength - at - 46)).toString('utf8');
    at += 46 + nameSize + extraSize + commentSize;
    if (!name.endsWith('/')) yield { name, content: () => contentOf(bytes, view, name, method, packedSize, localOffset, budget) };
  }
}

function contentOf(
  bytes: Uint8Array,
  view: DataView,
  name: string,
  method: number,
  packedSize: number,
  localOffset: number,
  budget: { bytes: number },
): Uint8Array {
  if (localOffset + 30 > view.byteLength || view.getUint32(localOffset, true) !== LOCAL_HEADER)
    throw feedFault('feed-unreadable', `${name} is not where the directory says`);
  const start = localOffset + 30 + view.getUint16(localOffset + 26, true) + view.getUint16(localOffset + 28, true);
  if (start + packedSize > view.byteLength) throw feedFault('feed-truncated', `${name} ends behind the archive`);
  const packed = bytes.subarray(start, start + packedSize);
  if (method !== 0 && method !== 8) throw feedFault('feed-unreadable', `${name} is packed by a method that is not read (${method})`);
  const content = method === 0 ? packed : inflate(packed, name);
  budget.bytes -= content.length;
  if (budget.bytes < 0) throw feedFault('feed-too-large', 'the archive unpacks to far more than it holds: a zip bomb');
  return content;
}

function inflate(packed: Uint8Array, name: string): Uint8Array {
  try {
    return inflateRawSync(packed, { maxOutputLength: MAX_FEED_RECORD_BYTES });
  } catch (problem) {
    const { code, message } = problem as NodeJS.ErrnoException;
    if (code === 'ERR_BUFFER_TOO_LARGE') throw feedFault('feed-too-large', `${name} unpacks to more than ${MAX_FEED_RECORD_BYTES} bytes`);
    throw feedFault('feed-unreadable', `${name} is damaged (${message})`, problem);
  }
}
