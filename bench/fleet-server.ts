import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Claim } from '../src/core/advisories/claim.ts';
import { packIds } from '../src/core/inventory/id-set.ts';
import { packSince } from '../src/core/inventory/since.ts';
import { deb } from '../src/core/versions/deb.ts';
import { compareVersions } from '../src/core/versions/scheme.ts';
import { type CopyValue, copyInto } from '../src/db/copy.ts';
import type { Db } from '../src/db/db.ts';
import { startEmbedded } from '../src/db/embedded.ts';
import { migrate } from '../src/db/migrate.ts';
import { openDb } from '../src/db/pool.ts';
import { startServer } from '../src/main/test-server.ts';
import { type SyntheticFleet, syntheticFleet } from './synthetic/fleet.ts';
import { factsOf } from './synthetic/reports.ts';

/**
 * A server process with its own PostgreSQL and a fleet in the database: how long it takes to start, what it holds in memory, and how long after the
 * import of a changed advisory the API names exactly the hosts that have an affected version.
 */
const HOSTS = Number(process.env.FETTLE_BENCH_FLEET_HOSTS ?? 100_000);
const ENROLLED_AT = '2025-10-18T00:00:00Z';
const OBSERVED_AT = '2026-11-22T00:00:00Z';
const READY_MS_MAX = 600_000;
const ROUNDS = 3;
/** What the console's pages ask for. */
const PAGES = ['overview', 'patches?pageSize=50', 'patches?pageSize=500', 'hosts?pageSize=50', 'findings?pageSize=50'] as const;

const load = () => `load ${os.loadavg()[0]!.toFixed(1)}`;
const folder = mkdtempSync(path.join(os.tmpdir(), 'fettle-bench-fleet-'));
const fleet = syntheticFleet();
/** Source package -> level of its versions on each host, 255 where a host has none: what the API's answers are compared with. */
const sourceNames = [...new Set(fleet.versions.map(version => version.sourceName))];
const versionsOfSource = new Map(
  sourceNames.map(name => [
    name,
    [...new Set(fleet.versions.filter(one => one.sourceName === name).map(one => one.sourceVersion))].sort((a, b) =>
      Number(compareVersions(deb, a, b)),
    ),
  ]),
);
let running: ReturnType<typeof startServer> | null = null;
try {
  const chosen = chosenSources();
  const expected = await fill(chosen);
  console.log(`${HOSTS.toLocaleString('en')} hosts in the database (${fleet.basis}); ${load()}`);
  const first = await start();
  const token = await apiToken(first.url);
  await stop();
  for (let round = 1; round < ROUNDS; round++) {
    await start();
    if (round < ROUNDS - 1) await stop();
  }
  const api = apiOf(running!, token);
  for (const page of PAGES) await timePage(api, page);
  for (const name of chosen) {
    for (let round = 0; round < ROUNDS; round++) await advisory(api, name, expected.get(name)!, round);
  }
  console.log(`after that: RSS ${rssMb()} MB; ${load()}`);
} finally {
  await stop();
  rmSync(folder, { recursive: true, force: true });
}

/** One that is nearly everywhere, one of the middle and one that few hosts have; each with several versions. */
function chosenSources(): string[] {
  const hosts = new Map<string, number>();
  for (let number = 0; number < Math.min(HOSTS, 2_000); number++)
    for (const source of new Set([...fleet.host(number).packageIds].map(id => fleet.versions[id - 1]!.sourceName)))
      hosts.set(source, (hosts.get(source) ?? 0) + 1);
  const varied = [...hosts].filter(([name]) => versionsOfSource.get(name)!.length >= 3).sort((a, b) => b[1] - a[1]);
  return [varied[0]!, varied[varied.length >> 1]!, varied.at(-1)!].map(([name]) => name);
}

