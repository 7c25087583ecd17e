import type { FeedHead } from '../plugins/advisory-sources/spec.ts';
import { readTar, tarHead } from '../plugins/advisory-sources/tar.ts';
import { HEAD_BYTES } from '../plugins/advisory-sources/text-reader.ts';
import { readZip } from '../plugins/advisory-sources/zip.ts';

/** Names of files in an archive that may be feeds; licences and readmes are company. */
export const FEED_ENTRY = /\.(json|jsonl|ndjson|csv|xml)$/i;

export function headOf(fileName: string, content: Uint8Array): FeedHead {
  return { fileName, text: Buffer.from(content.buffer, content.byteOffset, Math.min(content.length, HEAD_BYTES)).toString('latin1') };
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
