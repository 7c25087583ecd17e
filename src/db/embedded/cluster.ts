import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Fault } from '../../core/kernel/faults.ts';
import type { Account, Launcher } from './account.ts';
import type { Binaries } from './binaries.ts';

/** The superuser is used to make the application's role and for nothing else. */
export const SUPERUSER = 'postgres';
export const ROLE = 'fettle';

interface ClusterOptions {
  /** False only for throw-away clusters of tests. */
  readonly durable: boolean;
}

/** Refuses a cluster that these binaries cannot run. Returns false when there is none yet. */
function existingCluster(folder: string, binaries: Binaries): boolean {
  if (!existsSync(folder)) return false;
  const versionFile = path.join(folder, 'PG_VERSION');
  const major = existsSync(versionFile) ? readFileSync(versionFile, 'utf8').trim() : null;
  if (major === null || !existsSync(path.join(folder, 'global', 'pg_control')))
    throw new Fault(
      'database-damaged',
      `The database folder ${folder} is incomplete: ${major === null ? 'PG_VERSION' : 'global/pg_control'} is missing.`,
      'Restore the data folder from a backup, or move it away to start with an empty database. Nothing was changed.',
    );
  if (Number(major) !== binaries.major)
    throw new Fault(
      'database-other-version',
      `The database in ${folder} was made by PostgreSQL ${major}; this Fettle brings PostgreSQL ${binaries.major}.`,
      'Start the Fettle version that made it, or use another data folder (FETTLE_DATA). Nothing was changed.',
    );
  return true;
}

/** Makes the cluster when it is missing. It appears under its name only when complete, so that a kill in the middle leaves nothing to misread. */
export async function ensureCluster(
  home: string,
  binaries: Binaries,
  account: Account,
  launcher: Launcher,
  options: ClusterOptions,
): Promise<{ readonly made: boolean }> {
  const folder = path.join(home, 'cluster');
  if (existingCluster(folder, binaries)) return { made: false };
  const partial = `${folder}.partial`;
  rmSync(partial, { recursive: true, force: true });
  mkdirSync(partial, { mode: 0o700 });
  if (account.ids !== null) chownSync(partial, account.ids.uid, account.ids.gid);
  const initdb = path.join(binaries.folder, 'bin', 'initdb');
  // The builtin C.UTF-8 locale sorts the same whatever C library the machine has, so that an upgrade of it cannot corrupt an index.
  const locale = ['--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--encoding=UTF8'];
  const done = await launcher.run(initdb, [
    '-D',
    path.join(launcher.homeForChild, 'cluster.partial'),
    '-U',
    SUPERUSER,
    '--auth=peer',
    '--data-checksums',
    ...locale,
    ...(options.durable ? [] : ['--no-sync']),
  ]);
  if (done.status !== 0) {
    rmSync(partial, { recursive: true, force: true });
    throw initFault(done.output, folder);
  }
  renameSync(partial, folder);
  return { made: true };
}

function initFault(output: string, folder: string): Fault {
  const tail = output.trim().split('\n').slice(-6).join('\n');
  if (/No space left on device/.test(output))
    return new Fault(
      'disk-full',
      `The disk is full: the database in ${folder} could not be made.`,
      'Free about 200 MB on that file system, or choose another data folder with FETTLE_DATA.',
    );
  if (/could not look up effective user ID/.test(output))
    return new Fault(
      'database-account-missing',
      'The user id that runs Fettle has no entry in /etc/passwd, which PostgreSQL needs.',
      'Add an account for it, start Fettle as another user, or set DATABASE_URL.',
    );
  return new Fault(
    'database-init-failed',
    `The database in ${folder} could not be made:\n${tail}`,
    'Correct what it names and start again, or set DATABASE_URL.',
  );
}

/** Who may connect: the operating system's account of this server and nobody else, checked by the kernel (peer), as the two roles. */
export function writeAccessFiles(home: string, launcher: Launcher, systemAccounts: readonly string[]): readonly string[] {
  const hba = path.join(home, 'fettle-hba.conf');
  const ident = path.join(home, 'fettle-ident.conf');
  writeFileSync(hba, 'local all all peer map=fettle\n');
  writeFileSync(ident, systemAccounts.flatMap(name => [ROLE, SUPERUSER].map(role => `fettle "${name}" ${role}\n`)).join(''));
  for (const file of [hba, ident]) chmodSync(file, 0o644);
  const seen = (file: string): string => path.join(launcher.homeForChild, path.basename(file));
  return ['-c', `hba_file=${seen(hba)}`, '-c', `ident_file=${seen(ident)}`];
}
