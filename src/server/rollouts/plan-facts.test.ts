import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Story } from './test-story.ts';

const ALL_AT_ONCE = [{ name: 'all', percent: 100, concurrency: 30 }];

describe('what a plan is checked against', () => {
  let story: Story;
  beforeEach(async () => {
    story = await Story.begin(21);
  });
  afterEach(() => story.end());
  const lint = async (id: string, rule: string) =>
    (await story.get(id)).plan!.lint.filter(one => one.rule === rule).map(one => one.message);

  it('the history of jobs alike, other rollouts on its hosts, and due dates', { timeout: 120_000 }, async () => {
    const cold = (await story.get(await story.plan({ rings: ALL_AT_ONCE }))).plan!.rings[0]!.hosts[0]!;
    expect([cold.estimatedMinutes, cold.basedOnJobs]).toEqual([6, 0]);
    const done = await story.started({ rings: ALL_AT_ONCE });
    await story.rollouts.reconcileOnce();
    for (const host of story.hosts) await host.work(story.jobs, 'restart');
    story.clock.advance(90);
    expect((await story.until(done, ['completed', 'paused'])).rollout.state).toBe('completed');

    for (const host of story.hosts) host.packages.set('openssl', '1');
    story.host(1).dueAt = '2026-11-22T12:03:00.000Z';
    const window = { startsAt: '2026-11-23T20:00:00.000Z', endsAt: '2026-11-23T23:00:00.000Z' };
    const first = await story.approved({ rings: ALL_AT_ONCE, window });
    const { plan } = await story.get(first);
    const [host] = plan!.rings[0]!.hosts;
    expect([host!.estimatedMinutes, host!.basedOnJobs]).toEqual([2, 21]);
    expect(plan!.forecast).toEqual([{ name: 'all', startsAt: '2026-11-23T20:00:00.000Z', endsAt: '2026-11-23T20:02:00.000Z' }]);
    expect(plan!.late).toMatchObject([{ ring: 'all', hosts: ['h1'], dueAt: '2026-11-22T12:03:00.000Z' }]);
    expect(await lint(first, 'due-date')).toEqual([expect.stringContaining('h1: due on 2026-11-22T12:03:00.000Z')]);

    const second = await story.plan({ rings: ALL_AT_ONCE, selector: { hostIds: ['host_h2', 'host_h3'] } });
    expect(await lint(second, 'other-rollouts')).toEqual([expect.stringContaining(`2 hosts are in rollout openssl (${first}) as well`)]);
  });
});
