import { type ChildProcess, fork } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import type { Db } from '../src/db/db.ts';
import { type EmbeddedDatabase, startEmbedded } from '../src/db/embedded.ts';
import { migrate } from '../src/db/migrate.ts';
import { openDb } from '../src/db/pool.ts';
import { syntheticFleet } from './synthetic/fleet.ts';
import { bodyOf, PACKAGES_PER_HOST, reportOf, type SyntheticReport } from './synthetic/reports.ts';

/**
 * Server CPU and wall per inventory report, rows and WAL written: the real HTTP server and a PostgreSQL that waits for the disk.
 * The load comes from this process, on the same cores, which the wall times include.
 */
const HOSTS = Number(process.env.FETTLE_BENCH_HOSTS ?? 400);
const CONNECTIONS = 8;
const UNCHANGED = HOSTS * 10;
const secretOf = (number: number) => createHash('sha256').update(`secret ${number}`).digest('hex');
const idOf = (number: number) => `host_${createHash('sha256').update(`host ${number}`).digest('hex').slice(0, 16)}`;

const folder = mkdtempSync(path.join(os.tmpdir(), 'fettle-bench-ingest-'));
const postgres = await startEmbedded(path.join(folder, 'postgresql'));
const db = openDb(postgres.url);
await migrate(db);
await db.query(
  `insert into host (id, name, reach, enrolled_at, agent_secret_hash) select w.id, w.id, 'agent', now(), decode(w.hash, 'hex') from jsonb_to_recordset($1::jsonb) as w(id text, hash text)`,
  [
    JSON.stringify(
      Array.from({ length: HOSTS }, (_, number) => ({
        id: idOf(number),
        hash: createHash('sha256').update(secretOf(number)).digest('hex'),
      })),
    ),
  ],
);
const server = fork(path.join(import.meta.dirname, 'synthetic/ingest-server.ts'), [postgres.url]);
const { url } = (await answerOf(server)) as { url: string };
const target = new URL(url);
const agent = new http.Agent({ keepAlive: true, maxSockets: CONNECTIONS });

const fleet = syntheticFleet();
console.log(`${HOSTS} hosts of ${PACKAGES_PER_HOST} packages (${fleet.basis}); ${CONNECTIONS} connections; embedded PostgreSQL with fsync`);
let reports = Array.from({ length: HOSTS }, (_, number) => reportOf(fleet, number));
const now = () => new Date().toISOString();

await phase('first report, with a year of logs', HOSTS, number => ['report', bodyOf(reports[number]!, now())]);
await phase('unchanged: digests only', UNCHANGED, number => ['report', digestsOnly(reports[number % HOSTS]!)]);
await phase('unchanged: all parts sent again', UNCHANGED / 2, number => [
  'report',
  bodyOf({ ...reports[number % HOSTS]!, history: [] }, now()),
]);
await phase('unchanged: check-in', UNCHANGED, number => [
  'check-in',
  { agentVersion: '1', bootId: null, digests: digestsOnly(reports[number % HOSTS]!).digests, openJobs: [], waitSeconds: 0 },
]);
for (const round of [1, 2, 3]) {
  reports = reports.map((report, number) => upgraded(report, number, round));
  await phase(`changed, round ${round}: one source upgraded`, HOSTS, number => [
    'report',
    { ...bodyOf(reports[number]!, now()), facts: undefined, history: undefined },
  ]);
}
agent.destroy();
server.send('stop');
await new Promise(resolve => server.once('exit', resolve));
await db.close();
await postgres.stop();
rmSync(folder, { recursive: true, force: true });

function digestsOnly(report: SyntheticReport) {
  return { observedAt: now(), digests: bodyOf(report).digests };
}

/** One source moves to its candidate version, as an upgrade does; where nothing is offered, to a version that the whole fleet gets. */
function upgraded(report: SyntheticReport, number: number, round: number): SyntheticReport {
  const offered = report.candidates[number % Math.max(1, report.candidates.length)];
  const sourceName = offered?.sourceName ?? report.packages[(number * 31 + round * 7) % report.packages.length]!.sourceName;
  const versions = new Map(report.candidates.map(candidate => [candidate.name, candidate]));
  const packages = report.packages.map(record => {
    if (record.sourceName !== sourceName) return record;
    const { version, sourceVersion } = versions.get(record.name) ?? {
      version: `${record.version}+r${round}`,
      sourceVersion: `${record.sourceVersion}+r${round}`,
    };
    return { ...record, version, sourceVersion };
  });
  return { ...report, packages, candidates: report.candidates.filter(candidate => candidate.sourceName !== sourceName) };
}

