import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Db } from './db.ts';
import { migrate, readMigrations } from './migrate.ts';
import { openDb, sqlState } from './pool.ts';

export interface TestDatabase {
  readonly db: Db;
  readonly url: string;
  /** Closes the connections and drops the database. */
  close(): Promise<void>;
}

/** What the keeper (test-server.ts) writes when it is ready, or when it could not start. */
export type KeeperAnswer = { readonly url: string } | { readonly failure: string };

const KEEPER_MS_MAX = 60_000;

/** One server per test run: the worker processes of a run share their parent; a script alone is its own run. */
function runPid(): number {
  return process.env.VITEST_WORKER_ID === undefined ? process.pid : process.ppid;
}

/** Starts the keeper of this run, or finds the one that another worker started. The folder is the lock: making it succeeds once. */
async function keeperUrl(): Promise<string> {
  const run = runPid();
  const folder = path.join(os.tmpdir(), `fettle-test-${process.getuid?.() ?? 0}-${run}-${startOf(run)}`);
  const answerFile = path.join(folder, 'answer.json');
  try {
    mkdirSync(folder, { mode: 0o700 });
    const log = openSync(path.join(folder, 'keeper.log'), 'a');
    const keeper = spawn(process.execPath, [path.join(import.meta.dirname, 'test-server.ts'), folder, String(run)], {
      detached: true,
      stdio: ['ignore', log, log],
    });
    keeper.on('exit', () => {
      if (existsSync(folder) && !existsSync(answerFile))
        writeFileSync(
          answerFile,
          JSON.stringify({ failure: readFileSync(path.join(folder, 'keeper.log'), 'utf8') } satisfies KeeperAnswer),
        );
    });
    keeper.unref();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  const deadline = Date.now() + KEEPER_MS_MAX;
  while (!existsSync(answerFile)) {
    if (Date.now() > deadline)
      throw new Error(`the test database did not start within ${KEEPER_MS_MAX / 1000} s; see ${folder}/keeper.log`);
    await new Promise(resolve => setTimeout(resolve, 20));
  }
  const answer = JSON.parse(readFileSync(answerFile, 'utf8')) as KeeperAnswer;
  if ('failure' in answer) throw new Error(`the test database did not start: ${answer.failure}`);
  return answer.url;
}

/** Start time of a process, so that a pid that is used again never finds an older run's folder. */
function startOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ')[19] ?? '0';
  } catch {
    return '0';
  }
}

/** The template is named after the migrations' content, so that a changed migration never meets an old template. */
export function templateName(): string {
  const content = readMigrations().map(migration => migration.sha256);
  return `fettle_template_${createHash('sha256').update(content.join()).digest('hex').slice(0, 12)}`;
}

function withDatabase(url: string, database: string): string {
  return url.replace(/^(postgres(?:ql)?:\/\/[^/]*\/)[^?]*/, `$1${database}`);
}

/** Makes the migrated template if it is missing; two that try at once settle it by the unique name. */
export async function ensureTemplate(adminUrl: string): Promise<string> {
  const name = templateName();
  const admin = openDb(adminUrl, { connectionsMax: 1 });
  try {
    const ready = async (): Promise<boolean> =>
      (await admin.query("select 1 from pg_database where datname = $1 and shobj_description(oid, 'pg_database') = 'ready'", [name]))
        .length > 0;
    if (await ready()) return name;
    try {
      await admin.query(`create database ${name}`);
    } catch (error) {
      if (!['42P04', '23505'].includes(sqlState(error) ?? '')) throw error;
      for (let waited = 0; waited < 300 && !(await ready()); waited += 1) await new Promise(resolve => setTimeout(resolve, 100));
      if (await ready()) return name;
    }
    const db = openDb(withDatabase(adminUrl, name), { connectionsMax: 1 });
    await migrate(db).finally(() => db.close());
    await admin.query(`comment on database ${name} is 'ready'`);
    return name;
  } finally {
    await admin.close();
  }
}

let server: Promise<{ adminUrl: string; template: string }> | undefined;

async function startServer(): Promise<{ adminUrl: string; template: string }> {
  const adminUrl = process.env.DATABASE_URL_TEST || (await keeperUrl());
  return { adminUrl, template: await ensureTemplate(adminUrl) };
}

/**
 * A migrated, empty database of its own, cloned from the template in some 50 ms. The first call of a test run starts a private PostgreSQL
 * (about two seconds) that ends with the run; DATABASE_URL_TEST names a server to use instead (its role must be allowed to create databases).
 */
export async function testDatabase(): Promise<TestDatabase> {
  server ??= startServer();
  const { adminUrl, template } = await server;
  const name = `fettle_test_${randomBytes(8).toString('hex')}`;
  const admin = openDb(adminUrl, { connectionsMax: 1 });
  await admin.query(`create database ${name} template ${template} strategy wal_log`).finally(() => admin.close());
  const url = withDatabase(adminUrl, name);
  const db = openDb(url);
  return {
    db,
    url,
    async close() {
      await db.close();
      const last = openDb(adminUrl, { connectionsMax: 1 });
      // By force only what a test left connected: force is refused where a vacuum worker, which is nobody's to end, is at work; a plain drop ends it itself.
      await last
        .query(`drop database if exists ${name}`)
        .catch(() => last.query(`drop database if exists ${name} with (force)`))
        .finally(() => last.close());
    },
  };
}
