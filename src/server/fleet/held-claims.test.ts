import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Queryable } from '../../db/db.ts';
import { type TestDatabase, testDatabase } from '../../db/test-database.ts';
import { HeldClaims } from './held-claims.ts';

const RELEASES = ['debian:12', 'debian:11'];
const NOW = '2026-11-22T12:00:00.000Z';
const PACKAGES = 130;

let database: TestDatabase;
/** Rows of claims that were sent to the reader. */
let rowsRead = 0;
const counting: Queryable = {
  async query<Row extends object>(text: string, values?: readonly unknown[]): Promise<Row[]> {
    const rows = await database.db.query<Row>(text, values);
    if (text.includes('from claim where') && text.includes('"packageName"')) rowsRead += rows.length;
    return rows;
  },
};

beforeAll(async () => {
  database = await testDatabase();
  for (const feed of ['tracker', 'small', 'kev'])
    await database.db.query("insert into feed (id, kind, state) values ($1, $1, 'current')", [feed]);
});
afterAll(() => database.close());

async function state(
  feed: string,
  release: string,
  name: string,
  vulnerability: number,
  fixedVersion: string,
  binary = false,
): Promise<void> {
  const id = `CVE-2026-${1000 + vulnerability}`;
  const statement = createHash('sha256').update([feed, release, name, id, fixedVersion].join()).digest().subarray(0, 16);
  await database.db.query(
    `insert into claim (feed_id, part, statement, source, vulnerability_id, aliases, release, package_name, state, fixed_version, known_since, first_seen_at, detail)
     values ($1, '', $2, $1, $3, '{}', $4, $5, 'fixed', $6, $7, $7, $8) on conflict do nothing`,
    [feed, statement, id, release, name, fixedVersion, NOW, binary ? { packageKind: 'binary' } : null],
  );
}
const withdraw = (feed: string, name: string) =>
  database.db.query('update claim set withdrawn_at = $3 where feed_id = $1 and package_name = $2 and withdrawn_at is null', [
    feed,
    name,
    NOW,
  ]);

/** What is held, in an order of its own. */
const contentOf = (held: HeldClaims) => [...held.all()].map(claim => JSON.stringify(claim)).sort();

async function fresh(): Promise<string[]> {
  const held = new HeldClaims(database.db);
  await held.read(RELEASES, null);
  return contentOf(held);
}

describe('HeldClaims', () => {
  it('reads of a large feed the packages that changed, and holds what a fresh reading would', async () => {
    for (let at = 0; at < PACKAGES; at++)
      for (const release of RELEASES) for (const one of [0, 1]) await state('tracker', release, `source-${at}`, at * 2 + one, `1.${one}`);
    const held = new HeldClaims(counting);
    await held.read(RELEASES, null);
    const all = PACKAGES * RELEASES.length * 2;
    expect(contentOf(held)).toHaveLength(all);

    const changes: readonly (readonly [() => Promise<unknown>, string[], number])[] = [
      [async () => {}, [], 0],
      [() => state('tracker', 'debian:12', 'source-7', 900, '9'), ['debian:12 source-7'], 5],
      [() => withdraw('tracker', 'source-8'), ['debian:11 source-8', 'debian:12 source-8'], 0],
      [() => state('tracker', 'debian:11', 'source-new', 901, '9'), ['debian:11 source-new'], 1],
      [
        () =>
          database.db.query(
            "update claim set severity = 'high' where package_name = 'source-9' and release = 'debian:11' and withdrawn_at is null",
          ),
        ['debian:11 source-9'],
        4,
      ],
      [() => state('tracker', 'debian:12', 'source-7', 902, '9', true), ['debian:12 source-7'], 6],
    ];
    for (const [change, packages, rows] of changes) {
      await change();
      rowsRead = 0;
      const told = await held.read(RELEASES, ['tracker']);
      expect(told.packages.map(({ release, name }) => `${release} ${name}`).sort()).toEqual(packages);
      expect(rowsRead).toBe(rows);
      expect(contentOf(held)).toEqual(await fresh());
    }
    // Another release has come: everything is another.
    rowsRead = 0;
    await held.read([...RELEASES, 'debian:13'], ['tracker']);
    expect(rowsRead).toBe(all - 4 + 3);
  });

  it('does not match everything again for a feed that says nothing of vulnerabilities themselves, and knows what was said of new ones', async () => {
    const held = new HeldClaims(database.db);
    await database.db.query(
      "insert into enrichment (feed_id, part, vulnerability_id, doc, first_seen_at) values ('kev', '', 'CVE-2026-1950', $1, $2)",
      [{ kev: { addedOn: '2026-11-01', dueOn: '2026-11-22', ransomware: false, name: 'known' } }, NOW],
    );
    await held.read(RELEASES, null);
    expect(held.enrichment('CVE-2026-1950')).toBeNull();
    await state('small', 'debian:12', 'source-1', 950, '5');
    expect(await held.read(RELEASES, ['small'])).toMatchObject({ isWhole: false, packages: [{ name: 'source-1' }] });
    expect(held.enrichment('CVE-2026-1950')?.kev?.addedOn).toBe('2026-11-01');
    await state('tracker', 'debian:12', 'source-2', 951, '5');
    await database.db.query(
      "insert into enrichment (feed_id, part, vulnerability_id, doc, first_seen_at) values ('kev', '', 'CVE-2026-1951', '{}', $1)",
      [NOW],
    );
    expect(await held.read(RELEASES, ['tracker'])).toMatchObject({ isWhole: false });
    expect(held.enrichment('CVE-2026-1951')).not.toBeNull();
    // The first import of a large feed is quicker taken in at once.
    await database.db.query("insert into feed (id, kind, state) values ('large', 'large', 'current')");
    for (let at = 0; at <= 100; at++) await state('large', 'debian:12', `source-${at}`, at, '5');
    expect(await held.read(RELEASES, ['large'])).toMatchObject({ isWhole: true });
    // The feed with the enrichment: everything, also when it has none any more.
    expect(await held.read(RELEASES, ['kev'])).toMatchObject({ isWhole: true });
    await database.db.query("delete from enrichment where feed_id = 'kev'");
    expect(await held.read(RELEASES, ['kev'])).toMatchObject({ isWhole: true });
    expect(held.enrichment('CVE-2026-1950')).toBeNull();
    expect(await held.read(RELEASES, ['kev'])).toMatchObject({ isWhole: false });
  });
});
