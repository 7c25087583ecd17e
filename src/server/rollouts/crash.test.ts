import { describe, expect, it } from 'vitest';
import { verifyChain } from '../audit/verify.ts';
import { brokenInvariants } from './history-check.ts';
import { Killed } from './test-crash.ts';
import { Story } from './test-story.ts';

/** Hosts meet a dead server as a lost reply and come again; only a death is forgiven. */
async function survive(work: () => Promise<unknown>, story: Story): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof Killed)) throw error;
    story.restart();
  }
}

/** From the approved plan to the end, with one death at point `n`. Returns how many points there were. */
async function storyKilledAt(
  n: number,
  scripts: readonly ('ok' | 'install-failed' | 'repository-unavailable')[],
): Promise<{ points: number; story: Story; id: string }> {
  const story = await Story.begin(scripts.length);
  const id = await story.approved();
  for (const [index, script] of scripts.entries())
    story.hosts[index]!.script = script === 'repository-unavailable' ? [script, 'ok'] : [script];
  const before = story.mortal.count;
  story.mortal.killAfter(n);
  await survive(() => story.act(id, 'start'), story);
  if ((await story.get(id).catch(() => null))?.rollout.state === 'scheduled') await survive(() => story.act(id, 'start'), story);
  for (let turn = 0; turn < 40; turn++) {
    await survive(() => story.rollouts.reconcileOnce(), story);
    for (const host of story.hosts) await survive(() => host.work(story.jobs), story);
    const [row] = await story.db.query<{ state: string }>('select state from rollout where id = $1', [id]);
    if (row!.state !== 'running' && row!.state !== 'scheduled') break;
    if (row!.state === 'scheduled') await survive(() => story.act(id, 'start'), story);
    // As after a real restart: the dead holder's lease runs out.
    await story.db.query(`update reconciler_lease set leased_until = now() - interval '1 second'`);
    story.clock.advance(60);
  }
  return { points: story.mortal.count - before, story, id };
}

describe('kill -9 between any two statements', () => {
  it('ends in the truth, with nothing done twice', { timeout: 120_000 }, async () => {
    const whole = await storyKilledAt(Number.POSITIVE_INFINITY, ['repository-unavailable', 'ok']);
    await whole.story.end();
    expect(whole.points).toBeGreaterThan(200);
    // Every point in turn would take minutes: a step that shares no factor with the length of a transaction visits all kinds of them.
    for (let n = 1; n < whole.points; n += 31) {
      const { story, id } = await storyKilledAt(n, ['repository-unavailable', 'ok']);
      const { rollout } = await story.get(id);
      expect(rollout, `killed at ${n}`).toMatchObject({ state: 'completed', succeeded: 2 });
      expect(
        story.hosts.map(host => host.applied),
        `killed at ${n}`,
      ).toEqual([1, 1]);
      expect(await brokenInvariants(story.db), `killed at ${n}`).toEqual([]);
      expect((await verifyChain(story.db)).brokenAt, `killed at ${n}`).toBeNull();
      await story.end();
    }
  });

  it('never touches a second host after a canary has failed', { timeout: 60_000 }, async () => {
    for (let n = 5; n < 200; n += 37) {
      const { story, id } = await storyKilledAt(n, ['install-failed', 'ok']);
      expect((await story.get(id)).rollout.state, `killed at ${n}`).toBe('paused');
      expect(story.host(2).permits.length + story.host(2).applied, `killed at ${n}`).toBe(0);
      expect(await brokenInvariants(story.db), `killed at ${n}`).toEqual([]);
      await story.end();
    }
  });
});

describe('several servers at once', () => {
  it('two reconcilers that both believe they hold the lease do the work once', { timeout: 60_000 }, async () => {
    const story = await Story.begin(6);
    try {
      const id = await story.started({
        rings: [
          { name: 'canary', hosts: 1, concurrency: 1 },
          { name: 'rest', percent: 100, concurrency: 2 },
        ],
      });
      await story.db.query(`update reconciler_lease set leased_until = now() - interval '1 second'`);
      const one = story.replica('same');
      const other = story.replica('same');
      for (let turn = 0; turn < 30 && (await story.get(id)).rollout.state === 'running'; turn++) {
        await Promise.all([
          one.reconcileOnce(),
          other.reconcileOnce(),
          ...story.hosts.map((host, index) => host.work(index % 2 === 0 ? one.jobs : other.jobs)),
        ]);
        story.clock.advance(30);
      }
      expect((await story.get(id)).rollout).toMatchObject({ state: 'completed', succeeded: 6 });
      expect(story.hosts.map(host => host.applied)).toEqual([1, 1, 1, 1, 1, 1]);
      expect(await brokenInvariants(story.db)).toEqual([]);
    } finally {
      await story.end();
    }
  });

  it('a replica that was paused beyond its lease writes nothing', async () => {
    const story = await Story.begin(2);
    try {
      const id = await story.approved();
      const paused = story.rollouts;
      await paused.reconcileOnce();
      await story.db.query(`update reconciler_lease set leased_until = now() - interval '1 second'`);
      const next = story.replica();
      await next.reconcileOnce();
      const [lease] = await story.db.query<{ fence: number }>('select fence from reconciler_lease');
      expect(lease!.fence).toBe(2);
      await story.act(id, 'start');
      await paused.reconcileOnce();
      expect((await story.get(id)).rings[0]!.state).toBe('pending');
      await next.reconcileOnce();
      expect((await story.get(id)).rings[0]!.state).toBe('running');
    } finally {
      await story.end();
    }
  });

  it('the last slot goes to one of two hosts that ask at the same moment', async () => {
    const story = await Story.begin(4);
    try {
      await story.started({ rings: [{ name: 'all', percent: 100, concurrency: 1 }] });
      await story.rollouts.reconcileOnce();
      const other = story.replica();
      const offered = await story.db.query<{ id: string; host_id: string }>(`select id, host_id from job where state = 'offered'`);
      expect(offered).toHaveLength(2);
      const answers = await Promise.all(
        offered.map((job, index) => (index === 0 ? story.jobs : other.jobs).requestPermit(job.host_id, job.id, 1, 'apply')),
      );
      expect(answers.filter(answer => answer.permit !== null)).toHaveLength(1);
      expect(answers.find(answer => answer.refused !== null)!.refused!.code).toBe('ring-slot');
    } finally {
      await story.end();
    }
  });
});
