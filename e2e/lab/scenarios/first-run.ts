import { existsSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { on, until, version } from '../../harness/fleet.ts';
import { AGENT_HOSTS, HOSTS, SSH_HOSTS } from '../../harness/lab-setup.ts';
import type { World } from '../world.ts';

export function firstRun(world: World): void {
  describe('first run', () => {
    it('shows this machine as the first host and says that no feed is loaded', async () => {
      await world.setUpPeople();
      const local = await until('this machine', 240_000, async () =>
        (await world.admin.client.hostList({})).items.find(host => host.reach === 'local' && host.inventoryAt !== null),
      );
      expect(local.packages).toBeGreaterThan(50);
      const overview = await world.admin.client.overview({});
      expect(overview.banners.map(banner => `${banner.title} ${banner.text}`).join('\n')).toMatch(/no advisory feed/i);
    });

    it('enrols three hosts by agent and three by SSH with pinned keys', async () => {
      await Promise.all([world.enrolAgents(), world.enrolSsh()]);
      for (const host of HOSTS) {
        const { host: summary, facts, identity } = await world.admin.client.hostGet({ params: { id: world.id(host) } });
        expect(summary.reach).toBe((AGENT_HOSTS as readonly string[]).includes(host) ? 'agent' : 'ssh');
        expect(summary.packages, host).toBeGreaterThan(150);
        expect(summary.platform).toBe(host < 'h05' ? 'debian-12' : 'debian-11');
        expect(identity, host).not.toBeNull();
        expect(JSON.stringify(facts), host).toContain('nginx.service');
      }
    });

    it('names CVEs from changelogs before any feed is loaded', async () => {
      // Change logs come after the inventory: they are fetched from the archive.
      const patch = await until('the change logs of h01', 240_000, async () => {
        const now = await world.patch('h01', 'openssl');
        return now.evidenceBasis === 'changelog' ? now : null;
      });
      expect(patch.security).toBe(true);
      expect(patch.closes).toBeGreaterThan(0);
    });

    it('imports the shared feeds and ranks the queue', async () => {
      const feeds = path.resolve('../shared/feeds');
      expect(existsSync(feeds), 'the shared feeds are needed in the lab').toBe(true);
      let { id, state } = await world.admin.client.feedImport({ body: { location: feeds } });
      for (; state === 'running'; { state } = await world.admin.client.feedImportGet({ params: { id } }))
        await new Promise(resolve => setTimeout(resolve, 500));
      expect(state).toBe('done');
      const overview = await world.admin.client.overview({});
      expect(overview.banners.map(banner => banner.title).join('\n')).not.toMatch(/no advisory feed/i);
      const { items } = await world.admin.client.patchList({ query: { platform: 'debian-12', security: 'true', pageSize: 500 } });
      expect(items.map(p => p.sourceName)).toEqual(expect.arrayContaining(['openssl', 'nginx', 'redis']));
      expect(items.every((p, i) => i === 0 || items[i - 1]!.rank < p.rank)).toBe(true);
      expect(items.find(p => p.sourceName === 'openssl')!.reason.length).toBeGreaterThan(20);
    });

    it('finds in openssl what the feed says, with evidence that can be repeated by hand', async () => {
      const findings = await world.findings('h03', 'openssl');
      expect(findings.length).toBeGreaterThan(0);
      const now = await version('h03', 'openssl');
      for (const finding of findings.filter(f => f.state === 'fixable')) {
        expect(finding.evidence.length).toBeGreaterThan(0);
        expect(finding.installedVersion).toBe(now);
        expect((await on('h03', 'dpkg', '--compare-versions', now, 'lt', finding.fixedVersion!)).code).toBe(0);
        expect(finding.decision.table).toMatch(/bod/i);
      }
    });

    it("knows by the hosts' own changelogs that a rebuild has the fix of the version that it was made of", async () => {
      // less 590-2.1~deb12u2 on a feed that names 590-2.1: higher by dpkg's order, and fixed all the same.
      const listed = await world.admin.client.claimList({
        query: { vulnerability: 'CVE-2024-32487', release: 'debian:12', package: 'less' },
      });
      expect(listed.items).toHaveLength(1);
      expect(listed.items[0]).toMatchObject({
        verdict: { rule: 'changelog-names-rebuild', followed: 'changelog' },
        disagreement: expect.stringContaining('is a rebuild for debian:12'),
      });
      const installed = await version('h03', 'less');
      expect((await on('h03', 'dpkg', '--compare-versions', installed, 'lt', '590-2.1')).code).toBe(0);
      expect((await on('h03', 'zgrep', '-c', 'CVE-2024-32487', '/usr/share/doc/less/changelog.Debian.gz')).code).toBe(0);
      expect((await world.findings('h03', 'less')).map(f => f.vulnerabilityId)).not.toContain('CVE-2024-32487');
    });

    it('selects hosts by a group query', async () => {
      const preview = await world.admin.client.groupPreview({ body: { query: 'os = debian-12 and env = lab and reach = ssh' } });
      expect(preview).toMatchObject({ hosts: 2, problem: null });
      const group = await world.admin.client.groupCreate({ body: { name: 'lab', query: 'env = lab' } });
      expect(group.hosts).toBe(HOSTS.length);
      expect((await world.admin.client.groupPreview({ body: { query: 'os = = x' } })).problem).not.toBeNull();
    });

    it('back-fills history from the hosts’ own logs', async () => {
      const { items } = await world.admin.client.hostHistory({ params: { id: world.id('h01') }, query: { pageSize: 500 } });
      expect(items.some(change => change.origin === 'log')).toBe(true);
    });

    it('marks the SSH path as unsigned', async () => {
      for (const host of SSH_HOSTS) expect((await world.admin.client.hostGet({ params: { id: world.id(host) } })).pathIsSigned).toBe(false);
      for (const host of AGENT_HOSTS)
        expect((await world.admin.client.hostGet({ params: { id: world.id(host) } })).pathIsSigned).toBe(true);
    });
  });
}