async function phase(title: string, count: number, make: (number: number) => readonly [string, object]): Promise<void> {
  // Made before the clock starts, in slices: the bodies of all would be a hundred megabytes.
  let wallMs = 0;
  let bytes = 0;
  const before = await marks();
  for (let from = 0; from < count; from += 200) {
    const bodies = Array.from({ length: Math.min(200, count - from) }, (_, index) => {
      const [route, body] = make(from + index);
      return { route, number: (from + index) % HOSTS, text: Buffer.from(JSON.stringify(body)) };
    });
    bytes += bodies.reduce((sum, body) => sum + body.text.length, 0);
    const started = performance.now();
    await Promise.all(
      Array.from({ length: CONNECTIONS }, async () => {
        for (let body = bodies.pop(); body !== undefined; body = bodies.pop()) await post(body.route, body.number, body.text);
      }),
    );
    wallMs += performance.now() - started;
  }
  const after = await marks();
  const each = (value: number) => (value / count).toFixed(2);
  console.log(
    `${title}: ${count} of ${Math.round(bytes / count / 1_000)} kB; server ${each(after.cpuMs - before.cpuMs)} ms CPU, PostgreSQL ${each(after.postgresMs - before.postgresMs)} ms CPU, ${Math.round((count / wallMs) * 1_000)} reports/s (${each(wallMs)} ms wall); ` +
      `${each(after.rows - before.rows)} rows, ${Math.round((after.wal - before.wal) / count)} bytes of WAL a report; server RSS ${Math.round(after.rssMb)} MB`,
  );
}

function post(route: string, number: number, body: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = http.request(
      {
        agent,
        host: target.hostname,
        port: target.port,
        method: 'POST',
        path: `/api/agent/v1/${route}`,
        headers: {
          'content-type': 'application/json',
          'content-length': body.length,
          authorization: `FettleAgent ${idOf(number)}.${secretOf(number)}`,
        },
      },
      response => {
        let text = '';
        response.setEncoding('utf8').on('data', chunk => (text += chunk));
        response.on('end', () =>
          response.statusCode === 200 && !text.includes('"accepted":false')
            ? resolve()
            : reject(new Error(`${response.statusCode} ${text}`)),
        );
      },
    );
    request.on('error', reject);
    request.end(body);
  });
}

async function marks() {
  // "Last seen" is flushed by a timer; the figures are of the reports themselves and of that flush.
  await new Promise(resolve => setTimeout(resolve, 1_200));
  server.send('flush');
  const { cpuMs, rssMb } = (await answerOf(server)) as { cpuMs: number; rssMb: number };
  const [row] = await statistics(db);
  return { cpuMs, rssMb, postgresMs: postgresCpuMs(postgres), rows: row!.rows, wal: row!.wal };
}

/** Sessions hand in their counts when they are idle for a second at most. */
async function statistics(of: Db): Promise<{ rows: number; wal: number }[]> {
  return of.query(
    `select (select sum(n_tup_ins + n_tup_upd + n_tup_del)::bigint from pg_stat_user_tables) as rows, pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint as wal`,
  );
}

/** User and system time of the postmaster, its living children and those that it has waited for; 100 ticks a second. */
function postgresCpuMs({ pid }: EmbeddedDatabase): number {
  let ticks = 0;
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const fields = statOf(Number(name));
    if (fields === null) continue;
    const [parent, own, waited] = fields;
    if (Number(name) === pid) ticks += own + waited;
    else if (parent === pid) ticks += own;
  }
  return ticks * 10;
}

function statOf(pid: number): [parent: number, own: number, waited: number] | null {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)!.split(' ').map(Number);
    return [fields[1]!, fields[11]! + fields[12]!, fields[13]! + fields[14]!];
  } catch {
    return null;
  }
}

function answerOf(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const ended = (code: number | null) => reject(new Error(`the server ended (${code})`));
    child.once('exit', ended).once('message', message => {
      child.off('exit', ended);
      resolve(message);
    });
  });
}
