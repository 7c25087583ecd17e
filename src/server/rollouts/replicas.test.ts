import { type ChildProcess, spawn } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../core/kernel/instants.ts';
import { verifyChain } from '../audit/verify.ts';
import { planKeysOf } from '../runtime/plan-keys.ts';
import { brokenInvariants } from './history-check.ts';
import type { ReplicaOrder } from './test-replica.ts';
import { ada, Story } from './test-story.ts';

const PROGRAM = path.join(import.meta.dirname, 'test-replica.ts');
const HOSTS = 8;
/** A takeover takes the ten seconds of a lease; a loaded machine some more. */
const END_MS = 150_000;

async function replica(order: ReplicaOrder): Promise<ChildProcess> {
  const child = spawn(process.execPath, ['--no-warnings', PROGRAM, JSON.stringify(order)], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout!, 'data');
  return child;
}

describe('three replicas on one PostgreSQL, each a process', () => {
  it('one stopped in the middle, one killed, one left: nothing twice, nothing lost, no invariant broken', {
    timeout: END_MS + 60_000,
  }, async () => {
    const story = await Story.begin(HOSTS);
    const { privateKey } = generateKeyPairSync('ed25519');
    // The test's own process is the server that hosts speak to: the same keys and the same clock as the replicas'.
    Object.assign(story.context, { planKeys: planKeysOf(privateKey) });
    Object.defineProperty(story.clock, 'now', { value: () => systemClock.now() });
    const children = new Map<string, ChildProcess>();
    try {
      story.fleetQueries.set('role = db', ['host_h3', 'host_h4']);
      await story.seen();
      await story.rollouts.handlers.availabilityGroupCreate(
        {
          params: undefined,
          query: undefined,
          body: {
            name: 'db',
            query: 'role = db',
            minAvailable: 1,
            maxUnavailable: null,
            maxUnavailablePercent: null,
            memberSoakMinutes: 0,
          },
        },
        ada,
        story.request,
      );
      const rings = [
        { name: 'canary', hosts: 2, concurrency: 1 },
        { name: 'rest', percent: 100, concurrency: 2 },
      ];
      const id = await story.approved({ rings, rehearse: 'none' });
      await story.act(id, 'start');
      await story.db.query('delete from reconciler_lease');

      const planKey = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
      for (const identity of ['00000000000000a1', '00000000000000b2', '00000000000000c3'])
        children.set(identity, await replica({ url: story.url, planKey, identity }));
      const holders: string[] = [];
      let stopped: string | null = null;
      let killed: string | null = null;
      const until = Date.now() + END_MS;
      let state = 'running';
      while (state === 'running' && Date.now() < until) {
        await story.seen();
        for (const host of story.hosts) await host.work(story.jobs);
        const [lease] = await story.db.query<{ holder: string }>('select holder from reconciler_lease where leased_until > now()');
        if (lease !== undefined && holders.at(-1) !== lease.holder) holders.push(lease.holder);
        const [done] = await story.db.query<{ done: number }>(`select count(*)::int as done from job where state = 'succeeded'`);
        const holder: string | undefined = holders.at(-1);
        if (stopped === null && done!.done >= 2 && holder !== undefined) {
          stopped = holder;
          children.get(holder)!.kill('SIGSTOP');
        } else if (stopped !== null && killed === null && holder !== undefined && holder !== stopped && done!.done >= 4) {
          killed = holder;
          children.get(killed)!.kill('SIGKILL');
          // It wakes with the fence of a lease that it has lost.
          children.get(stopped)!.kill('SIGCONT');
        }
        [{ state }] = (await story.db.query<{ state: string }>('select state from rollout where id = $1', [id])) as [{ state: string }];
        await new Promise(resolve => setTimeout(resolve, 200));
      }
      expect(state, JSON.stringify(await story.jobStates(id))).toBe('completed');
      expect([stopped, killed].every(one => one !== null)).toBe(true);
      expect(new Set(holders).size, holders.join(' ')).toBeGreaterThanOrEqual(2);
      expect(story.hosts.map(host => host.applied)).toEqual(Array.from({ length: HOSTS }, () => 1));
      expect(await brokenInvariants(story.db)).toEqual([]);
      expect((await verifyChain(story.db)).brokenAt).toBeNull();
    } finally {
      for (const child of children.values()) {
        child.kill('SIGKILL');
        if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
      }
      await story.end();
    }
  });
});
