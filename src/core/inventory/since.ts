import { VarintReader, VarintWriter } from './varint.ts';

/**
 * When each installed version came onto the host: package_version id -> epoch seconds. Only what is known is in the map;
 * the rest has been there since before the host was enrolled.
 */
export type Since = ReadonlyMap<number, number>;

export function packSince(since: Since): Uint8Array {
  const writer = new VarintWriter(since.size * 4);
  let idBefore = 0;
  let secondsBefore = 0;
  for (const [id, seconds] of [...since].sort(([a], [b]) => a - b)) {
    writer.write(id - idBefore);
    writer.write(zigzag(seconds - secondsBefore));
    idBefore = id;
    secondsBefore = seconds;
  }
  return writer.bytes();
}

/** Ids and epoch seconds in turn, the ids rising: what a model of many hosts keeps. */
export function unpackSincePairs(packed: Uint8Array): number[] {
  const reader = new VarintReader(packed);
  const pairs: number[] = [];
  let id = 0;
  let seconds = 0;
  while (!reader.done) {
    id += reader.read();
    seconds += unzigzag(reader.read());
    pairs.push(id, seconds);
  }
  return pairs;
}

export function unpackSince(packed: Uint8Array): Map<number, number> {
  const pairs = unpackSincePairs(packed);
  const since = new Map<number, number>();
  for (let at = 0; at < pairs.length; at += 2) since.set(pairs[at]!, pairs[at + 1]!);
  return since;
}

/** Packages of one run have neighbouring ids and times seconds apart, so differences are short; 0, -1, 1, -2 become 0, 1, 2, 3. */
function zigzag(difference: number): number {
  return difference < 0 ? -2 * difference - 1 : 2 * difference;
}

function unzigzag(code: number): number {
  return code % 2 === 0 ? code / 2 : -(code + 1) / 2;
}
