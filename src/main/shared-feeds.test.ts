import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type TestDatabase, testDatabase } from '../db/test-database.ts';
import { createFeeds, type Feeds } from '../server/feeds/feeds.ts';
import { testContext } from '../server/runtime/test-context.ts';
import { feedThreads } from './feed-threads.ts';

const SHARED = path.resolve(import.meta.dirname, '../../../shared/feeds');
/** The feeds of a Debian fleet; the others are as large as all of these together ten times over. */
const FILES = [
  'debian12-fixed.jsonl.gz',
  'debian12-fixed-before-release.jsonl.gz',
  'debian12-open.jsonl.gz',
  'debsecan-bookworm.zlib',
  'kev-2025-08-25.json.gz',
  'endoflife.jsonl.gz',
];

describe.skipIf(!existsSync(SHARED))('real feeds in the database (needs ../shared/feeds)', () => {
  let database: TestDatabase;
  let feeds: Feeds;
  const folder = mkdtempSync(path.join(os.tmpdir(), 'fettle-shared-feeds-'));
  const rowsOf = (file: string) =>
    gunzipSync(readFileSync(path.join(SHARED, file)))
      .toString()
      .trim()
      .split('\n')
      .map(line => JSON.parse(line) as Record<string, string>);

  beforeAll(async () => {
    database = await testDatabase();
    feeds = createFeeds(testContext(database.db, { dataDir: folder }), feedThreads, {
      importAtStart: [path.join(folder, 'in')],
      automatic: false,
    });
    mkdirSync(path.join(folder, 'in'));
    for (const file of FILES) copyFileSync(path.join(SHARED, file), path.join(folder, 'in', file));
    await feeds.start();
    const loaded = async () => (await database.db.query<{ n: number }>('select count(*)::int as n from feed_part'))[0]!.n;
    while ((await loaded()) < FILES.length) await new Promise(resolve => setTimeout(resolve, 50));
    await feeds.stop();
  });
  afterAll(async () => {
    await database.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('hold every row of the files, part by part', async () => {
    const claims = await database.db.query<{ feed_id: string; part: string; n: number }>(
      'select feed_id, part, count(*)::int as n from claim where withdrawn_at is null group by 1, 2 order by 1, 2',
    );
    expect(claims).toEqual([
      { feed_id: 'debian-changelogs', part: 'debian12-fixed', n: rowsOf('debian12-fixed.jsonl.gz').length },
      { feed_id: 'debian-changelogs', part: 'debian12-fixed-before-release', n: rowsOf('debian12-fixed-before-release.jsonl.gz').length },
      { feed_id: 'debian-open', part: 'debian12-open', n: rowsOf('debian12-open.jsonl.gz').length },
      { feed_id: 'debsecan', part: 'debian:12', n: expect.any(Number) },
    ]);
    const kev = JSON.parse(gunzipSync(readFileSync(path.join(SHARED, 'kev-2025-08-25.json.gz'))).toString()) as { count: number };
    expect(
      await database.db.query("select count(*)::int as n from enrichment where feed_id = 'kev' and doc -> 'kev' ->> 'addedOn' is not null"),
    ).toEqual([{ n: kev.count }]);
    expect(
      await database.db.query("select doc ->> 'extendedSupport' as end from lifecycle where product = 'debian' and cycle = '12'"),
    ).toEqual([{ end: '2028-06-30' }]);
  });

  it('say of each vulnerability what the file says', async () => {
    const sample = rowsOf('debian12-fixed.jsonl.gz').filter((_, index) => index % 500 === 0);
    for (const row of sample) {
      const found = await database.db.query(
        'select state, fixed_version, release from claim where feed_id = $1 and part = $2 and vulnerability_id = $3 and package_name = $4',
        ['debian-changelogs', 'debian12-fixed', row.cve, row.src],
      );
      expect(found).toEqual([{ state: 'fixed', fixed_version: row.fixed, release: 'debian:12' }]);
    }
  });
});
