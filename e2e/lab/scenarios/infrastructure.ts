import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { installed, mirrorClear, mirrorFault } from '../../harness/fleet.ts';
import { oneRing, type World } from '../world.ts';

/** Another package each, so that the three faults stand beside one another and are waited for together. */
const FAULTS = [
  { mode: '404', host: 'h01', source: 'lab-big' },
  { mode: 'timeout', host: 'h03', source: 'lab-slow' },
  { mode: 'corrupt', host: 'h05', source: 'lab-kernel' },
] as const;

export function infrastructure(world: World): void {
  describe('a failing mirror is infrastructure, not a bad patch', () => {
    const before = new Map<string, Map<string, string>>();
    const rollouts = new Map<string, string>();

    beforeAll(async () => {
      for (const { mode, source } of FAULTS) await mirrorFault(`${source}_.*\\.deb`, mode);
      await Promise.all(
        FAULTS.map(async ({ mode, host, source }) => {
          before.set(host, await installed(host));
          const patch = await world.patch(host, source);
          rollouts.set(host, await world.launch({ name: `mirror ${mode}`, patchIds: [patch.id], hosts: [host], rings: oneRing }));
        }),
      );
    });
    afterAll(async () => {
      await mirrorClear();
    });

    for (const { mode, host } of FAULTS) {
      it(`${mode} on ${host}: nothing on the host changes, and nobody blames the patch`, async () => {
        const id = rollouts.get(host)!;
        const stopped = await world.reach(id, ['paused', 'halted', 'completed', 'completed-partial'], 420_000);
        expect(stopped.rollout.state).toMatch(/paused|halted/);
        expect(`${stopped.rollout.stateReason} ${stopped.rings[0]!.gates.at(-1)?.statement ?? ''}`).toMatch(
          /infrastructure|mirror|repository|signed/i,
        );
        const job = await world.job(id, host);
        expect(job).toMatchObject({ touched: false, infrastructure: true });
        expect(job.failureClass).toMatch(/repository-unavailable|digest-mismatch/);
        expect(await installed(host)).toEqual(before.get(host));
        await world.act(id, 'halt', 'mirror down');
        await world.reach(id, ['halted']);
      }, 480_000);
    }
  });
}
