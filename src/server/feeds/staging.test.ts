import { hash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type TestDatabase, testDatabase } from '../../db/test-database.ts';
import type { Context } from '../context.ts';
import { testContext } from '../runtime/test-context.ts';
import { createFeeds } from './feeds.ts';
import { feedText, filesPort } from './test-feeds.ts';

const folder = mkdtempSync(path.join(os.tmpdir(), 'fettle-staging-'));
let database: TestDatabase;
let context: Context;
beforeAll(async () => {
  database = await testDatabase();
  context = testContext(database.db, { dataDir: folder });
});
afterAll(async () => {
  await database.close();
  rmSync(folder, { recursive: true, force: true });
});

/** A server that starts with the file, and what the book says of that load. */
async function load(...vulnerabilityIds: readonly string[]) {
  const file = path.join(folder, 'alpha.txt');
  writeFileSync(
    file,
    feedText(
      'alpha',
      vulnerabilityIds.map(vulnerabilityId => ({ vulnerabilityId, state: 'unknown' as const })),
    ),
  );
  const loads = () => database.db.query("select added, changed, withdrawn from feed_load where feed_id = 'alpha' order by at");
  const before = (await loads()).length;
  const feeds = createFeeds(context, filesPort, { importAtStart: [file], automatic: false });
  await feeds.start();
  await expect.poll(async () => (await loads()).length, { timeout: 10_000 }).toBe(before + 1);
  await feeds.stop();
  return (await loads()).at(-1);
}

describe('the name of a statement', () => {
  it('is what a version gave it that called an unknown state undetermined: the next load neither withdraws nor adds it', async () => {
    expect(await load('CVE-2026-0001')).toEqual({ added: 1, changed: 0, withdrawn: 0 });
    const said = ['CVE-2026-0001', 'debian:12', 'openssl', 'undetermined', null, null, null, null, null, null, null];
    const former = hash('sha256', JSON.stringify(said), 'hex').slice(0, 32);
    // As migration 0022 leaves it: the state is renamed, the name is not.
    await database.db.query("update claim set state = 'unknown', statement = decode($1, 'hex')", [former]);
    expect(await load('CVE-2026-0001', 'CVE-2026-0002')).toEqual({ added: 1, changed: 0, withdrawn: 0 });
  });
});
