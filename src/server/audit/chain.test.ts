import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Clock } from '../../core/kernel/instants.ts';
import { type TestDatabase, testDatabase } from '../../db/test-database.ts';
import { appendAudit } from './append.ts';
import { verifyChain } from './verify.ts';

const clock: Clock = { now: () => '2026-11-22T08:00:00.123Z' };

describe('the audit trail', () => {
  let database: TestDatabase;
  const append = (subject: string, detail: Record<string, unknown> = {}): Promise<void> =>
    database.db.transaction(tx => appendAudit(tx, clock, { actor: 'ada', action: 'test.append', subject, detail }));

  beforeAll(async () => {
    database = await testDatabase();
    await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        append(`subject-${index}`, { index, text: 'ä\u0000\ud800 "quoted"', nested: { b: [1.5, null], a: undefined } }),
      ),
    );
  });
  afterAll(() => database.close());

  it('is one unforked chain although twenty transactions raced', async () => {
    expect(await verifyChain(database.db)).toEqual({
      entries: 20,
      hash: expect.stringMatching(/^[0-9a-f]{64}$/),
      brokenAt: null,
      reason: null,
    });
  });

  it('is whole while entries are being written', async () => {
    const writing = Promise.all(Array.from({ length: 5 }, (_, index) => append(`meanwhile-${index}`)));
    for (let look = 0; look < 5; look++) expect(await verifyChain(database.db)).toMatchObject({ brokenAt: null });
    await writing;
    await database.db.query('delete from audit_entry where sequence > 20');
    await database.db.query('update audit_head set sequence = 20, hash = (select hash from audit_entry where sequence = 20)');
  });

  it('keeps no entry of a transaction that was rolled back', async () => {
    const failing = database.db.transaction(async tx => {
      await appendAudit(tx, clock, { actor: 'ada', action: 'test.fail', subject: 'x', detail: {} });
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    expect((await verifyChain(database.db)).entries).toBe(20);
  });

  it.each([
    ['a changed detail', 'detail = detail || \'{"index": 99}\''],
    ['a changed actor', "actor = 'eve'"],
    ['a changed time', "at = at + interval '1 ms'"],
    ['a hash made to fit', "actor = 'eve', hash = sha256('x')"],
  ])('finds %s', async (_what, change) => {
    await database.db.query('create table if not exists kept as select * from audit_entry where sequence = 7');
    await database.db.query(`update audit_entry set ${change} where sequence = 7`);
    expect(await verifyChain(database.db)).toMatchObject({ brokenAt: 7 });
    await database.db.query(
      'update audit_entry e set at = kept.at, actor = kept.actor, detail = kept.detail, hash = kept.hash from kept where e.sequence = 7',
    );
    expect(await verifyChain(database.db)).toMatchObject({ entries: 20, brokenAt: null });
  });

  it.each([
    ['a head set back', 'update audit_head set sequence = 18, hash = (select hash from audit_entry where sequence = 18)', 18, 19],
    [
      'an entry forged behind the head',
      "insert into audit_entry select 21, at, 'eve', action, subject, detail, hash, sha256('x') from audit_entry where sequence = 20",
      20,
      21,
    ],
    [
      'an entry forged before the first',
      "insert into audit_entry select 0, at, 'eve', action, subject, detail, hash, sha256('x') from audit_entry where sequence = 1",
      20,
      0,
    ],
  ])('finds %s, although the chain up to the head is whole', async (_what, change, entries, brokenAt) => {
    await database.db.query(change);
    expect(await verifyChain(database.db)).toMatchObject({ entries, brokenAt, reason: 'it stands outside the chain' });
    await database.db.query('delete from audit_entry where sequence not between 1 and 20');
    await database.db.query('update audit_head set sequence = 20, hash = (select hash from audit_entry where sequence = 20)');
    expect(await verifyChain(database.db)).toMatchObject({ entries: 20, brokenAt: null });
  });

  it('finds a removed entry, and an end that was cut off', async () => {
    await database.db.query('delete from audit_entry where sequence = 20');
    expect(await verifyChain(database.db)).toMatchObject({ brokenAt: 20, reason: 'entries at the end are missing' });
    await database.db.query('delete from audit_entry where sequence = 5');
    expect(await verifyChain(database.db)).toMatchObject({ brokenAt: 6, reason: 'entry 5 is missing' });
  });
});
