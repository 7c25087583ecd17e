import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { packIds, unpackIds } from '../inventory/id-set.ts';
import { difference, FleetInventory } from './fleet-inventory.ts';
import { FleetUnits } from './fleet-units.ts';
import { idsAmong, unpackIdArray } from './packed-ids.ts';

const idSet = fc.uniqueArray(fc.integer({ min: 1, max: 60 }), { maxLength: 40 }).map(ids => ids.sort((a, b) => a - b));
const digestOf = (ids: readonly number[]) => ids.join(',');

function put(fleet: FleetInventory, slot: number, ids: readonly number[]) {
  return fleet.setPackages(slot, 'debian:12', digestOf(ids), () => packIds(ids));
}

/** Versions 1 to 60: six binaries each of ten sources. */
function emptyFleet(): FleetInventory {
  const units = new FleetUnits();
  for (let id = 1; id <= 60; id++)
    units.addVersion({ id, name: `b${id}`, arch: 'amd64', version: '1', sourceName: `s${id % 10}`, sourceVersion: '1' });
  return new FleetInventory(units);
}

describe('FleetInventory', () => {
  it('knows both directions after loading, changing and removing hosts', () => {
    const change = fc.record({ slot: fc.integer({ min: 0, max: 90 }), ids: fc.option(idSet, { nil: null }) });
    fc.assert(
      fc.property(fc.array(idSet, { maxLength: 80 }), fc.array(change, { maxLength: 60 }), (loaded, changes) => {
        const fleet = emptyFleet();
        const model = new Map<number, readonly number[]>();
        for (const [slot, ids] of loaded.entries()) {
          put(fleet, slot, ids);
          model.set(slot, ids);
        }
        fleet.index();
        for (const { slot, ids } of changes) {
          const before = model.get(slot) ?? [];
          const delta = ids === null ? fleet.remove(slot) : put(fleet, slot, ids);
          expect([...delta.added]).toEqual((ids ?? []).filter(id => !before.includes(id)));
          expect([...delta.removed]).toEqual(before.filter(id => !(ids ?? []).includes(id)));
          if (ids === null) model.delete(slot);
          else model.set(slot, ids);
        }
        for (let id = 1; id <= 60; id++) {
          const expected = [...model].filter(([, ids]) => ids.includes(id)).map(([slot]) => slot);
          expect([...(fleet.hostsOf(id)?.toArray() ?? [])]).toEqual(expected.sort((a, b) => a - b));
        }
        const any = [3, 17, 18];
        const expected = [...model].filter(([, ids]) => any.some(id => ids.includes(id))).map(([slot]) => slot);
        expect([...fleet.hostsOfAny(any)]).toEqual(expected.sort((a, b) => a - b));
      }),
      { numRuns: 60 },
    );
  });

  it('keeps one list for all hosts with the same digest and reads it once', () => {
    const fleet = emptyFleet();
    let reads = 0;
    const read = () => {
      reads += 1;
      return packIds([1, 2, 3]);
    };
    for (let slot = 0; slot < 50; slot++) fleet.setPackages(slot, 'debian:12', 'same', read);
    fleet.index();
    expect(reads).toBe(1);
    expect(fleet.setOf(7)).toBe(fleet.setOf(49));
    fleet.remove(7);
    expect(fleet.hostsOf(2)?.size).toBe(49);
  });
});

describe('unpackIdArray', () => {
  it('reads what the inventory packs', () => {
    const ids = fc.uniqueArray(fc.oneof(fc.integer({ min: 1, max: 500 }), fc.integer({ min: 1, max: 2_147_483_647 })), { maxLength: 60 });
    fc.assert(
      fc.property(ids, list => {
        expect(Array.from(unpackIdArray(packIds(list)))).toEqual(unpackIds(packIds(list)));
      }),
    );
  });
});

describe('idsAmong', () => {
  it('finds the wanted ids that are in the set', () => {
    fc.assert(
      fc.property(idSet, idSet, (ids, wanted) => {
        expect(idsAmong(packIds(ids), Uint32Array.from(wanted))).toEqual(wanted.filter(id => ids.includes(id)));
      }),
    );
  });
});

describe('difference', () => {
  it('is what set subtraction gives', () => {
    fc.assert(
      fc.property(idSet, idSet, (before, after) => {
        expect(difference(Uint32Array.from(before), Uint32Array.from(after))).toEqual({
          added: after.filter(id => !before.includes(id)),
          removed: before.filter(id => !after.includes(id)),
        });
      }),
    );
  });
});
