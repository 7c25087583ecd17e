import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SCHEMES } from '../core/versions/catalog.ts';
import { compareKeys, SCHEME_IDS } from '../core/versions/scheme.ts';
import { versionText } from '../core/versions/version-texts.testkit.ts';
import { type TestDatabase, testDatabase } from './test-database.ts';

describe('version keys as bytea', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await testDatabase();
  });
  afterAll(() => database.close());

  it.each(SCHEME_IDS)('%s keys order in PostgreSQL as they do in memory', async id => {
    const keys = fc.sample(versionText(id), { numRuns: 300, seed: 1 }).flatMap(text => {
      const key = SCHEMES[id].key(text);
      return key.ok ? [key.key] : [];
    });
    expect(keys.length).toBeGreaterThan(30);
    const rows = await database.db.query<{ hex: string }>(
      "select encode(key, 'hex') as hex from unnest($1::text[]) as text, decode(text, 'hex') as key order by key",
      [keys.map(key => Buffer.from(key).toString('hex'))],
    );
    expect(rows.map(row => row.hex)).toEqual(keys.toSorted(compareKeys).map(key => Buffer.from(key).toString('hex')));
  });
});
