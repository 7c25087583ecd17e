import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { HostFacts, StaleProcess } from '../../core/inventory/snapshot.ts';
import { candidateRecord, hostFactsOf, packageRecord } from '../inventory/test-inventory.ts';
import { FleetBench, fixedClaim, hostIdOf } from './test-fleet.ts';

/** openssl as Debian builds it: two binaries of one source. */
const openssl = (version: string) => [packageRecord('openssl', version), packageRecord('libssl3', version, { sourceName: 'openssl' })];
const opensslOffer = (version: string, more: Parameters<typeof candidateRecord>[2] = {}) => [
  candidateRecord('openssl', version, more),
  candidateRecord('libssl3', version, { sourceName: 'openssl', ...more }),
];
const nginx = (version: string) => [packageRecord('nginx', version)];
const OLD = '3.0.20-1~deb12u2';
const FIXED = '3.0.22-1~deb12u2';
const stale = (...names: string[]): StaleProcess[] => [
  {
    pid: 100,
    command: 'nginx',
    unit: 'nginx.service',
    files: names.map(packageName => ({ path: `/usr/lib/${packageName}.so`, packageName })),
  },
];
const noKernel: Partial<HostFacts> = { kernel: { runningRelease: '6.18.0-other', installed: [] } };

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
      for (const name of ['web1', 'web2', 'web3', 'web4']) {
        const id = await bench.addHost(name, { labels: { env: name === 'web4' ? 'test' : 'prod' }, enrolledDaysAgo: 30 });
        hosts.push(id);
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
        ['libssl3', 3, FIXED],
        ['nginx', 2, null],
        ['openssl', 3, FIXED],
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
  });

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
      expect(await states()).toEqual([`CVE-2026-0101 fixable ${OLD}`, `CVE-2026-3001 fixable ${OLD}`]);
      await bench.report(id, facts({ staleProcesses: stale('libssl3') }), openssl(FIXED), []);
      expect(await states()).toEqual([`CVE-2026-0101 restart-pending ${OLD}`, `CVE-2026-3001 restart-pending ${OLD}`]);
      const host = (await bench.ask('hostList', { query: { search: 'restarter' } })).items[0];
      expect(host).toMatchObject({ restartPending: true, securityPatches: 0, openFindings: 2 });
      expect((await bench.ask('patchList', { query: { host: id } })).total).toBe(0);
      expect((await bench.ask('overview')).next).toContainEqual(
        expect.objectContaining({ kind: 'restart', title: 'Restart nginx on restarter' }),
      );
    });

    it('also after a restart of the server, and when processes cannot be read', async () => {
      await bench.restart();
      expect(await states()).toEqual([`CVE-2026-0101 restart-pending ${OLD}`, `CVE-2026-3001 restart-pending ${OLD}`]);
      await bench.report(id, facts({ staleProcesses: null, unread: ['staleProcesses: permission denied'] }), openssl(FIXED), []);
      expect(await states()).toHaveLength(2);
      await bench.report(id, facts({ staleProcesses: stale('libssl3') }), openssl(FIXED), []);
      expect(await states()).toHaveLength(2);
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

  describe('time', () => {
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
});
