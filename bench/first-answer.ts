import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import path from 'node:path';
import { Person, tokenOf } from '../e2e/harness/server.ts';

/**
 * The newcomer's clock: a clone of this checkout's last commit, `npm start`, and how long until the first ranked patch of the machine it runs on.
 * Then what the server and its PostgreSQL keep in memory, and a second start. The idle agent's memory is printed by the lab-patch bench.
 */
const PORT = 7380;
const url = `http://127.0.0.1:${PORT}`;
const folder = mkdtempSync(path.join(tmpdir(), 'fettle-bench-first-'));
const checkout = path.join(folder, 'fettle');
const seconds = (since: number) => `${((performance.now() - since) / 1000).toFixed(1)} s`;

async function until<T>(what: string, look: () => Promise<T | null | undefined | false>): Promise<T> {
  const deadline = Date.now() + 600_000;
  for (;;) {
    const value = await look().catch(() => null);
    if (value) return value;
    if (Date.now() > deadline) throw new Error(`waited in vain for ${what}`);
    await new Promise(resolve => setTimeout(resolve, 50));
  }
}

function start() {
  const child = spawn('npm', ['start'], {
    cwd: checkout,
    env: { ...process.env, FETTLE_PORT: String(PORT), FETTLE_DATA: path.join(folder, 'data'), FETTLE_FETCH_FEEDS: 'no' },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  const ended = new Promise<void>(resolve => child.once('exit', () => resolve()));
  return {
    output: () => text,
    async stop() {
      // As Ctrl-C does it: to the whole foreground group.
      process.kill(-child.pid!, 'SIGINT');
      await ended;
    },
  };
}

const isReady = async () => (await fetch(`${url}/healthz`)).status === 200;

try {
  const begun = performance.now();
  execFileSync('git', ['clone', '-q', '--no-hardlinks', path.join(import.meta.dirname, '..'), checkout]);
  const first = start();
  await until('the server', isReady);
  console.log(`clean clone to a running server, dependencies installed: ${seconds(begun)} (load ${loadavg()[0]!.toFixed(1)})`);
  const link = await until('the link', async () => /setup#token=[\w-]+/.exec(first.output())?.[0]);
  const ada = new Person(url);
  await ada.client.setupAdministrator({ body: { token: tokenOf(link), login: 'ada', name: 'Ada', password: 'a long enough password' } });
  const host = await until('this machine', async () => (await ada.client.hostList({})).items.find(one => one.inventoryAt !== null));
  const queue = await until('a patch', async () => {
    const { items } = await ada.client.patchList({ query: { pageSize: 5 } });
    return items.length > 0 && items;
  });
  console.log(
    `... to the first ranked patch of a host with ${host.packages} packages: ${seconds(begun)} (${queue[0]!.sourceName}: ${queue[0]!.reason})`,
  );
  await new Promise(resolve => setTimeout(resolve, 20_000));
  for (const [what, pids] of [
    ['server', pidsOf(command => command.includes('src/main/server.ts'))],
    ['PostgreSQL', pidsOf(command => command.startsWith('postgres') || command.includes('/bin/postgres'))],
  ] as const)
    console.log(`${what}, idle, one host: PSS ${megabytes(pids, 'Pss')} MB, RSS ${megabytes(pids, 'Rss')} MB in ${pids.length} processes`);
  await first.stop();
  const again = performance.now();
  const second = start();
  await until('the server again', isReady);
  console.log(`second npm start to ready: ${seconds(again)} (load ${loadavg()[0]!.toFixed(1)})`);
  await second.stop();
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** Processes that work in this bench's folder. */
function pidsOf(matches: (command: string) => boolean): number[] {
  return readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .map(Number)
    .filter(pid => {
      try {
        const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
        return matches(command) && (command.includes(folder) || cwdOf(pid).startsWith(folder));
      } catch {
        return false;
      }
    });
}

function cwdOf(pid: number): string {
  return readlinkSync(`/proc/${pid}/cwd`);
}

function megabytes(pids: readonly number[], field: 'Pss' | 'Rss'): number {
  const kilobytes = pids.map(pid =>
    Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1] ?? 0),
  );
  return Math.round(kilobytes.reduce((sum, value) => sum + value, 0) / 1024);
}
