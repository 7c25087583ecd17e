import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, openSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { Fault } from '../../core/kernel/faults.ts';

/** The account that runs PostgreSQL: ourselves, or an unprivileged one when we are root, because PostgreSQL refuses root. */
export interface Account {
  readonly name: string;
  /** Set only when we must change to it. */
  readonly ids: { readonly uid: number; readonly gid: number } | null;
}

function passwd(): { name: string; uid: number; gid: number }[] {
  const text = existsSync('/etc/passwd') ? readFileSync('/etc/passwd', 'utf8') : '';
  return text.split('\n').map(line => {
    const [name = '', , uid, gid] = line.split(':');
    return { name, uid: Number(uid), gid: Number(gid) };
  });
}

export function databaseAccount(): Account {
  const accounts = passwd();
  const own = process.getuid?.() ?? -1;
  if (own !== 0) return { name: accounts.find(account => account.uid === own)?.name ?? process.env.USER ?? 'fettle', ids: null };
  const chosen = accounts.find(account => account.name === 'postgres') ?? accounts.find(account => account.name === 'nobody');
  if (chosen === undefined)
    throw new Fault(
      'database-account-missing',
      'PostgreSQL does not run as root, and this machine has neither an account postgres nor nobody.',
      'Start Fettle as an ordinary user, or set DATABASE_URL.',
    );
  return { name: chosen.name, ids: { uid: chosen.uid, gid: chosen.gid } };
}

const SETPRIV = ['/usr/bin/setpriv', '/bin/setpriv'].find(file => existsSync(file)) ?? null;

/** Can these ids pass through `folder` and every folder above it? Judged from the mode bits. */
function canEnter(folder: string, ids: { uid: number; gid: number }): boolean {
  for (let at = path.resolve(folder); ; at = path.dirname(at)) {
    const { mode, uid, gid } = statSync(at);
    const bit = uid === ids.uid ? 0o100 : gid === ids.gid ? 0o010 : 0o001;
    if ((mode & bit) === 0) return false;
    if (at === path.dirname(at)) return true;
  }
}

/** Root's own place for the binaries when the data folder cannot be entered by the account. */
const ROOT_FOLDER = '/var/lib/fettle/postgresql';

export interface Launcher {
  /** Where the binaries are unpacked: a folder that the account can enter. */
  readonly binariesFolder: string;
  /** `home` as the child processes must name it. */
  readonly homeForChild: string;
  /** Runs to the end; for initdb. */
  run(file: string, args: readonly string[]): Promise<{ readonly status: number | null; readonly output: string }>;
  /** Starts a child that is asked to stop (SIGINT: fast shutdown) when this process dies in whatever way. */
  start(file: string, args: readonly string[]): ChildProcess;
}

/** The handed-over folder is the first descriptor after the standard three. */
const CHILD_FD = 3;

/**
 * `home`: where the cluster lives. Below a folder of mode 700 (`/root`, `mktemp -d`) the unprivileged account cannot walk to it, so it gets the
 * folder as an open descriptor and names it by that; no permission of anybody's folder is changed. PostgreSQL resolves the path of its own
 * binary, so that one has to lie elsewhere.
 */
export function launcherFor(account: Account, home: string): Launcher {
  const reachable = account.ids === null || canEnter(home, account.ids);
  if (!reachable && (process.platform !== 'linux' || SETPRIV === null))
    throw new Fault(
      'data-folder-unreachable',
      `PostgreSQL runs as ${account.name}, which cannot enter a folder above ${home}.`,
      'Choose another data folder with FETTLE_DATA (for example /var/lib/fettle), or start Fettle as the owner of this one.',
    );
  const folders = reachable ? [] : [openSync(home, 'r')];
  const drop = account.ids === null ? [] : ['--reuid', String(account.ids.uid), '--regid', String(account.ids.gid), '--clear-groups'];
  const ids = SETPRIV === null && account.ids !== null ? account.ids : {};
  // A closed, small environment: no PG* variable of the person who starts us may change the server.
  const env = { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' };
  const argv = (file: string, args: readonly string[], extra: readonly string[]): [string, string[]] =>
    SETPRIV === null ? [file, [...args]] : [SETPRIV, [...extra, ...drop, '--', file, ...args]];
  return {
    binariesFolder: path.join(reachable ? home : ROOT_FOLDER, 'binaries'),
    homeForChild: reachable ? home : `/proc/self/fd/${CHILD_FD}`,
    run(file, args) {
      const [command, list] = argv(file, args, process.platform === 'linux' ? ['--pdeathsig', 'KILL'] : []);
      const child = spawn(command, list, { stdio: ['ignore', 'pipe', 'pipe', ...folders], cwd: '/', env, ...ids });
      let output = '';
      for (const stream of [child.stdout, child.stderr])
        stream?.setEncoding('utf8').on('data', (text: string) => (output = (output + text).slice(-20_000)));
      return new Promise(resolve => {
        child.on('error', error => resolve({ status: null, output: `${output}${error.message}` }));
        child.on('close', status => resolve({ status, output }));
      });
    },
    start(file, args) {
      const [command, list] = argv(file, args, process.platform === 'linux' ? ['--pdeathsig', 'INT'] : []);
      // A session of its own: Ctrl-C in the terminal reaches us and not it, and we stop it when nobody needs it any more.
      return spawn(command, list, { stdio: ['ignore', 'ignore', 'pipe', ...folders], cwd: '/', env, detached: true, ...ids });
    },
  };
}
