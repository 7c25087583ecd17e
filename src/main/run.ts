import { randomBytes } from 'node:crypto';
import path from 'node:path';

import { systemClock } from '../core/kernel/instants.ts';
import type { Db } from '../db/db.ts';
import { migrate } from '../db/migrate.ts';
import { makeOneTimeLink, type OneTimeLink } from '../server/access/links.ts';
import { appendAudit } from '../server/audit/append.ts';
import type { Context } from '../server/context.ts';
import type { Readiness } from '../server/runtime/http.ts';
import { planKeysOf } from '../server/runtime/plan-keys.ts';
import { compose } from './compose.ts';
import { buildConsole } from './startup/console-build.ts';
import { openControlSocket } from './startup/control-socket.ts';
import { openDataFolder } from './startup/data-folder.ts';
import { openDatabase } from './startup/database.ts';
import { openInstallation } from './startup/installation.ts';
import { openLogFile } from './startup/log-file.ts';
import { openPlanKey } from './startup/plan-key.ts';
import { openPort } from './startup/port.ts';
import { Progress } from './startup/progress.ts';
import { defaultUrl, readSettings, type Settings } from './startup/settings.ts';
import { Closers, onStopAsked, StoppedEarly } from './startup/stop.ts';

const ROOT = path.join(import.meta.dirname, '..', '..');
const STEPS = 5;
/** Open requests get this long at a stop; long polls and live views are ended at once. */
const STOP_GRACE_MS = 1_000;

/** Starts the server and resolves with the exit code when it has stopped. Throws Fault, with everything closed again, when it cannot start. */
export async function runServer(version: string, write: (text: string) => void): Promise<number> {
  const settings = readSettings();
  const progress = new Progress(STEPS, write);
  const closers = new Closers((name, error) => write(`fettle: closing ${name} failed: ${(error as Error).message}\n`));
  let stopReason: string | null = null;
  let wake: () => void = () => {};
  const stopped = new Promise<void>(resolve => {
    wake = resolve;
  });
  const stop = (reason: string): void => {
    stopReason ??= reason;
    wake();
  };
  onStopAsked(settings.parentPipe, stop);
  const goOn = (): void => {
    if (stopReason !== null) throw new StoppedEarly(stopReason);
  };
  let exitCode = 0;
  try {
    write(`Fettle ${version}\n`);
    await start(
      settings,
      version,
      progress,
      closers,
      goOn,
      error => {
        write(`fettle: ${error.message}\n`);
        exitCode = 1;
        stop('the database is lost');
      },
      write,
    );
    await stopped;
    write(`\nStopping (${stopReason}) ... `);
  } catch (error) {
    progress.breakLine();
    await closers.closeAll();
    if (error instanceof StoppedEarly) return 130;
    throw error;
  }
  const started = performance.now();
  await closers.closeAll();
  write(`stopped in ${((performance.now() - started) / 1000).toFixed(1)} s.\n`);
  return exitCode;
}

