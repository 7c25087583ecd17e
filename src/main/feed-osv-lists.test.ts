import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeZip } from '../plugins/advisory-sources/testkit.ts';
import { feedThreads } from './feed-threads.ts';
import { type FeedSite, openFeedSite } from './test-feed-site.ts';

describe("OSV's archives and their lists of changes", () => {
  let site: FeedSite;
  beforeAll(async () => {
    site = await openFeedSite(() => feedThreads);
  });
  afterAll(() => site.close());

  it('between two archives the list is enough, and a record that changed takes the place of the former one', async () => {
    const record = (id: string, fixed: string, more: object = {}) =>
      JSON.stringify({
        schema_version: '1.6.0',
        id,
        modified: '2026-11-01T00:00:00Z',
        affected: [{ package: { ecosystem: 'npm', name: 'x' }, ranges: [{ type: 'SEMVER', events: [{ introduced: '0' }, { fixed }] }] }],
        ...more,
      });
    const ids = ['GHSA-aaaa-aaaa-aaaa', 'GHSA-bbbb-bbbb-bbbb', 'GHSA-cccc-cccc-cccc'] as const;
    // A flaw of a library that is packaged twice lies in both archives, and may name the other one first.
    const both = 'GHSA-dddd-dddd-dddd';
    const maven = { package: { ecosystem: 'Maven', name: 'g:x' }, ranges: [] };
    const twice = (fixed: string) => record(both, fixed).replace('"affected":[', `"affected":[${JSON.stringify(maven)},`);
    const zip = (fixed: string) =>
      makeZip({ ...Object.fromEntries(ids.map(id => [`${id}.json`, record(id, fixed)])), [`${both}.json`]: twice(fixed) });
    site.publish('npm/all.zip', zip('1.0.0'), { 'last-modified': 'Sun, 01 Nov 2026 12:00:00 GMT' });
    site.publish('npm/modified_id.csv', `2026-11-01T10:00:00Z,${ids[0]}\n`);
    await site.setUrl('osv-npm', 'npm/all.zip');
    expect(await site.syncing('osv-npm')).toMatchObject({ state: 'done', message: null });
    expect(await site.claims('osv-npm')).toEqual([...ids, both].map(id => `${id} 1.0.0`));
    // The archive is made anew with every change: it is not asked for.
    site.publish('npm/all.zip', zip('9.9.9'));
    site.publish(`npm/${ids[0]}.json`, record(ids[0], '1.2.0'));
    site.publish(`npm/${ids[1]}.json`, record(ids[1], '1.0.0', { withdrawn: '2026-11-02T00:00:00Z' }));
    site.publish(`npm/${both}.json`, twice('1.1.0'));
    const changed = [ids[0], ids[1], both];
    const list = changed
      .map((id, at) => `2026-11-02T${11 - at}:00:00Z,${id}\n`)
      .join('')
      .replace('T9:', 'T09:');
    site.publish('npm/modified_id.csv', `2026-11-02T12:00:00.5Z,MAL-2026-1\n${list}`);
    site.asked();
    expect(await site.syncing('osv-npm')).toMatchObject({ state: 'done', message: null });
    expect(site.asked().sort()).toEqual([...changed.map(id => `npm/${id}.json`), 'npm/modified_id.csv']);
    expect(await site.claims('osv-npm')).toEqual([`${ids[0]} 1.2.0`, `${ids[2]} 1.0.0`, `${both} 1.1.0`]);
    expect(await site.claims('osv-maven')).toEqual([]);
    await site.syncing('osv-npm');
    expect(site.asked()).toEqual(['npm/modified_id.csv']);
    expect((await site.feeds.list()).find(feed => feed.id === 'osv-npm')).toMatchObject({ state: 'current', message: null });
    // A week later the whole of it, and the documents go.
    await site.database.db.query("update feed_part set loaded_at = loaded_at - interval '8 days' where feed_id = 'osv-npm'");
    await site.syncing('osv-npm');
    expect(await site.claims('osv-npm')).toEqual([...ids, both].map(id => `${id} 9.9.9`));
  });

  it("Ubuntu's view of a CVE and a notice about it each take the place of their own former word", async () => {
    const record = (id: string, fixed: string, more: object = {}) =>
      JSON.stringify({
        schema_version: '1.6.0',
        id,
        modified: '2026-11-01T00:00:00Z',
        affected: [
          {
            package: { ecosystem: 'Ubuntu:22.04:LTS', name: 'x' },
            ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }, { fixed }] }],
          },
        ],
        ...more,
      });
    const notice = (fixed: string) => record('USN-1-1', fixed, { upstream: ['CVE-2026-1001'] });
    site.publish(
      'Ubuntu/all.zip',
      makeZip({ 'UBUNTU-CVE-2026-1001.json': record('UBUNTU-CVE-2026-1001', '1'), 'USN-1-1.json': notice('2') }),
      {
        'last-modified': 'Sun, 01 Nov 2026 12:00:00 GMT',
      },
    );
    site.publish('Ubuntu/modified_id.csv', '2026-11-01T10:00:00Z,UBUNTU-CVE-2026-1001\n');
    await site.setUrl('ubuntu', 'Ubuntu/all.zip');
    expect(await site.syncing('ubuntu')).toMatchObject({ state: 'done', message: null });
    expect(await site.claims('ubuntu')).toEqual(['CVE-2026-1001 1', 'CVE-2026-1001 2']);
    site.publish('Ubuntu/UBUNTU-CVE-2026-1001.json', record('UBUNTU-CVE-2026-1001', '3'));
    site.publish('Ubuntu/modified_id.csv', '2026-11-02T10:00:00Z,UBUNTU-CVE-2026-1001\n');
    await site.syncing('ubuntu');
    expect(await site.claims('ubuntu')).toEqual(['CVE-2026-1001 2', 'CVE-2026-1001 3']);
    site.publish('Ubuntu/USN-1-1.json', notice('4'));
    site.publish('Ubuntu/modified_id.csv', '2026-11-03T10:00:00Z,USN-1-1\n');
    await site.syncing('ubuntu');
    expect(await site.claims('ubuntu')).toEqual(['CVE-2026-1001 3', 'CVE-2026-1001 4']);
  });

  it('a changed record that is refused is what the feed says, not that the archive is confirmed', async () => {
    const record = (id: string, name: unknown) =>
      JSON.stringify({
        schema_version: '1.6.0',
        id,
        modified: '2026-11-01T00:00:00Z',
        affected: [
          { package: { ecosystem: 'RubyGems', name }, ranges: [{ type: 'SEMVER', events: [{ introduced: '0' }, { fixed: '1.0.0' }] }] },
        ],
      });
    const [one, two] = ['GHSA-eeee-eeee-eeee', 'GHSA-ffff-ffff-ffff'] as const;
    site.publish('RubyGems/all.zip', makeZip({ [`${one}.json`]: record(one, 'x') }), { 'last-modified': 'Sun, 01 Nov 2026 12:00:00 GMT' });
    site.publish('RubyGems/modified_id.csv', `2026-11-01T10:00:00Z,${one}\n`);
    await site.setUrl('osv-rubygems', 'RubyGems/all.zip');
    expect(await site.syncing('osv-rubygems')).toMatchObject({ state: 'done', message: null });
    site.publish(`RubyGems/${two}.json`, record(two, 5));
    site.publish('RubyGems/modified_id.csv', `2026-11-02T10:00:00Z,${two}\n`);
    await site.syncing('osv-rubygems');
    expect((await site.feeds.list()).find(feed => feed.id === 'osv-rubygems')).toMatchObject({
      state: 'refused',
      message: expect.stringContaining('unreadable'),
    });
    // A list that nobody answers for confirms nothing.
    const confirmed = () => site.database.db.query("select part, confirmed_at from feed_part where feed_id = 'osv-rubygems' order by part");
    const before = await confirmed();
    site.publish('RubyGems/modified_id.csv', null);
    expect(await site.syncing('osv-rubygems')).toMatchObject({ state: 'failed' });
    expect(await confirmed()).toEqual(before);
  });
});
