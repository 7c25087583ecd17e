import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hostFactsOf } from '../inventory/test-inventory.ts';
import { FleetBench, fixedClaim } from './test-fleet.ts';
import { FIXED, nginx, noKernel, OLD, openssl, opensslOffer, webServers } from './test-web-servers.ts';

describe('what people and rollouts ask of the fleet', () => {
  let bench: FleetBench;
  let hosts: string[];
  beforeAll(async () => {
    bench = await FleetBench.start();
    hosts = await webServers(bench);
  });
  afterAll(() => bench.close());

  it('resolves selectors', async () => {
    const { resolve } = bench.fleet.port;
    expect((await resolve({ query: 'env = prod and os = debian-12' })).hostIds.sort()).toEqual(hosts.slice(0, 3).sort());
    expect((await resolve({ query: 'package openssl < 3.0.22 and held > 0' })).hostIds).toEqual([hosts[1]]);
    expect((await resolve({ query: 'env = prod', hostIds: [hosts[3]!, hosts[0]!] })).hostIds).toEqual([hosts[0]]);
    expect((await resolve({ hostIds: [hosts[3]!, 'host_gone'] })).hostIds).toEqual([hosts[3]]);
    expect(await resolve({ query: 'env =' })).toMatchObject({ hostIds: [], problem: expect.stringContaining('character') });
  });

  it('lists hosts by page, filter, search and sort', async () => {
    const names = async (query: object) => (await bench.ask('hostList', { query })).items.map(host => host.name);
    expect(await names({ sort: '-name', pageSize: 2, page: 2 })).toEqual(['web2', 'web1']);
    expect(await names({ query: 'env = test' })).toEqual(['web4']);
    expect(await names({ search: 'WEB prod' })).toEqual(['web1', 'web2', 'web3']);
    expect(await names({ sort: '-heldPackages', pageSize: 1 })).toEqual(['web2']);
    expect(await names({ state: 'stale' })).toEqual([]);
    await expect(bench.ask('hostList', { query: { sort: 'colour' } })).rejects.toMatchObject({ status: 400 });
    await expect(bench.ask('hostList', { query: { query: 'env =' } })).rejects.toMatchObject({ status: 400 });
  });

  it('shows a host with the age of its facts, its packages and their history', async () => {
    const detail = await bench.ask('hostGet', { params: { id: hosts[0]! } });
    expect(detail).toMatchObject({ host: { name: 'web1', knownExploited: 1 }, pathIsSigned: true, endOfLife: null });
    expect(detail.factAges.find(fact => fact.name === 'services')).toMatchObject({ unread: null, observedAt: expect.any(String) });
    const packages = async (only: string) =>
      (await bench.ask('hostPackages', { params: { id: hosts[0]! }, query: { only } })).items.map(row => [
        row.name,
        row.findings,
        row.candidate?.version ?? null,
      ]);
    expect(await packages('all')).toEqual([
      ['libssl3', 2, FIXED],
      ['nginx', 2, null],
      ['openssl', 2, FIXED],
    ]);
    expect(await packages('pending')).toHaveLength(2);
    expect((await bench.ask('hostPackages', { params: { id: hosts[1]! }, query: { only: 'held' } })).total).toBe(2);
    await expect(bench.ask('hostGet', { params: { id: 'host_none' } })).rejects.toMatchObject({ status: 404 });
  });

  it('exports what the lists show, safe for spreadsheets', async () => {
    const id = await bench.addHost('=cmd|calc', { enrolledDaysAgo: 1 });
    await bench.report(id, hostFactsOf('=cmd|calc', noKernel), nginx('1.22.1-9'), []);
    const lines = await bench.csv('hostExport');
    expect(lines).toHaveLength(1 + (await bench.ask('hostList')).total);
    expect(lines.find(line => line.includes('cmd|calc'))).toContain("'=cmd|calc");
    const filters = [{}, { host: 'web1' }, { state: 'held' }, { due: 'later' }, { search: 'CVE-2026' }] as const;
    const counts = await Promise.all(filters.map(async query => (await bench.ask('findingList', { query })).total));
    expect(new Set(counts).size, 'each filter leaves something else').toBeGreaterThan(2);
    for (const [at, query] of filters.entries()) expect(await bench.csv('findingExport', query)).toHaveLength(1 + counts[at]!);
    for (const query of [{}, { search: 'nginx' }, { platform: 'debian-11' }])
      expect(await bench.csv('patchExport', query)).toHaveLength(1 + (await bench.ask('patchList', { query })).total);
    await bench.database.db.query('update host set removed_at = now() where id = $1', [id]);
    await bench.fleet.model.takeHosts([id]);
    expect((await bench.ask('hostList', { query: { search: 'calc' } })).total).toBe(0);
  });

  it('calls a release that nobody speaks of unknown, never free of vulnerabilities', async () => {
    bench.feeds = [
      {
        id: 'debian-tracker',
        title: 'Debian',
        kind: 'debian-tracker',
        url: null,
        enabled: true,
        licence: '',
        homepage: null,
        state: 'stale',
        message: 'The data is 40 days old.',
        records: 2,
        quarantined: 0,
        quarantineSample: [],
        dataDate: null,
        loadedAt: bench.clock.now(),
        checkedAt: null,
        integrity: null,
        freshAt: null,
        staleAfterHours: 72,
        nextSyncAt: null,
      },
    ];
    const id = await bench.addHost('exotic');
    await bench.report(
      id,
      hostFactsOf('exotic', { ...noKernel, os: { id: 'debian', versionId: '11', codename: 'bullseye', prettyName: 'Debian 11' } }),
      nginx('1.18.0-6'),
      [],
    );
    const { banners } = await bench.ask('overview');
    expect(banners).toEqual([
      { level: 'danger', title: 'Debian is out of date', text: 'The data is 40 days old.', href: '/settings/feeds' },
      {
        level: 'danger',
        title: 'No feed speaks of debian-11',
        text: expect.stringContaining('not the same as none'),
        href: '/settings/feeds',
      },
    ]);
  });

  it('makes findings overdue and hosts stale by the clock that it is given', async () => {
    await bench.loadClaims('debian-tracker', [fixedClaim('CVE-2026-5001', 'openssl', FIXED, { statedOn: '2026-11-20' })]);
    const id = await bench.addHost('timely', { enrolledDaysAgo: 10 });
    await bench.report(id, hostFactsOf('timely', noKernel), openssl(OLD), opensslOffer(FIXED));
    const host = async () => (await bench.ask('hostList', { query: { search: 'timely' } })).items[0]!;
    const before = (await host()).overdue;
    expect((await host()).state).toBe('current');
    bench.clock.advanceDays(90);
    expect((await host()).overdue).toBeGreaterThan(before);
    expect((await host()).state).toBe('unreachable');
    const { next, coverage } = await bench.ask('overview');
    expect(next).toContainEqual(
      expect.objectContaining({ kind: 'unreachable', title: expect.stringMatching(/hosts not seen for \d+ days/) }),
    );
    expect(coverage).toMatchObject({ patchedHosts: 0, ofHosts: (await bench.ask('hostList')).total });
  });
});