async function start(
  settings: Settings,
  version: string,
  progress: Progress,
  closers: Closers,
  goOn: () => void,
  onLost: (error: Error) => void,
  write: (text: string) => void,
): Promise<void> {
  const embedded = settings.databaseUrl === null;
  const folder = await progress.step(`Data folder ${settings.dataFolder}`, () =>
    openDataFolder(settings.dataFolder, embedded, text => progress.note(text)),
  );
  closers.add('the data folder', () => folder.release());
  const log = openLogFile(path.join(folder.path, 'logs'), systemClock);
  closers.add('the log', () => log.flush());
  reportDefects(log);
  goOn();

  const port = await openPort(settings.host, settings.port, () => progress.current);
  closers.add('the port', () => port.close(STOP_GRACE_MS));
  const url = settings.publicUrl ?? defaultUrl(settings.host, port.port);
  const note = { pid: process.pid, url, control: null as string | null, startedAt: systemClock.now(), stopping: false };
  folder.writeNote(note);
  closers.add('the note', () => folder.writeNote({ ...note, stopping: true }));
  // The console does not need the database, nor the database the console: on two cores a first start saves the shorter of the two.
  const consoleBuild = buildConsole(ROOT);

  const database = await progress.step(
    'Database',
    () => openDatabase(settings, log, onLost),
    opened => opened.description,
  );
  closers.add('the database', () => database.stop());
  goOn();
  const { db } = database;
  await progress.step(
    'Schema',
    () => migrate(db),
    applied => (applied.length === 0 ? 'current' : `${applied.length} migrations applied`),
  );
  goOn();

  const installation = await openInstallation(db, settings.name, systemClock);
  const planKey = await openPlanKey(db, folder.path, systemClock, settings.replacePlanKey);
  const context: Context = {
    db,
    clock: systemClock,
    randomHex: bytes => randomBytes(bytes).toString('hex'),
    log,
    installation: { ...installation, baseUrl: url, dataDir: folder.path, version },
    planKeys: planKeysOf(planKey),
    audit: (tx, entry) => appendAudit(tx, systemClock, entry),
  };
  const console = await progress.step(
    'Console',
    () => consoleBuild,
    outcome => (outcome.kind === 'missing' ? 'not built' : outcome.built ? 'built' : 'current'),
  );
  if (console.kind === 'missing') {
    progress.note(console.reason);
    log.warn({ reason: console.reason }, 'the console is not built');
  }
  goOn();

  await progress.step('Server', async () => {
    const server = await compose(context, {
      consoleFolder: path.join(ROOT, 'dist', 'console'),
      consoleMissing: console.kind === 'missing' ? console.reason : 'The console is not built.',
      trustedProxies: settings.trustedProxies,
      readiness: () => databaseReadiness(db),
    });
    closers.add('the server', () => server.close());
    port.handOver(server.listener);
    const control = await openControlSocket(folder.path, async request => {
      if (request.command !== 'link') throw new Error(`unknown command ${request.command}`);
      const link = await makeOneTimeLink(context, request.login);
      if (link === null)
        throw new Error(
          request.login === null ? 'there is no enabled administrator' : `there is no enabled person with the login ${request.login}`,
        );
      return { ...link, url: linkUrl(settings, url, port.port, link) };
    });
    closers.add('the control socket', () => control.close());
    note.control = control.path;
    folder.writeNote(note);
  });

  log.info({ url, version, pid: process.pid }, 'started');
  closers.add('the last words', () => log.info({}, 'stopping'));
  const link = await makeOneTimeLink(context);
  write(`\nFettle is ready: ${url}\n`);
  if (link !== null)
    write(
      `${link.purpose === 'setup' ? 'Set up the first administrator' : `Sign in as ${link.login}`} (works once): ${linkUrl(settings, url, port.port, link)}\n`,
    );
  write(`Data: ${folder.path}   Log: ${log.path}   Stop: Ctrl-C\n`);
}

/** On a loopback address the terminal's own machine is meant, even when hosts reach the server by another name. */
function linkUrl(settings: Settings, url: string, port: number, link: OneTimeLink): string {
  return `${settings.publicUrl === null ? defaultUrl(settings.host, port) : url}${link.path}`;
}

const READINESS_MS_MAX = 3_000;

async function databaseReadiness(db: Db): Promise<Readiness> {
  const timeout = new Promise<Readiness>(resolve =>
    setTimeout(() => resolve({ ready: false, reason: 'the database does not answer' }), READINESS_MS_MAX).unref(),
  );
  const asked = db.query('select 1').then(
    (): Readiness => ({ ready: true }),
    (error: Error): Readiness => ({ ready: false, reason: `database: ${error.message}` }),
  );
  return await Promise.race([asked, timeout]);
}

/** A defect in a background task must not take the server with it silently: it is logged with its stack; one outside any promise ends the process. */
function reportDefects(log: ReturnType<typeof openLogFile>): void {
  process.on('unhandledRejection', reason =>
    log.error({ error: reason instanceof Error ? (reason.stack ?? reason.message) : String(reason) }, 'a background task failed'),
  );
  process.on('uncaughtExceptionMonitor', error => {
    log.error({ error: error.stack ?? error.message }, 'the server ends by a defect');
    log.flush();
  });
}
