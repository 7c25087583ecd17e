import { VarintReader, VarintWriter } from './varint.ts';

/**
 * A set of fleet-wide ids, packed: the gaps between the sorted ids as varints. 600 package ids take some 700 bytes where an int[] takes 2,424
 * and would leave its row for TOAST. Equal sets have equal bytes.
 */
export function packIds(ids: Iterable<number>): Uint8Array {
  // A typed array sorts numbers without a comparison function; ids are those of PostgreSQL's int.
  const sorted = Int32Array.from(ids).sort();
  const writer = new VarintWriter(sorted.length * 2);
  let before = 0;
  for (const id of sorted) {
    if (id === before) continue;
    writer.write(id - before);
    before = id;
  }
  return writer.bytes();
}

/** The ids in rising order. */
export function unpackIds(packed: Uint8Array): number[] {
  const reader = new VarintReader(packed);
  const ids: number[] = [];
  let id = 0;
  while (!reader.done) {
    id += reader.read();
    ids.push(id);
  }
  return ids;
}
