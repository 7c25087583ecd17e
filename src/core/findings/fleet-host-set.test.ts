import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HostSet, wordsFor } from './fleet-host-set.ts';

type Step = { readonly kind: 'add' | 'delete' | 'word'; readonly slot: number };

describe('HostSet', () => {
  it('behaves as a Set of numbers, as a list, as a bitmap and across the change of shape', () => {
    const step = fc.record({ kind: fc.constantFrom<Step['kind']>('add', 'add', 'word', 'delete'), slot: fc.integer({ min: 0, max: 400 }) });
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 600 }),
        fc.uniqueArray(fc.integer({ min: 0, max: 400 }), { maxLength: 200 }),
        (steps, first) => {
          const model = new Set(first);
          const set = HostSet.from(Uint32Array.from(first.toSorted((a, b) => a - b)), 100);
          for (const { kind, slot } of steps) {
            if (kind === 'add') {
              model.add(slot);
              set.add(slot, 401);
            } else if (kind === 'word') {
              // Two slots of one word.
              for (const one of [slot, slot ^ 5]) model.add(one);
              set.addWord(slot >>> 5, (1 << (slot & 31)) | (1 << ((slot ^ 5) & 31)), 401);
            } else {
              model.delete(slot);
              set.delete(slot);
            }
          }
          expect(set.size).toBe(model.size);
          expect([...set.toArray()]).toEqual([...model].sort((a, b) => a - b));
          let from = 0;
          for (const first of [0, 64, 128, 320]) {
            const words = new Uint32Array(5);
            from = set.blockInto(words, first, from, 2, 2);
            words.copyWithin(0, 2, 4);
            const inBlock = Array.from({ length: 64 }, (_, at) => first + at).filter(slot => model.has(slot));
            expect(inBlock).toEqual(
              Array.from({ length: 64 }, (_, at) => at).flatMap(at => ((words[at >>> 5]! >>> (at & 31)) & 1 ? first + at : [])),
            );
            const after = [...model].filter(slot => slot >= first + 64);
            expect(set.nextOf(from)).toBeLessThanOrEqual(Math.min(...after));
          }
          for (let slot = 0; slot <= 410; slot += 7) expect(set.has(slot)).toBe(model.has(slot));
        },
      ),
    );
  });

  it('joins lists and bitmaps into one bitmap', () => {
    const few = HostSet.from(Uint32Array.of(3, 64, 999), 1000);
    const many = HostSet.from(
      Uint32Array.from({ length: 300 }, (_, at) => at * 2),
      1000,
    );
    const bits = new Uint32Array(wordsFor(1000));
    few.unionInto(bits);
    many.unionInto(bits);
    const joined = Array.from({ length: 1000 }, (_, slot) => slot).filter(slot => (bits[slot >>> 5]! >>> (slot & 31)) & 1);
    expect(joined).toEqual([...new Set([3, 64, 999, ...many.toArray()])].sort((a, b) => a - b));
    expect([...HostSet.fromBits(bits, 1000).toArray()]).toEqual(joined);
    const sparse = new Uint32Array(wordsFor(1000));
    few.unionInto(sparse);
    expect([...HostSet.fromBits(sparse, 1000).toArray()]).toEqual([3, 64, 999]);
    expect(HostSet.fromBits(sparse, 1000).size).toBe(3);
  });
});
