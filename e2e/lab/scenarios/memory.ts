import { describe, expect, it } from 'vitest';
import { must, until, version } from '../../harness/fleet.ts';
import { canaryThenRest, oneRing, type World } from '../world.ts';

const boot = async (host: string) => (await must(host, 'cat', '/proc/sys/kernel/random/boot_id')).trim();

export function memory(world: World): void {
  describe('patched on disk is not patched in memory', () => {
    let rolloutId = '';
    let before = '';

    it('keeps openssl findings open while nginx and redis still map the old library', async () => {
      const open = (await world.findings('h01', 'openssl')).filter(f => f.state === 'fixable').map(f => f.vulnerabilityId);
      expect(open.length).toBeGreaterThan(0);
      const patch = await world.patch('h01', 'openssl');
      before = await version('h01', 'libssl3');
      rolloutId = await world.launch({
        name: 'openssl without restarts',
        patchIds: [patch.id],
        hosts: ['h01', 'h03'],
        rings: oneRing,
        restart: 'never',
      });
      expect((await world.reach(rolloutId, ['completed', 'completed-partial', 'paused'])).rollout.state).toBe('completed');
      expect(await version('h01', 'libssl3')).not.toBe(before);
      for (const host of ['h01', 'h03']) {
        const left = (await world.findings(host, 'openssl')).filter(f => open.includes(f.vulnerabilityId));
        expect(
          left.map(f => f.state),
          host,
        ).toEqual(open.map(() => 'restart-pending'));
        expect((await world.host(host)).restartPending).toBe(true);
      }
    });

    it('closes them once the services were restarted', async () => {
      for (const host of ['h01', 'h03']) {
        const { facts } = await world.admin.client.hostGet({ params: { id: world.id(host) } });
        const stale = (facts as { staleProcesses: { unit: string | null }[] }).staleProcesses;
        const units = [
          ...new Set(stale.map(process => process.unit).filter((unit): unit is string => unit?.endsWith('.service') === true)),
        ];
        expect(units).toEqual(expect.arrayContaining(['nginx.service', 'redis-server.service']));
        for (const unit of units) await must(host, 'systemctl', 'restart', unit);
        await must(host, 'systemctl', 'daemon-reexec');
      }
      await until('the findings to close', 60_000, async () => {
        await world.refresh('h01', 'h03');
        return (
          (await world.findings('h01', 'openssl')).every(f => f.state !== 'restart-pending') &&
          (await world.findings('h03', 'openssl')).every(f => f.state !== 'restart-pending')
        );
      });
    });

    it('restores the exact old versions by rollback, verified', async () => {
      const drafted = await world.admin.client.rolloutRollback({ params: { id: rolloutId }, body: { reason: 'lab' } });
      await world.approveAndStart(drafted.rollout.id);
      expect((await world.reach(drafted.rollout.id, ['completed', 'completed-partial', 'paused'])).rollout).toMatchObject({
        state: 'completed',
        kind: 'rollback',
      });
      for (const host of ['h01', 'h03']) {
        expect(await version(host, 'libssl3')).toBe(before);
        expect(await version(host, 'openssl')).toBe(before);
      }
    });

    it('restarts the affected services itself when the policy says so', async () => {
      const patch = await world.patch('h02', 'openssl');
      expect(patch.hosts).toBeGreaterThanOrEqual(4);
      const id = await world.launch({
        name: 'openssl',
        patchIds: [patch.id],
        hosts: ['h01', 'h02', 'h03', 'h04'],
        rings: canaryThenRest('h02', world),
        restart: 'affected-services',
        smokeTests: [
          { kind: 'unit-active', unit: 'nginx.service' },
          { kind: 'tcp-port', host: '127.0.0.1', port: 80 },
          { kind: 'http', url: 'http://127.0.0.1/', expectStatus: 200 },
        ],
      });
      expect((await world.reach(id, ['completed', 'completed-partial', 'paused'])).rollout).toMatchObject({
        state: 'completed',
        succeeded: 4,
      });
      const proof = (await world.admin.client.hostProof({ params: { id: world.id('h02') } })).items.find(item => item.rolloutId === id)!;
      expect(proof.restartedUnits).toEqual(expect.arrayContaining(['nginx.service', 'redis-server.service']));
      expect(proof.closedVulnerabilities.length).toBeGreaterThan(0);
      expect((await world.findings('h02', 'openssl')).filter(f => f.state === 'fixable' || f.state === 'restart-pending')).toEqual([]);
    });

    it('reboots a host that needs it, by policy, and proves the new boot', async () => {
      const patch = await world.patch('h02', 'lab-kernel');
      const old = await boot('h02');
      const id = await world.launch({ name: 'kernel', patchIds: [patch.id], hosts: ['h02'], rings: oneRing, reboot: 'if-needed' });
      expect((await world.reach(id, ['completed', 'completed-partial', 'paused'])).rollout.state).toBe('completed');
      expect(await boot('h02')).not.toBe(old);
      expect(
        (await world.admin.client.hostProof({ params: { id: world.id('h02') } })).items.find(item => item.rolloutId === id)!.rebooted,
      ).toBe(true);
      const overSsh = await world.launch({
        name: 'kernel over SSH',
        patchIds: [(await world.patch('h04', 'lab-kernel')).id],
        hosts: ['h04'],
        rings: oneRing,
        reboot: 'if-needed',
      });
      const oldSsh = await boot('h04');
      expect((await world.reach(overSsh, ['completed', 'completed-partial', 'paused'])).rollout.state).toBe('completed');
      expect(await boot('h04')).not.toBe(oldSsh);
    });

    it('patches sudo and glibc on Debian 11, by agent and by SSH', async () => {
      const wanted = ['sudo', 'glibc'];
      const patches = (await world.patches('h05')).filter(p => wanted.includes(p.sourceName));
      expect(patches.map(p => p.sourceName).sort()).toEqual(wanted.sort());
      const id = await world.launch({
        name: 'debian 11',
        patchIds: patches.map(p => p.id),
        hosts: ['h05', 'h06'],
        rings: canaryThenRest('h05', world),
      });
      expect((await world.reach(id, ['completed', 'completed-partial', 'paused'])).rollout).toMatchObject({
        state: 'completed',
        succeeded: 2,
      });
      for (const host of ['h05', 'h06'])
        expect(await version(host, 'sudo')).toBe(patches.find(p => p.sourceName === 'sudo')!.targetVersion);
    });
  });
}
