import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createFeeds, type Feeds } from '../server/feeds/feeds.ts';
import { testContext } from '../server/runtime/test-context.ts';
import { feedThreadsTrusting } from './feed-threads.ts';
import { redhatDocument } from './test-csaf.ts';
import { type FeedSite, openFeedSite } from './test-feed-site.ts';

const DOCUMENT = JSON.stringify({
  '@context': 'https://openvex.dev/ns/v0.2.0',
  author: 'Example Org',
  timestamp: '2026-07-29T00:00:00Z',
  statements: [{ vulnerability: { name: 'CVE-2026-0001' }, products: [{ '@id': 'pkg:npm/x@1.0.0' }], status: 'not_affected' }],
});

describe('whose statements count', () => {
  let site: FeedSite;
  let file: string;
  let server: Feeds;
  beforeAll(async () => {
    site = await openFeedSite(() => feedThreadsTrusting([]));
    server = site.feeds;
    file = path.join(site.folder, 'vex.json');
    writeFileSync(file, DOCUMENT);
  });
  afterAll(async () => {
    await server.stop();
    await site.close();
  });
  const inForce = () => site.claims('openvex');
  const openvex = async () => (await server.list()).find(feed => feed.id === 'openvex')!;
  /** The server starts again with another list; answers with the feeds that it announces. */
  async function startTrusting(...authors: readonly string[]): Promise<string[]> {
    const announced: string[] = [];
    server = createFeeds(testContext(site.database.db, { dataDir: site.dataDir }), feedThreadsTrusting(authors), {
      importAtStart: [],
      automatic: false,
    });
    server.onChange(ids => void announced.push(...ids));
    await server.start();
    return announced;
  }
  async function load(): Promise<void> {
    const { id } = await server.handlers.feedImport(
      { body: { location: file } } as never,
      { kind: 'person', login: 'ada' } as never,
      undefined as never,
    );
    for (;;) {
      const told = await server.handlers.feedImportGet({ params: { id } } as never, undefined as never, undefined as never);
      if (told.state !== 'running') return;
      await new Promise(resolve => setTimeout(resolve, 20));
    }
  }

  it('is asked again when the list has changed', { timeout: 30_000 }, async () => {
    await load();
    expect(await inForce()).toEqual([]);

    await startTrusting('Example Org');
    await load();
    expect(await inForce()).toEqual(['CVE-2026-0001 0']);

    // Nothing has changed: nothing is said.
    expect(await startTrusting('Example Org')).toEqual([]);
    expect(await openvex()).toMatchObject({ state: 'current', records: 1 });

    // One more: what counts still counts, and the same bytes are read again.
    expect(await startTrusting('Example Org', 'Others')).toEqual(['openvex']);
    expect(await openvex()).toMatchObject({ state: 'failed', message: expect.stringContaining('FETTLE_TRUST_AUTHORS') });
    expect(await inForce()).toEqual(['CVE-2026-0001 0']);
    await load();
    expect(await openvex()).toMatchObject({ state: 'current', records: 1 });

    // Not trusted any more: hides nothing, and does not come back with the same file.
    expect(await startTrusting('Others')).toEqual(['openvex']);
    expect(await inForce()).toEqual([]);
    await load();
    expect(await inForce()).toEqual([]);
    expect(await openvex()).toMatchObject({ state: 'refused' });
  });

  it('whoever is gone hides nothing either where the list changed before without anything being loaded since', {
    timeout: 30_000,
  }, async () => {
    await startTrusting('Example Org');
    await load();
    await startTrusting('Example Org', 'Others');
    expect(await inForce()).toEqual(['CVE-2026-0001 0']);
    expect(await startTrusting('Others')).toEqual(['openvex']);
    expect(await inForce()).toEqual([]);
    expect(await openvex()).toMatchObject({ state: 'failed', message: expect.stringContaining('FETTLE_TRUST_AUTHORS') });

    // An installation that never wrote the list down starts once, and then without the author.
    await startTrusting('Example Org');
    await load();
    await site.database.db.query("delete from setting where key = 'feeds:trusted-authors'");
    await startTrusting('Example Org');
    expect(await inForce()).toEqual(['CVE-2026-0001 0']);
    expect(await startTrusting()).toEqual(['openvex']);
    expect(await inForce()).toEqual([]);
    expect(await startTrusting()).toEqual([]);
  });

  it("a document that lies in a distribution's feed for its namespace goes with its author, what the distribution serves stays", {
    timeout: 30_000,
  }, async () => {
    await startTrusting('ACME');
    const ofRedHat = redhatDocument('CVE-2026-0002', 'CVE-2026-0002', '1.0-1.el9');
    for (const [location, text] of [
      ['https://security.access.redhat.com/data/csaf/v2/vex/2026/cve-2026-0002.json', ofRedHat],
      [null, ofRedHat.replaceAll('CVE-2026-0002', 'CVE-2026-0003').replace('Red Hat Product Security', 'ACME')],
    ] as const) {
      file = path.join(site.folder, location === null ? 'acme.json' : 'rhel.json');
      writeFileSync(file, text);
      await load();
      if (location !== null) await site.database.db.query("update feed_part set location = $1 where feed_id = 'redhat-csaf'", [location]);
    }
    expect(await site.claims('redhat-csaf')).toEqual(['CVE-2026-0002 1.0-1.el9', 'CVE-2026-0003 1.0-1.el9']);
    expect(await startTrusting()).toEqual(['redhat-csaf']);
    expect(await site.claims('redhat-csaf')).toEqual(['CVE-2026-0002 1.0-1.el9']);
    expect((await server.list()).find(feed => feed.id === 'redhat-csaf')).toMatchObject({ state: 'failed', records: 1 });
  });
});
