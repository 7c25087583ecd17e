/** As `unpackIds` of core/inventory/id-set.ts, into 32-bit numbers: package_version ids are PostgreSQL integers. 2 µs for 750 ids. */
export function unpackIdArray(packed: Uint8Array): Uint32Array {
  let size = 0;
  for (let at = 0; at < packed.length; at++) size += Number(packed[at]! < 128);
  const ids = new Uint32Array(size);
  unpackInto(packed, ids);
  return ids;
}

/** `ids` has room for all of them; the answer is how many there are. */
export function unpackInto(packed: Uint8Array, ids: Uint32Array): number {
  let id = 0;
  let at = 0;
  for (let read = 0; read < packed.length; ) {
    let byte = packed[read++]!;
    let gap = byte & 127;
    for (let shift = 7; byte > 127; shift += 7) {
      byte = packed[read++]!;
      gap |= (byte & 127) << shift;
    }
    id += gap;
    ids[at++] = id;
  }
  return at;
}

/** Which of a few rising ids are in a packed set, without unpacking it. */
export function idsAmong(packed: Uint8Array, wanted: Uint32Array): number[] {
  const found: number[] = [];
  let id = 0;
  let want = 0;
  for (let read = 0; read < packed.length && want < wanted.length; ) {
    let byte = packed[read++]!;
    let gap = byte & 127;
    for (let shift = 7; byte > 127; shift += 7) {
      byte = packed[read++]!;
      gap |= (byte & 127) << shift;
    }
    id += gap;
    while (want < wanted.length && wanted[want]! < id) want++;
    if (wanted[want] === id) found.push(id);
  }
  return found;
}
