import type { HostFacts, StaleProcess } from '../../core/inventory/snapshot.ts';
import { candidateRecord, hostFactsOf, packageRecord } from '../inventory/test-inventory.ts';
import { type FleetBench, fixedClaim } from './test-fleet.ts';

/** openssl as Debian builds it: two binaries of one source. */
export const openssl = (version: string) => [
  packageRecord('openssl', version),
  packageRecord('libssl3', version, { sourceName: 'openssl' }),
];
export const opensslOffer = (version: string, more: Parameters<typeof candidateRecord>[2] = {}) => [
  candidateRecord('openssl', version, more),
  candidateRecord('libssl3', version, { sourceName: 'openssl', ...more }),
];
export const nginx = (version: string) => [packageRecord('nginx', version)];
export const OLD = '3.0.20-1~deb12u2';
export const FIXED = '3.0.22-1~deb12u2';
export const stale = (...names: string[]): StaleProcess[] => [
  {
    pid: 100,
    command: 'nginx',
    unit: 'nginx.service',
    files: names.map(packageName => ({ path: `/usr/lib/${packageName}.so`, packageName })),
  },
];
export const noKernel: Partial<HostFacts> = { kernel: { runningRelease: '6.18.0-other', installed: [] } };

/** Four web servers and what is said of their packages: openssl is offered to the first, held on the second, not offered to the third, phased for the fourth. */
export async function webServers(bench: FleetBench): Promise<string[]> {
  const ids: string[] = [];
  for (const name of ['web1', 'web2', 'web3', 'web4']) {
    const id = await bench.addHost(name, { labels: { env: name === 'web4' ? 'test' : 'prod' }, enrolledDaysAgo: 30 });
    ids.push(id);
    const offer = {
      web1: opensslOffer(FIXED),
      web2: opensslOffer(FIXED, { availability: 'held' }),
      web3: [],
      web4: opensslOffer(FIXED, { availability: 'phased' }),
    }[name]!;
    await bench.report(
      id,
      hostFactsOf(name, noKernel),
      [...openssl(OLD).map(record => ({ ...record, held: name === 'web2' })), ...nginx('1.22.1-9')],
      offer,
    );
  }
  await bench.loadClaims('debian-tracker', [
    fixedClaim('CVE-2026-1001', 'openssl', FIXED),
    fixedClaim('CVE-2026-1002', 'openssl', FIXED),
    fixedClaim('CVE-2026-1003', 'openssl', '3.0.19-1'),
    fixedClaim('CVE-2026-1004', 'nginx', '0', { state: 'open', fixedVersion: null }),
    fixedClaim('CVE-2026-1005', 'nginx', '0', { state: 'wont-fix', fixedVersion: null }),
    fixedClaim('CVE-2026-1006', 'nginx', '0', { state: 'deferred', fixedVersion: null }),
  ]);
  await bench.loadEnrichment('kev', [
    {
      vulnerabilityId: 'CVE-2026-1002',
      title: 'A hole',
      kev: { addedOn: '2026-11-20', dueOn: '2026-12-11', ransomware: false, name: 'x' },
      ssvc: { exploitation: 'active', automatable: 'yes', technicalImpact: 'total', statedOn: '2026-11-20' },
    },
  ]);
  await bench.loadEnrichment('cvss', [
    { vulnerabilityId: 'CVE-2026-1001', cvss: [{ source: 'cna', vector: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H' }] },
  ]);
  return ids;
}
