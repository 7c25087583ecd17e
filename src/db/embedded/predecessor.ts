import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import path from 'node:path';

/** Process id of a PostgreSQL that still holds this cluster, or null. The pid file alone proves nothing: pids are used again. */
export function predecessorPid(cluster: string): number | null {
  const file = path.join(cluster, 'postmaster.pid');
  if (!existsSync(file)) return null;
  const pid = Number(readFileSync(file, 'utf8').split('\n')[0]);
  return Number.isInteger(pid) && pid > 1 && worksIn(pid, cluster) ? pid : null;
}

/** PostgreSQL's working directory is its cluster. Where /proc cannot tell (macOS), its command line names it. */
function worksIn(pid: number, cluster: string): boolean {
  if (process.platform === 'linux') {
    try {
      return realpathSync(`/proc/${pid}/cwd`) === realpathSync(cluster);
    } catch {
      return false;
    }
  }
  const listed = spawnSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' });
  return listed.stdout?.includes(cluster) ?? false;
}

export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It ended by itself, which is what the signal asks for.
  }
}
