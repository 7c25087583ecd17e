import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { sha256Hex } from '../core/kernel/canonical-json.ts';
import { Fault } from '../core/kernel/faults.ts';
import type { Db, Queryable } from './db.ts';
import { sqlState } from './pool.ts';

export interface Migration {
  readonly number: number;
  readonly name: string;
  readonly sql: string;
  readonly sha256: string;
}

interface AppliedRow {
  readonly number: number;
  readonly name: string;
  readonly sha256: string;
}

const MIGRATIONS_FOLDER = path.join(import.meta.dirname, 'migrations');

/** Files `NNNN-name.sql`, in order. Two files with one number are a defect of the checkout. */
export function readMigrations(folder: string = MIGRATIONS_FOLDER): Migration[] {
  const migrations = readdirSync(folder)
    .filter(file => file.endsWith('.sql'))
    .sort()
    .map(file => {
      const match = /^(\d{4})-([a-z0-9-]+)\.sql$/.exec(file);
      if (match === null) throw new Error(`migration file name ${file} is not NNNN-name.sql`);
      const sql = readFileSync(path.join(folder, file), 'utf8');
      return { number: Number(match[1]), name: match[2] as string, sql, sha256: sha256Hex(sql) };
    });
  for (const [index, migration] of migrations.entries()) {
    if (migrations[index - 1]?.number === migration.number) throw new Error(`two migrations have the number ${migration.number}`);
  }
  return migrations;
}

const BOOK = `
create table if not exists schema_migration (number int primary key, name text not null, sha256 text not null, applied_at timestamptz not null default now());
create table if not exists schema_lock (single boolean primary key default true check (single));
insert into schema_lock default values on conflict do nothing`;

/** Two first starts at the same moment may both try to create the tables: the loser sees 23505 or 42P07 and finds them made. */
async function openBook(db: Db): Promise<void> {
  try {
    await db.query(BOOK);
  } catch (error) {
    if (!['23505', '42P07', '40001', '40P01'].includes(sqlState(error) ?? '')) throw error;
    await db.query(BOOK);
  }
}

function refuseUnknown(applied: readonly AppliedRow[], known: readonly Migration[]): void {
  const byNumber = new Map(known.map(migration => [migration.number, migration]));
  const newest = known.at(-1)?.number ?? 0;
  for (const row of applied) {
    const migration = byNumber.get(row.number);
    if (migration === undefined)
      throw new Fault(
        'schema-newer',
        `The database has schema ${row.number} (${row.name}); this version of Fettle knows schemas up to ${newest}.`,
        'A newer Fettle has used this data. Start that version again, or restore a backup made before the upgrade; this version has changed nothing.',
      );
    if (migration.sha256 !== row.sha256)
      throw new Fault(
        'schema-differs',
        `Migration ${row.number} (${row.name}) was applied to this database with other content than this version of Fettle has.`,
        'Use the Fettle version that made this data, or an empty data folder (FETTLE_DATA); nothing was changed.',
      );
  }
}

const APPLIED = 'select number, name, sha256 from schema_migration order by number';

/** The row lock makes a second migrator wait for the first one's commit and then see its work; it ends with its transaction, however that ends. */
async function applyOne(tx: Queryable, migration: Migration): Promise<boolean> {
  await tx.query('select single from schema_lock for update');
  const done = await tx.query('select number from schema_migration where number = $1', [migration.number]);
  if (done.length > 0) return false;
  await tx.query(migration.sql);
  await tx.query('insert into schema_migration (number, name, sha256) values ($1, $2, $3)', [
    migration.number,
    migration.name,
    migration.sha256,
  ]);
  return true;
}

/** Brings the schema up to date, each migration in its own transaction. Returns what it applied. Throws Fault `schema-newer` or `schema-differs`. */
export async function migrate(db: Db, known: readonly Migration[] = readMigrations()): Promise<Migration[]> {
  await openBook(db);
  const before = await db.query<AppliedRow>(APPLIED);
  refuseUnknown(before, known);
  const missing = known.filter(migration => !before.some(row => row.number === migration.number));
  const applied: Migration[] = [];
  for (const migration of missing) if (await db.transaction(tx => applyOne(tx, migration))) applied.push(migration);
  if (missing.length > 0) refuseUnknown(await db.query<AppliedRow>(APPLIED), known);
  return applied;
}
