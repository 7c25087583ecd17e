import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packageVersions } from './interning.ts';
import { hostFactsOf, type InventoryBench, packageRecord, personOf, reportBody, startInventory } from './test-inventory.ts';

const now = '2026-11-22T12:00:00.000Z';
let bench: InventoryBench;
beforeAll(async () => {
  bench = await startInventory({ clock: { now: () => now } });
});
afterAll(() => bench.close());

async function enrol(name: string) {
  const { token } = await personOf(bench).enrolmentCreate({ body: { labels: { env: 'test' } } });
  const agent = bench.agent('', '');
  const { hostId, secret } = await agent.agentEnrol({
    body: { token, hostname: name, machineId: `machine-of-${name}`, publicKey: 'key', agentVersion: '1' },
  });
  return { client: bench.agent(hostId, secret) };
}

describe('interning', () => {
  it('gives one id to one version, also when two processes meet it at once', async () => {
    const { db } = bench.database;
    const values = Array.from({ length: 300 }, (_, index) => ({
      name: `met-${index}`,
      arch: 'amd64',
      version: '1',
      sourceName: 'met',
      sourceVersion: '1',
    }));
    const processes = Array.from({ length: 6 }, () => packageVersions(db, 'deb'));
    const ids = await Promise.all(processes.map((process, index) => process.idsOf(index % 2 === 0 ? values : values.toReversed())));
    for (const [index, list] of ids.entries()) expect(index % 2 === 0 ? list : list.toReversed()).toEqual(ids[0]);
    expect(
      await db.query("select count(*)::int as n, count(distinct id)::int as ids from package_version where source_name = 'met'"),
    ).toEqual([{ n: 300, ids: 300 }]);
    const restarted = packageVersions(db, 'deb');
    await restarted.load();
    expect(restarted.of(ids[0]![7]!)).toEqual(values[7]);
  });
});

it('a host that brings more news than a fleet has is stopped before it fills the disk', async () => {
  const { client } = await enrol('flooding');
  const flood = (round: number) => Array.from({ length: 12_000 }, (_, index) => packageRecord(`flood-${round}-${index}`, '1'));
  const body = (round: number) => reportBody(hostFactsOf('flooding'), flood(round), [], now);
  expect(await client.agentReport({ body: body(1) })).toMatchObject({ accepted: true });
  expect(await client.agentReport({ body: body(2) })).toMatchObject({ accepted: true });
  await expect(client.agentReport({ body: body(3) })).rejects.toThrow('no host had before');
  expect(await bench.database.db.query("select 1 from package_version where name like 'flood-3-%'")).toEqual([]);
  expect(await client.agentReport({ body: body(2) })).toMatchObject({ accepted: true });
});
