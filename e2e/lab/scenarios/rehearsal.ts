import { beforeAll, describe, expect, it } from 'vitest';
import { must, on, sh, until, version } from '../../harness/fleet.ts';
import { canaryThenRest, oneRing, type World } from '../world.ts';

/** What must be the same after a rehearsal, read by other means than the product's. */
async function likeness(host: string): Promise<Record<string, string>> {
  return {
    packages: await must(host, 'sha256sum', '/var/lib/dpkg/status'),
    etc: await sh(host, 'find /etc -xdev -type f -exec sha256sum {} + | sort | sha256sum'),
    programs: await sh(host, 'find /usr -xdev -type f -printf "%p %i %C@\\n" | sort | sha256sum'),
    services: await sh(
      host,
      'systemctl show -p Id,MainPID,NRestarts "*.service" | grep -B2 "MainPID=[1-9]" | grep -v -e fettle -e user@ | sort',
    ),
  };
}

/** Nothing of the copy may stay: no unit, process, mount or file. */
async function nothingLeft(host: string): Promise<void> {
  expect(await sh(host, 'systemctl list-units --all --no-legend "fettle-rehearsal*"')).toBe('');
  expect(await sh(host, 'grep -l fettle-rehearsal /proc/[0-9]*/mountinfo || true')).toBe('');
  expect(await sh(host, 'ls /var/lib/fettle-agent/jobs | grep rehearsal || true')).toBe('');
}

async function planned(world: World, source: string, hosts: readonly string[]): Promise<string> {
  const patch = await world.patch(hosts[0]!, source);
  const drafted = await world.admin.client.rolloutCreate({
    body: {
      name: `rehearse ${source}`,
      patchIds: [patch.id],
      selector: { hostIds: hosts.map(host => world.id(host)) },
      rings: oneRing,
      rehearse: 'canaries',
    },
  });
  await world.act(drafted.rollout.id, 'submit');
  await world.reach(drafted.rollout.id, ['planned'], 120_000);
  return drafted.rollout.id;
}

async function rehearsalOf(world: World, id: string, host: string, ms = 180_000) {
  return await until(`the rehearsal on ${host}`, ms, async () => {
    const { rehearsals } = await world.admin.client.rolloutGet({ params: { id } });
    return rehearsals.find(one => one.hostId === world.id(host) && one.verdict !== null);
  });
}

/** The scenario before has installed what is rehearsed here; openssl is still pending on h04. */
async function makePending(world: World): Promise<void> {
  for (const host of ['h02', 'h03', 'h04']) await must(host, 'apt-get', '-q', '-y', '--allow-downgrades', 'install', 'lab-hello=1.0');
  await world.refresh('h02', 'h03', 'h04');
}

const UNTOUCHED = { packages: true, etc: [], services: [] };

