import type { ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chownSync, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Fault } from '../core/kernel/faults.ts';
import { type Account, databaseAccount, type Launcher, launcherFor } from './embedded/account.ts';
import { type Binaries, unpackBinaries } from './embedded/binaries.ts';
import { ensureCluster, ROLE, SUPERUSER, writeAccessFiles } from './embedded/cluster.ts';
import { predecessorPid, signal } from './embedded/predecessor.ts';
import { openDb } from './pool.ts';

interface EmbeddedOptions {
  /** False only for throw-away databases of tests: no fsync. */
  readonly durable?: boolean;
  /** Called when PostgreSQL ended although nobody asked it to; it is being started again. */
  readonly onRestart?: (reason: string) => void;
  /** Called when it could not be started again. */
  readonly onLost?: (error: Error) => void;
}

export interface EmbeddedDatabase {
  /** Of the application's database and role. */
  readonly url: string;
  readonly pid: number;
  readonly madeCluster: boolean;
  urlOf(database: string): string;
  /** Ends all sessions and waits for a clean shutdown. */
  stop(): Promise<void>;
}

const PORT = 5432;
const STOP_MS_MAX = 20_000;
const PREDECESSOR_MS_MAX = 30_000;

/** Modest for a machine that also does other work: about 60 MB with ten connections (docs/decisions/0002-database.md). */
const SETTINGS: Readonly<Record<string, string>> = {
  listen_addresses: '',
  max_connections: '40',
  shared_buffers: '128MB',
  work_mem: '8MB',
  maintenance_work_mem: '64MB',
  effective_cache_size: '512MB',
  max_wal_size: '512MB',
  wal_compression: 'pglz',
  // Two-level grouping beats count(distinct) by sorting (docs/decisions/0002-database.md).
  enable_presorted_aggregate: 'off',
  jit: 'off',
  timezone: 'UTC',
  log_timezone: 'UTC',
  log_min_messages: 'warning',
  log_checkpoints: 'off',
  idle_in_transaction_session_timeout: '60s',
};
const THROW_AWAY: Readonly<Record<string, string>> = {
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  max_connections: '100',
  shared_buffers: '64MB',
};

/** A unix socket's path ends at 107 bytes; below a deep folder it lives in the temporary folder instead, under a name made from the cluster's. */
function socketFolder(folder: string, account: Account): string {
  const preferred = path.join(folder, 'socket');
  const chosen =
    Buffer.byteLength(path.join(preferred, `.s.PGSQL.${PORT}.lock`)) <= 107
      ? preferred
      : path.join(os.tmpdir(), `fettle-pg-${createHash('sha256').update(folder).digest('hex').slice(0, 16)}`);
  mkdirSync(chosen, { recursive: true, mode: 0o700 });
  if (account.ids !== null) chownSync(chosen, account.ids.uid, account.ids.gid);
  return chosen;
}

interface Started {
  readonly process: ChildProcess;
  readonly exited: Promise<string>;
}

/** Resolves when it accepts connections; otherwise hands back what it said when it ended. */
function launch(launcher: Launcher, file: string, args: readonly string[]): Promise<{ up: Started } | { said: string }> {
  return new Promise((resolve, reject) => {
    const child = launcher.start(file, args);
    let said = '';
    const exited = new Promise<string>(ended => {
      child.on('exit', (code, by) => {
        const summary = `${said.trim().split('\n').slice(-8).join('\n')}\n(exit ${code ?? by})`;
        ended(summary);
        resolve({ said: summary });
      });
    });
    child.on('error', reject);
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-20_000);
      if (said.includes('ready to accept connections')) resolve({ up: { process: child, exited } });
    });
  });
}

function startFault(said: string, cluster: string): Fault {
  if (/No space left on device/.test(said))
    return new Fault(
      'disk-full',
      `The disk is full: the database in ${cluster} cannot start.`,
      'Free some space on that file system and start again. Nothing was lost.',
    );
  return new Fault(
    'database-start-failed',
    `The database in ${cluster} does not start:\n${said.trim()}`,
    'Correct what it names and start again; if files are damaged, restore the data folder from a backup.',
  );
}

const BUSY = /lock file ".*" already exists|shared memory block .* is still in use|could not bind Unix/;

