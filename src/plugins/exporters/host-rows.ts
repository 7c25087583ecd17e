import { BlockCache } from './block-cache.ts';
import type { FindingBlock } from './spec.ts';

/** A package's rows as bytes, as they are for the first host, with the place of the host's part in each. */
interface RowTemplate {
  readonly bytes: Buffer;
  readonly places: readonly number[];
}

/** Hosts whose parts have the same length share templates, in which all begin as the first of them. */
interface Family {
  readonly opening: Buffer;
  readonly templates: BlockCache<RowTemplate>;
}

/** Stays in a processor's cache while it is filled and written. */
const CHUNK_BYTES = 1 << 18;

/**
 * Rows that begin with their host and are the same after it for every host that has the package. A fleet's answer is gigabytes of such rows, so a
 * package's rows are encoded once and copied as a whole, and only the bytes in which the host's name differs from the first one's are written into the
 * copy. A chunk holds until the next one is asked for: a fresh one each time would cost as much as filling it.
 */
export function* hostRows(
  blocks: Iterable<FindingBlock>,
  rowsOf: (block: FindingBlock) => readonly string[],
  openingOf: (host: string) => string,
  ending: string,
): Iterable<Uint8Array> {
  const families = new Map<number, Family>();
  let host: string | null = null;
  let family: Family | undefined;
  let opening: Buffer = Buffer.alloc(0);
  let from = 0;
  let to = 0;
  let chunk: Buffer = Buffer.allocUnsafe(CHUNK_BYTES);
  let used = 0;
  for (const block of blocks) {
    if (block.host !== host) {
      host = block.host;
      const text = openingOf(host);
      opening = Buffer.from(text);
      family = families.get(opening.length);
      if (family === undefined)
        families.set(opening.length, (family = { opening, templates: new BlockCache(one => templateOf(rowsOf(one), text, ending)) }));
      [from, to] = difference(family.opening, opening);
    }
    const { bytes, places } = family!.templates.of(block);
    if (used + bytes.length > chunk.length) {
      if (used > 0) yield chunk.subarray(0, used);
      if (bytes.length > chunk.length) chunk = Buffer.allocUnsafe(bytes.length);
      used = 0;
    }
    chunk.set(bytes, used);
    if (from < to)
      for (let row = 0; row < places.length; row++) {
        const place = used + places[row]!;
        for (let at = from; at < to; at++) chunk[place + at] = opening[at]!;
      }
    used += bytes.length;
  }
  if (used > 0) yield chunk.subarray(0, used);
}

/** From the first byte that differs up to the last: host-0017 and host-0003 differ in two. */
function difference(a: Buffer, b: Buffer): readonly [from: number, to: number] {
  let from = 0;
  let to = a.length;
  while (from < to && a[from] === b[from]) from++;
  while (to > from && a[to - 1] === b[to - 1]) to--;
  return [from, to];
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
