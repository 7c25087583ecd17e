import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { addMs, type Clock, DAY_MS } from '../core/kernel/instants.ts';
import { FEED_PAGES_MAX } from '../core/kernel/limits.ts';
import { createFeeds } from '../server/feeds/feeds.ts';
import { testContext } from '../server/runtime/test-context.ts';
import { feedThreads } from './feed-threads.ts';
import { type FeedSite, openFeedSite, PERSON } from './test-feed-site.ts';

const START = '2026-11-01T12:00:00.000Z';
let now = START;
const clock: Clock = { now: () => now };
const onDay = (day: number) => addMs(START, day * DAY_MS);
const idOf = (letter: string) => `GHSA-${letter.repeat(4)}-${letter.repeat(4)}-${letter.repeat(4)}`;
const advisory = (letter: string, updated: string) => ({
  ghsa_id: idOf(letter),
  cve_id: null,
  severity: 'high',
  published_at: '2026-01-01T00:00:00Z',
  updated_at: updated,
  withdrawn_at: null,
  vulnerabilities: [{ package: { ecosystem: 'npm', name: 'left-pad' }, vulnerable_version_range: '< 1.0', first_patched_version: '1.0' }],
});

describe('a feed of pages whose walk does not come to its end', () => {
  let site: FeedSite;
  beforeEach(async () => {
    now = START;
    site = await openFeedSite(() => feedThreads, clock);
    page(1, null, JSON.stringify([advisory('z', '2020-01-01T00:00:00Z')]));
    await site.setUrl('github', 'advisories?page=1');
    await site.syncing('github');
    // Five pages of changes, one a day, in front of what was there.
    for (const [index, letter] of ['a', 'b', 'c', 'd', 'e'].entries()) page(index + 1, index + 2, body(letter, index));
    page(6, null, JSON.stringify([advisory('z', '2020-01-01T00:00:00Z')]));
    now = onDay(10);
  });
  afterEach(() => site.close());

  const body = (letter: string, index: number) => JSON.stringify([advisory(letter, onDay(9 - index))]);
  const page = (number: number, next: number | null, content: string) =>
    site.publish(`advisories?page=${number}`, content, next === null ? {} : { link: `<${site.base}/advisories?page=${next}>; rel="next"` });
  const inForce = async () => (await site.claims('github')).map(line => line.charAt(5)).join('');
  const github = async () => (await site.feeds.list()).find(feed => feed.id === 'github')!;

  it('because the server stops after the oldest page is walked anew', async () => {
    site.feeds.onChange(() => void site.feeds.stop());
    await site.syncing('github');
    expect(await inForce()).toBe('ez');

    now = onDay(11);
    const next = createFeeds(testContext(site.database.db, { clock, dataDir: site.dataDir }), feedThreads, {
      importAtStart: [],
      automatic: false,
    });
    await next.start();
    await next.handlers.feedSync({ params: { id: 'github' }, query: {}, body: undefined } as never, PERSON, undefined as never);
    await expect.poll(inForce, { timeout: 10_000 }).toBe('abcdez');
    await next.stop();
  });

  it('because a page is refused says so, and asks for that page again although the first one is the same', async () => {
    page(3, 4, '[{"ghsa_id": "GHSA-cccc-cccc-cccc", "updated_at": "2026-11-08T12:00:00.000Z", "vulnerabilities": [{"package": 1}]}]');
    expect(await site.syncing('github')).toMatchObject({
      items: [{ state: 'refused', message: expect.stringContaining('Page 3 is not in') }],
    });
    expect(await inForce()).toBe('abdez');

    page(3, 4, body('c', 2));
    now = onDay(11);
    await site.syncing('github');
    expect(await inForce()).toBe('abcdez');
    expect(await github()).toMatchObject({ state: 'current', message: null });
    site.asked();
    await site.syncing('github');
    expect(site.asked()).toEqual(['advisories?page=1']);
  });

  it('because there are too many pages says so, and goes as far back the next time', async () => {
    const last = FEED_PAGES_MAX + 1;
    for (let number = 5; number <= last; number++) page(number, number + 1, JSON.stringify([advisory('d', onDay(2))]));
    page(last + 1, null, JSON.stringify([advisory('e', onDay(1))]));
    await site.syncing('github');
    expect(await inForce()).toBe('abcdz');
    expect(await github()).toMatchObject({
      state: 'current',
      message: expect.stringContaining(`More than ${FEED_PAGES_MAX} pages changed`),
    });

    page(5, 6, JSON.stringify([advisory('e', onDay(1))]));
    page(6, null, JSON.stringify([advisory('z', '2020-01-01T00:00:00Z')]));
    now = onDay(11);
    await site.syncing('github');
    expect(await inForce()).toBe('abcdez');
    expect(await github()).toMatchObject({ state: 'current', message: null });
  });
});
