import { describe, expect, it } from 'vitest';
import { FleetInventory } from '../findings/fleet-inventory.ts';
import { FleetUnits } from '../findings/fleet-units.ts';
import { packIds } from '../inventory/id-set.ts';
import { SinceByUnit, UnitsBefore } from './since-by-unit.ts';

const ENROLLED_SECONDS = 1_000;
const RELEASE = 'debian:12';

/** One source of three binaries; publishers speak of some by name, which makes them units of their own. */
function hostWith(ids: readonly number[], moments: readonly number[]) {
  const named = new Set<string>(['b', 'c']);
  const units = new FleetUnits((_, name) => named.has(name));
  for (const [at, name] of ['a', 'b', 'c'].entries())
    units.addVersion({ id: at + 1, name, arch: 'amd64', version: '1', sourceName: 's', sourceVersion: '1' });
  const inventory = new FleetInventory(units);
  inventory.setPackages(0, RELEASE, 'one', () => packIds(ids));
  inventory.index();
  const sinceByUnit = new SinceByUnit(units);
  const host = { release: RELEASE, slot: 0, enrolledMs: ENROLLED_SECONDS * 1_000 };
  const of = () => sinceByUnit.pairs.slice(0, sinceByUnit.of(RELEASE, Uint32Array.from(moments), Uint32Array.from(ids), host.enrolledMs));
  const since = of();
  const before = new UnitsBefore(units.units);
  named.clear();
  units.forgetUnits();
  inventory.renewUnits();
  return { renewed: sinceByUnit.renewed(host, since, before, inventory), fresh: of() };
}

describe('SinceByUnit', () => {
  it('of units that were made anew says what a fresh start would', () => {
    // One that came with the host and one that came later; two later ones; an earlier one; one that the host does not have.
    for (const [ids, moments] of [
      [
        [1, 2],
        [2, 5_000],
      ],
      [
        [2, 3],
        [2, 5_000, 3, 4_000],
      ],
      [
        [1, 2],
        [2, 500],
      ],
      [[2], [2, 5_000]],
    ] as const) {
      const { renewed, fresh } = hostWith(ids, moments);
      expect([...renewed]).toEqual([...fresh]);
    }
    expect([...hostWith([1, 2], [2, 5_000]).renewed]).toEqual([]);
    expect([...hostWith([2, 3], [2, 5_000, 3, 4_000]).renewed]).toEqual([0, 4_000]);
  });
});
