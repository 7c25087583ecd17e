import { afterAll, beforeAll, expect, it } from 'vitest';
import { EXPIRED_CHAINS_MAX } from '../../core/kernel/limits.ts';
import { fixedClaim } from '../fleet/test-fleet.ts';
import { candidateRecord, hostFactsOf, packageRecord } from '../inventory/test-inventory.ts';
import { ExceptionBench } from './test-exceptions.ts';

let bench: ExceptionBench;
const BOTH = ['CVE-2026-1', 'CVE-2026-2'];

beforeAll(async () => {
  bench = await ExceptionBench.start();
  await bench.fleet.loadClaims(
    'debian',
    BOTH.map(id => fixedClaim(id, 'nginx', '1.22.1-10')),
  );
  for (const name of ['web1', 'web2']) {
    const id = await bench.fleet.addHost(name);
    await bench.fleet.report(id, hostFactsOf(name), [packageRecord('nginx', '1.22.1-9')], [candidateRecord('nginx', '1.22.1-10')]);
  }
  await bench.fleet.database.db.query("update host set exposure = 'local', criticality = 'normal'");
});
afterAll(() => bench.close());

async function expire(): Promise<void> {
  bench.fleet.clock.advanceDays(6);
  await bench.exceptions.sweepOnce();
}
const expiredOpen = async () => (await bench.figures()).expiredOpen;
const inFiveDays = () => ({ endsAt: bench.inDays(5) });

it('what another leave excuses is not counted, whichever chain that leave goes on with', async () => {
  for (const id of BOTH) await bench.granted({ vulnerabilityIds: [id], ...inFiveDays() });
  await expire();
  expect(await expiredOpen()).toBe(2);
  await bench.granted({ vulnerabilityIds: BOTH, ...inFiveDays() });
  expect(await expiredOpen()).toBe(0);
  await expire();
  expect(await expiredOpen(), 'it has run out too').toBe(2);
  const part = await bench.granted({ vulnerabilityIds: ['CVE-2026-2'], query: 'name = web1', ...inFiveDays() });
  expect(await expiredOpen(), 'a leave for one of the hosts is none for the other').toBe(1);
  await bench.act(part.id, 'revoke', bench.grace);
});

it('a hold stands in for holds of the same patch, not for leave to keep its findings', async () => {
  const before = await expiredOpen();
  const patchId = (await bench.fleet.ask('patchList')).items.find(one => one.sourceName === 'nginx')!.id;
  for (const name of ['web1', 'web2']) await bench.granted({ kind: 'operational', patchId, query: `name = ${name}`, ...inFiveDays() });
  expect(await expiredOpen()).toBe(before);
  await expire();
  expect(await expiredOpen()).toBe(before + 2);
  await bench.granted({ kind: 'operational', patchId, ...inFiveDays() });
  expect(await expiredOpen()).toBe(before);
  await expire();
});

it('no more chains are looked at than the limit', async () => {
  await bench.fleet.database.db.query(
    `insert into exception select copy.* from (select * from exception where state = 'expired' limit 1) one, generate_series(1, $1) n,
       jsonb_populate_record(null::exception, to_jsonb(one) || jsonb_build_object('id', 'exc_copy' || n, 'chain_id', 'exc_copy' || n, 'renews_id', null)) copy`,
    [EXPIRED_CHAINS_MAX + 5],
  );
  expect(await expiredOpen()).toBe(EXPIRED_CHAINS_MAX);
});
