import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NumberLists } from './number-lists.ts';

describe('NumberLists', () => {
  it('behaves as an array of arrays, through moves and closed holes', () => {
    const change = fc.record({
      slot: fc.integer({ min: 0, max: 150 }),
      list: fc.array(fc.integer({ min: 0, max: 2 ** 32 - 1 }), { maxLength: 60 }),
    });
    fc.assert(
      fc.property(fc.array(change, { maxLength: 200 }), changes => {
        const lists = new NumberLists();
        const model: number[][] = [];
        for (const { slot, list } of changes) {
          lists.set(slot, Uint32Array.from([...list, 7]), list.length);
          model[slot] = list;
        }
        for (let slot = 0; slot <= 151; slot++) {
          expect(Array.from(lists.of(slot))).toEqual(model[slot] ?? []);
          expect(Array.from(lists.numbers.subarray(lists.start(slot), lists.start(slot) + lists.length(slot)))).toEqual(model[slot] ?? []);
        }
      }),
    );
  });
});
