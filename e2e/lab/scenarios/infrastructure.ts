import { afterEach, describe, expect, it } from 'vitest';
import { installed, mirrorClear, mirrorFault } from '../../harness/fleet.ts';
import { oneRing, type World } from '../world.ts';

export function infrastructure(world: World): void {
  describe('a failing mirror is infrastructure, not a bad patch', () => {
    afterEach(async () => {
      await mirrorClear();
    });

    for (const [mode, host] of [
      ['404', 'h01'],
      ['timeout', 'h03'],
      ['corrupt', 'h02'],
    ] as const) {
      it(`${mode} on ${host}: nothing on the host changes`, async () => {
        const patch = await world.patch(host, 'lab-big');
        const id0 = await world.admin.client.rolloutCreate({
          body: { name: `mirror ${mode}`, patchIds: [patch.id], selector: { hostIds: [world.id(host)] }, rings: oneRing },
        });
        const before = await installed(host);
        await mirrorFault('lab-big_.*\\.deb', mode);
        const id = await world.approveAndStart(id0.rollout.id);
        const stopped = await world.reach(id, ['paused', 'halted', 'completed', 'completed-partial'], 290_000);
        expect(stopped.rollout.state).toMatch(/paused|halted/);
        expect(`${stopped.rollout.stateReason} ${stopped.rings[0]!.gates.at(-1)?.statement ?? ''}`).toMatch(
          /infrastructure|mirror|repository/i,
        );
        const job = await world.job(id, host);
        expect(job).toMatchObject({ touched: false, infrastructure: true });
        expect(job.failureClass).toMatch(/repository-unavailable|digest-mismatch/);
        expect(await installed(host)).toEqual(before);
        await world.act(id, 'halt', 'mirror down');
        await world.reach(id, ['halted']);
      }, 320_000);
    }
  });
}
