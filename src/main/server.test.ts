import { spawnSync } from 'node:child_process';
import {
  accessSync,
  chmodSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { predecessorPid } from '../db/embedded/predecessor.ts';
import { openDb } from '../db/pool.ts';
import { testDatabase } from '../db/test-database.ts';
import { databaseProcesses, type ServerProcess, startServer } from './test-server.ts';

const linux = process.platform === 'linux';
const isRoot = process.getuid?.() === 0;
const base = realpathSync(mkdtempSync(path.join(os.tmpdir(), 'fettle-start-')));
const running: ServerProcess[] = [];
const start = (...args: Parameters<typeof startServer>): ServerProcess => {
  const server = startServer(...args);
  running.push(server);
  return server;
};
const folder = (name: string): string => path.join(base, name);
const sleep = (ms: number): Promise<void> => new Promise(resolve => setTimeout(resolve, ms));
const cli = (args: readonly string[], dataFolder: string) =>
  spawnSync(process.execPath, [path.join(import.meta.dirname, 'cli.ts'), ...args], {
    encoding: 'utf8',
    env: { ...process.env, FETTLE_DATA: dataFolder },
  });

async function untilNone(dataFolder: string): Promise<number[]> {
  for (let waited = 0; waited < 50 && databaseProcesses(dataFolder).length > 0; waited += 1) await sleep(100);
  return databaseProcesses(dataFolder);
}

async function refused(server: ServerProcess): Promise<string> {
  expect(await server.ended).toBe(1);
  return server.output();
}

afterAll(async () => {
  for (const { child, ended } of running) {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
    await ended;
  }
  // PostgreSQL follows by itself; its folder can go when it is gone.
  for (let waited = 0; linux && waited < 50 && databaseProcesses(base).length > 0; waited += 1) await sleep(100);
  rmSync(base, { recursive: true, force: true });
});

describe('npm start', () => {
  const data = folder('one');
  let url = '';

  it('starts with visible steps, answers /healthz, and prints a one-time link', async () => {
    const server = start(data);
    ({ url } = await server.ready());
    const text = server.output();
    for (const step of ['1/5 Data folder', '2/5 Database', '3/5 Schema', '4/5 Console', '5/5 Server']) expect(text).toContain(step);
    expect(text).toMatch(/Set up the first administrator \(works once\): http:\/\/127\.0\.0\.1:\d+\/setup#token=[\w-]{43}/);
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    expect(await (await fetch(`${url}/api/v1/setup`)).json()).toMatchObject({ needsAdministrator: true });
  }, 60_000);

  it('keeps its keys and its door to itself', () => {
    expect(statSync(path.join(data, 'keys', 'plan-signing.pem')).mode & 0o777).toBe(0o600);
    expect(statSync(path.join(data, 'keys')).mode & 0o777).toBe(0o700);
    expect(statSync(path.join(data, 'control.sock')).mode & 0o777).toBe(0o600);
  });

  it('gives another link to `fettle link`', () => {
    const asked = cli(['link', '--json'], data);
    expect([asked.status, JSON.parse(asked.stdout)]).toMatchObject([
      0,
      { purpose: 'setup', url: expect.stringContaining(`${url}/setup#token=`) },
    ]);
    const nowhere = cli(['link'], folder('nowhere'));
    expect([nowhere.status, nowhere.stderr]).toEqual([1, expect.stringContaining('no server is running')]);
  });

  it('refuses a second server on the same folder, and one on the same port, and says by whom', async () => {
    const first = running[0] as ServerProcess;
    const sameFolder = await refused(start(data));
    expect(sameFolder).toContain(`process ${first.child.pid}`);
    expect(sameFolder).toContain('FETTLE_DATA');
    const samePort = await refused(start(folder('other'), { FETTLE_PORT: new URL(url).port }));
    expect(samePort).toContain(`Port ${new URL(url).port} on 127.0.0.1 is taken`);
    if (linux) expect(samePort).toContain(`(process ${first.child.pid})`);
    expect(samePort).toContain('FETTLE_PORT=');
    expect(first.child.exitCode).toBeNull();
  }, 20_000);

  it('stops although long connections are open (a minute would mean that it waits for them), and leaves nothing behind', async () => {
    const first = running[0] as ServerProcess;
    const keepAlive = fetch(`${url}/healthz`);
    await keepAlive;
    const asked = performance.now();
    first.child.kill('SIGTERM');
    expect(await first.ended).toBe(0);
    expect(performance.now() - asked).toBeLessThan(15_000);
    expect(first.output()).toContain('Stopping (SIGTERM)');
    if (linux) expect(databaseProcesses(data)).toEqual([]);
    expect(existsSync(path.join(data, 'server.json'))).toBe(false);
    expect(readFileSync(path.join(data, 'logs', 'server.log'), 'utf8')).toContain('"stopping"');
    expect(readFileSync(path.join(data, 'logs', 'server.log'), 'utf8')).not.toContain('token=');
  }, 20_000);

  it('starts again in seconds', async () => {
    const server = start(data);
    const { ms } = await server.ready();
    expect(ms).toBeLessThan(5_000);
    server.child.kill('SIGINT');
    expect(await server.ended).toBe(0);
  }, 20_000);

  it('stops when the process that started it is gone', async () => {
    const server = start(data, { FETTLE_PARENT_PIPE: '3' });
    await server.ready();
    server.child.stdio[3]?.destroy();
    expect(await server.ended).toBe(0);
    expect(server.output()).toContain('the process that started it is gone');
  }, 20_000);

  it('ends by a signal although the pipe to the process that started it is open', async () => {
    const server = start(data, { FETTLE_PARENT_PIPE: '3' });
    await server.ready();
    server.child.kill('SIGINT');
    expect(await Promise.race([server.ended, sleep(5_000).then(() => 'still there')])).toBe(0);
  }, 20_000);

  it('takes the same Ctrl-C from terminal, npm and pm.mjs as one', async () => {
    const server = start(data);
    await server.ready();
    for (let times = 0; times < 3; times += 1) {
      server.child.kill('SIGINT');
      await sleep(30);
    }
    expect(await server.ended).toBe(0);
    expect(server.output()).toMatch(/stopped in \d/);
  }, 20_000);

  it('stops cleanly when asked in the middle of a start', async () => {
    const server = start(folder('early'));
    while (!server.output().includes('2/5')) await sleep(10);
    server.child.kill('SIGINT');
    expect(await server.ended).toBe(0);
    expect(server.output()).toContain('Stopped before it was ready');
    if (linux) expect(await untilNone(folder('early'))).toEqual([]);
  }, 20_000);
});

describe.skipIf(!linux)('kill -9 (needs Linux: /proc and pdeathsig)', () => {
  const data = folder('killed');
  const cluster = path.join(data, 'postgresql', 'cluster');
  const victims: readonly (readonly [string, (server: ServerProcess) => number[]])[] = [
    ['the server', server => [server.child.pid as number]],
    ['the server and PostgreSQL', server => [server.child.pid as number, predecessorPid(cluster) as number]],
    ['PostgreSQL, then the server', server => [predecessorPid(cluster) as number, server.child.pid as number]],
    ['every process at once', server => [server.child.pid as number, ...databaseProcesses(data)]],
  ];

  for (const [what, pidsOf] of victims)
    it(`of ${what}: nothing that was committed is lost, the next start is at once, no process is left over`, async () => {
      const server = start(data);
      await server.ready();
      const socket = encodeURIComponent(path.join(data, 'postgresql', 'socket'));
      const db = openDb(`postgres:///fettle?host=${socket}&port=5432&user=fettle`, { connectionsMax: 2 });
      await db.query('create table if not exists written (round text, number int)');
      let acknowledged = 0;
      const writing = (async () => {
        for (;;) {
          await db.query('insert into written values ($1, $2)', [what, acknowledged + 1]);
          acknowledged += 1;
        }
      })().catch(() => {});
      await sleep(200);
      for (const pid of pidsOf(server)) {
        try {
          process.kill(pid, 'SIGKILL');
        } catch (error) {
          // A backend that died with its parent a moment ago is as dead as it should be.
          if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
        }
      }
      await server.ended;
      await writing;
      await db.close();

      const next = start(data);
      await next.ready();
      const again = openDb(`postgres:///fettle?host=${socket}&port=5432&user=fettle`, { connectionsMax: 1 });
      const [row] = await again.query<{ highest: number }>('select coalesce(max(number), 0) as highest from written where round = $1', [
        what,
      ]);
      await again.close();
      expect(acknowledged).toBeGreaterThan(5);
      expect(row?.highest).toBeGreaterThanOrEqual(acknowledged);
      next.child.kill('SIGTERM');
      expect(await next.ended).toBe(0);
      expect(await untilNone(data)).toEqual([]);
    }, 60_000);

  it('of PostgreSQL alone: the server starts it again and goes on', async () => {
    const server = start(data);
    const { url } = await server.ready();
    const before = predecessorPid(cluster) as number;
    process.kill(before, 'SIGKILL');
    let status = 0;
    for (let waited = 0; waited < 100 && (status !== 200 || predecessorPid(cluster) === before); waited += 1) {
      await sleep(100);
      status = (await fetch(`${url}/healthz`)).status;
    }
    expect([status, predecessorPid(cluster) === before]).toEqual([200, false]);
    expect((await fetch(`${url}/api/v1/setup`)).status).toBe(200);
    server.child.kill('SIGTERM');
    expect(await server.ended).toBe(0);
    expect(readFileSync(path.join(data, 'logs', 'server.log'), 'utf8')).toContain('is started again');
  }, 60_000);
});

describe('a start that cannot be', () => {
  it.each([
    ['FETTLE_PORT', 'eighty'],
    ['FETTLE_URL', 'ftp://x'],
    ['DATABASE_URL', 'mysql://x/y'],
  ])('names the setting %s that is wrong', async (name, value) => {
    const text = await refused(start(folder('settings'), { [name]: value }));
    expect(text).toContain(`${name}=${value}`);
  });

  it('names a data folder that is a file', async () => {
    writeFileSync(folder('file'), '');
    expect(await refused(start(folder('file')))).toMatch(/is, or lies below, something that is not a folder.*\n.*FETTLE_DATA/);
  });

  it.skipIf(isRoot && !canRunAsNobody())(
    'names a data folder that is not writable (needs an account other than root that can read the checkout)',
    async () => {
      const closed = folder('closed');
      mkdirSync(closed, { mode: 0o555 });
      chmodSync(base, 0o755);
      const text = await refused(start(closed, {}, isRoot ? { uid: 65534, gid: 65534 } : {}));
      expect(text).toMatch(/is not writable for \w+/);
      expect(text).toContain('FETTLE_DATA');
    },
  );

  it.skipIf(!isRoot || !canRunAsNobody())(
    'runs as an ordinary user too (needs root to change to one)',
    async () => {
      const own = folder('nobody');
      mkdirSync(own, { mode: 0o777 });
      chmodSync(own, 0o777);
      chmodSync(base, 0o755);
      const server = start(own, {}, { uid: 65534, gid: 65534 });
      await server.ready();
      server.child.kill('SIGTERM');
      expect(await server.ended).toBe(0);
    },
    60_000,
  );

  it.skipIf(!canMount())(
    'says that the disk is full (needs the right to mount a small file system)',
    async () => {
      const small = folder('small');
      mkdirSync(small);
      expect(spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=20m', 'tmpfs', small]).status).toBe(0);
      try {
        expect(await refused(start(small))).toMatch(/Only \d+ MB are free .* needs 250 MB/);
        writeFileSync(path.join(small, 'ballast'), '');
        spawnSync('dd', ['if=/dev/zero', `of=${path.join(small, 'ballast')}`, 'bs=1M'], { stdio: 'ignore' });
        expect(await refused(start(small))).toMatch(/(There is no space left|Only 0 MB are free)/);
        spawnSync('mount', ['-o', 'remount,ro', small]);
        expect(await refused(start(small))).toContain('read-only file system');
      } finally {
        spawnSync('umount', [small]);
      }
    },
    20_000,
  );

  it('refuses a broken cluster, one of another version, and a newer schema, and changes nothing', async () => {
    const data = folder('one');
    const cluster = path.join(data, 'postgresql', 'cluster');
    const version = readFileSync(path.join(cluster, 'PG_VERSION'), 'utf8');
    writeFileSync(path.join(cluster, 'PG_VERSION'), '15\n');
    expect(await refused(start(data))).toMatch(/made by PostgreSQL 15; this Fettle brings PostgreSQL \d+/);
    rmSync(path.join(cluster, 'PG_VERSION'));
    expect(await refused(start(data))).toContain('PG_VERSION is missing');
    writeFileSync(path.join(cluster, 'PG_VERSION'), version);

    const server = start(data);
    await server.ready();
    const db = openDb(`postgres:///fettle?host=${encodeURIComponent(path.join(data, 'postgresql', 'socket'))}&port=5432&user=fettle`);
    await db.query("insert into schema_migration (number, name, sha256) values (9999, 'from-the-future', 'x')");
    await db.close();
    server.child.kill('SIGTERM');
    await server.ended;
    expect(await refused(start(data))).toMatch(/schema 9999 \(from-the-future\)[\s\S]*A newer Fettle has used this data/);
    if (linux) expect(await untilNone(data)).toEqual([]);
  }, 60_000);
});

describe('DATABASE_URL', () => {
  it('is used instead of the embedded database, and the key that hosts pinned must come with it', async () => {
    const database = await testDatabase();
    try {
      const data = folder('external');
      const server = start(data, { DATABASE_URL: database.url });
      const { url } = await server.ready();
      expect((await fetch(`${url}/healthz`)).status).toBe(200);
      expect(existsSync(path.join(data, 'postgresql'))).toBe(false);
      server.child.kill('SIGTERM');
      expect(await server.ended).toBe(0);

      expect(await refused(start(folder('external-2'), { DATABASE_URL: database.url }))).toMatch(
        /plan-signing key .* is missing[\s\S]*FETTLE_REPLACE_PLAN_KEY/,
      );
      const replaced = start(folder('external-2'), { DATABASE_URL: database.url, FETTLE_REPLACE_PLAN_KEY: 'yes' });
      await replaced.ready();
      replaced.child.kill('SIGTERM');
      await replaced.ended;
      expect(await refused(start(data, { DATABASE_URL: database.url }))).toContain('is not the one that hosts');
    } finally {
      await database.close();
    }
  }, 60_000);

  it('that leads nowhere is named without its password', async () => {
    const text = await refused(start(folder('lost'), { DATABASE_URL: 'postgres://fettle:geheim@127.0.0.1:1/fettle' }));
    expect(text).toContain('127.0.0.1:1/fettle');
    expect(text).not.toContain('geheim');
  });
});

function canRunAsNobody(): boolean {
  try {
    // Every folder of the checkout's path must let others pass.
    for (let at = import.meta.dirname; at !== path.dirname(at); at = path.dirname(at)) if ((statSync(at).mode & 0o001) === 0) return false;
    return isRoot;
  } catch {
    return false;
  }
}

function canMount(): boolean {
  if (!isRoot || !linux) return false;
  try {
    accessSync('/proc/self/ns/mnt', constants.R_OK);
    const probe = mkdtempSync(path.join(os.tmpdir(), 'fettle-mount-'));
    const done = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', probe]).status === 0;
    if (done) spawnSync('umount', [probe]);
    rmSync(probe, { recursive: true, force: true });
    return done;
  } catch {
    return false;
  }
}