/** Writes hosts, versions, candidates and claims as the server's nouns would have left them. The answer: chosen source -> source version -> host names. */
async function fill(names: readonly string[]): Promise<Map<string, Map<string, string[]>>> {
  const postgres = await startEmbedded(path.join(folder, 'postgresql'));
  const db = openDb(postgres.url);
  const having = new Map(names.map(name => [name, new Map<string, string[]>()]));
  try {
    await migrate(db);
    await copy(db, 'package_version (id, ecosystem, name, arch, version, source_name, source_version)', versionRows(fleet));
    await copy(
      db,
      'candidate (id, digest, package_version_id, origins, security, size_bytes, sha256, phased_percent, availability)',
      candidateRows(fleet),
    );
    await copy(
      db,
      'host (id, name, reach, platform, release, os_name, labels, criticality, exposure, enrolled_at)',
      hostRows(number => {
        const host = fleet.host(number);
        return [
          idOf(number),
          nameOf(number),
          'agent',
          'debian-12',
          'debian:12',
          'Debian GNU/Linux 12 (bookworm)',
          '{"env": "prod"}',
          host.criticality,
          host.exposure,
          ENROLLED_AT,
        ];
      }),
    );
    await copy(
      db,
      'host_seen (host_id, last_seen_at, inventory_at)',
      hostRows(number => [idOf(number), OBSERVED_AT, OBSERVED_AT]),
    );
    await copy(
      db,
      'host_inventory (host_id, revision, observed_at, facts_digest, packages_digest, candidates_digest, package_count, packages, config_files, candidates, since, finding_facts)',
      hostRows(number => inventoryRow(number, having)),
    );
    await fillClaims(db, fleet.claims);
    for (const table of ['package_version', 'candidate'])
      await db.query(`select setval(pg_get_serial_sequence('${table}', 'id'), (select max(id) from ${table}))`);
    await db.query('vacuum analyze');
  } finally {
    await db.close();
    await postgres.stop();
  }
  return having;
}

function inventoryRow(number: number, having: ReadonlyMap<string, Map<string, string[]>>): CopyValue[] {
  const host = fleet.host(number);
  const since = new Map<number, number>();
  for (let at = 0; at < host.since.length; at += 2) since.set(host.since[at]!, host.since[at + 1]!);
  const met = new Set<string>();
  for (const id of host.packageIds) {
    const { sourceName, sourceVersion } = fleet.versions[id - 1]!;
    const versions = having.get(sourceName);
    if (versions === undefined || met.has(sourceName)) continue;
    met.add(sourceName);
    versions.getOrInsertComputed(sourceVersion, () => []).push(nameOf(number));
  }
  const { os: system, bootedAt, kernel, reboot, staleProcesses, packageManager } = factsOf(number);
  const packages = packIds(host.packageIds);
  const candidates = packIds(host.candidateIds);
  return [
    idOf(number),
    1,
    OBSERVED_AT,
    hex(createHash('sha256').update(`facts ${number}`).digest()),
    hex(createHash('sha256').update(packages).digest()),
    hex(createHash('sha256').update(candidates).digest()),
    host.packageIds.length,
    hex(packages),
    hex(packIds([])),
    hex(candidates),
    hex(packSince(since)),
    JSON.stringify({ os: system, bootedAt, kernel, reboot, staleProcesses, packageManager }),
  ];
}

async function fillClaims(db: Db, claims: readonly Claim[]): Promise<void> {
  const bySource = Map.groupBy(claims, claim => claim.source);
  for (const [feedId, ofFeed] of bySource) {
    await db.query("insert into feed (id, kind, state, records, loaded_at) values ($1, $1, 'current', $2, $3)", [
      feedId,
      ofFeed.length,
      OBSERVED_AT,
    ]);
    const columns =
      'feed_id, part, statement, source, vulnerability_id, aliases, release, package_name, state, fixed_version, severity, stated_on, note, known_since, first_seen_at';
    const rows = new Map<string, CopyValue[]>();
    for (const claim of ofFeed) {
      const { source, vulnerabilityId, aliases, release, packageName, state, fixedVersion, severity, statedOn, note } = claim;
      const said = [vulnerabilityId, release, packageName, state, fixedVersion].join('\n');
      const statement = hex(createHash('sha256').update(said).digest().subarray(0, 16));
      rows.set(said, [
        feedId,
        '',
        statement,
        source,
        vulnerabilityId,
        aliases,
        release,
        packageName,
        state,
        fixedVersion,
        severity,
        statedOn,
        note,
        OBSERVED_AT,
        OBSERVED_AT,
      ]);
    }
    await copy(db, `claim (${columns})`, chunksOf([...rows.values()]));
  }
}

