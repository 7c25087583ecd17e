import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { deb } from '../src/core/versions/deb.ts';
import { compareVersions } from '../src/core/versions/scheme.ts';
import { startServer } from '../src/main/test-server.ts';
import { syntheticFleet } from './synthetic/fleet.ts';
import { fillFleetDatabase, hostsHaving } from './synthetic/fleet-database.ts';

/**
 * A server process with its own PostgreSQL and a fleet in the database: how long it takes to start, what it holds in memory, and how long after the
 * import of a changed advisory the API names exactly the hosts that have an affected version.
 */
const HOSTS = Number(process.env.FETTLE_BENCH_FLEET_HOSTS ?? 100_000);
const READY_MS_MAX = 600_000;
const ROUNDS = 3;
/** FETTLE_BENCH_NODE_OPTIONS: for the server alone, for example --cpu-prof. */
const profiling: Record<string, string> = process.env.FETTLE_BENCH_NODE_OPTIONS
  ? { NODE_OPTIONS: process.env.FETTLE_BENCH_NODE_OPTIONS }
  : {};
/** What the console's pages ask for. */
const PAGES = ['overview', 'patches?pageSize=50', 'patches?pageSize=500', 'hosts?pageSize=50', 'findings?pageSize=50'] as const;

const load = () => `load ${os.loadavg()[0]!.toFixed(1)}`;
/** Named: used as it is, or filled, and kept for the next run. */
const kept = process.env.FETTLE_BENCH_FLEET_FOLDER;
const folder = kept ?? mkdtempSync(path.join(os.tmpdir(), 'fettle-bench-fleet-'));
const fleet = syntheticFleet();
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
  if (!existsSync(path.join(folder, 'postgresql'))) await fillFleetDatabase(folder, fleet, HOSTS);
  const expected = hostsHaving(fleet, HOSTS, chosen);
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
  console.log(`after that: RSS ${rssMb()} MB, highest ${rssMb('VmHWM')} MB; ${load()}`);
  await stop();
  await stopWhileLoading();
} finally {
  await stop();
  if (kept === undefined) rmSync(folder, { recursive: true, force: true });
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

async function start(): Promise<{ url: string }> {
  running = startServer(folder, { FETTLE_FETCH_FEEDS: 'no', ...profiling });
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

/** A server that is asked to stop two seconds after it began to read the fleet. */
async function stopWhileLoading(): Promise<void> {
  running = startServer(folder, { FETTLE_FETCH_FEEDS: 'no' });
  const until = Date.now() + READY_MS_MAX;
  while (!running.output().includes('/5 Server') && Date.now() < until) await new Promise(resolve => setTimeout(resolve, 20));
  await new Promise(resolve => setTimeout(resolve, 2_000));
  const wasReady = running.output().includes('Fettle is ready');
  const asked = performance.now();
  await stop();
  console.log(
    `asked to stop ${wasReady ? 'when ready' : 'while loading'}: gone after ${(performance.now() - asked).toFixed(0)} ms; ${load()}`,
  );
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
  const known = path.join(folder, 'bench-token');
  if (existsSync(known)) return readFileSync(known, 'utf8');
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
  writeFileSync(known, body.token, { mode: 0o600 });
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
      `${pageMs.toFixed(0)} ms from the request to the first page and total: imported after ${importedMs.toFixed(0)} ms, page ${(pageMs - importedMs).toFixed(0)} ms later (CPU of both ${pageCpuMs} ms), all hosts by name ${(listMs - pageMs).toFixed(0)} ms after that; ${load()}`,
  );
  if (!isExact) process.exitCode = 1;
}
