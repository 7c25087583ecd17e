import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type TestDatabase, testDatabase } from '../../db/test-database.ts';
import { READERS_REVISION } from '../../plugins/advisory-sources/spec.ts';
import type { Context } from '../context.ts';
import { testContext } from '../runtime/test-context.ts';
import { createFeeds } from './feeds.ts';
import { feedText, filesPort } from './test-feeds.ts';

const conditions: (string | undefined)[] = [];
const publisher = http.createServer((request, response) => {
  const etag = '"one"';
  conditions.push(request.headers['if-none-match']);
  if (request.headers['if-none-match'] === etag) response.writeHead(304).end();
  else response.writeHead(200, { etag }).end(feedText('beta', [{ vulnerabilityId: 'CVE-2026-0002', packageName: 'sudo' }]));
});
const folder = mkdtempSync(path.join(os.tmpdir(), 'fettle-readers-'));
let database: TestDatabase;
let context: Context;

beforeAll(async () => {
  await new Promise<void>(resolve => publisher.listen(0, '127.0.0.1', resolve));
  database = await testDatabase();
  context = testContext(database.db, { dataDir: folder });
});
afterAll(async () => {
  publisher.close();
  await database.close();
  rmSync(folder, { recursive: true, force: true });
});

/** One life of a server: it ends when the sync and the import that it does at its start are done. */
async function serverLife({ syncs = false, importAtStart = [] as readonly string[] } = {}) {
  await database.db.query('update feed set checked_at = null');
  const feeds = createFeeds(context, filesPort, { importAtStart, automatic: true });
  await feeds.start();
  const checked = "select from feed where id = 'beta' and checked_at is not null and leased_until is null";
  if (syncs) await expect.poll(async () => (await database.db.query(checked)).length, { timeout: 10_000 }).toBe(1);
  const imported = async () => (await partsOf('alpha', READERS_REVISION)).length;
  if (importAtStart.length > 0) await expect.poll(imported, { timeout: 10_000 }).toBe(1);
  const items = await feeds.list();
  await feeds.stop();
  return new Map(items.map(feed => [feed.id, feed]));
}
const partsOf = (feedId: string, reader: number) =>
  database.db.query('select part from feed_part where feed_id = $1 and reader = $2', [feedId, reader]);

describe('an update whose readers read more', () => {
  it('has feeds read again that their publisher has not changed, once', async () => {
    writeFileSync(path.join(folder, 'alpha.txt'), feedText('alpha', [{ vulnerabilityId: 'CVE-2026-0001' }]));
    await serverLife({ importAtStart: [path.join(folder, 'alpha.txt')] });
    await database.db.query("update feed set url = $1, url_by_person = true, enabled = true, next_sync_at = null where id = 'beta'", [
      `http://127.0.0.1:${(publisher.address() as AddressInfo).port}/beta`,
    ]);
    await serverLife({ syncs: true });
    await database.db.query('update feed set next_sync_at = null');
    await serverLife({ syncs: true });
    expect(conditions).toEqual([undefined, '"one"']);

    await database.db.query('update feed_part set reader = 0');
    await database.db.query("update setting set value = '0' where key = 'feeds:readers'");
    const after = await serverLife({ syncs: true });
    expect(conditions).toEqual([undefined, '"one"', undefined]);
    expect(after.get('alpha')).toMatchObject({ state: 'current', message: expect.stringContaining('import its files once more') });
    expect([await partsOf('alpha', 0), await partsOf('beta', 0)].map(parts => parts.length)).toEqual([1, 0]);

    await serverLife({ importAtStart: [path.join(folder, 'alpha.txt')] });
    expect(await partsOf('alpha', 0)).toHaveLength(0);
    expect(conditions).toHaveLength(3);
    expect((await serverLife()).get('alpha')).toMatchObject({ state: 'current', message: null });
  });
});
