import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { QUARANTINE_KEPT } from '../core/kernel/limits.ts';
import { feedThreads } from './feed-threads.ts';
import { type FeedSite, openFeedSite } from './test-feed-site.ts';

const catalogue = (count: number) =>
  JSON.stringify({
    title: 'x',
    catalogVersion: '1',
    vulnerabilities: Array.from({ length: count }, (_, n) => ({
      cveID: `CVE-2024-${1_000 + n}`,
      dateAdded: '2024-01-01',
      dueDate: '2024-02-01',
    })),
  });

describe('a feed that really has far fewer records', () => {
  let site: FeedSite;
  beforeAll(async () => {
    site = await openFeedSite(() => feedThreads);
  });
  afterAll(() => site.close());
  const known = async () => (await site.database.db.query('select from enrichment')).length;
  const kev = async () => (await site.feeds.list()).find(feed => feed.id === 'kev')!;

  beforeEach(async () => {
    await site.database.db.query('truncate enrichment, feed_part, quarantine');
    await site.setUrl('kev', 'kev.json');
    site.publish('kev.json', catalogue(100));
    await site.syncing('kev');
    expect(await known()).toBe(100);
  });

  it('is taken when somebody says so, and is the measure from then on', async () => {
    site.publish('kev.json', catalogue(40));
    await site.syncing('kev');
    expect(await kev()).toMatchObject({ state: 'refused', message: expect.stringMatching(/shrunk from 100 to 40 .*--accept-shrunken/) });
    expect(await known()).toBe(100);
    await site.syncing('kev', { accept: 'shrunken' });
    expect(await kev()).toMatchObject({ state: 'current', message: null, records: 40 });
    expect(await known()).toBe(40);
    expect(
      await site.database.db.query("select from audit_entry where action = 'feed.sync' and detail->>'accept' = 'shrunken'"),
    ).toHaveLength(1);
    site.publish('kev.json', catalogue(20));
    await site.syncing('kev');
    expect(await kev()).toMatchObject({ state: 'refused' });
    expect(await known()).toBe(40);
  });

  it('is taken from a file likewise, and an empty one never', async () => {
    const file = path.join(site.folder, 'kev.json');
    writeFileSync(file, catalogue(40));
    expect(await site.importing(file)).toMatchObject({ skipped: [{ reason: expect.stringContaining('has shrunk') }] });
    expect(await site.importing(file, { accept: 'shrunken' })).toMatchObject({ skipped: [] });
    expect(await known()).toBe(40);
    writeFileSync(file, catalogue(0));
    expect(await site.importing(file, { accept: 'shrunken' })).toMatchObject({ skipped: [{ reason: 'the feed is empty' }] });
    expect(await known()).toBe(40);
  });

  it('names the records that were put aside', async () => {
    const records = [
      { cveID: 'CVE-2024-1', dateAdded: 'soon' },
      ...Array.from({ length: 9 }, (_, n) => ({ cveID: `CVE-2024-${2_000 + n}`, dateAdded: '2024-01-01' })),
    ];
    const file = path.join(site.folder, 'kev.json');
    writeFileSync(file, JSON.stringify({ title: 'x', catalogVersion: '1', vulnerabilities: records }));
    await site.importing(file, { accept: 'shrunken' });
    const told = await site.feeds.handlers.feedQuarantine({ params: { id: 'kev' } } as never, undefined as never, undefined as never);
    expect(told).toEqual({ items: [{ part: '', record: 'vulnerabilities 0', reason: 'dateAdded soon is not a day' }], total: 1 });
  });

  it('says how many records were put aside where it names the first only', async () => {
    const records = Array.from({ length: QUARANTINE_KEPT + 50 }, (_, n) => ({ cveID: `CVE-2024-${2_000 + n}`, dateAdded: 'soon' }));
    const good = Array.from({ length: 2_000 }, (_, n) => ({ cveID: `CVE-2025-${2_000 + n}`, dateAdded: '2024-01-01' }));
    const file = path.join(site.folder, 'kev.json');
    writeFileSync(file, JSON.stringify({ title: 'x', catalogVersion: '1', vulnerabilities: [...records, ...good] }));
    await site.importing(file, { accept: 'shrunken' });
    const told = await site.feeds.handlers.feedQuarantine({ params: { id: 'kev' } } as never, undefined as never, undefined as never);
    expect([told.items.length, told.total]).toEqual([QUARANTINE_KEPT, QUARANTINE_KEPT + 50]);
  });

  it('stays refused while the other files of the same feed are in order', async () => {
    const list = (kind: string, count: number) =>
      Array.from(
        { length: count },
        (_, n) => `[01 Jan 2024] ${kind}-${n + 1}-1 x - update\n\t{CVE-2024-${1_000 + n}}\n\t[bookworm] - x ${n + 1}-1\n`,
      ).join('');
    await site.setUrl('debian-notices', 'DSA/list', 'DLA/list');
    site.publish('DSA/list', list('DSA', 50));
    site.publish('DLA/list', list('DLA', 50));
    const notices = async () => (await site.feeds.list()).find(feed => feed.id === 'debian-notices')!;
    await site.syncing('debian-notices');
    expect(await notices()).toMatchObject({ state: 'stale', records: 100 });
    site.publish('DSA/list', list('DSA', 10));
    await site.syncing('debian-notices');
    expect(await notices()).toMatchObject({ state: 'refused', message: expect.stringContaining('shrunk from 50 to 10') });
    site.publish('DLA/list', list('DLA', 51));
    await site.syncing('debian-notices');
    expect(await notices()).toMatchObject({ state: 'refused', records: 101 });
  });
});
