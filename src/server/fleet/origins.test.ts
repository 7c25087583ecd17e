import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CandidateRecord, HostFacts, StaleProcess } from '../../core/inventory/snapshot.ts';
import { candidateRecord, hostFactsOf, packageRecord } from '../inventory/test-inventory.ts';
import { FleetBench, fixedClaim, hostIdOf } from './test-fleet.ts';

const noKernel: Partial<HostFacts> = { kernel: { runningRelease: '6.18.0-other', installed: [] } };
const VERSION = '1.20.0-1~bookworm';
const nginx = (origin?: string) => [packageRecord('nginx', VERSION, origin === undefined ? {} : { origin })];
const stale: StaleProcess[] = [
  { pid: 100, command: 'nginx', unit: 'nginx.service', files: [{ path: '/usr/sbin/nginx', packageName: 'nginx' }] },
];

describe('a package of a third party', () => {
  let bench: FleetBench;
  const report = (name: string, packages: ReturnType<typeof nginx>, more: Partial<HostFacts> = {}) =>
    bench.report(hostIdOf(name), hostFactsOf(name, { ...noKernel, ...more }), packages, []);
  /** Debian's nginx with a flaw, and what apt would install. */
  const offered = (name: string, version: string, more: Partial<CandidateRecord>) =>
    bench.report(
      hostIdOf(name),
      hostFactsOf(name, noKernel),
      [packageRecord('nginx', '1.22.1-9')],
      [candidateRecord('nginx', version, more)],
    );
  const findings = async (name: string) => (await bench.ask('findingList', { query: { host: name } })).items;
  const origin = async (name: string) =>
    (await bench.ask('hostPackages', { params: { id: hostIdOf(name) }, query: {} })).items.find(row => row.name === 'nginx')!.origin;

  beforeAll(async () => {
    bench = await FleetBench.start();
    for (const name of ['theirs', 'ours', 'lost', 'learned', 'masked', 'served']) await bench.addHost(name);
    await bench.loadClaims('debian-tracker', [fixedClaim('CVE-2026-0201', 'nginx', '1.22.1-9+deb12u1')]);
    await report('theirs', nginx('nginx'));
    await report('ours', nginx());
    await report('lost', nginx('?'));
    await report('learned', nginx());
  });
  afterAll(() => bench.close());

  it("is not what the distribution's statements are about", async () => {
    expect(await findings('theirs')).toEqual([]);
    expect(await origin('theirs')).toEqual({ kind: 'third-party', name: 'nginx' });
    expect((await findings('ours')).map(row => row.vulnerabilityId)).toEqual(['CVE-2026-0201']);
    expect(await origin('ours')).toEqual({ kind: 'distribution', name: null });
  });

  it('of unknown origin is compared, and the evidence says so', async () => {
    const [finding] = await findings('lost');
    expect(finding!.evidence[0]!.comparison).toBe(
      `${VERSION} < 1.22.1-9+deb12u1 (dpkg order); no enabled archive has this version any more, so its origin is unknown: compared as the distribution's`,
    );
    expect((await findings('ours'))[0]!.evidence[0]!.comparison).toBe(`${VERSION} < 1.22.1-9+deb12u1 (dpkg order)`);
    expect(await origin('lost')).toEqual({ kind: 'unknown', name: null });
  });

  it("that is offered in the place of the distribution's is not its fix", async () => {
    await offered('masked', '1.28.0-1~bookworm', { origin: 'nginx', origins: ['nginx:bookworm'], security: false });
    await offered('served', '1.22.1-9+deb12u2', {});
    const told = async (name: string) => (await findings(name)).map(({ state, fixedVersion }) => [state, fixedVersion]);
    expect(await told('masked')).toEqual([['not-offered', '1.22.1-9+deb12u1']]);
    expect(await told('served')).toEqual([['fixable', '1.22.1-9+deb12u1']]);
    const patches = (await bench.ask('patchList', { query: {} })).items;
    const page = await bench.ask('hostPackages', { params: { id: hostIdOf('masked') }, query: {} });
    expect(page.items.find(row => row.name === 'nginx')!.candidate).toMatchObject({
      version: '1.28.0-1~bookworm',
      origins: ['nginx:bookworm'],
    });
    expect(patches.map(one => [one.targetVersion, one.closes, one.topVulnerabilities])).toEqual([
      ['1.22.1-9+deb12u2', 1, ['CVE-2026-0201']],
      ['1.28.0-1~bookworm', 0, []],
    ]);
    const closes = (name: string, toVersion: string) =>
      bench.fleet.port.closedBy(hostIdOf(name), [{ name: 'nginx', arch: 'amd64', fromVersion: '1.22.1-9', toVersion }]);
    expect([closes('masked', '1.28.0-1~bookworm'), closes('served', '1.22.1-9+deb12u2')]).toEqual([[], ['CVE-2026-0201']]);
  });

  it('stays theirs when the archive has moved on, and when the host could not be asked', async () => {
    await report('theirs', [...nginx('?'), packageRecord('zlib1g', '1')]);
    expect(await origin('theirs')).toEqual({ kind: 'third-party', name: 'nginx' });
    await report('theirs', nginx('-'));
    expect(await findings('theirs')).toEqual([]);
  });

  it('that is learned to be theirs is no change of the host, and leaves nothing behind in memory', async () => {
    await report('learned', nginx('nginx'), { staleProcesses: stale });
    expect(await findings('learned')).toEqual([]);
    expect((await bench.ask('hostHistory', { params: { id: hostIdOf('learned') }, query: {} })).items).toEqual([]);
    const [row] = await bench.database.db.query<{ n: number }>('select count(*)::int as n from residual_version');
    expect(row!.n).toBe(0);
  });

  it('that is replaced while it runs is theirs in memory too', async () => {
    await report('learned', [packageRecord('nginx', '1.28.0-1~bookworm', { origin: 'nginx' })], { staleProcesses: stale, bootId: 'b' });
    expect(await bench.database.db.query('select source_version, origin from residual_version')).toEqual([
      { source_version: VERSION, origin: 'nginx' },
    ]);
    expect(await findings('learned')).toEqual([]);
    await bench.restart();
    expect(await findings('learned')).toEqual([]);
    expect(await findings('theirs')).toEqual([]);
    expect(await findings('ours')).toHaveLength(1);
  });
});
