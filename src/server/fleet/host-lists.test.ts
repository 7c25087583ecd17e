import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { packSince, unpackSince } from '../../core/inventory/since.ts';
import { ByteShelf } from './byte-shelf.ts';
import { unpackSincePairs } from './host-lists.ts';

describe('unpackSincePairs', () => {
  it('reads what the inventory packs', () => {
    const moments = fc.uniqueArray(fc.tuple(fc.integer({ min: 1, max: 2_147_483_647 }), fc.integer({ min: 0, max: 4_294_967_295 })), {
      selector: ([id]) => id,
      maxLength: 80,
    });
    fc.assert(
      fc.property(moments, pairs => {
        const packed = packSince(new Map(pairs));
        expect(Array.from(unpackSincePairs(packed))).toEqual([...unpackSince(packed)].flat());
      }),
    );
  });
});

describe('ByteShelf', () => {
  it('keeps every piece as it was, short or longer than a board', () => {
    const shelf = new ByteShelf();
    const pieces = Array.from({ length: 2_000 }, (_, at) => new Uint8Array(at === 1_000 ? 300_000 : (at * 37) % 900).fill(at));
    const copies = pieces.map(piece => shelf.copy(piece));
    expect(copies.every((copy, at) => Buffer.compare(copy, pieces[at]!) === 0)).toBe(true);
    // A copy, not the piece itself.
    pieces[5]!.fill(77);
    expect(copies[5]!.every(byte => byte === 5)).toBe(true);
  });
});
