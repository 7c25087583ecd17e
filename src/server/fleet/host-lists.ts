import { unpackIdArray } from '../../core/findings/packed-ids.ts';
import type { HostLists } from '../../core/remediation/fleet-host.ts';
import type { HostRow } from './host-rows.ts';

/** What the database sent is a view on a buffer of many hosts, so what is kept is copied. */
export function listsOf({ inventory }: HostRow, copy: (bytes: Uint8Array) => Uint8Array): HostLists {
  let packages: Uint8Array | null = null;
  let candidateIds: Uint32Array | null = null;
  return {
    packages: () => (packages ??= inventory === null ? NO_BYTES : copy(inventory.packages)),
    candidateIds: () => (candidateIds ??= inventory?.candidates ? unpackIdArray(inventory.candidates) : NO_PAIRS),
    since: inventory === null ? NO_PAIRS : unpackSincePairs(inventory.since),
  };
}

export function copyOf(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes);
}

/** 15 bytes of a digest as text: 100,000 hosts have two each. */
export function digestKey(digest: Buffer): string {
  return digest.toString('base64', 0, 15);
}

/** Pairs of package_version id and epoch seconds, as core/inventory/since.ts packs them; 100,000 hosts have some 200 each. */
export function unpackSincePairs(packed: Uint8Array): Uint32Array {
  let size = 0;
  for (let at = 0; at < packed.length; at++) size += Number(packed[at]! < 128);
  const pairs = new Uint32Array(size);
  let at = 0;
  let before = 0;
  let beforeThat = 0;
  for (let read = 0; read < packed.length; at++) {
    let byte = packed[read++]!;
    let code = byte & 127;
    // Not a shift: the first moment of a host has more than 31 bits.
    for (let scale = 128; byte > 127; scale *= 128) {
      byte = packed[read++]!;
      code += (byte & 127) * scale;
    }
    // Ids and moments in turn, each as the difference to the one before: of ids the gap, of moments zigzag.
    const difference = at % 2 === 0 ? code : code % 2 === 0 ? code / 2 : -(code + 1) / 2;
    const value = beforeThat + difference;
    pairs[at] = value;
    beforeThat = before;
    before = value;
  }
  return pairs;
}

const NO_PAIRS = new Uint32Array(0);
const NO_BYTES = new Uint8Array(0);