/** Starts it, waiting for a predecessor that is still stopping and asking one to stop that lost its parent without noticing. */
async function startWaiting(launcher: Launcher, binaries: Binaries, cluster: string, args: readonly string[]): Promise<Started> {
  const deadline = Date.now() + PREDECESSOR_MS_MAX;
  const asked = new Map<number, number>();
  for (;;) {
    const pid = predecessorPid(cluster);
    if (pid !== null) {
      // The caller holds the lock of the data folder, so nobody else can rightly be using this cluster.
      const since = asked.get(pid) ?? Date.now();
      if (!asked.has(pid)) signal(pid, 'SIGINT');
      else if (Date.now() - since > STOP_MS_MAX) signal(pid, 'SIGQUIT');
      asked.set(pid, since);
    } else {
      const answer = await launch(launcher, path.join(binaries.folder, 'bin', 'postgres'), args);
      if ('up' in answer) return answer.up;
      if (!BUSY.test(answer.said)) throw startFault(answer.said, cluster);
    }
    if (Date.now() > deadline)
      throw new Fault(
        'database-busy',
        `Another PostgreSQL${pid === null ? '' : ` (process ${pid})`} still uses ${cluster}.`,
        `Stop it${pid === null ? '' : ` (kill -INT ${pid})`} and start again.`,
      );
    await new Promise(resolve => setTimeout(resolve, 50));
  }
}

/** Idempotent: a kill between the two statements is repaired by the next start. */
async function ensureRole(urlOf: (database: string, role: string) => string): Promise<void> {
  const admin = openDb(urlOf('postgres', SUPERUSER), { connectionsMax: 1 });
  try {
    const [found] = await admin.query<{ role: boolean; database: boolean }>(
      'select exists (select from pg_roles where rolname = $1) as role, exists (select from pg_database where datname = $1) as database',
      [ROLE],
    );
    if (!found?.role) await admin.query(`create role ${ROLE} login createdb`);
    if (!found?.database) await admin.query(`create database ${ROLE} owner ${ROLE}`);
  } finally {
    await admin.close();
  }
}

/** A throw-away file that a killed run left behind in the temporary area of the cluster's folder. */
function removeLeftovers(folder: string): void {
  for (const name of readdirSync(folder)) if (name.endsWith('.partial')) rmSync(path.join(folder, name), { recursive: true, force: true });
}

/**
 * Starts the private PostgreSQL whose binaries, cluster and socket live in `folder`. No TCP, no password: the socket's folder is closed and the
 * kernel names the peer. The caller must hold the lock of the data folder. Throws Fault.
 */
export async function startEmbedded(folder: string, options: EmbeddedOptions = {}): Promise<EmbeddedDatabase> {
  const home = path.resolve(folder);
  mkdirSync(home, { recursive: true, mode: 0o755 });
  removeLeftovers(home);
  const account = databaseAccount();
  const cluster = path.join(home, 'cluster');
  const launcher = launcherFor(account, home);
  const binaries = unpackBinaries(launcher.binariesFolder);
  const durable = options.durable ?? true;
  const { made } = await ensureCluster(home, binaries, account, launcher, { durable });
  const socket = socketFolder(home, account);
  const own = account.ids === null ? [account.name] : ['root', account.name];
  const settings = {
    ...SETTINGS,
    ...(durable ? {} : THROW_AWAY),
    unix_socket_directories: socket.startsWith(home) ? path.join(launcher.homeForChild, 'socket') : socket,
  };
  const args = [
    '-D',
    path.join(launcher.homeForChild, 'cluster'),
    '-p',
    String(PORT),
    ...writeAccessFiles(home, launcher, own),
    ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
  ];
  const urlOf = (database: string, role: string = ROLE): string =>
    `postgres:///${database}?host=${encodeURIComponent(socket)}&port=${PORT}&user=${role}`;

  let current = await startWaiting(launcher, binaries, cluster, args);
  let stopping = false;
  const watch = (started: Started): void => {
    started.exited.then(async reason => {
      if (stopping) return;
      options.onRestart?.(reason);
      try {
        current = await startWaiting(launcher, binaries, cluster, args);
        if (stopping) current.process.kill('SIGINT');
        watch(current);
      } catch (error) {
        options.onLost?.(error as Error);
      }
    });
  };
  watch(current);
  await ensureRole(urlOf);
  return {
    url: urlOf(ROLE),
    get pid() {
      return current.process.pid ?? 0;
    },
    madeCluster: made,
    urlOf: database => urlOf(database),
    async stop() {
      stopping = true;
      current.process.kill('SIGINT');
      const timer = setTimeout(() => current.process.kill('SIGQUIT'), STOP_MS_MAX);
      await current.exited;
      clearTimeout(timer);
      if (!socket.startsWith(home) && existsSync(socket)) rmSync(socket, { recursive: true, force: true });
    },
  };
}
