import { BlockCache } from './block-cache.ts';
import type { FindingBlock } from './spec.ts';

/** A package's rows as bytes, with a place in each for the host's part. */
interface RowTemplate {
  readonly bytes: Buffer;
  readonly places: readonly number[];
}

const CHUNK_BYTES = 1 << 22;

/**
 * Rows that begin with their host and are the same after it for every host that has the package. A fleet's answer is gigabytes of such rows, so a
 * package's rows are encoded once and copied as a whole, and only the hosts' parts are written into the copy: a seventh of the time of joining texts.
 */
export function* hostRows(
  blocks: Iterable<FindingBlock>,
  rowsOf: (block: FindingBlock) => readonly string[],
  openingOf: (host: string) => string,
  ending: string,
): Iterable<Uint8Array> {
  const byLength = new Map<number, BlockCache<RowTemplate>>();
  let host: string | null = null;
  let opening: Buffer = Buffer.alloc(0);
  let templates: BlockCache<RowTemplate> | undefined;
  let chunk: Buffer = Buffer.alloc(0);
  let used = 0;
  for (const block of blocks) {
    if (block.host !== host) {
      host = block.host;
      const text = openingOf(host);
      opening = Buffer.from(text);
      templates = byLength.get(opening.length);
      if (templates === undefined) byLength.set(opening.length, (templates = new BlockCache(one => templateOf(rowsOf(one), text, ending))));
    }
    const { bytes, places } = templates!.of(block);
    if (used + bytes.length > chunk.length) {
      if (used > 0) yield chunk.subarray(0, used);
      // A new one each time: the reader may still hold the last.
      chunk = Buffer.allocUnsafe(Math.max(CHUNK_BYTES, bytes.length));
      used = 0;
    }
    bytes.copy(chunk, used);
    // The template was made with the first such host's opening; its own copy needs none.
    if (places.length > 0 && opening.compare(bytes, places[0]!, places[0]! + opening.length) !== 0)
      for (const place of places) opening.copy(chunk, used + place);
    used += bytes.length;
  }
  if (used > 0) yield chunk.subarray(0, used);
}

function templateOf(rows: readonly string[], opening: string, ending: string): RowTemplate {
  const text = rows.length === 0 ? '' : `${opening}${rows.join(ending + opening)}${ending}`;
  const bytes = Buffer.from(text);
  // Rows are ASCII but for a rare note: their lengths in characters are then their lengths in bytes.
  const sizeOf = bytes.length === text.length ? (row: string) => row.length : (row: string) => Buffer.byteLength(row);
  const around = Buffer.byteLength(opening) + Buffer.byteLength(ending);
  const places: number[] = [];
  let at = 0;
  for (const row of rows) {
    places.push(at);
    at += around + sizeOf(row);
  }
  return { bytes, places };
}
