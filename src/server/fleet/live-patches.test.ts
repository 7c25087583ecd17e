import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LivePatch } from '../../core/inventory/snapshot.ts';
import { hostFactsOf, packageRecord } from '../inventory/test-inventory.ts';
import { FleetBench, fixedClaim } from './test-fleet.ts';

const image = (abi: number, version: string) =>
  packageRecord(`linux-image-6.1.0-${abi}-amd64`, version, { sourceName: 'linux-signed-amd64', sourceVersion: version.replace('-', '+') });

describe('a host with a live patch', () => {
  let bench: FleetBench;
  let id: string;
  beforeAll(async () => {
    bench = await FleetBench.start();
    await bench.loadClaims('debian-tracker', [
      fixedClaim('CVE-2026-4001', 'linux', '6.1.192-2'),
      fixedClaim('CVE-2026-4002', 'linux', '6.1.192-2'),
    ]);
    id = await bench.addHost('booter', { enrolledDaysAgo: 5 });
  });
  afterAll(() => bench.close());

  /** The fixed kernel is installed and does not run. */
  const look = async (livePatches: readonly LivePatch[]) => {
    const facts = hostFactsOf('booter', {
      kernel: { runningRelease: '6.1.0-50-amd64', installed: [] },
      reboot: { required: true, reasons: ['running kernel is older'] },
      livePatches,
    });
    await bench.report(id, facts, [image(56, '6.1.192-2'), image(50, '6.1.176-1')], []);
    const { items } = await bench.ask('findingList', { query: { host: 'booter' } });
    const steps = (await bench.ask('overview')).next.filter(step => step.kind === 'reboot');
    const [host] = (await bench.ask('hostList', { query: { search: 'booter' } })).items;
    return { items, steps, host: host! };
  };
  const live = (fixes: readonly string[] | null): LivePatch => ({
    name: 'lkp_94',
    enabled: true,
    inTransition: false,
    supplier: fixes === null ? null : 'canonical-livepatch',
    fixes,
  });

  it('keeps every finding open and due, and its reboot pending; what is covered says so', async () => {
    const without = await look([]);
    expect(without.items.map(one => one.mitigation)).toEqual([null, null]);
    expect(without.steps).toMatchObject([{ title: 'Reboot booter', urgency: 'soon', reason: 'running kernel is older' }]);

    const half = await look([live(['CVE-2026-4001'])]);
    expect(half.items.map(one => [one.vulnerabilityId, one.state, one.decision.dueAt])).toEqual(
      without.items.map(one => [one.vulnerabilityId, one.state, one.decision.dueAt]),
    );
    expect(half.items.every(one => one.state === 'reboot-pending')).toBe(true);
    expect(new Map(half.items.map(one => [one.vulnerabilityId, one.mitigation]))).toEqual(
      new Map([
        ['CVE-2026-4001', expect.stringMatching(/^mitigated in memory by live patch lkp_94 .* reboot into it stay due$/)],
        ['CVE-2026-4002', null],
      ]),
    );
    expect(half.steps).toMatchObject([{ urgency: 'soon', reason: expect.stringContaining('lkp_94 covers 1 of the 2 vulnerabilities') }]);
    expect(half.host).toMatchObject({ rebootPending: true, openFindings: 2 });
  });

  it('is asked for its reboot last when all that the reboot closes is covered, and never not at all', async () => {
    const all = await look([live(['CVE-2026-4001', 'CVE-2026-4002'])]);
    expect(all.steps).toMatchObject([{ title: 'Reboot booter in its next window', urgency: 'later' }]);
    expect(all.host).toMatchObject({ rebootPending: true, openFindings: 2 });
    expect(all.items.every(one => one.mitigation !== null && one.state === 'reboot-pending')).toBe(true);
  });

  it('counts for nothing when nobody says what it covers', async () => {
    const silent = await look([live(null)]);
    expect(silent.steps).toMatchObject([{ urgency: 'soon' }]);
    expect(silent.items[0]!.mitigation).toMatch(/counts for nothing/);
  });
});
