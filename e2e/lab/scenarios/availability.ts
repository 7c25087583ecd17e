import { describe, expect, it } from 'vitest';
import { version } from '../../harness/fleet.ts';
import { oneRing, type World } from '../world.ts';

/** Each pair has one member by agent and one by SSH. */
const PAIRS: Readonly<Record<string, readonly [string, string]>> = { west: ['h01', 'h03'], east: ['h02', 'h04'] };
const HOSTS = Object.values(PAIRS).flat();

export function availability(world: World): void {
  describe('two availability groups', () => {
    it('four hosts at once, and never two of a pair', async () => {
      const { client } = world.admin;
      const groups: string[] = [];
      for (const [name, members] of Object.entries(PAIRS)) {
        const { items } = await client.hostList({ query: { pageSize: 100 } });
        const names = members.map(host => items.find(one => one.id === world.id(host))!.name);
        const made = await client.availabilityGroupCreate({
          body: {
            name: `lab ${name}`,
            query: names.map(one => `name = ${one}`).join(' or '),
            minAvailable: 1,
            memberSoakMinutes: 0,
            maxUnavailable: null,
            maxUnavailablePercent: null,
          },
        });
        expect(made).toMatchObject({ members: 2, problem: null });
        groups.push(made.id);
      }
      try {
        const patch = await world.patch('h01', 'nginx');
        const before = await version('h01', 'nginx');
        const id = await world.launch({ name: 'two pairs', patchIds: [patch.id], hosts: HOSTS, rings: oneRing });
        const done = await world.reach(id, ['completed', 'completed-partial', 'paused', 'halted']);
        expect(done.rollout.state).toBe('completed');
        for (const host of HOSTS) expect(await version(host, 'nginx'), host).not.toBe(before);

        // From the permit to the end of the job, by the server's clock.
        const { items } = await client.rolloutEvents({ params: { id }, query: { limit: 2_000 } });
        const jobs = await world.jobs(id);
        const of = new Map(
          HOSTS.map(host => {
            const job = jobs.find(one => one.hostId === world.id(host))!;
            const permit = items.find(event => event.jobId === job.id && event.kind === 'permit' && event.text.startsWith('permit to'))!;
            return [host, { from: permit.at, to: job.finishedAt! }];
          }),
        );
        for (const [name, [one, other]] of Object.entries(PAIRS)) {
          const [a, b] = [of.get(one)!, of.get(other)!];
          expect(a.to <= b.from || b.to <= a.from, `${name}: ${JSON.stringify([a, b])}`).toBe(true);
        }
        // Pairs do not wait for each other: somewhere two hosts of different pairs are at work at once.
        const crossing = PAIRS.west!.some(w => PAIRS.east!.some(e => of.get(w)!.from < of.get(e)!.to && of.get(e)!.from < of.get(w)!.to));
        expect(crossing, JSON.stringify([...of])).toBe(true);
      } finally {
        for (const group of groups) await client.availabilityGroupDelete({ params: { id: group } });
      }
    });
  });
}
