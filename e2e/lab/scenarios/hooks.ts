import { describe, expect, it } from 'vitest';
import type { RolloutSpecInput } from '../../../src/api/rollout-spec.ts';
import { must, on, sh, version } from '../../harness/fleet.ts';
import { canaryThenRest, oneRing, type World } from '../world.ts';

/** By agent and by SSH. */
const HOSTS = ['h01', 'h03'];
const FOLDER = '/etc/fettle/hooks.d';
/** What each run of a hook was told, on the host itself. */
const TRACE = '/var/tmp/hooks-ran';
const HOOKS: RolloutSpecInput['hooks'] = [
  { phase: 'pre', name: 'lab-drain', timeoutSeconds: 30 },
  { phase: 'post', name: 'lab-undrain', timeoutSeconds: 30 },
];

/** The administrator's own work: a program in a folder that only root may write. */
async function offer(host: string, name: string, lines: readonly string[]): Promise<void> {
  const program = ['#!/bin/sh', `echo "$FETTLE_PHASE ${name} $FETTLE_OUTCOME" >> ${TRACE}`, ...lines].join('\n');
  await sh(
    host,
    `install -d -m 0755 /etc/fettle ${FOLDER}; printf '%s\\n' '${program.replaceAll("'", "'\\''")}' > ${FOLDER}/${name}; chmod 0755 ${FOLDER}/${name}`,
  );
}

const ran = async (host: string) => (await on(host, 'cat', TRACE)).stdout.trim().split('\n').filter(Boolean);
const forget = async (hosts: readonly string[]) => void (await Promise.all(hosts.map(host => must(host, 'rm', '-f', TRACE))));

