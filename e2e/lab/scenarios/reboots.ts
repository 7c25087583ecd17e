import { describe, expect, it } from 'vitest';
import { must } from '../../harness/fleet.ts';
import { oneRing, type World } from '../world.ts';

const HOST = 'h01';
const bootId = async () => (await must(HOST, 'cat', '/proc/sys/kernel/random/boot_id')).trim();

export function reboots(world: World): void {
  describe('one reboot for several rollouts', () => {
    it('the first that has installed waits for the second; both are verified after the same boot', async () => {
      const before = await bootId();
      const approved: string[] = [];
      for (const [source, reboot] of [
        ['lab-kernel', 'if-needed'],
        ['perl', 'always'],
      ] as const) {
        const patch = await world.patch(HOST, source);
        const { rollout } = await world.admin.client.rolloutCreate({
          body: {
            name: `reboot for ${source}`,
            patchIds: [patch.id],
            rehearse: 'none',
            reboot,
            rings: oneRing,
            selector: { hostIds: [world.id(HOST)] },
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

      const after = await bootId();
      expect(after).not.toBe(before);
      const events: { kind: string; text: string }[] = [];
      for (const id of approved) {
        const { result } = await world.admin.client.jobGet({ params: { id: (await world.job(id, HOST)).id } });
        expect(result).toMatchObject({ outcome: 'succeeded', rebooted: true, bootIdAfter: after });
        const { items } = await world.admin.client.rolloutEvents({ params: { id }, query: { limit: 2_000 } });
        events.push(...items);
      }
      expect(events.filter(event => event.kind === 'permit' && event.text.startsWith('permit to reboot'))).toHaveLength(1);
      expect(events.some(event => event.text.includes('one reboot at the end serves both'))).toBe(true);
    });
  });
}
