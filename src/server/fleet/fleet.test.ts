import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { candidateRecord, hostFactsOf } from '../inventory/test-inventory.ts';
import { FleetBench, fixedClaim, hostIdOf } from './test-fleet.ts';
import { FIXED, nginx, noKernel, OLD, openssl, opensslOffer, webServers } from './test-web-servers.ts';

describe('the fleet', () => {
  let bench: FleetBench;
  beforeAll(async () => {
    bench = await FleetBench.start();
  });
  afterAll(() => bench.close());

  describe('without any advisory feed', () => {
    it('says so, and ranks what the archive calls security updates', async () => {
      const id = await bench.addHost('alone', { reach: 'local' });
      await bench.report(
        id,
        hostFactsOf('alone', noKernel),
        [...openssl(OLD), ...nginx('1.22.1-9')],
        [...opensslOffer(FIXED), candidateRecord('nginx', '1.22.1-10', { security: false, origins: ['Debian:12.15/oldstable'] })],
      );
      const overview = await bench.ask('overview');
      expect(overview.banners).toMatchObject([{ level: 'warning', title: 'No advisory feed is loaded', href: '/settings/feeds' }]);
      expect(overview.next.map(step => step.kind)).toEqual(expect.arrayContaining(['patch', 'feed', 'enrol']));
      expect(overview.hosts).toMatchObject({ total: 1, current: 1 });
      expect(overview.patches.map(patch => [patch.sourceName, patch.evidenceBasis, patch.security, patch.rank])).toEqual([
        ['openssl', 'origin', true, 1],
        ['nginx', 'origin', false, 2],
      ]);
      const [host] = (await bench.ask('hostList')).items;
      expect(host).toMatchObject({ name: 'alone', pendingPatches: 2, securityPatches: 1, openFindings: 0, packages: 3 });
    });

    it('takes the vulnerabilities that changelogs name', async () => {
      const id = hostIdOf('alone');
      await bench.report(
        id,
        hostFactsOf('alone', { ...noKernel, bootId: 'boot-2' }),
        [...openssl(OLD), ...nginx('1.22.1-9')],
        opensslOffer(FIXED),
        {
          changelogs: [
            { sourceName: 'openssl', version: FIXED, vulnerabilities: ['CVE-2026-100', 'CVE-2026-0101'], entryDate: '2026-11-14' },
            // Named once more in a later entry: the lower version has the fix.
            { sourceName: 'openssl', version: '3.0.99-1', vulnerabilities: ['CVE-2026-0101'], entryDate: '2026-11-15' },
          ],
        },
      );
      const { items, total } = await bench.ask('findingList', { query: { host: 'alone' } });
      expect(total).toBe(1);
      expect(items[0]).toMatchObject({
        vulnerabilityId: 'CVE-2026-0101',
        state: 'fixable',
        sourceName: 'openssl',
        packages: ['libssl3', 'openssl'],
        installedVersion: OLD,
        fixedVersion: FIXED,
        decision: { outcome: '60 days', table: 'bod-26-04', overdue: false, clockReason: expect.stringContaining('2026-11') },
        evidence: [{ source: 'changelog', statedOn: '2026-11-14', comparison: `${OLD} < ${FIXED} (dpkg order)` }],
      });
      const [patch] = (await bench.ask('patchList')).items;
      expect(patch).toMatchObject({
        id: items[0]!.patchId,
        evidenceBasis: 'changelog',
        closes: 1,
        restart: 'services',
        reversible: 'conditional',
      });
    });
  });

  describe('with advisories', () => {
    const hosts: string[] = [];
    beforeAll(async () => {
      hosts.push(...(await webServers(bench)));
    });

    it('gives each host the state that its own package manager allows', async () => {
      const states = new Map<string, string>();
      for (const finding of (await bench.ask('findingList', { query: { vulnerability: 'CVE-2026-1001' } })).items)
        states.set(finding.hostName, finding.state);
      expect(Object.fromEntries(states)).toEqual({
        alone: 'fixable',
        web1: 'fixable',
        web2: 'held',
        web3: 'not-offered',
        web4: 'phased',
      });
    });

    it('publishes its verdicts as others publish theirs', async () => {
      const read = async (format: 'openvex' | 'csaf', query: object) => {
        let text = '';
        for await (const chunk of (await bench.ask('findingVex', { query: { format, ...query } })) as unknown as AsyncIterable<string>)
          text += chunk;
        return JSON.parse(text);
      };
      const vex = await read('openvex', { source: 'openssl', vulnerability: 'CVE-2026-1001' });
      expect(vex).toMatchObject({
        author: bench.context.installation.name,
        statements: [
          {
            vulnerability: { name: 'CVE-2026-1001' },
            status: 'affected',
            action_statement: `Update to ${FIXED} or later.`,
            products: [{ '@id': expect.stringMatching(/^pkg:deb\/debian\/openssl@.*arch=source&distro=debian-12$/) }],
          },
        ],
      });
      const csaf = await read('csaf', { host: 'web1' });
      expect(csaf.document).toMatchObject({ category: 'csaf_vex', publisher: { namespace: bench.context.installation.baseUrl } });
      expect(csaf.vulnerabilities.map((one: { cve: string }) => one.cve).sort()).toEqual(
        expect.arrayContaining(['CVE-2026-1001', 'CVE-2026-1002', 'CVE-2026-1004', 'CVE-2026-1005', 'CVE-2026-1006']),
      );
      expect(await read('openvex', { host: 'nobody' })).toMatchObject({ statements: [] });
    });

    it('decides by the table and says what it assumed', async () => {
      const { items } = await bench.ask('findingList', { query: { host: 'web1', sort: 'vulnerabilityId' } });
      expect(items.map(item => [item.vulnerabilityId, item.state, item.decision.outcome])).toEqual([
        ['CVE-2026-0101', 'fixable', '60 days'],
        ['CVE-2026-1001', 'fixable', '3 days'],
        ['CVE-2026-1002', 'fixable', '3 days & forensic investigation'],
        ['CVE-2026-1004', 'waiting-for-vendor', '60 days'],
        ['CVE-2026-1006', 'deferred', '60 days'],
      ]);
      expect(items[1]).toMatchObject({
        cvssScore: 9.8,
        decision: {
          dueAt: '2026-11-18T00:00:00.000Z',
          overdue: true,
          inputs: [
            { name: 'in-kev', value: 'no' },
            { name: 'publicly-exposed', value: 'yes', assumed: true },
            { name: 'automatable', value: 'yes', assumed: false },
            { name: 'technical-impact', value: 'total' },
          ],
        },
      });
      // Without KEV the finding was due on 2026-11-18: an entry in KEV never moves a date back.
      expect(items[2]).toMatchObject({
        knownExploited: true,
        title: 'A hole',
        decision: { forensic: true, dueAt: '2026-11-18T00:00:00.000Z' },
      });
      expect(items[3]!.decision).toMatchObject({ dueAt: null, clockStartedAt: null });
    });

    it('hides what is not going to be fixed unless asked for', async () => {
      expect((await bench.ask('findingList', { query: { state: 'wont-fix' } })).items.map(item => item.vulnerabilityId)).toEqual(
        Array(5).fill('CVE-2026-1005'),
      );
      const { findingsByState, findingsByDue } = await bench.ask('overview');
      expect(Object.fromEntries(findingsByState.map(({ label, count }) => [label, count]))).toMatchObject({
        'wont-fix': 5,
        'waiting-for-vendor': 5,
        deferred: 5,
        held: 3,
      });
      for (const { label, count } of findingsByDue)
        expect((await bench.ask('findingList', { query: { due: label } })).total, label).toBe(count);
      for (const { label, count } of findingsByState)
        expect((await bench.ask('findingList', { query: { state: label } })).total, label).toBe(count);
      const { total } = await bench.ask('findingList');
      const open = (await bench.ask('hostList')).items.reduce((sum, host) => sum + host.openFindings, 0);
      expect(total).toBe(open);
    });

    it('makes one patch of it, with the hosts that cannot have it yet', async () => {
      const [patch] = (await bench.ask('patchList')).items;
      expect(patch).toMatchObject({
        platform: 'debian-12',
        sourceName: 'openssl',
        targetVersion: FIXED,
        fromVersions: [OLD],
        packages: ['libssl3', 'openssl'],
        hosts: 5,
        hostsHeld: 1,
        hostsNotOffered: 2,
        closes: 3,
        knownExploited: ['CVE-2026-1002'],
        evidenceBasis: 'advisory',
        rank: 1,
        security: true,
        decision: { outcome: expect.stringContaining('3 days'), overdue: true },
        reason: expect.stringMatching(/^closes 3 vulnerabilities on 5 hosts, 1 known exploited \(CVE-2026-1002\), overdue/),
      });
      const { items } = await bench.ask('patchHosts', { params: { id: patch!.id }, query: { sort: 'hostName' } });
      expect(items.map(host => [host.hostName, host.availability, host.packages.length])).toEqual([
        ['alone', 'offered', 2],
        ['web1', 'offered', 2],
        ['web2', 'held', 2],
        ['web3', 'not-offered', 0],
        ['web4', 'phased', 2],
      ]);
      const { vulnerabilities } = await bench.ask('patchGet', { params: { id: patch!.id } });
      expect(vulnerabilities.map(one => [one.id, one.hosts])).toEqual([
        ['CVE-2026-1002', 5],
        ['CVE-2026-1001', 5],
        ['CVE-2026-0101', 5],
      ]);
      for (const one of vulnerabilities) expect(one.evidence.length).toBeGreaterThan(0);
    });

    it('tells rollouts what to change, and why not', async () => {
      const [patch] = (await bench.ask('patchList')).items;
      const answers = await bench.fleet.port.changesFor([patch!.id], hosts);
      expect(answers[0]).toMatchObject({
        hostName: 'web1',
        excluded: null,
        rebootExpected: false,
        changes: [
          { name: 'libssl3', fromVersion: OLD, toVersion: FIXED },
          { name: 'openssl', fromVersion: OLD, toVersion: FIXED },
        ],
      });
      expect(answers.slice(1).map(answer => [answer.changes.length, answer.excluded])).toEqual([
        [0, { reason: 'libssl3, openssl are held on this host', alreadyCompliant: false }],
        [0, { reason: `no enabled suite offers openssl ${FIXED} to this host`, alreadyCompliant: false }],
        [0, { reason: `openssl ${FIXED} is phased and not meant for this host yet`, alreadyCompliant: false }],
      ]);
      expect(bench.fleet.port.closedBy(hosts[0]!, answers[0]!.changes)).toEqual(['CVE-2026-0101', 'CVE-2026-1001', 'CVE-2026-1002']);
      expect(
        bench.fleet.port
          .openOn(hosts[0]!)
          .filter(one => one.sourceName === 'openssl')
          .map(one => one.vulnerabilityId)
          .sort(),
      ).toEqual(['CVE-2026-0101', 'CVE-2026-1001', 'CVE-2026-1002']);
    });

    it('stands the same after a restart of the server', async () => {
      const before = {
        hosts: await bench.ask('hostList'),
        patches: await bench.ask('patchList'),
        findings: await bench.ask('findingList', { query: { pageSize: 500 } }),
      };
      await bench.restart();
      expect({
        hosts: await bench.ask('hostList'),
        patches: await bench.ask('patchList'),
        findings: await bench.ask('findingList', { query: { pageSize: 500 } }),
      }).toEqual(before);
    });

    it('follows an advisory that changes, on the hosts that it concerns', async () => {
      const claims = [
        fixedClaim('CVE-2026-2001', 'nginx', '1.22.1-9+deb12u1', { statedOn: '2026-11-21' }),
        fixedClaim('CVE-2026-1001', 'openssl', FIXED),
      ];
      await bench.loadClaims('debian-tracker', claims);
      const { items } = await bench.ask('findingList', { query: { vulnerability: 'CVE-2026-2001' } });
      expect(items.map(item => item.hostName).sort()).toEqual(['alone', 'web1', 'web2', 'web3', 'web4']);
      expect((await bench.ask('findingList', { query: { vulnerability: 'CVE-2026-1002' } })).total).toBe(0);
      const needed = (await bench.ask('patchList')).items.find(patch => patch.sourceName === 'nginx');
      expect(needed).toMatchObject({
        targetVersion: '1.22.1-9+deb12u1',
        hostsNotOffered: 5,
        reason: expect.stringContaining('no enabled suite offers it'),
      });
    });
  });
});
