import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hostFactsOf, packageRecord } from '../inventory/test-inventory.ts';
import { FleetModel } from './model.ts';
import { FleetBench } from './test-fleet.ts';

let bench: FleetBench;
beforeAll(async () => {
  bench = await FleetBench.start();
}, 120_000);
afterAll(() => bench?.close());

describe('The start of the fleet model', () => {
  it('ends where it is asked to, with every connection given back', async () => {
    for (const name of ['one', 'two', 'three'])
      await bench.report(await bench.addHost(name), hostFactsOf(name), [packageRecord('nginx', '1.0-1')], null);
    // While hosts are read, before and after both directions are indexed.
    for (const turns of [0, 1, 2]) {
      let left = turns;
      const goOn = () => {
        if (left-- === 0) throw new Error('asked to stop');
      };
      await expect(new FleetModel(bench.context).load(goOn)).rejects.toThrow('asked to stop');
    }
    const { pool } = bench.database.db;
    expect(pool.idleCount).toBe(pool.totalCount);
    const whole = new FleetModel(bench.context);
    await whole.load(() => {});
    expect(whole.fleet.size).toBe(3);
  });
});
