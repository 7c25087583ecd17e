import { describe, expect, it } from 'vitest';
import { must } from '../../harness/fleet.ts';
import { oneRing, type World } from '../world.ts';

/** One by agent, one by SSH. */
const HOSTS = ['h01', 'h03'] as const;
const bootId = async (host: string) => (await must(host, 'cat', '/proc/sys/kernel/random/boot_id')).trim();

export function reboots(world: World): void {
  describe('one reboot for several rollouts', () => {
    it('the first that has installed waits for the second; both are verified after the same boot', async () => {
      const before = await Promise.all(HOSTS.map(bootId));
      const approved: string[] = [];
      for (const [source, reboot] of [
        ['lab-kernel', 'if-needed'],
        ['perl', 'always'],
      ] as const) {
        const patch = await world.patch(HOSTS[0], source);
        const { rollout } = await world.admin.client.rolloutCreate({
          body: {
            name: `reboot for ${source}`,
            patchIds: [patch.id],
            rehearse: 'none',
            reboot,
            rings: oneRing,
            selector: { hostIds: HOSTS.map(host => world.id(host)) },
          },
        });
        await world.act(rollout.id, 'submit');
        const planned = await world.reach(rollout.id, ['planned', 'draft'], 120_000);
        expect(planned.rollout.state, planned.rollout.stateReason ?? '').toBe('planned');
        await world.act(rollout.id, 'request-approval');
        await world.approver.client.rolloutAct({
          params: { id: rollout.id },
          body: { verb: 'approve', planHash: planned.rollout.planHash! },
        });
        approved.push(rollout.id);
      }
      for (const id of approved) await world.act(id, 'start');
      for (const id of approved)
        expect((await world.reach(id, ['completed', 'completed-partial', 'paused'])).rollout.state).toBe('completed');

      const after = await Promise.all(HOSTS.map(bootId));
      const events: { kind: string; jobId: string | null; text: string }[] = [];
      for (const id of approved)
        events.push(...(await world.admin.client.rolloutEvents({ params: { id }, query: { limit: 2_000 } })).items);
      for (const [at, host] of HOSTS.entries()) {
        expect(after[at], host).not.toBe(before[at]);
        const jobs = await Promise.all(approved.map(id => world.job(id, host)));
        for (const job of jobs) {
          const { result } = await world.admin.client.jobGet({ params: { id: job.id } });
          expect(result, host).toMatchObject({ outcome: 'succeeded', rebooted: true, bootIdBefore: before[at], bootIdAfter: after[at] });
        }
        const told = events.filter(event => jobs.some(job => job.id === event.jobId)).map(event => event.text);
        expect(
          told.filter(text => text.startsWith('permit to reboot')),
          host,
        ).toHaveLength(1);
        expect(
          told.some(text => text.includes('one reboot at the end serves both')),
          host,
        ).toBe(true);
      }
    });
  });
}
