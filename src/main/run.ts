import { randomBytes } from 'node:crypto';
import path from 'node:path';
import type { ServerNote } from '../cli/local/data-folder.ts';
import { type Clock, systemClock } from '../core/kernel/instants.ts';
import { migrate } from '../db/migrate.ts';
import { makeOneTimeLink, type OneTimeLink } from '../server/access/links.ts';
import { appendAudit } from '../server/audit/append.ts';
import type { Context } from '../server/context.ts';
import { planKeysOf } from '../server/runtime/plan-keys.ts';
import { type ComposeOptions, compose } from './compose.ts';
import { buildConsole, type ConsoleOutcome } from './startup/console-build.ts';
import { openControlSocket } from './startup/control-socket.ts';
import { type DataFolder, openDataFolder } from './startup/data-folder.ts';
import { openDatabase } from './startup/database.ts';
import { openInstallation } from './startup/installation.ts';
import { type LogFile, openLogFile } from './startup/log-file.ts';
import { openPlanKey } from './startup/plan-key.ts';
import { openPort, type Port } from './startup/port.ts';
import { Progress } from './startup/progress.ts';
import { defaultUrl, readSettings, type Settings } from './startup/settings.ts';
import { Closers, onStopAsked, StoppedEarly } from './startup/stop.ts';
import { databaseReadiness, reportDefects } from './startup/watch.ts';

const ROOT = path.join(import.meta.dirname, '..', '..');
const STEPS = 5;
/** Open requests get this long at a stop; long polls and live views are ended at once. */
const STOP_GRACE_MS = 1_000;

/** What makes a server a demonstration: where it keeps itself, what it is filled with, and who plays its hosts. */
export interface Demonstration {
  settings(given: Settings): Settings;
  /** Fills an empty database; a filled one is left as it is. */
  fill(context: Context, onProgress: (text: string) => void): Promise<string>;
  readonly companion: NonNullable<ComposeOptions['companion']>;
  /** What is printed when it is ready. */
  readonly words: string;
}

interface Start {
  readonly demonstration: Demonstration | null;
  readonly settings: Settings;
  readonly clock: Clock;
  readonly version: string;
  readonly write: (text: string) => void;
  readonly progress: Progress;
  readonly closers: Closers;
  /** Throws StoppedEarly when somebody asked to stop meanwhile. */
  goOn(): void;
  stop(reason: string, exitCode: number): void;
}

/** What stands before the database: the folder is ours, the port is ours. */
interface Ground {
  readonly folder: DataFolder;
  readonly log: LogFile;
  readonly port: Port;
  /** Where people and hosts reach the server. */
  readonly url: string;
  readonly note: ServerNote;
}

/** Starts the server and resolves with the exit code when it has stopped. Throws Fault, with everything closed again, when it cannot start. */
export async function runServer(
  version: string,
  write: (text: string) => void,
  demonstration: Demonstration | null = null,
  clock: Clock = systemClock,
): Promise<number> {
  const settings = demonstration?.settings(readSettings()) ?? readSettings();
  const stopAsked = Promise.withResolvers<void>();
  let asked: { readonly reason: string; readonly exitCode: number } | null = null;
  const start: Start = {
    demonstration,
    settings,
    clock,
    version,
    write,
    progress: new Progress(STEPS + (demonstration === null ? 0 : 1), write),
    closers: new Closers((name, error) => write(`fettle: closing ${name} failed: ${(error as Error).message}\n`)),
    goOn() {
      if (asked !== null) throw new StoppedEarly(asked.reason);
    },
    stop(reason, exitCode) {
      asked ??= { reason, exitCode };
      stopAsked.resolve();
    },
  };
  onStopAsked(settings.parentPipe, reason => start.stop(reason, 0));
  write(`Fettle ${version}\n`);
  try {
    await open(start);
    await stopAsked.promise;
  } catch (error) {
    start.progress.breakLine();
    await start.closers.closeAll();
    // Whatever failed after a stop was asked for failed because of it: Ctrl-C also ends the helpers that were at work.
    if (asked === null) throw error;
    write(`Stopped before it was ready (${(asked as { reason: string }).reason}).\n`);
    return 0;
  }
  const { reason, exitCode } = asked as unknown as { reason: string; exitCode: number };
  write(`\nStopping (${reason}) ... `);
  const started = performance.now();
  await start.closers.closeAll();
  write(`stopped in ${((performance.now() - started) / 1000).toFixed(1)} s.\n`);
  return exitCode;
}

async function open(start: Start): Promise<void> {
  const ground = await openGround(start);
  // The console does not need the database, nor the database the console: on two cores a first start saves the shorter of the two.
  const consoleBuild: Promise<ConsoleOutcome> = start.settings.console ? buildConsole(ROOT) : Promise.resolve({ kind: 'off' });
  const context = await openStore(start, ground);
  const { demonstration, progress } = start;
  if (demonstration !== null)
    await progress.step(
      'Made-up fleet and its months',
      () => demonstration.fill(context, text => progress.note(text)),
      words => words,
    );
  start.goOn();
  const built = await start.progress.step('Console', () => consoleBuild, consoleWord);
  if (built.kind === 'missing') {
    start.progress.note(built.reason);
    ground.log.warn({ reason: built.reason }, 'the console is not built');
  }
  start.goOn();
  await start.progress.step('Server', () => serve(start, ground, context, built));
  start.goOn();
  ground.log.info({ url: ground.url, version: start.version, pid: process.pid }, 'started');
  // The last to be added is the first to be closed: a next start that finds the folder locked then knows that waiting helps.
  start.closers.add('the note', () => {
    ground.log.info({}, 'stopping');
    ground.folder.writeNote({ ...ground.note, stopping: true });
  });
  await announce(start, ground, context);
  // For `fettle scan`; in the background, and only when the sources have changed since.
  void import('../../tools/bundle-cli.ts')
    .then(({ bundleCli }) => bundleCli(ROOT))
    .catch((error: Error) =>
      ground.log.warn({ reason: error.message }, 'the command line client is not bundled and runs from its sources'),
    );
}