export function rehearsals(world: World): void {
  describe('a canary runs the transaction in a throw-away copy of its own system', () => {
    beforeAll(() => makePending(world), 180_000);

    it('lab-broken is caught there, and no host is touched', async () => {
      const hosts = ['h02', 'h03', 'h04'] as const;
      const patch = await world.patch('h02', 'lab-broken');
      const before = await Promise.all(hosts.map(likeness));
      const id = await world.launch({
        name: 'broken, rehearsed',
        patchIds: [patch.id],
        hosts,
        rings: canaryThenRest('h02', world),
        rehearse: 'canaries',
      });
      const stopped = await world.reach(id, ['paused', 'halted', 'completed', 'completed-partial']);
      expect(stopped.rollout.state).toBe('paused');
      expect(stopped.rollout.stateReason).toMatch(/rehearsal failed, and no host was changed; h02: .*lab-broken/);
      expect(stopped.rings.map(ring => ring.state)).toEqual(['pending', 'pending']);
      const { report, verdict } = await rehearsalOf(world, id, 'h02');
      expect(verdict).toBe('failed');
      expect(report).toMatchObject({ failure: { class: 'install-failed' }, untouched: UNTOUCHED });
      expect(report!.failure!.signature).toContain('lab-broken');
      for (const [index, host] of hosts.entries()) {
        expect(await likeness(host)).toEqual(before[index]);
        expect(await version(host, 'lab-broken')).toBe('1.0');
        expect(await world.job(id, host)).toMatchObject({ state: 'queued', touched: false, attempt: 0 });
      }
      await nothingLeft('h02');
      await world.act(id, 'halt', 'caught');
    });

    it.each([
      ['lab-hello', 'h02', 'agent on Debian 12'],
      ['lab-hello', 'h06', 'SSH on Debian 11'],
      ['openssl', 'h04', 'SSH on Debian 12, a library that services hold open'],
    ])('%s on %s (%s): installed, checked and undone in the copy, the host itself as before', async (source, host) => {
      const id = await planned(world, source, [host]);
      const before = await likeness(host);
      await world.admin.client.rolloutRehearse({ params: { id }, body: {} });
      const { report, verdict } = await rehearsalOf(world, id, host);
      expect(report!.failure).toBeNull();
      expect(verdict).toBe('passed');
      expect(report!.untouched).toEqual(UNTOUCHED);
      expect(report!.rollback).toMatchObject({ outcome: 'restored', reason: null });
      expect(report!.rollback!.seconds).toBeGreaterThan(0);
      expect(report!.applySeconds).toBeGreaterThan(0);
      expect(report!.writtenBytes).toBeGreaterThan(100_000);
      expect(report!.checks.filter(check => !check.passed)).toEqual([]);
      expect(report!.checks.map(check => check.subject)).toEqual(expect.arrayContaining(['nginx -t', 'sshd -t']));
      if (source === 'openssl') expect(report!.checks.map(check => `${check.kind} ${check.subject}`)).toContain('start /usr/bin/openssl');
      expect(await likeness(host)).toEqual(before);
      await nothingLeft(host);
      await world.act(id, 'cancel', 'only rehearsed');
    });

    it('the canary passes, then the same archives are installed', async () => {
      const patch = await world.patch('h02', 'lab-hello');
      const id = await world.launch({
        name: 'hello, rehearsed',
        patchIds: [patch.id],
        hosts: ['h02', 'h04'],
        rings: canaryThenRest('h02', world),
        rehearse: 'canaries',
      });
      const done = await world.reach(id, ['completed', 'completed-partial', 'paused']);
      expect(done.rollout.state).toBe('completed');
      expect(done.rehearsals).toMatchObject([{ hostId: world.id('h02'), verdict: 'passed', canary: true }]);
      expect(await version('h02', 'lab-hello')).toBe(patch.targetVersion);
      const { items } = await world.admin.client.rolloutEvents({ params: { id }, query: { limit: 2000 } });
      expect(items.map(event => event.text).join('\n')).toMatch(/ring canary: rehearsed on 1 of 1 host$/m);
    });

    it('an agent that is killed in the middle leaves nothing behind, and rehearses anew', async () => {
      const id = await planned(world, 'lab-slow', ['h02']);
      await world.admin.client.rolloutRehearse({ params: { id }, body: {} });
      await until(
        'lab-slow to be in its postinst in the copy',
        90_000,
        async () => (await on('h02', 'pgrep', '-f', 'lab-slow.postinst')).code === 0,
      );
      await sh('h02', 'systemctl kill --signal=KILL --kill-who=main fettle-agent.service');
      const { verdict } = await rehearsalOf(world, id, 'h02');
      expect(verdict).toBe('passed');
      expect(await version('h02', 'lab-slow')).toBe('1.0');
      await nothingLeft('h02');
      await world.act(id, 'cancel', 'only rehearsed');
    });

    it('where no copy can be made the report says so, and the rollout goes on', async () => {
      await sh('h03', 'mount --bind /bin/false /usr/bin/unshare');
      try {
        const patch = await world.patch('h03', 'lab-hello');
        const id = await world.launch({ name: 'no copy', patchIds: [patch.id], hosts: ['h03'], rings: oneRing, rehearse: 'canaries' });
        const done = await world.reach(id, ['completed', 'completed-partial', 'paused']);
        expect(done.rollout.state).toBe('completed');
        expect(done.rehearsals).toMatchObject([{ verdict: 'not-possible', report: { failure: { class: 'precheck' } } }]);
        expect(done.rehearsals[0]!.report!.failure!.message).toMatch(/copy of the host could not be made/);
      } finally {
        await sh('h03', 'umount /usr/bin/unshare');
      }
    });
  });
}
