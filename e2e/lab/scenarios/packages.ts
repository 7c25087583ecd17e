import { describe, expect, it } from 'vitest';
import { must, on, sh, until, version } from '../../harness/fleet.ts';
import { oneRing, type World } from '../world.ts';

export function packages(world: World): void {
  describe('what the administrator decided stays', () => {
    it('a held package stays held and is shown as held', async () => {
      await must('h02', 'apt-mark', 'hold', 'lab-held');
      await world.refresh('h02');
      await until('the hold to show', 30_000, async () => (await world.host('h02')).heldPackages === 1);
      const { items } = await world.admin.client.patchList({ query: { platform: 'debian-12', search: 'lab-held', pageSize: 100 } });
      const patch = items.find(p => p.sourceName === 'lab-held')!;
      expect(patch.hostsHeld).toBe(1);
      const id = await world.launch({ name: 'held', patchIds: [patch.id], hosts: ['h01', 'h02'], rings: oneRing });
      const done = await world.reach(id, ['completed', 'completed-partial', 'paused']);
      expect(done.rollout.state).toMatch(/completed/);
      expect(done.plan!.excluded.find(e => e.hostId === world.id('h02'))?.reason).toMatch(/hold|held/i);
      expect(await version('h01', 'lab-held')).toBe(patch.targetVersion);
      expect(await version('h02', 'lab-held')).toBe('1.0');
      expect((await must('h02', 'apt-mark', 'showhold')).trim()).toBe('lab-held');
    });

    it('an edited conffile survives', async () => {
      for (const host of ['h01', 'h03']) await sh(host, 'echo setting=mine > /etc/lab-conf.conf');
      const patch = await world.patch('h01', 'lab-conf');
      const id = await world.launch({ name: 'conffile', patchIds: [patch.id], hosts: ['h01', 'h03'], rings: oneRing });
      expect((await world.reach(id, ['completed', 'completed-partial', 'paused'])).rollout.state).toBe('completed');
      for (const host of ['h01', 'h03']) {
        expect(await version(host, 'lab-conf')).toBe(patch.targetVersion);
        expect((await must(host, 'cat', '/etc/lab-conf.conf')).trim()).toBe('setting=mine');
      }
    });

    it('a lock held by another process is waited for', async () => {
      for (const host of ['h02', 'h04'])
        await sh(
          host,
          `nohup python3 -c 'import fcntl,time; f=open("/var/lib/dpkg/lock-frontend","w"); fcntl.lockf(f, fcntl.LOCK_EX); time.sleep(20)' >/dev/null 2>&1 &`,
        );
      const patch = await world.patch('h02', 'lab-conf');
      const id = await world.launch({ name: 'lock', patchIds: [patch.id], hosts: ['h02', 'h04'], rings: oneRing });
      expect((await world.reach(id, ['completed', 'completed-partial', 'paused'])).rollout.state).toBe('completed');
      const { items } = await world.admin.client.rolloutEvents({ params: { id }, query: { limit: 2000 } });
      expect(items.map(event => event.text).join('\n')).toMatch(/lock/i);
      for (const host of ['h02', 'h04']) expect(await version(host, 'lab-conf')).toBe(patch.targetVersion);
    });

    it('leaves no package half done on any host', async () => {
      for (const host of ['h01', 'h02', 'h03', 'h04', 'h05', 'h06'])
        expect((await on(host, 'dpkg', '--audit')).stdout.trim(), host).toBe('');
    });
  });
}
