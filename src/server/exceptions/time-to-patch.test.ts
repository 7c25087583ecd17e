import { afterAll, beforeAll, expect, it } from 'vitest';
import { fixedClaim } from '../fleet/test-fleet.ts';
import { measureTimeToPatch } from '../fleet/time-to-patch.ts';
import { candidateRecord, hostFactsOf, packageRecord } from '../inventory/test-inventory.ts';
import { ExceptionBench } from './test-exceptions.ts';

const HOSTS = Array.from({ length: 24 }, (_, n) => `web${n}`);
const FIXED = '1.22.1-10';
let bench: ExceptionBench;
beforeAll(async () => {
  bench = await ExceptionBench.start();
  await bench.fleet.loadClaims('debian', [fixedClaim('CVE-2026-1', 'nginx', FIXED), fixedClaim('CVE-2026-2', 'nginx', FIXED)]);
  for (const name of HOSTS)
    await bench.fleet.report(
      await bench.fleet.addHost(name),
      hostFactsOf(name),
      [packageRecord('nginx', '1.22.1-9')],
      [candidateRecord('nginx', FIXED)],
    );
  await bench.fleet.database.db.query("update host set exposure = 'local', criticality = 'normal'");
});
afterAll(() => bench.close());

const measured = async () => await measureTimeToPatch(bench.fleet.context.db, bench.fleet.fleet.model, await bench.exceptions.port.marks());

it('gross counts an excused fix as open for as long as it is; net watches it until all of it was excused', async () => {
  bench.fleet.clock.advanceDays(2);
  await bench.granted({ vulnerabilityIds: ['CVE-2026-1'], query: 'name = web0 or name = web1', endsAt: bench.inDays(10) });
  bench.fleet.clock.advanceDays(1);
  // The whole of it on one host, on the other only one of the two that the fix closes.
  await bench.granted({ vulnerabilityIds: ['CVE-2026-2'], query: 'name = web0', endsAt: bench.inDays(10) });
  bench.fleet.clock.advanceDays(1);
  const ids = (await bench.fleet.ask('hostList', { query: { pageSize: 100 } })).items;
  for (const { id, name } of ids)
    if (!['web0', 'web1'].includes(name)) await bench.fleet.report(id, hostFactsOf(name), [packageRecord('nginx', FIXED)], []);
  const result = (await measured())!;
  expect(result).toMatchObject({ events: 22, open: 2, net: { censored: 1 } });
  expect(result.net!.medianDays).toBe(result.medianDays);
  const { timeToPatch } = await bench.fleet.ask('overview');
  expect(timeToPatch!.net).toEqual(result.net);
  for (const { id } of (await bench.list({ show: 'in-force' })).items) await bench.act(id, 'revoke', bench.grace);
  expect((await measured())!.net).toBeNull();
});
