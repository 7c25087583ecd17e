import pg from 'pg';
import { invariant } from '../core/kernel/faults.ts';
import { DATABASE_CONNECTIONS_MAX, TRANSACTION_ATTEMPTS_MAX } from '../core/kernel/limits.ts';
import type { Db, Queryable } from './db.ts';

interface PoolOptions {
  readonly connectionsMax?: number;
  /** Told about connections that break while idle (a restart of PostgreSQL); the next query opens a new one. */
  readonly onConnectionLost?: (error: Error) => void;
}

const { builtins } = pg.types;
// Array types by their fixed object ids (pg_type.dat); the driver's table names only the element types.
const INT8_ARRAY = 1016;
const TEXT_ARRAY = 1009 as number as typeof builtins.TEXT;
const DATE_ARRAY = 1182;
const TIMESTAMPTZ_ARRAY = 1185;

function itemsOf(text: string): (string | null)[] {
  return (pg.types.getTypeParser(TEXT_ARRAY) as unknown as (text: string) => (string | null)[])(text);
}

function toSafeNumber(text: string): number {
  const value = Number(text);
  invariant(Number.isSafeInteger(value), `bigint ${text} does not fit a JavaScript number`);
  return value;
}

function toInstant(text: string): string {
  return new Date(text).toISOString();
}

/** What rows hold: `timestamptz` is an Instant text, `bigint` a number, `date` its text, `json` its value, `numeric` stays text. */
const PARSERS: ReadonlyMap<number, (text: string) => unknown> = new Map<number, (text: string) => unknown>([
  [builtins.INT8, toSafeNumber],
  [builtins.TIMESTAMPTZ, toInstant],
  [builtins.DATE, text => text],
  [INT8_ARRAY, text => itemsOf(text).map(item => (item === null ? null : toSafeNumber(item)))],
  [TIMESTAMPTZ_ARRAY, text => itemsOf(text).map(item => (item === null ? null : toInstant(item)))],
  [DATE_ARRAY, itemsOf],
]);

const types = {
  getTypeParser(oid: number, format?: string) {
    return (format === 'binary' ? undefined : PARSERS.get(oid)) ?? pg.types.getTypeParser(oid, format as 'text');
  },
};

/** SQLSTATE of a database error, or null for anything else. */
export function sqlState(error: unknown): string | null {
  const code = error instanceof Error ? (error as { code?: unknown }).code : undefined;
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) ? code : null;
}

const RETRYABLE: ReadonlySet<string | null> = new Set(['40001', '40P01']);

/** Text without values goes by the simple protocol, which alone takes several statements (migrations); the rows are those of the last one. */
async function run<Row extends object>(target: pg.Pool | pg.PoolClient, text: string, values?: readonly unknown[]): Promise<Row[]> {
  const result = (await target.query(text, values as unknown[])) as pg.QueryResult | pg.QueryResult[];
  return (Array.isArray(result) ? result.at(-1)?.rows : result.rows) as Row[];
}

async function inTransaction<T>(pool: pg.Pool, work: (tx: Queryable) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  let broken = false;
  try {
    await client.query('begin');
    const value = await work({ query: (text, values) => run(client, text, values) });
    await client.query('commit');
    return value;
  } catch (error) {
    await client.query('rollback').catch(() => {
      broken = true;
    });
    throw error;
  } finally {
    client.release(broken);
  }
}

/**
 * `url`: a PostgreSQL URL; for a unix socket `postgres:///NAME?host=FOLDER&user=USER`. Nothing is connected before the first query.
 * A JavaScript array becomes a PostgreSQL array; hand JSON arrays over as `JSON.stringify(...)` text with a `::jsonb` cast.
 */
export function openDb(url: string, options: PoolOptions = {}): Db {
  const pool = new pg.Pool({
    connectionString: url,
    // A unix socket has no TLS, whatever PGSSLMODE says to other programs of this person.
    ...(url.includes('host=%2F') ? { ssl: false } : {}),
    max: options.connectionsMax ?? DATABASE_CONNECTIONS_MAX,
    // Sessions speak UTC, so that timestamptz text can be read without a zone table.
    options: '-c timezone=UTC -c datestyle=ISO',
    types,
    // An idle connection must not keep a finished test or command alive.
    allowExitOnIdle: true,
  });
  // Without this listener a restart of PostgreSQL ends the process (measured, docs/decisions/0002-database.md).
  pool.on('error', error => options.onConnectionLost?.(error));
  pool.on('connect', client => client.on('error', () => {}));
  return {
    pool,
    query: (text, values) => run(pool, text, values),
    async transaction(work) {
      for (let attempt = 1; ; attempt += 1) {
        try {
          return await inTransaction(pool, work);
        } catch (error) {
          if (!RETRYABLE.has(sqlState(error)) || attempt >= TRANSACTION_ATTEMPTS_MAX) throw error;
          // Losers of the same race would meet again at once; a few milliseconds apart they do not.
          await new Promise(resolve => setTimeout(resolve, 2 ** attempt + (process.hrtime()[1] % 10)));
        }
      }
    },
    close: () => pool.end(),
  };
}
