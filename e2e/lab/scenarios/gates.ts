import { describe, expect, it } from 'vitest';
import { must, on, version } from '../../harness/fleet.ts';
import { canaryThenRest, type World } from '../world.ts';

const UNTOUCHED = ['h02', 'h03', 'h04'];

export function gates(world: World): void {
  describe('a bad patch stops in the canary', () => {
    it('lab-broken: the maintainer script fails', async () => {
      const patch = await world.patch('h01', 'lab-broken');
      const id = await world.launch({
        name: 'broken',
        patchIds: [patch.id],
        hosts: ['h01', ...UNTOUCHED],
        rings: canaryThenRest('h01', world),
      });
      const stopped = await world.reach(id, ['paused', 'halted', 'completed', 'completed-partial']);
      expect(stopped.rollout.state).toMatch(/paused|halted/);
      expect(stopped.rollout.stateReason).toMatch(/canary|lab-broken|failed/i);
      const job = await world.job(id, 'h01');
      expect(job).toMatchObject({ state: 'failed', failureClass: 'install-failed', infrastructure: false, touched: true });
      expect(stopped.rings[0]!.gates.at(-1)!.verdict).toBe('fail');
      for (const host of UNTOUCHED) {
        expect(await version(host, 'lab-broken')).toBe('1.0');
        expect((await world.job(id, host)).touched).toBe(false);
      }
      await world.act(id, 'halt', 'bad patch');
      const rollback = await world.admin.client.rolloutRollback({ params: { id }, body: { reason: 'repair' } });
      await world.approveAndStart(rollback.rollout.id);
      expect((await world.reach(rollback.rollout.id, ['completed', 'completed-partial', 'paused'])).rollout.state).toBe('completed');
      expect(await version('h01', 'lab-broken')).toBe('1.0');
      expect((await must('h01', 'dpkg', '--audit')).trim()).toBe('');
    });

    it('lab-svc over SSH: apt is content, the service is dead', async () => {
      const patch = await world.patch('h03', 'lab-svc');
      const id = await world.launch({
        name: 'dead service',
        patchIds: [patch.id],
        hosts: ['h03', 'h01', 'h02', 'h04'],
        rings: canaryThenRest('h03', world),
      });
      const stopped = await world.reach(id, ['paused', 'halted', 'completed', 'completed-partial']);
      expect(stopped.rollout.state).toMatch(/paused|halted/);
      const job = await world.job(id, 'h03');
      expect(job.state).toMatch(/failed/);
      expect(job.failureClass).toMatch(/service-failed|smoke-test-failed|verify-failed/);
      expect(job.failure).toContain('lab-svc');
      for (const host of ['h01', 'h02', 'h04']) expect(await version(host, 'lab-svc')).toBe('1.0');
      await world.act(id, 'halt', 'bad patch');
      const rollback = await world.admin.client.rolloutRollback({ params: { id }, body: { reason: 'repair' } });
      await world.approveAndStart(rollback.rollout.id);
      await world.reach(rollback.rollout.id, ['completed']);
      expect(await version('h03', 'lab-svc')).toBe('1.0');
      expect((await on('h03', 'systemctl', 'is-active', 'lab-svc')).stdout.trim()).toBe('active');
    });
  });
}
