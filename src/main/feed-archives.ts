import type { FeedHead } from '../plugins/advisory-sources/spec.ts';
import { readTar, tarHead } from '../plugins/advisory-sources/tar.ts';
import { HEAD_BYTES } from '../plugins/advisory-sources/text-reader.ts';
import { readZip } from '../plugins/advisory-sources/zip.ts';

/** Names of files in an archive that may be feeds; licences and readmes are company. */
export const FEED_ENTRY = /\.(json|jsonl|ndjson|csv|xml)$/i;

export function headOf(fileName: string, content: Uint8Array): FeedHead {
  const bytes = withoutMark(content);
  return { fileName, text: Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, HEAD_BYTES)).toString('latin1') };
}

/** Editors and some publishers put U+FEFF before UTF-8 text; RFC 8259 8.1 lets a reader pass over it, and JSON.parse does not. */
export function withoutMark(content: Uint8Array): Uint8Array {
  return content[0] === 0xef && content[1] === 0xbb && content[2] === 0xbf ? content.subarray(3) : content;
}

/** Of the feed files in the beginning of a tar archive. */
export function headsInTar(name: string, content: Uint8Array): FeedHead[] {
  return tarHead(content).flatMap(entry => (FEED_ENTRY.test(entry.name) ? [headOf(name, entry.content)] : []));
}

/** A feed file of an archive; `content` throws a Fault where the archive is damaged there. */
export interface ArchiveEntry {
  readonly name: string;
  content(): Uint8Array;
}

export function* zipEntries(content: Uint8Array): Iterable<ArchiveEntry> {
  for (const entry of readZip(content)) if (FEED_ENTRY.test(entry.name)) yield entry;
}

export async function* tarEntries(chunks: AsyncIterable<Uint8Array>): AsyncIterable<ArchiveEntry> {
  for await (const { name, content } of readTar(chunks, path => FEED_ENTRY.test(path))) yield { name, content: () => content };
}
