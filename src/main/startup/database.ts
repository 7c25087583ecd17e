import path from 'node:path';
import { Fault } from '../../core/kernel/faults.ts';
import type { Db } from '../../db/db.ts';
import { type EmbeddedDatabase, startEmbedded } from '../../db/embedded.ts';
import { openDb, sqlState } from '../../db/pool.ts';
import type { Logger } from '../../server/context.ts';
import type { Settings } from './settings.ts';

export interface Database {
  readonly db: Db;
  /** For the progress line. */
  readonly description: string;
  stop(): Promise<void>;
}

/** PostgreSQL 15 is the oldest in a supported Debian. */
const SERVER_VERSION_MIN = 150_000;

const CONNECTIONS_MS_MAX = 500;

/** Without password: the URL as it may be shown. */
function shown(url: string): string {
  const parsed = new URL(url);
  return `${parsed.hostname || parsed.searchParams.get('host') || 'local'}${parsed.port ? `:${parsed.port}` : ''}${parsed.pathname}`;
}

function connectFault(error: unknown, url: string): Fault {
  const state = sqlState(error);
  const reason = (error as Error).message || (error as NodeJS.ErrnoException).code || String(error);
  const advice: Readonly<Record<string, string>> = {
    '28P01': 'Correct the user or the password in DATABASE_URL.',
    '28000': 'The server does not let this user in from here: look at its pg_hba.conf.',
    '3D000': 'Make the database first (create database ...), or correct its name in DATABASE_URL.',
  };
  return new Fault(
    'database-unreachable',
    `The database at ${shown(url)} cannot be used: ${reason}.`,
    advice[state ?? ''] ?? 'Start that server or correct DATABASE_URL; without it Fettle brings its own.',
    error,
  );
}

async function openServer(url: string, log: Logger): Promise<Database> {
  const db = openDb(url, { onConnectionLost: error => log.warn({ error: error.message }, 'a database connection was lost') });
  try {
    const [row] = await db.query<{ number: string; version: string }>(
      "select current_setting('server_version_num') as number, current_setting('server_version') as version",
    );
    if (Number(row?.number) < SERVER_VERSION_MIN)
      throw new Fault(
        'database-too-old',
        `The database server is PostgreSQL ${row?.version}; Fettle needs 15 or later.`,
        'Use a newer server, or unset DATABASE_URL.',
      );
    return { db, description: `PostgreSQL ${row?.version?.split(' ')[0]} at ${shown(url)}`, stop: () => db.close() };
  } catch (error) {
    await db.close();
    throw error instanceof Fault ? error : connectFault(error, url);
  }
}

/** The embedded PostgreSQL, or the one that DATABASE_URL names. Throws Fault. */
export async function openDatabase(settings: Settings, log: Logger, onLost: (error: Error) => void): Promise<Database> {
  if (settings.databaseUrl !== null) return await openServer(settings.databaseUrl, log);
  const embedded: EmbeddedDatabase = await startEmbedded(path.join(settings.dataFolder, 'postgresql'), {
    onRestart: reason => log.error({ reason }, 'PostgreSQL ended by itself and is started again'),
    onLost,
  });
  const opened = await openServer(embedded.url, log);
  const [row] = await opened.db.query<{ version: string }>("select current_setting('server_version') as version");
  return {
    db: opened.db,
    description: `PostgreSQL ${row?.version?.split(' ')[0]}${embedded.madeCluster ? ', new' : ''}`,
    async stop() {
      // Whoever still holds a connection loses it when PostgreSQL stops.
      await Promise.race([opened.db.close(), new Promise(resolve => setTimeout(resolve, CONNECTIONS_MS_MAX))]);
      await embedded.stop();
    },
  };
}
