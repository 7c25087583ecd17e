import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { FeedImportFile } from '../../api/feeds.ts';
import type { Db } from '../../db/db.ts';
import { type TestDatabase, testDatabase } from '../../db/test-database.ts';
import { testContext } from '../runtime/test-context.ts';
import { createImportBook } from './import-book.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase();
});
afterAll(() => database.close());

it('keeps what an import came to, also when a note of its progress comes late', async () => {
  const late: Promise<unknown>[] = [];
  const query = ((sql: string, values: unknown[]) => {
    if (!sql.startsWith('update feed_import set progress')) return database.db.query(sql, values);
    const done = setTimeout(400).then(() => database.db.query(sql, values));
    late.push(done);
    return done;
  }) as Db['query'];
  const context = testContext({ ...database.db, query } as Db);
  const book = createImportBook(context, () => Promise.reject(new Error('no feed is asked for')));
  const file: FeedImportFile = {
    file: 'kev.json',
    feedId: 'kev',
    sizeBytes: 1,
    state: 'storing',
    records: 1,
    quarantined: 0,
    message: null,
  };
  const { id } = await book.run('kev.json', 'ada', async onProgress => {
    onProgress([file]);
    await setTimeout(700);
    onProgress([{ ...file, state: 'refused', message: 'the feed is empty' }]);
    return { feedIds: [], changedIds: [], skipped: [{ file: 'kev.json', reason: 'the feed is empty' }] };
  });
  await book.idle();
  await Promise.all(late);
  expect(late.length).toBeGreaterThan(0);
  expect(await book.get(id)).toMatchObject({ state: 'done', files: [{ state: 'refused' }], skipped: [{ reason: 'the feed is empty' }] });
});
