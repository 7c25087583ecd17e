import { createHash } from 'node:crypto';
import { availableParallelism, loadavg } from 'node:os';
import type { CandidateRecord, PackageChange } from '../src/core/inventory/snapshot.ts';
import { testDatabase } from '../src/db/test-database.ts';
import { createHostStates } from '../src/server/inventory/host-states.ts';
import { snapshotReport } from '../src/server/inventory/report.ts';
import { createReportStore } from '../src/server/inventory/reports.ts';
import { createSeen } from '../src/server/inventory/seen.ts';
import { testContext } from '../src/server/runtime/test-context.ts';
import { syntheticFleet } from './synthetic/fleet.ts';
import { PACKAGES_PER_HOST, reportOf } from './synthetic/reports.ts';

/**
 * Database size of a fleet: first inventories with a year of logs, then WEEKS weeks. In each, some six source packages get a security update, the same for
 * all hosts: on one day every host reports them as candidates, on another it has them installed, with the lines of its log and another boot.
 * Sizes are those of the files, with indexes and TOAST, after ordinary vacuums; an empty migrated database is taken off. Feeds are not counted:
 * they are the same for a fleet of any size.
 */
const HOSTS = Number(process.env.FETTLE_BENCH_HOSTS ?? 1_000);
const WEEKS = Number(process.env.FETTLE_BENCH_WEEKS ?? 4);
const START_MS = Date.parse('2026-11-22T00:00:00Z');
const AIM_MB = 10;
/** On a machine that others use too it says how far it came, instead of being cut off without a figure. */
const MINUTES_MAX = Number(process.env.FETTLE_BENCH_MINUTES ?? 12);

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
const DAY_MS = 86_400_000;
console.log(
  `${HOSTS} hosts of ${PACKAGES_PER_HOST} packages (${fleet.basis}), ${WEEKS} weeks of updates; PostgreSQL ${(await db.query<{ server_version: string }>('show server_version'))[0]!.server_version}; ${availableParallelism()} cores, load ${loadavg()[0]!.toFixed(1)}`,
);
for (let week = 0; week <= WEEKS; week += 1) {
  const started = performance.now();
  const weekMs = START_MS + week * 7 * DAY_MS;
  for (const [day, stage] of week === 0
    ? ([[0, 'installed']] as const)
    : ([
        [0, 'offered'],
        [2, 'installed'],
      ] as const)) {
    nowMs = weekMs + day * DAY_MS;
    for (let number = 0; number < HOSTS; number += 1) await reported(number, week, stage);
  }
  await seen.flush();
  await db.query('vacuum analyze');
  const now = await sizes();
  const grown = [...now].map(([table, bytes]) => [table, bytes - (before.get(table) ?? 0)] as const).filter(([, bytes]) => bytes > 0);
  const total = grown.reduce((sum, [, bytes]) => sum + bytes, 0);
  const perThousand = (bytes: number) => ((bytes / HOSTS) * 1_000) / 1e6;
  console.log(
    `${week === 0 ? `${HOSTS} hosts of ${PACKAGES_PER_HOST} packages, ${history} changes from their logs` : `after week ${week}`}: ${perThousand(total).toFixed(1)} MB per 1,000 hosts, in ${((performance.now() - started) / 1000).toFixed(0)} s${perThousand(total) > AIM_MB ? ` (over the aim of ${AIM_MB})` : ''}`,
  );
  const isOver = performance.now() > MINUTES_MAX * 60_000;
  if (week === 0 || week === WEEKS || isOver)
    for (const [table, bytes] of grown.toSorted(([, a], [, b]) => b - a).slice(0, 9))
      console.log(`  ${table.padEnd(20)} ${perThousand(bytes).toFixed(2)} MB`);
  if (isOver && week < WEEKS) {
    console.log(`${MINUTES_MAX} minutes are over: stopped after week ${week} of ${WEEKS}`);
    break;
  }
}
await database.close();

/** What one host tells: before the week's updates that they are offered, after them that they are there. */
async function reported(number: number, week: number, stage: 'offered' | 'installed'): Promise<void> {
  const report = reportOf(fleet, number);
  const have = report.packages.map(record => upgraded(record, stage === 'offered' ? week - 1 : week));
  const moves =
    week === 0
      ? []
      : report.packages.flatMap((record, at) =>
          levelOf(record, week) === week ? [{ before: have[at]!, after: upgraded(record, week) }] : [],
        );
  if (week === 0) history += report.history.length;
  const snapshot = {
    observedAt: context.clock.now(),
    facts: { ...report.facts, bootId: `boot-${number}-${stage === 'offered' ? week - 1 : week}` },
    packages: have,
    candidates: stage === 'installed' ? report.candidates : [...report.candidates, ...moves.map(({ after }) => offer(after))],
  };
  const log = stage === 'installed' ? moves.map(({ after }) => logLine(after, number)) : [];
  await store.accept(idOf(number), snapshotReport(snapshot, { history: week === 0 ? report.history : log }), facts => ({
    name: facts.hostname,
    address: facts.addresses[0] ?? null,
  }));
  seen.touch(idOf(number), true);
  // As autovacuum does at its threshold for these tables (50 rows and a twentieth); four weeks pass here in a minute.
  if (number % (50 + HOSTS / 20) === 0) await db.query('vacuum host, host_inventory, host_fact, host_seen, package_history');
}

type Record = ReturnType<typeof reportOf>['packages'][number];

/** The last week up to `week` in which the record's source got an update; 0 for none. Some six sources a week, the same on all hosts. */
function levelOf({ sourceName }: Record, week: number): number {
  const lot = [...sourceName].reduce((sum, character) => (sum * 31 + character.charCodeAt(0)) % 997, 7);
  return Array.from({ length: week }, (_, at) => at + 1).findLast(w => (lot + w * 131) % 997 < 30) ?? 0;
}

function upgraded(record: Record, week: number): Record {
  const level = levelOf(record, week);
  return level === 0 ? record : { ...record, version: `${record.version}+w${level}`, sourceVersion: `${record.sourceVersion}+w${level}` };
}

function offer({ name, arch, version, sourceName, sourceVersion }: Record): CandidateRecord {
  const sha256 = createHash('sha256').update(`${name} ${version}`).digest('hex');
  const archive = { origins: ['Debian-Security:12/oldstable-security'], security: true, availability: 'offered' as const };
  return { name, arch, version, sourceName, sourceVersion, ...archive, sizeBytes: 100_000 + version.length, sha256, phasedPercent: null };
}

function logLine({ name, arch, version }: Record, number: number): PackageChange {
  // Unattended upgrades run at an hour of each host's own.
  const at = new Date(nowMs - (number % 1_440) * 60_000).toISOString();
  const fromVersion = version.replace(/\+w\d+$/, '');
  return {
    at,
    action: 'upgrade',
    name,
    arch,
    fromVersion,
    toVersion: version,
    commandLine: '/usr/bin/unattended-upgrade',
    requestedBy: null,
  };
}

async function sizes(): Promise<Map<string, number>> {
  const rows = await db.query<{ name: string; bytes: number }>(
    "select c.relname as name, pg_total_relation_size(c.oid)::bigint as bytes from pg_class c where c.relkind = 'r' and c.relnamespace = 'public'::regnamespace",
  );
  return new Map(rows.map(row => [row.name, row.bytes]));
}