async function copy(db: Db, target: string, rows: Iterable<readonly (readonly CopyValue[])[]>): Promise<void> {
  const client = await db.pool.connect();
  try {
    await client.query('begin');
    await copyInto(client, target, iterate(rows));
    await client.query('commit');
  } finally {
    client.release();
  }
}

async function* iterate<T>(rows: Iterable<T>): AsyncIterable<T> {
  yield* rows;
}

function* chunksOf<T>(rows: readonly T[]): Iterable<readonly T[]> {
  for (let at = 0; at < rows.length; at += 1_000) yield rows.slice(at, at + 1_000);
}

function* hostRows(row: (number: number) => CopyValue[]): Iterable<CopyValue[][]> {
  for (let at = 0; at < HOSTS; at += 500) yield Array.from({ length: Math.min(500, HOSTS - at) }, (_, index) => row(at + index));
}

function versionRows({ versions }: SyntheticFleet): Iterable<readonly CopyValue[][]> {
  return chunksOf(versions.map(one => [one.id, 'deb', one.name, one.arch, one.version, one.sourceName, one.sourceVersion]));
}

function candidateRows({ candidates }: SyntheticFleet): Iterable<readonly CopyValue[][]> {
  return chunksOf(
    candidates.map(one => [
      one.id,
      hex(createHash('sha256').update(`candidate ${one.id}`).digest().subarray(0, 16)),
      one.version.id,
      one.origins,
      one.security,
      1_000_000,
      null,
      null,
      one.availability,
    ]),
  );
}

async function start(): Promise<{ url: string }> {
  running = startServer(folder, { FETTLE_FETCH_FEEDS: 'no' });
  const started = performance.now();
  const { url } = await running.ready(READY_MS_MAX);
  console.log(
    `start: ready after ${((performance.now() - started) / 1000).toFixed(1)} s (server's own CPU ${(cpuMs() / 1000).toFixed(1)} s), RSS ${rssMb()} MB, highest ${rssMb('VmHWM')} MB; ${load()}`,
  );
  return { url };
}

async function stop(): Promise<void> {
  running?.child.kill('SIGTERM');
  await running?.ended;
  running = null;
}

function rssMb(line = 'VmRSS'): number {
  const status = readFileSync(`/proc/${running!.child.pid}/status`, 'utf8');
  return Math.round((Number(new RegExp(`${line}:\\s+(\\d+)`).exec(status)![1]) * 1_024) / 1e6);
}

/** User and system time of the server process, without PostgreSQL: on a busy machine the wall clock tells more of the others. 100 ticks a second. */
function cpuMs(): number {
  const fields = readFileSync(`/proc/${running!.child.pid}/stat`, 'utf8').split(') ').at(-1)!.split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

async function apiToken(url: string): Promise<string> {
  const setup = /setup#token=([\w-]+)/.exec(running!.output())![1]!;
  const password = randomBytes(24).toString('hex');
  const made = await fetch(`${url}/api/v1/setup/administrator`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: url },
    body: JSON.stringify({ token: setup, login: 'bench', name: 'Bench', password }),
  });
  const cookie = made.headers.getSetCookie().map(one => one.split(';')[0]!);
  const answer = await fetch(`${url}/api/v1/tokens`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: url, cookie: cookie.join('; ') },
    body: JSON.stringify({ name: 'bench' }),
  });
  const body = (await answer.json()) as { token?: string };
  if (body.token === undefined) throw new Error(`no token: ${JSON.stringify(body)}`);
  return body.token;
}

type Api = (method: 'GET' | 'POST', route: string, body?: object) => Promise<string>;

