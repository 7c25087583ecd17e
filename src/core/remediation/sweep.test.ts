import { describe, expect, it } from 'vitest';
import { FleetInventory } from '../findings/fleet-inventory.ts';
import { FleetUnits } from '../findings/fleet-units.ts';
import { packIds } from '../inventory/id-set.ts';
import { Sweep } from './sweep.ts';

const RELEASES = ['debian:11', 'debian:12'];

/** 400 versions: two binaries each of 200 sources. */
function fleetOf(hosts: number, idsOf: (slot: number) => readonly number[]) {
  const units = new FleetUnits();
  for (let id = 1; id <= 400; id++)
    units.addVersion({
      id,
      name: `b${id}`,
      arch: 'amd64',
      version: '1',
      sourceName: `s${Math.floor((id - 1) / 2)}`,
      sourceVersion: '1',
    });
  const inventory = new FleetInventory(units);
  for (let slot = 0; slot < hosts; slot++)
    inventory.setPackages(slot, RELEASES[slot % 7 === 0 ? 0 : 1]!, `${slot}`, () => packIds(idsOf(slot)));
  inventory.index();
  return { units, inventory };
}

describe('Sweep', () => {
  it('lists the units that matter of every host, in whatever order blocks are asked for', () => {
    // Few on most hosts, all on some: more than a block has room for at first.
    const idsOf = (slot: number) =>
      Array.from({ length: 400 }, (_, at) => at + 1).filter(id => slot % 300 === 5 || (id * 31 + slot * 17) % 23 === 0);
    const { units, inventory } = fleetOf(1_300, idsOf);
    const chosen = units.units.filter(unit => unit.index % 3 !== 1);
    const sweep = new Sweep(inventory, chosen);
    for (const slot of [0, 1, 511, 512, 1_299, 3, 700, 305, 605]) {
      sweep.moveTo(slot);
      const release = inventory.setOf(slot)!.release;
      const expected = chosen.filter(unit => unit.source.release === release && unit.versionIds.some(id => idsOf(slot).includes(id)));
      expect(sweep.holds(slot)).toBe(true);
      expect(Array.from(sweep.lists.subarray(sweep.start(slot), sweep.end(slot)))).toEqual(expected.map(unit => unit.index));
    }
    expect(sweep.holds(0)).toBe(false);
  });
});
