import { describe, expect, it } from 'vitest';
import { ProblemError } from '../../../src/api/client.ts';
import { version } from '../../harness/fleet.ts';
import { canaryThenRest, type World } from '../world.ts';

export function approval(world: World): void {
  describe('change control', () => {
    it('refuses the requester as approver and a hash that was not read, then patches four hosts in rings', async () => {
      const patch = await world.patch('h01', 'lab-hello');
      const drafted = await world.admin.client.rolloutCreate({
        body: {
          name: 'lab-hello',
          patchIds: [patch.id],
          selector: { query: 'os = debian-12 and env = lab' },
          rings: canaryThenRest('h01', world),
        },
      });
      const id = drafted.rollout.id;
      await world.act(id, 'submit');
      const planned = await world.reach(id, ['planned']);
      expect(planned.plan!.rings.map(ring => ring.hosts.length)).toEqual([1, 3]);
      expect(planned.plan!.rings.flatMap(ring => ring.hosts).every(host => host.rehearsed === 'on-host')).toBe(true);
      expect(await version('h01', 'lab-hello')).toBe('1.0');
      await world.act(id, 'request-approval');
      const refused = (problem: unknown) => problem instanceof ProblemError;
      expect(
        await world.admin.client
          .rolloutAct({ params: { id }, body: { verb: 'approve', planHash: planned.rollout.planHash! } })
          .catch(refused),
      ).toBe(true);
      expect(
        await world.approver.client.rolloutAct({ params: { id }, body: { verb: 'approve', planHash: '0'.repeat(64) } }).catch(refused),
      ).toBe(true);
      await world.approver.client.rolloutAct({ params: { id }, body: { verb: 'approve', planHash: planned.rollout.planHash! } });
      const scheduled = await world.admin.client.rolloutGet({ params: { id } });
      if (scheduled.verbs.find(v => v.verb === 'start')?.enabled) await world.act(id, 'start');
      const done = await world.reach(id, ['completed', 'completed-partial', 'paused', 'halted']);
      expect(done.rollout).toMatchObject({
        state: 'completed',
        succeeded: 4,
        failed: 0,
        requestedBy: 'ada',
        approvedBy: 'grace',
        selfApproved: false,
      });
      expect(done.rings[0]!.gates.at(-1)).toMatchObject({ verdict: 'pass' });
      for (const host of ['h01', 'h02', 'h03', 'h04']) expect(await version(host, 'lab-hello')).toBe(patch.targetVersion);
    });

    it('shows the proof on the host and in the CSV', async () => {
      const target = await version('h03', 'lab-hello');
      const { items } = await world.admin.client.hostProof({ params: { id: world.id('h03') } });
      const proof = items.find(item => item.rolloutName === 'lab-hello')!;
      expect(proof).toMatchObject({ requestedBy: 'ada', approvedBy: 'grace', selfApproved: false });
      expect(proof.before.find(p => p.name === 'lab-hello')?.version).toBe('1.0');
      expect(proof.after.find(p => p.name === 'lab-hello')?.version).toBe(target);
      expect(proof.observedNow.find(p => p.name === 'lab-hello')?.version).toBe(target);
      const csv = await world.admin.client.rolloutProof({ params: { id: proof.rolloutId } });
      expect(csv.split(/\r?\n/).filter(line => line.includes('lab-hello')).length).toBeGreaterThanOrEqual(4);
    });
  });
}
