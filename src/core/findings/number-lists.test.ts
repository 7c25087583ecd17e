import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NumberLists } from './number-lists.ts';

function expectSame(lists: NumberLists, model: readonly (readonly number[])[], slots: number): void {
  for (let slot = 0; slot <= slots; slot++) {
    const start = lists.start(slot);
    const inPlace = Array.from(lists.numbers(slot).subarray(start, start + lists.length(slot)));
    if (String(inPlace) !== String(model[slot] ?? []) || String(lists.of(slot)) !== String(inPlace))
      expect(inPlace, `slot ${slot}`).toEqual(model[slot] ?? []);
  }
}

describe('NumberLists', () => {
  it('behaves as an array of arrays', () => {
    const change = fc.record({
      slot: fc.integer({ min: 0, max: 150 }),
      list: fc.array(fc.integer({ min: 0, max: 2 ** 32 - 1 }), { maxLength: 60 }),
    });
    fc.assert(
      fc.property(fc.array(change, { maxLength: 200 }), changes => {
        const lists = new NumberLists();
        const model: number[][] = [];
        for (const { slot, list } of changes) {
          lists.set(slot, Uint32Array.from([9, ...list, 7]), list.length, 1);
          model[slot] = list;
        }
        expectSame(lists, model, 151);
      }),
    );
  });

  it('keeps every list while arrays fill, are emptied and used again', () => {
    const lists = new NumberLists();
    const model: number[][] = [];
    let seed = 1;
    const random = (below: number) => {
      seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
      return Math.floor((seed / 2 ** 32) * below);
    };
    // 3,000 lists that grow from some 100 to some 1,000 numbers fill a dozen arrays and leave all but the last behind.
    for (let round = 1; round <= 4; round++) {
      for (let turn = 0; turn < 3_000; turn++) {
        const slot = random(3_000);
        const list = Array.from({ length: random(250 * round) }, () => random(2 ** 32));
        lists.set(slot, Uint32Array.from(list), list.length);
        model[slot] = list;
      }
      expectSame(lists, model, 3_000);
    }
  });
});
