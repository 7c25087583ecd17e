import type { Db } from '../../db/db.ts';
import type { Readiness } from '../../server/runtime/http.ts';
import type { LogFile } from './log-file.ts';

const READINESS_MS_MAX = 3_000;

/** Ready means that a question to the database is answered, now. */
export async function databaseReadiness(db: Db): Promise<Readiness> {
  const timeout = new Promise<Readiness>(resolve =>
    setTimeout(() => resolve({ ready: false, reason: 'the database does not answer' }), READINESS_MS_MAX).unref(),
  );
  const asked = db.query('select 1').then(
    (): Readiness => ({ ready: true }),
    (error: Error): Readiness => ({ ready: false, reason: `database: ${error.message}` }),
  );
  return await Promise.race([asked, timeout]);
}

const stackOf = (thrown: unknown): string => (thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown));

/** A defect in a background task is logged with its stack and the server goes on; one outside any promise ends the process, as Node does. */
export function reportDefects(log: LogFile): void {
  process.on('unhandledRejection', reason => log.error({ error: stackOf(reason) }, 'a background task failed'));
  process.on('uncaughtExceptionMonitor', error => {
    log.error({ error: stackOf(error) }, 'the server ends by a defect');
    log.flush();
  });
}
