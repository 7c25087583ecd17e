import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Fault } from '../core/kernel/faults.ts';
import { addMs, DAY_MS, type Instant, systemClock } from '../core/kernel/instants.ts';
import { makeArchive } from '../demo/archive.ts';
import type { DemoHost } from '../demo/demo-host.ts';
import { OWN_AUTHOR } from '../demo/feed-files.ts';
import { fillDemo, makeHosts, SEED, STORY_DAYS } from '../demo/fill.ts';
import { Life, resumeHosts } from '../demo/life.ts';
import { StoryClock } from '../demo/world.ts';
import { makeOneTimeLink } from '../server/access/links.ts';
import { appendAudit } from '../server/audit/append.ts';
import type { Context } from '../server/context.ts';
import type { CompanionParts } from './compose.ts';
import { openFillingServer } from './demo-server.ts';
import type { Demonstration } from './run.ts';
import type { Settings } from './startup/settings.ts';

export const HOSTS_DEFAULT = 500;
/** Beside the port of `npm start`, so that both can run. */
const PORT = 7431;
const MARK = 'demonstration.json';

/** What the folder says of itself. `end` is when the story was told: the made-up archive is the same again from it. */
interface Mark {
  readonly hosts: number;
  readonly end: Instant;
  readonly password: string;
  readonly isFilled: boolean;
}

interface DemonstrationOptions {
  readonly fresh: boolean;
  readonly hosts: number;
}

export function demonstration({ fresh, hosts: count }: DemonstrationOptions): Demonstration {
  let mark: Mark | null = null;
  let hosts: readonly DemoHost[] = [];
  let server: CompanionParts | null = null;
  let trusted: readonly string[] = [];
  /** Host ids by name, of one that was filled before. */
  let known: ReadonlyMap<string, string> = new Map();
  let log: Context['log'] = { info() {}, warn() {}, error() {} };
  return {
    settings: given => demoSettings(given, fresh),

    async fill(context, onProgress) {
      const { dataDir, demonstration: isOne } = context.installation;
      if (!isOne)
        throw new Fault(
          'not-a-demonstration',
          `${dataDir} holds a real installation.`,
          'Choose another folder with FETTLE_DATA, or leave it unset.',
        );
      trusted = context.planKeys.trusted;
      log = context.log;
      mark = readMark(dataDir);
      if (mark?.isFilled === true) {
        const rows = await context.db.query<{ id: string; name: string }>('select id, name from host where removed_at is null');
        known = new Map(rows.map(row => [row.name, row.id]));
        hosts = makeHosts(mark.hosts, makeArchive(mark.end, SEED), mark.end, () => server!.handlers, systemClock);
        return `made ${mark.end.slice(0, 16).replace('T', ' ')} UTC; npm run demo -- --fresh makes it anew`;
      }
      const end = context.clock.now();
      mark = { hosts: count, end, password: `look-around-${context.randomHex(4)}`, isFilled: false };
      writeMark(dataDir, mark);
      hosts = await tell(context, mark, onProgress, () => server?.handlers ?? null);
      mark = { ...mark, isFilled: true };
      writeMark(dataDir, mark);
      return `${count} hosts`;
    },

    companion(parts) {
      const first = hosts.some(host => host.hostId !== '');
      server = parts;
      let life: Life | null = null;
      return {
        async start() {
          if (!first) await resumeHosts(hosts, known, trusted, parts.inventory);
          life = new Life(hosts, log);
          life.start(parts.wake);
        },
        stop: async () => await life?.stop(),
      };
    },

    get words() {
      return `This is a demonstration: hosts, vulnerabilities and history are made up, and nothing outside is reached.\nPeople: ada (administrator; also planner, approver, operator), grace (approver, operator), jonas (planner), mei (risk owner, auditor), tomas (viewer). Password of all: ${mark?.password ?? ''}`;
    },
  };
}

/** Nothing of a real installation is touched: not its folder, not its database, not its feeds. */
function demoSettings(given: Settings, fresh: boolean): Settings {
  const dataFolder = process.env.FETTLE_DATA ? given.dataFolder : `${given.dataFolder}-demo`;
  const mark = readMark(dataFolder);
  if (existsSync(dataFolder) && readdirSync(dataFolder).length > 0 && mark === null)
    throw new Fault(
      'not-a-demonstration',
      `${dataFolder} is not empty and holds no demonstration.`,
      'Choose another folder with FETTLE_DATA.',
    );
  // One that was broken off is no use to anybody.
  if (mark !== null && (fresh || !mark.isFilled)) empty(dataFolder);
  return {
    ...given,
    dataFolder,
    databaseUrl: null,
    port: process.env.FETTLE_PORT ? given.port : PORT,
    name: 'Northwind (demonstration)',
    feeds: [],
    fetchFeeds: false,
    trustedAuthors: [OWN_AUTHOR],
  };
}

function empty(dataFolder: string): void {
  const note = path.join(dataFolder, 'server.json');
  const pid = existsSync(note) ? (JSON.parse(readFileSync(note, 'utf8')) as { pid: number }).pid : 0;
  if (pid > 0 && isAlive(pid))
    throw new Fault('data-folder-taken', `A demonstration runs in ${dataFolder} (process ${pid}).`, 'Stop it with Ctrl-C first.');
  rmSync(dataFolder, { recursive: true, force: true });
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

async function tell(
  context: Context,
  mark: Mark,
  onProgress: (text: string) => void,
  running: () => CompanionParts['handlers'] | null,
): Promise<readonly DemoHost[]> {
  const clock = new StoryClock(addMs(mark.end, -STORY_DAYS * DAY_MS));
  const held: Context = { ...context, clock, audit: (tx, entry) => appendAudit(tx, clock, entry) };
  // Nothing is lost that could not be told again, and the story has tens of thousands of commits. New connections take it up.
  await context.db.query('alter role current_user set synchronous_commit = off');
  const server = await openFillingServer(held, [OWN_AUTHOR]);
  try {
    const link = await makeOneTimeLink(held);
    const told = await fillDemo({
      hosts: mark.hosts,
      folder: context.installation.dataDir,
      setupToken: link?.path.split('token=')[1] ?? '',
      password: mark.password,
      clock,
      end: mark.end,
      server,
      handlersNow: () => running() ?? server.handlers,
      hostsWithWork: server.hostsWithWork,
      restMs: server.restMs,
      onProgress,
    });
    return told.hosts;
  } finally {
    await server.close();
    clock.letGo();
  }
}

function readMark(folder: string): Mark | null {
  const file = path.join(folder, MARK);
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Mark) : null;
}

function writeMark(folder: string, mark: Mark): void {
  writeFileSync(path.join(folder, MARK), `${JSON.stringify(mark, null, 2)}\n`, { mode: 0o600 });
}
