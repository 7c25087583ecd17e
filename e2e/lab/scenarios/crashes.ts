import { describe, expect, it } from 'vitest';
import { fleet, must, on, sh, until, version } from '../../harness/fleet.ts';
import { oneRing, type World } from '../world.ts';

/** lab-slow sleeps 20 s in its postinst: the crash falls into the middle of the transaction. */
async function inPostinst(host: string): Promise<void> {
  await until(
    `lab-slow to be in its postinst on ${host}`,
    90_000,
    async () => (await on(host, 'pgrep', '-f', 'lab-slow.postinst')).code === 0,
  );
}

async function truthOn(world: World, id: string, host: string, target: string): Promise<void> {
  await until(`the job on ${host} to end`, 240_000, async () =>
    /succeeded|already-compliant|failed|verify-failed|timed-out/.test((await world.job(id, host)).state),
  );
  const job = await world.job(id, host);
  const now = await version(host, 'lab-slow');
  expect(now === target, `${host}: job says ${job.state}, the host has ${now}`).toBe(/succeeded|already-compliant/.test(job.state));
  expect((await must(host, 'dpkg', '--audit')).trim()).toBe('');
}

export function crashes(world: World): void {
  describe('kill -9 in the middle of a patch ends in the truth', () => {
    it('of the server, with one host by agent and one by SSH', async () => {
      const patch = await world.patch('h01', 'lab-slow');
      const id = await world.launch({ name: 'server killed', patchIds: [patch.id], hosts: ['h01', 'h03'], rings: oneRing });
      await Promise.all([inPostinst('h01'), inPostinst('h03')]);
      await world.server.kill();
      await world.start();
      for (const host of ['h01', 'h03']) await truthOn(world, id, host, patch.targetVersion);
      expect((await world.reach(id, ['completed', 'completed-partial', 'paused'])).rollout.state).toBe('completed');
    });

    it('of the agent', async () => {
      const patch = await world.patch('h02', 'lab-slow');
      const id = await world.launch({ name: 'agent killed', patchIds: [patch.id], hosts: ['h02'], rings: oneRing });
      await inPostinst('h02');
      await sh('h02', 'systemctl kill --signal=KILL --kill-who=main fettle-agent.service');
      await truthOn(world, id, 'h02', patch.targetVersion);
      expect((await world.reach(id, ['completed', 'completed-partial', 'paused'])).rollout.state).toBe('completed');
    });

    for (const [host, reach] of [
      ['h05', 'agent'],
      ['h04', 'SSH'],
    ] as const) {
      it(`of the host itself, reached by ${reach}`, async () => {
        const patch = await world.patch(host, 'lab-slow');
        const id = await world.launch({ name: `power cut on ${host}`, patchIds: [patch.id], hosts: [host], rings: oneRing });
        await inPostinst(host);
        await fleet('kill', host);
        await fleet('start', host);
        await truthOn(world, id, host, patch.targetVersion);
        await world.refresh(host);
        expect((await world.host(host)).state).toBe('current');
      });
    }
  });
}