async function openGround({ settings, progress, closers, goOn }: Start): Promise<Ground> {
  const folder = await progress.step(`Data folder ${settings.dataFolder}`, () =>
    openDataFolder(settings.dataFolder, settings.databaseUrl === null, text => progress.note(text)),
  );
  closers.add('the data folder', () => folder.release());
  const log = openLogFile(path.join(folder.path, 'logs'), systemClock);
  closers.add('the log', () => log.flush());
  reportDefects(log);
  goOn();
  const port = await openPort(settings.host, settings.port, () => progress.current);
  closers.add('the port', () => port.close(STOP_GRACE_MS));
  const url = settings.publicUrl ?? defaultUrl(settings.host, port.port);
  const note: ServerNote = { pid: process.pid, url, control: null, startedAt: systemClock.now(), stopping: false };
  folder.writeNote(note);
  return { folder, log, port, url, note };
}

async function openStore(
  { settings, clock, version, progress, closers, goOn, stop, write, demonstration }: Start,
  { folder, log, url }: Ground,
): Promise<Context> {
  const onLost = (error: Error): void => {
    log.error({ error: error.message }, 'the database is lost');
    write(`fettle: ${error.message}\n`);
    stop('the database is lost', 1);
  };
  const database = await progress.step(
    'Database',
    () => openDatabase(settings, log, onLost),
    opened => opened.description,
  );
  // Its checkpoint may take a while, and is worth waiting for: without it the next start recovers from the log.
  closers.add('the database', () => database.stop(), 30_000);
  goOn();
  const { db } = database;
  await progress.step(
    'Schema',
    () => migrate(db),
    applied => (applied.length === 0 ? 'current' : `${applied.length} migrations applied`),
  );
  goOn();
  const installation = await openInstallation(db, settings.name, clock, demonstration !== null);
  const planKey = await openPlanKey(db, folder.path, clock, settings.replacePlanKey);
  return {
    db,
    clock,
    randomHex: bytes => randomBytes(bytes).toString('hex'),
    log,
    installation: { ...installation, baseUrl: url, dataDir: folder.path, version },
    planKeys: planKeysOf(planKey),
    audit: (tx, entry) => appendAudit(tx, clock, entry),
  };
}

function consoleWord(outcome: ConsoleOutcome): string {
  if (outcome.kind === 'ready') return outcome.built ? 'built' : 'current';
  return outcome.kind === 'off' ? 'switched off' : 'not built';
}

async function serve(
  { settings, closers, goOn, demonstration }: Start,
  ground: Ground,
  context: Context,
  built: ConsoleOutcome,
): Promise<void> {
  const listener = await compose(
    context,
    {
      settings,
      // Switched off means not served either, although a built one may lie there.
      consoleFolder: path.join(ROOT, 'dist', built.kind === 'off' ? 'no-console' : 'console'),
      consoleMissing: built.kind === 'missing' ? built.reason : 'The console is switched off (FETTLE_CONSOLE=no).',
      readiness: () => databaseReadiness(context.db),
      companion: demonstration?.companion,
    },
    closers,
    goOn,
  );
  ground.port.handOver(listener);
  const control = await openControlSocket(ground.folder.path, request => linkAnswer(settings, ground, context, request));
  closers.add('the control socket', () => control.close());
  ground.folder.writeNote({ ...ground.note, control: control.path });
}

async function linkAnswer(
  settings: Settings,
  ground: Ground,
  context: Context,
  request: { readonly command: string; readonly login: string | null },
): Promise<object> {
  if (request.command !== 'link') throw new Error(`unknown command ${request.command}`);
  const link = await makeOneTimeLink(context, request.login);
  if (link === null)
    throw new Error(
      request.login === null ? 'there is no enabled administrator' : `there is no enabled person with the login ${request.login}`,
    );
  return { ...link, url: linkUrl(settings, ground, link) };
}

/** Without FETTLE_URL the terminal's own machine is meant, whatever name hosts use. */
function linkUrl(settings: Settings, ground: Ground, link: OneTimeLink): string {
  return `${settings.publicUrl ?? defaultUrl(settings.host, ground.port.port)}${link.path}`;
}

async function announce({ settings, write, demonstration }: Start, ground: Ground, context: Context): Promise<void> {
  const link = await makeOneTimeLink(context);
  write(`\nFettle is ready: ${ground.url}\n`);
  if (link !== null)
    write(
      `${link.purpose === 'setup' ? 'Set up the first administrator' : `Sign in as ${link.login}`} (works once): ${linkUrl(settings, ground, link)}\n`,
    );
  if (demonstration !== null) write(`${demonstration.words}\n`);
  write(`Data: ${ground.folder.path}   Log: ${ground.log.path}   Stop: Ctrl-C\n`);
}
