import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ada, Story } from './test-story.ts';

const ALL_AT_ONCE = [{ name: 'all', percent: 100, concurrency: 10 }];

describe('why it is not moving, and when that can change', () => {
  let story: Story;
  beforeEach(async () => {
    story = await Story.begin(3);
  });
  afterEach(() => story.end());
  const waits = async (id: string) => (await story.get(id)).waitingOn.map(one => [one.code, one.changesAt?.slice(0, 16) ?? null]);

  it('from draft to the first host', { timeout: 60_000 }, async () => {
    const id = await story.draft({ rings: ALL_AT_ONCE });
    expect(await waits(id)).toEqual([['submission', null]]);
    await story.act(id, 'submit');
    expect(await waits(id)).toEqual([['rehearsal', '2026-11-22T12:05']]);
    await story.turn();
    await story.turn();
    expect(await waits(id)).toEqual([['approval-request', '2026-12-06T12:00']]);
    await story.act(id, 'request-approval');
    expect(await waits(id)).toEqual([['approval', '2026-12-06T12:00']]);
    await story.act(id, 'cancel');
    const ready = await story.approved({ rings: ALL_AT_ONCE });
    expect(await waits(ready)).toEqual([['start', '2026-12-22T12:00']]);
    await story.act(ready, 'start');
    await story.rollouts.reconcileOnce();
    expect(await waits(ready)).toEqual([['host', '2026-11-22T12:05']]);
    await story.host(1).work(story.jobs, 'awaiting-permit');
    expect(await waits(ready)).toEqual(
      expect.arrayContaining([
        ['host-working', '2026-11-22T13:00'],
        ['host', '2026-11-22T12:05'],
      ]),
    );
  });

  it('a silent host, a pause and a freeze', { timeout: 60_000 }, async () => {
    const id = await story.started({ rings: ALL_AT_ONCE, selector: { hostIds: ['host_h1'] } });
    await story.rollouts.reconcileOnce();
    await story.host(1).work(story.jobs, 'verify');
    story.host(1).online = false;
    story.clock.advance(1_000);
    await story.rollouts.reconcileOnce();
    expect(await waits(id)).toEqual([['host-lost', '2026-11-23T12:16']]);
    await story.act(id, 'pause', ada);
    expect((await waits(id))[0]).toEqual(['paused', '2026-11-29T12:16']);
    const frozen = await story.started({ rings: ALL_AT_ONCE, selector: { hostIds: ['host_h2'] } });
    const freeze = {
      name: 'f',
      kind: 'hard' as const,
      startsAt: '2026-11-22T11:00:00.000Z',
      endsAt: '2026-11-22T18:00:00.000Z',
      query: null,
      owner: 'o',
      reason: 'r',
    };
    await story.rollouts.handlers.freezeCreate({ params: undefined, query: undefined, body: freeze }, ada, story.request);
    await story.turn();
    expect(await waits(frozen)).toEqual([['freeze', '2026-11-22T18:00']]);
  });

  it('a host that is off is offered nothing and holds no place', { timeout: 60_000 }, async () => {
    const id = await story.approved({ rings: [{ name: 'all', percent: 100, concurrency: 1 }] });
    story.host(1).online = false;
    story.clock.advance(6 * 60);
    await story.act(id, 'start');
    await story.rollouts.reconcileOnce();
    expect(await story.jobStates(id)).toEqual({ h1: 'queued', h2: 'offered', h3: 'offered' });
    expect(await waits(id)).toEqual(expect.arrayContaining([['host-offline', null]]));
    story.host(1).online = true;
    await story.until(id, ['completed']);
  });
});
