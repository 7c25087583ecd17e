import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { HostFacts } from '../../core/inventory/snapshot.ts';
import { candidateRecord, hostFactsOf, packageRecord } from '../inventory/test-inventory.ts';
import { FleetBench, fixedClaim } from './test-fleet.ts';
import { FIXED, noKernel, OLD, openssl, opensslOffer, stale } from './test-web-servers.ts';

describe('a fix that is on disk', () => {
  let bench: FleetBench;
  beforeAll(async () => {
    bench = await FleetBench.start();
  });
  afterAll(() => bench.close());

  describe('a fix takes effect when the old code has left memory', () => {
    let id: string;
    const states = async () =>
      (await bench.ask('findingList', { query: { host: 'restarter', sort: 'vulnerabilityId' } })).items.map(
        item => `${item.vulnerabilityId} ${item.state} ${item.installedVersion}`,
      );
    const facts = (more: Partial<HostFacts>) => hostFactsOf('restarter', { ...noKernel, ...more });
    beforeAll(async () => {
      await bench.loadClaims('debian-tracker', [fixedClaim('CVE-2026-3001', 'openssl', FIXED)]);
      id = await bench.addHost('restarter', { enrolledDaysAgo: 10 });
      await bench.report(id, facts({}), openssl(OLD), opensslOffer(FIXED));
    });

    it('stays open while a process maps the old library', async () => {
      expect(await states()).toEqual([`CVE-2026-3001 fixable ${OLD}`]);
      await bench.report(id, facts({ staleProcesses: stale('libssl3') }), openssl(FIXED), []);
      expect(await states()).toEqual([`CVE-2026-3001 restart-pending ${OLD}`]);
      const host = (await bench.ask('hostList', { query: { search: 'restarter' } })).items[0];
      expect(host).toMatchObject({ restartPending: true, securityPatches: 0, openFindings: 1 });
      expect((await bench.ask('patchList', { query: { host: id } })).total).toBe(0);
      expect((await bench.ask('overview')).next).toContainEqual(
        expect.objectContaining({ kind: 'restart', title: 'Restart nginx on restarter' }),
      );
    });

    it('also after a restart of the server, and when processes cannot be read', async () => {
      await bench.restart();
      expect(await states()).toEqual([`CVE-2026-3001 restart-pending ${OLD}`]);
      await bench.report(id, facts({ staleProcesses: null, unread: ['staleProcesses: permission denied'] }), openssl(FIXED), []);
      expect(await states()).toHaveLength(1);
      await bench.report(id, facts({ staleProcesses: stale('libssl3') }), openssl(FIXED), []);
      expect(await states()).toHaveLength(1);
    });

    it('closes when the service was restarted', async () => {
      await bench.report(id, facts({ staleProcesses: [] }), openssl(FIXED), []);
      expect(await states()).toEqual([]);
      expect((await bench.database.db.query('select from residual_version where host_id = $1', [id])).length).toBe(0);
    });

    it('finds the old version in the history of a host that was upgraded before Fettle knew it', async () => {
      const late = await bench.addHost('latecomer');
      const at = '2026-11-20T00:00:00.000Z';
      await bench.report(
        late,
        hostFactsOf('latecomer', { ...noKernel, bootedAt: '2026-11-01T00:00:00.000Z', staleProcesses: stale('libssl3') }),
        openssl(FIXED),
        [],
        {
          history: [
            {
              at,
              action: 'upgrade',
              name: 'libssl3',
              arch: 'amd64',
              fromVersion: OLD,
              toVersion: FIXED,
              commandLine: null,
              requestedBy: null,
            },
          ],
        },
      );
      const { items } = await bench.ask('findingList', { query: { host: 'latecomer', vulnerability: 'CVE-2026-3001' } });
      expect(items).toMatchObject([{ state: 'restart-pending', installedVersion: OLD }]);
      expect((await bench.ask('hostHistory', { params: { id: late } })).items).toMatchObject([
        { at, name: 'libssl3', fromVersion: OLD, toVersion: FIXED, origin: 'log' },
      ]);
    });
  });

  describe('the kernel that runs', () => {
    const image = (abi: number, version: string) =>
      packageRecord(`linux-image-6.1.0-${abi}-amd64`, version, {
        sourceName: 'linux-signed-amd64',
        sourceVersion: version.replace('-', '+'),
      });
    const meta = (version: string) =>
      packageRecord('linux-image-amd64', version, { sourceName: 'linux-signed-amd64', sourceVersion: version.replace('-', '+') });
    const libcDev = (version: string) => packageRecord('linux-libc-dev', version, { sourceName: 'linux' });
    const running = (abi: number): Partial<HostFacts> => ({ kernel: { runningRelease: `6.1.0-${abi}-amd64`, installed: [] } });
    let id: string;
    const found = async () =>
      (await bench.ask('findingList', { query: { host: 'booter', source: 'linux' } })).items.map(
        item => `${item.vulnerabilityId} ${item.state} ${item.kernelState} ${item.installedVersion}`,
      );
    beforeAll(async () => {
      await bench.loadClaims('debian-tracker', [fixedClaim('CVE-2026-4001', 'linux', '6.1.192-2')]);
      id = await bench.addHost('booter', { enrolledDaysAgo: 5 });
    });

    it('is what kernel findings are about', async () => {
      const offer = [
        candidateRecord('linux-image-amd64', '6.1.192-2', { sourceName: 'linux-signed-amd64', sourceVersion: '6.1.192+2' }),
        candidateRecord('linux-image-6.1.0-56-amd64', '6.1.192-2', { sourceName: 'linux-signed-amd64', sourceVersion: '6.1.192+2' }),
      ];
      await bench.report(
        id,
        hostFactsOf('booter', running(50)),
        [meta('6.1.176-1'), image(50, '6.1.176-1'), image(49, '6.1.170-1'), libcDev('6.1.170-1')],
        offer,
      );
      expect(await found()).toEqual(['CVE-2026-4001 fixable running 6.1.176-1']);
      const [patch] = (await bench.ask('patchList', { query: { host: 'booter' } })).items;
      expect(patch).toMatchObject({
        sourceName: 'linux',
        targetVersion: '6.1.192-2',
        restart: 'reboot',
        reversible: 'conditional',
        closes: 1,
      });
      // The new image has no installed version to move from; the package manager brings it as a dependency of the metapackage.
      expect((await bench.fleet.port.changesFor([patch!.id], [id]))[0]).toMatchObject({
        rebootExpected: true,
        changes: [{ name: 'linux-image-amd64', fromVersion: '6.1.176-1', toVersion: '6.1.192-2' }],
      });
    });

    it('stays vulnerable until the boot', async () => {
      await bench.report(
        id,
        hostFactsOf('booter', { ...running(50), reboot: { required: true, reasons: ['running kernel is older'] } }),
        [meta('6.1.192-2'), image(56, '6.1.192-2'), image(50, '6.1.176-1'), libcDev('6.1.170-1')],
        [],
      );
      expect(await found()).toEqual(['CVE-2026-4001 reboot-pending newer-not-booted 6.1.176-1']);
      expect((await bench.ask('hostList', { query: { search: 'booter' } })).items[0]).toMatchObject({
        rebootPending: true,
        openFindings: 1,
      });
      // Another host still needs it, so it is still a patch; here its older image stays beside it.
      const behind = await bench.addHost('behind', { enrolledDaysAgo: 5 });
      const offer = candidateRecord('linux-image-amd64', '6.1.192-2', { sourceName: 'linux-signed-amd64', sourceVersion: '6.1.192+2' });
      await bench.report(behind, hostFactsOf('behind', running(50)), [meta('6.1.176-1'), image(50, '6.1.176-1')], [offer]);
      const [patch] = (await bench.ask('patchList', { query: { host: 'behind' } })).items;
      expect((await bench.fleet.port.changesFor([patch!.id], [id]))[0]!.excluded).toEqual({
        reason: 'linux 6.1.192-2 or newer is in place',
        alreadyCompliant: true,
      });
      await bench.report(
        id,
        hostFactsOf('booter', running(56)),
        [meta('6.1.192-2'), image(56, '6.1.192-2'), image(50, '6.1.176-1'), libcDev('6.1.170-1')],
        [],
      );
      expect(await found()).toEqual([]);
    });

    it('is somebody else’s in a container', async () => {
      await bench.report(
        id,
        hostFactsOf('booter', { kernel: { runningRelease: '6.18.0-host', installed: [] } }),
        [meta('6.1.176-1'), image(50, '6.1.176-1')],
        [],
      );
      expect(await found()).toEqual([]);
    });
  });
});
