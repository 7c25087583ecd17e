import { testDatabase } from '../src/db/test-database.ts';
import { createHostStates } from '../src/server/inventory/host-states.ts';
import { snapshotReport } from '../src/server/inventory/report.ts';
import { createReportStore } from '../src/server/inventory/reports.ts';
import { createSeen } from '../src/server/inventory/seen.ts';
import { testContext } from '../src/server/runtime/test-context.ts';
import { syntheticFleet } from './synthetic/fleet.ts';
import { PACKAGES_PER_HOST, reportOf } from './synthetic/reports.ts';

/**
 * Database size of a fleet: first inventories with a year of logs, then WEEKS weeks in which every host takes its security updates.
 * Sizes are those of the files, with indexes and TOAST, after ordinary vacuums; an empty migrated database is taken off.
 */
const HOSTS = Number(process.env.FETTLE_BENCH_HOSTS ?? 1_000);
const WEEKS = 4;
const START_MS = Date.parse('2026-11-22T00:00:00Z');
const AIM_MB = 10;

const database = await testDatabase();
const { db } = database;
let nowMs = START_MS;
const context = testContext(db, { clock: { now: () => new Date(nowMs).toISOString() } });
const store = createReportStore(context, createHostStates(context));
const seen = createSeen(context);
const fleet = syntheticFleet();
const before = await sizes();

const idOf = (number: number) => `host_${number.toString(16).padStart(16, '0')}`;
await db.query(
  `insert into host (id, name, reach, enrolled_at, labels, agent_secret_hash, agent_public_key) select w.id, w.id, 'agent', now(), '{"env": "prod", "team": "shop"}', sha256(w.id::bytea), repeat('k', 60) from jsonb_to_recordset($1::jsonb) as w(id text)`,
  [JSON.stringify(Array.from({ length: HOSTS }, (_, number) => ({ id: idOf(number) })))],
);
let history = 0;
for (let week = 0; week <= WEEKS; week += 1) {
  nowMs = START_MS + week * 7 * 86_400_000;
  for (let number = 0; number < HOSTS; number += 1) {
    const report = reportOf(fleet, number);
    const packages = report.packages.map(record => (week === 0 ? record : upgradedIn(record, week)));
    if (week === 0) history += report.history.length;
    const snapshot = {
      observedAt: context.clock.now(),
      facts: { ...report.facts, bootId: `boot-${number}-${week}` },
      packages,
      candidates: report.candidates,
    };
    await store.accept(idOf(number), snapshotReport(snapshot, week === 0 ? { history: report.history } : {}), facts => ({
      name: facts.hostname,
      address: facts.addresses[0] ?? null,
    }));
    seen.touch(idOf(number), true);
    // As autovacuum does at its threshold for these tables (50 rows and a twentieth); four weeks pass here in half a minute.
    if (number % (50 + HOSTS / 20) === 0) await db.query('vacuum');
  }
  await seen.flush();
  await db.query('vacuum analyze');
  const now = await sizes();
  const grown = [...now].map(([table, bytes]) => [table, bytes - (before.get(table) ?? 0)] as const).filter(([, bytes]) => bytes > 0);
  const total = grown.reduce((sum, [, bytes]) => sum + bytes, 0);
  const perThousand = (bytes: number) => ((bytes / HOSTS) * 1_000) / 1e6;
  console.log(
    `${week === 0 ? `${HOSTS} hosts of ${PACKAGES_PER_HOST} packages, ${history} changes from their logs` : `after week ${week}`}: ${perThousand(total).toFixed(1)} MB per 1,000 hosts${perThousand(total) > AIM_MB ? ` (over the aim of ${AIM_MB})` : ''}`,
  );
  if (week === 0 || week === WEEKS)
    for (const [table, bytes] of grown.toSorted(([, a], [, b]) => b - a).slice(0, 9))
      console.log(`  ${table.padEnd(20)} ${perThousand(bytes).toFixed(2)} MB`);
}
await database.close();

/** Some six sources a week get an update, the same on all hosts. */
function upgradedIn(record: ReturnType<typeof reportOf>['packages'][number], week: number) {
  const { sourceName } = record;
  const lot = [...sourceName].reduce((sum, character) => (sum * 31 + character.charCodeAt(0)) % 997, 7);
  const level = Array.from({ length: week }, (_, at) => at + 1).findLast(w => (lot + w * 131) % 997 < 30);
  return level === undefined
    ? record
    : { ...record, version: `${record.version}+w${level}`, sourceVersion: `${record.sourceVersion}+w${level}` };
}

async function sizes(): Promise<Map<string, number>> {
  const rows = await db.query<{ name: string; bytes: number }>(
    "select c.relname as name, pg_total_relation_size(c.oid)::bigint as bytes from pg_class c where c.relkind = 'r' and c.relnamespace = 'public'::regnamespace",
  );
  return new Map(rows.map(row => [row.name, row.bytes]));
}