export function hooks(world: World): void {
  describe('hooks that hosts offer by name', () => {
    it('are reported with the inventory; what is not root’s alone is not offered, and such a host is left out', async () => {
      for (const host of HOSTS) {
        await offer(host, 'lab-drain', ['echo "cannot drain"', 'exit 3']);
        await offer(host, 'lab-undrain', ['exit 0']);
      }
      await offer('h04', 'lab-drain', ['exit 0']);
      await offer('h04', 'lab-undrain', ['exit 0']);
      await must('h04', 'chmod', '0777', `${FOLDER}/lab-undrain`);
      await world.refresh('h01', 'h03', 'h04');
      const { facts } = await world.admin.client.hostGet({ params: { id: world.id('h03') } });
      expect(facts!.hooks).toEqual([
        { name: 'lab-drain', problem: null },
        { name: 'lab-undrain', problem: null },
      ]);
      const patch = await world.patch('h01', 'expat');
      const drafted = await world.admin.client.rolloutCreate({
        body: {
          name: 'who offers',
          patchIds: [patch.id],
          rehearse: 'none',
          hooks: HOOKS,
          rings: oneRing,
          selector: { hostIds: ['h01', 'h02', 'h04'].map(host => world.id(host)) },
        },
      });
      await world.act(drafted.rollout.id, 'submit');
      const { plan } = await world.reach(drafted.rollout.id, ['planned', 'draft'], 120_000);
      const excluded = new Map(plan!.excluded.map(one => [one.hostId, one.reason]));
      expect(excluded.get(world.id('h02'))).toMatch(/does not offer the hooks lab-drain, lab-undrain/);
      expect(excluded.get(world.id('h04'))).toMatch(/lab-undrain \(others than root may write it\)/);
      expect(plan!.rings.flatMap(ring => ring.hosts.map(host => host.hostId))).toEqual([world.id('h01')]);
      await world.act(drafted.rollout.id, 'cancel');
    });

    it('a pre-hook that fails stops the host before anything is touched, and goes well after it is mended', async () => {
      await forget(HOSTS);
      const before = await Promise.all(HOSTS.map(host => version(host, 'libexpat1')));
      const patch = await world.patch('h01', 'expat');
      const id = await world.launch({ name: 'drained first', patchIds: [patch.id], hosts: HOSTS, rings: oneRing, hooks: HOOKS });
      const stopped = await world.reach(id, ['paused', 'completed', 'completed-partial', 'halted']);
      expect(stopped.rollout.state).toBe('paused');
      for (const host of HOSTS) {
        const job = await world.job(id, host);
        expect(job, host).toMatchObject({ state: 'queued', failureClass: 'pre-hook-failed', touched: false });
        expect(job.failure, host).toMatch(/lab-drain ended with code 3: cannot drain/);
        expect(await ran(host), host).toEqual(['pre lab-drain planned', 'post lab-undrain untouched']);
      }
      expect(await Promise.all(HOSTS.map(host => version(host, 'libexpat1')))).toEqual(before);

      await forget(HOSTS);
      for (const host of HOSTS) await offer(host, 'lab-drain', ['env | sort', 'exit 0']);
      await world.act(id, 'resume', 'the hook is mended');
      const done = await world.reach(id, ['completed', 'completed-partial', 'paused']);
      expect(done.rollout.state).toBe('completed');
      for (const host of HOSTS) {
        expect(await version(host, 'libexpat1'), host).not.toBe(before[HOSTS.indexOf(host)]);
        expect(await ran(host), host).toEqual(['pre lab-drain planned', 'post lab-undrain verified']);
        const { result } = await world.admin.client.jobGet({ params: { id: (await world.job(id, host)).id } });
        const [drained] = (result as { hooks: { name: string; outcome: string; output: string }[] }).hooks;
        expect(drained).toMatchObject({ name: 'lab-drain', outcome: 'passed' });
        // Nothing of the agent's environment, nor of the login's.
        const names = drained!.output
          .trim()
          .split('\n')
          .map(line => line.split('=')[0]);
        expect(
          names.filter(name => !['_', 'PWD', 'SHLVL', 'OLDPWD'].includes(name!)),
          host,
        ).toEqual(['FETTLE_JOB', 'FETTLE_OUTCOME', 'FETTLE_PHASE', 'FETTLE_ROLLOUT', 'HOME', 'LC_ALL', 'PATH']);
      }
    });

    it('a post-hook that fails, or does not end, fails its host and stops the ring', async () => {
      const hosts = ['h02', 'h04'];
      for (const host of hosts) {
        await offer(host, 'lab-drain', ['exit 0']);
        await offer(host, 'lab-undrain', ['sleep 600']);
        await must(host, 'chmod', '0755', `${FOLDER}/lab-undrain`);
      }
      await forget(hosts);
      await world.refresh(...hosts);
      const before = await version('h04', 'libexpat1');
      const patch = await world.patch('h02', 'expat');
      const id = await world.launch({
        name: 'undrained last',
        patchIds: [patch.id],
        hosts,
        rings: canaryThenRest('h02', world),
        hooks: HOOKS!.map(hook => ({ ...hook, timeoutSeconds: 5 })),
      });
      const stopped = await world.reach(id, ['paused', 'completed', 'completed-partial', 'halted']);
      expect(stopped.rollout.state).toMatch(/paused|halted/);
      expect(stopped.rings[0]!.gates.at(-1)!.verdict).toBe('fail');
      const job = await world.job(id, 'h02');
      expect(job).toMatchObject({ state: 'verify-failed', failureClass: 'post-hook-failed', touched: true });
      expect(job.failure).toMatch(/lab-undrain did not end within its 5 seconds/);
      expect(await version('h02', 'libexpat1')).not.toBe(before);
      expect((await on('h02', 'pgrep', '-f', 'sleep 600')).stdout.trim()).toBe('');
      expect((await world.job(id, 'h04')).touched).toBe(false);
      expect(await version('h04', 'libexpat1')).toBe(before);
      expect(await ran('h04')).toEqual([]);
      await world.act(id, 'halt', 'the hook does not end');
    });
  });
}