function apiOf(server: NonNullable<typeof running>, token: string): Api {
  const base = /Fettle is ready: (\S+)/.exec(server.output())![1]!;
  return async (method, route, body) => {
    const answer = await fetch(`${base}/api/v1/${route}`, {
      method,
      headers: { authorization: `Bearer ${token}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${route}: ${answer.status} ${text.slice(0, 300)}`);
    return text;
  };
}

async function timePage(api: Api, page: string): Promise<void> {
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const begun = performance.now();
    await api('GET', page);
    times.push(performance.now() - begun);
  }
  console.log(`GET /${page}: ${times.map(ms => `${ms.toFixed(0)} ms`).join(', ')}; ${load()}`);
}

/** A new advisory, then the same one with a lower fixed version: each names its hosts, and no others. */
async function advisory(api: Api, source: string, having: ReadonlyMap<string, readonly string[]>, round: number): Promise<void> {
  const versions = versionsOfSource.get(source)!;
  const fixed = versions[Math.max(1, versions.length - 1 - round)]!;
  const id = `CVE-2099-${10_000 + sourceNames.indexOf(source)}`;
  const record = {
    schema_version: '1.6.0',
    id: `DEBIAN-${id}`,
    upstream: [id],
    modified: new Date().toISOString(),
    published: '2026-11-22T00:00:00Z',
    affected: [
      {
        package: { ecosystem: 'Debian:12', name: source },
        ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }, { fixed }] }],
      },
    ],
  };
  mkdirSync(path.join(folder, 'advisories'), { recursive: true });
  const file = path.join(folder, 'advisories', `${id}.json`);
  writeFileSync(file, JSON.stringify(record), { mode: 0o644 });
  const isBelow = (version: string) => Number(compareVersions(deb, version, fixed)) < 0;
  const expected = [...having].flatMap(([version, names]) => (isBelow(version) ? names : [])).toSorted();

  const started = performance.now();
  const cpu = cpuMs();
  let report = JSON.parse(await api('POST', 'feeds/import', { location: file })) as {
    id: string;
    state: string;
    skipped: readonly unknown[];
  };
  while (report.state === 'running') {
    await new Promise(resolve => setTimeout(resolve, 5));
    report = JSON.parse(await api('GET', `feeds/imports/${report.id}`));
  }
  const importedMs = performance.now() - started;
  if (report.state !== 'done' || report.skipped.length > 0) throw new Error(JSON.stringify(report));
  const page = JSON.parse(await api('GET', `findings?vulnerability=${id}&pageSize=50`)) as { total: number };
  const pageMs = performance.now() - started;
  const pageCpuMs = cpuMs() - cpu;
  const csv = await api('GET', `findings.csv?vulnerability=${id}`);
  const listMs = performance.now() - started;
  const named = csv
    .trimEnd()
    .split(/\r?\n/)
    .slice(1)
    .map(line => line.slice(0, line.indexOf(',')))
    .toSorted();
  const isExact = page.total === expected.length && named.length === expected.length && named.every((name, at) => name === expected[at]);
  console.log(
    `${round === 0 ? 'new' : 'changed'} advisory for ${source} < ${fixed}: ${expected.length.toLocaleString('en')} hosts, ${isExact ? 'exactly these' : `NOT EXACT (${page.total}, ${named.length})`}; ` +
      `imported ${importedMs.toFixed(0)} ms after the request, first page and total ${(pageMs - importedMs).toFixed(0)} ms later (CPU of both ${pageCpuMs} ms), all hosts by name ${(listMs - pageMs).toFixed(0)} ms after that; ${load()}`,
  );
  if (!isExact) process.exitCode = 1;
}

function idOf(number: number): string {
  return `host_${createHash('sha256').update(`host ${number}`).digest('hex').slice(0, 16)}`;
}

function nameOf(number: number): string {
  return `host-${number}.example.org`;
}

function hex(bytes: Uint8Array): string {
  return `\\x${Buffer.from(bytes).toString('hex')}`;
}
