import { VarintReader, VarintWriter } from './varint.ts';

/**
 * When each installed version came onto the host: package_version id -> epoch seconds. Only what is known is in the map;
 * the rest has been there since before the host was enrolled.
 */
export type Since = ReadonlyMap<number, number>;

export function packSince(since: Since): Uint8Array {
  const writer = new VarintWriter(since.size * 6);
  let before = 0;
  for (const [id, seconds] of [...since].sort(([a], [b]) => a - b)) {
    writer.write(id - before);
    writer.write(seconds);
    before = id;
  }
  return writer.bytes();
}

export function unpackSince(packed: Uint8Array): Map<number, number> {
  const reader = new VarintReader(packed);
  const since = new Map<number, number>();
  let id = 0;
  while (!reader.done) {
    id += reader.read();
    since.set(id, reader.read());
  }
  return since;
}
