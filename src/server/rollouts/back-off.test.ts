import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Story } from './test-story.ts';

describe('a host that was off', () => {
  let story: Story;
  beforeEach(async () => {
    story = await Story.begin(2);
  });
  afterEach(() => story.end());

  it('is offered its job with its first check-in, however long it was away', async () => {
    const id = await story.started({ rings: [{ name: 'all', percent: 100, soakMinutes: 0, concurrency: 2 }] });
    await story.rollouts.reconcileOnce();
    // The offer lies there; then the host is gone, for five hours.
    story.host(2).online = false;
    for (let n = 0; n < 60; n++) {
      await story.turn();
      story.clock.advance(300);
    }
    expect(await story.jobStates(id)).toMatchObject({ h1: 'succeeded', h2: 'queued' });
    const [before] = (await story.jobRows(id)).filter(job => job.hostName === 'h2');
    // What it did not hear is not held against it: a plan for each five minutes would use up its numbers.
    expect(before!.attempt).toBeLessThan(4);
    story.host(2).online = true;
    await story.turn();
    expect((await story.jobStates(id)).h2).not.toBe('queued');
    await story.turn();
    expect(await story.jobStates(id)).toMatchObject({ h2: 'succeeded' });
  });
});
