import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { brokenInvariants } from './history-check.ts';
import { ada, Story } from './test-story.ts';

const ALL_AT_ONCE = [{ name: 'all', percent: 100, concurrency: 10 }];

describe('emergencies', () => {
  let story: Story;
  beforeEach(async () => {
    story = await Story.begin(3);
  });
  afterEach(() => story.end());

  const asked = <B>(body: B) => ({ params: undefined, query: undefined, body }) as never;
  const handlers = () => story.rollouts.handlers;
  const applied = () => story.hosts.map(host => host.applied);
  const freeze = (kind: 'hard' | 'soft') =>
    handlers().freezeCreate(
      asked({
        name: 'sales',
        kind,
        startsAt: '2026-11-22T11:00:00.000Z',
        endsAt: '2026-11-23T00:00:00.000Z',
        query: null,
        owner: 'x',
        reason: 'y',
      }),
      ada,
      story.request,
    );

  it('a soft freeze holds the normal and lets emergencies pass; a hard one holds both', async () => {
    await freeze('soft');
    await story.started({ rings: ALL_AT_ONCE, selector: { hostIds: ['host_h1'] } });
    await story.started({ rings: ALL_AT_ONCE, selector: { hostIds: ['host_h2'] }, profile: 'emergency' });
    await story.turn();
    expect(applied()).toEqual([0, 1, 0]);
    await freeze('hard');
    await story.started({ rings: ALL_AT_ONCE, selector: { hostIds: ['host_h3'] }, profile: 'emergency' });
    await story.turn();
    expect(applied()).toEqual([0, 1, 0]);
  });

  it('an emergency takes over a host that only prepares, and the other rollout gets it back', async () => {
    await freeze('soft');
    const normal = await story.started({ rings: ALL_AT_ONCE, selector: { hostIds: ['host_h1'] } });
    await story.turn();
    expect(await story.jobStates(normal)).toEqual({ h1: 'staged' });
    const urgent = await story.started({ rings: ALL_AT_ONCE, selector: { hostIds: ['host_h1'] }, profile: 'emergency' });
    expect((await story.until(urgent, ['completed', 'paused'])).rollout.state).toBe('completed');
    expect(applied()).toEqual([1, 0, 0]);
    const [job] = await story.jobRows(normal);
    expect(job!.attemptsLeft).toBe(3 - 1);
    story.clock.advance(86_400);
    expect((await story.until(normal, ['completed', 'paused'])).rollout.state).toBe('completed');
    expect(await brokenInvariants(story.db)).toEqual([]);
  });

  it('an emergency takes no more hosts over than it has places for: the rest go on preparing', async () => {
    await freeze('hard');
    const normal = await story.started({ rings: ALL_AT_ONCE });
    await story.turn();
    expect(await story.jobStates(normal)).toEqual({ h1: 'staged', h2: 'staged', h3: 'staged' });
    const urgent = await story.started({ rings: [{ ...ALL_AT_ONCE[0]!, concurrency: 1 }], profile: 'emergency' });
    for (let turn = 0; turn < 4; turn++) await story.turn();
    expect(await story.jobStates(urgent)).toEqual({ h1: 'staged', h2: 'staged', h3: 'queued' });
    expect(await story.jobStates(normal)).toEqual({ h1: 'queued', h2: 'queued', h3: 'staged' });
    expect((await story.jobRows(normal)).map(job => job.attempt)).toEqual([1, 1, 1]);
  });
});
