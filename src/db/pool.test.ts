import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type TestDatabase, testDatabase } from './test-database.ts';

describe('openDb', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await testDatabase();
    await database.db.query('create table counter (id int primary key, value int not null); insert into counter values (1, 0), (2, 0)');
  });
  afterAll(() => database.close());

  it('reads times as instants, bigint as numbers, dates as text', async () => {
    const [row] = await database.db.query(
      "select '2026-11-22 04:36:00.123456+02'::timestamptz as at, 9007199254740991::bigint as big, '2026-02-03'::date as day, array['2026-01-01Z'::timestamptz, null] as times, array[1::bigint, null] as numbers, '{\"a\":1}'::jsonb as document",
    );
    expect(row).toEqual({
      at: '2026-11-22T02:36:00.123Z',
      big: 9007199254740991,
      day: '2026-02-03',
      times: ['2026-01-01T00:00:00.000Z', null],
      numbers: [1, null],
      document: { a: 1 },
    });
  });

  it('refuses a bigint that a number cannot hold', async () => {
    await expect(database.db.query('select 9007199254740993::bigint')).rejects.toThrow('invariant broken');
  });

  it('rolls back and gives the connection back when the work throws', async () => {
    await expect(
      database.db.transaction(async tx => {
        await tx.query('update counter set value = 99 where id = 1');
        throw new Error('stop');
      }),
    ).rejects.toThrow('stop');
    expect(await database.db.query('select value from counter where id = 1')).toEqual([{ value: 0 }]);
    expect(database.db.pool.idleCount).toBe(database.db.pool.totalCount);
  });

  it('runs a serializable transaction again until every increment counts', async () => {
    const increment = (): Promise<void> =>
      database.db.transaction(async tx => {
        await tx.query('set transaction isolation level serializable');
        const [row] = await tx.query<{ value: number }>('select value from counter where id = 1');
        await tx.query('update counter set value = $1 where id = 1', [(row?.value ?? 0) + 1]);
      });
    await Promise.all([increment(), increment(), increment()]);
    expect(await database.db.query('select value from counter where id = 1')).toEqual([{ value: 3 }]);
  });

  it('breaks a deadlock by running the victim again', async () => {
    const both = (first: number, second: number): Promise<void> =>
      database.db.transaction(async tx => {
        await tx.query('update counter set value = value + 10 where id = $1', [first]);
        await new Promise(resolve => setTimeout(resolve, 100));
        await tx.query('update counter set value = value + 10 where id = $1', [second]);
      });
    await Promise.all([both(1, 2), both(2, 1)]);
    expect(await database.db.query('select id, value from counter order by id')).toEqual([
      { id: 1, value: 23 },
      { id: 2, value: 20 },
    ]);
  });
});
