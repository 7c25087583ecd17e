import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Migration, migrate, readMigrations } from './migrate.ts';
import { openDb } from './pool.ts';
import { type TestDatabase, testDatabase } from './test-database.ts';

const extra: Migration = {
  number: 9000,
  name: 'extra',
  sql: 'create table extra_table (id int); select pg_sleep(0.2)',
  sha256: 'a'.repeat(64),
};

describe('migrate', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await testDatabase();
  });
  afterAll(() => database.close());

  it('has nothing to do on a migrated database', async () => {
    expect(await migrate(database.db)).toEqual([]);
  });

  it('two migrators at once apply each migration once', async () => {
    const other = openDb(database.url);
    const known = [...readMigrations(), extra];
    const results = await Promise.all([migrate(database.db, known), migrate(other, known)]);
    await other.close();
    expect(results.flat().map(migration => migration.number)).toEqual([9000]);
  });

  it('refuses a newer schema and says what to do', async () => {
    await expect(migrate(database.db)).rejects.toMatchObject({
      code: 'schema-newer',
      message: expect.stringContaining('9000 (extra)'),
      advice: expect.stringContaining('newer Fettle'),
    });
  });

  it('refuses a migration whose content changed', async () => {
    const changed = readMigrations().map((migration, index) => (index === 0 ? { ...migration, sha256: 'b'.repeat(64) } : migration));
    await expect(migrate(database.db, [...changed, extra])).rejects.toMatchObject({ code: 'schema-differs' });
  });

  it('leaves nothing of a migration that fails', async () => {
    const broken: Migration = { number: 9001, name: 'broken', sql: 'create table half (id int); select 1/0', sha256: 'c'.repeat(64) };
    await expect(migrate(database.db, [...readMigrations(), extra, broken])).rejects.toThrow('division by zero');
    expect(await database.db.query("select to_regclass('half') as half")).toEqual([{ half: null }]);
    expect(await migrate(database.db, [...readMigrations(), extra])).toEqual([]);
  });
});
