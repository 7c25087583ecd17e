import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, statfsSync, writeSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { SERVER_NOTE, type ServerNote } from '../../cli/local/data-folder.ts';
import { Fault } from '../../core/kernel/faults.ts';
import { FREE_BYTES_FIRST_START, FREE_BYTES_MIN } from '../../core/kernel/limits.ts';

export interface DataFolder {
  readonly path: string;
  /** Replaces `server.json` for local commands and for the message to a second server. */
  writeNote(note: ServerNote): void;
  release(): void;
}

/** Grace for a server that is stopping; a clean stop takes about a second, PostgreSQL's slowest checkpoint some more. */
const STOPPING_MS_MAX = 20_000;
/** Grace for one that was killed and whose processes the kernel is still clearing away. */
const GONE_MS_MAX = 1_500;

function fsFault(error: unknown, folder: string): Fault {
  const code = (error as NodeJS.ErrnoException).code;
  const who = os.userInfo().username;
  const other = 'Choose another data folder with FETTLE_DATA, or correct this one.';
  if (code === 'EACCES' || code === 'EPERM')
    return new Fault(
      'data-folder-not-writable',
      `The data folder ${folder} is not writable for ${who}.`,
      `Make it writable (chown ${who} ${folder}), or choose another with FETTLE_DATA.`,
      error,
    );
  if (code === 'EROFS')
    return new Fault('data-folder-read-only', `The data folder ${folder} lies on a read-only file system.`, other, error);
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return new Fault(
      'disk-full',
      `There is no space left for the data folder ${folder}.`,
      'Free some space (at least 250 MB) and start again, or choose another folder with FETTLE_DATA. Nothing was lost.',
      error,
    );
  if (code === 'ENOTDIR' || code === 'EEXIST')
    return new Fault(
      'data-folder-not-a-folder',
      `The data folder ${folder} is, or lies below, something that is not a folder.`,
      other,
      error,
    );
  return new Fault('data-folder-broken', `The data folder ${folder} cannot be used: ${(error as Error).message}.`, other, error);
}

/** A file written, synced and removed says more than permission bits: it also meets quotas, read-only mounts and full disks. */
function probe(folder: string): void {
  const file = path.join(folder, `.probe-${process.pid}`);
  try {
    const fd = openSync(file, 'w', 0o600);
    try {
      writeSync(fd, 'probe');
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
  } finally {
    rmSync(file, { force: true });
  }
}

function checkSpace(folder: string, embedded: boolean): void {
  const { bavail, bsize } = statfsSync(folder);
  const free = bavail * bsize;
  const first = embedded && !existsSync(path.join(folder, 'postgresql', 'cluster'));
  const needed = first ? FREE_BYTES_FIRST_START : FREE_BYTES_MIN;
  if (free >= needed) return;
  const megabytes = (bytes: number): string => `${Math.floor(bytes / 1_000_000)} MB`;
  throw new Fault(
    'disk-full',
    `Only ${megabytes(free)} are free below ${folder}; ${first ? 'a first start' : 'Fettle'} needs ${megabytes(needed)}.`,
    'Free some space and start again, or choose another folder with FETTLE_DATA. Nothing was lost.',
  );
}

function readNote(folder: string): ServerNote | null {
  try {
    return JSON.parse(readFileSync(path.join(folder, SERVER_NOTE), 'utf8')) as ServerNote;
  } catch {
    return null;
  }
}

/**
 * A lock that the kernel frees when its holder dies in whatever way: an exclusive transaction on an empty SQLite file (fcntl). A pid file alone
 * would need guessing, and an abstract socket would not be seen from another network namespace.
 */
function lock(folder: string): DatabaseSync | null {
  const held = new DatabaseSync(path.join(folder, 'server.lock'));
  try {
    held.exec('begin exclusive');
    return held;
  } catch (error) {
    held.close();
    if ((error as { errcode?: number }).errcode === 5) return null;
    throw error;
  }
}

function heldFault(folder: string, note: ServerNote | null): Fault {
  if (note === null)
    return new Fault(
      'data-folder-in-use',
      `Another Fettle server uses the data folder ${folder}.`,
      'Stop it, or choose another folder with FETTLE_DATA.',
    );
  return new Fault(
    'data-folder-in-use',
    `Another Fettle server (process ${note.pid}, ${note.url}, since ${note.startedAt}) uses the data folder ${folder}.`,
    `Use that one, stop it (kill ${note.pid}), or choose another folder with FETTLE_DATA.`,
  );
}

async function lockWaiting(folder: string, onWait: (text: string) => void): Promise<DatabaseSync> {
  const started = Date.now();
  let told = false;
  for (;;) {
    const held = lock(folder);
    if (held !== null) return held;
    const note = readNote(folder);
    const waited = Date.now() - started;
    if (waited > (note?.stopping ? STOPPING_MS_MAX : GONE_MS_MAX)) throw heldFault(folder, note);
    if (!told && note?.stopping && waited > 500) {
      onWait(`waiting for process ${note.pid} to stop`);
      told = true;
    }
    await new Promise(resolve => setTimeout(resolve, 50));
  }
}

/** Makes the folder if need be, proves that it can be used, and locks it for this process. Throws Fault. */
export async function openDataFolder(folder: string, embedded: boolean, onWait: (text: string) => void): Promise<DataFolder> {
  let held: DatabaseSync;
  try {
    // Root's PostgreSQL runs as another account that has to pass through; what must stay private is closed below.
    mkdirSync(folder, { recursive: true, mode: process.getuid?.() === 0 ? 0o711 : 0o700 });
    probe(folder);
    checkSpace(folder, embedded);
    held = await lockWaiting(folder, onWait);
  } catch (error) {
    throw error instanceof Fault ? error : fsFault(error, folder);
  }
  return {
    path: folder,
    writeNote(note) {
      const file = path.join(folder, SERVER_NOTE);
      const fd = openSync(`${file}.new`, 'w', 0o644);
      writeSync(fd, `${JSON.stringify(note)}\n`);
      closeSync(fd);
      renameSync(`${file}.new`, file);
    },
    release() {
      rmSync(path.join(folder, SERVER_NOTE), { force: true });
      held.close();
    },
  };
}
