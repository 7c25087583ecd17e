import { VarintReader, VarintWriter } from './varint.ts';

/**
 * A set of fleet-wide ids, packed: the gaps between the sorted ids as varints. 600 package ids take some 700 bytes where an int[] takes 2,424
 * and would leave its row for TOAST. Equal sets have equal bytes.
 */
export function packIds(ids: Iterable<number>): Uint8Array {
  const sorted = [...new Set(ids)].sort((a, b) => a - b);
  const writer = new VarintWriter(sorted.length * 2);
  let before = 0;
  for (const id of sorted) {
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
