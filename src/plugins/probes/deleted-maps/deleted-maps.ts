import type { StaleProcess } from '../../../core/inventory/snapshot.ts';
import { command, type Dialogue, failureText } from '../../../core/kernel/commands.ts';
import { no, ok, type Result } from '../../../core/kernel/faults.ts';
import { readProcessUnits } from '../process-units/process-units.ts';
import type { Probe } from '../spec.ts';

/**
 * Processes that still execute a file which was replaced: an own reader of /proc and no needrestart, which runs interpreters with the
 * environment of the processes it looks at (security.md 1.3, row 21). Only root may read all maps. Code of interpreted programs
 * (Python, Perl) is not mapped, so it cannot be seen here.
 */
export const deletedMaps: Probe<StaleProcess[]> = { id: 'deleted-maps', read };

/** Executable mappings of a deleted file with a path. */
const PATTERN = 'r-xp .* /.* \\(deleted\\)$';
/** Anonymous memory and files that no package brings: deleted on purpose, while in use. */
const IGNORED =
  /^\/(?:memfd:|dev\/|SYSV|\[aio\]|tmp\/|var\/tmp\/|run\/|var\/run\/|proc\/|home\/|var\/lib\/(?:docker|containerd|containers)\/)/;

function* read(): Dialogue<Result<StaleProcess[], string>> {
  const own = yield command(['id', '-u'], { access: 'root-if-possible' });
  if (own.stdout.trim() !== '0') return no('only root may read the memory maps of all processes');
  const maps = yield command(
    ['find', '/proc', '-mindepth', '2', '-maxdepth', '2', '-path', '/proc/[0-9]*/maps', '-exec', 'grep', '-sHE', '-e', PATTERN, '{}', '+'],
    { access: 'root-if-possible', outputBytesMax: 8_000_000 },
  );
  // find hands on grep's 1 for "nothing found"; only a find that could not start is a failure.
  if (maps.code !== 0 && maps.code !== 1) return no(failureText(maps));
  const mapped = parseMaps(maps.stdout);
  if (mapped.size === 0) return ok([]);
  const units = yield* readProcessUnits([...mapped.keys()]);
  const owners = yield* packagesOf([...new Set([...mapped.values()].flatMap(files => [...files]))]);
  const stale = [...mapped].flatMap(([pid, files]) => {
    const process = units.get(pid);
    if (!process || process.contained) return [];
    return [
      {
        pid,
        command: process.command,
        unit: process.unit,
        files: [...files].sort().map(path => ({ path, packageName: owners.get(path) ?? null })),
      },
    ];
  });
  return ok(stale.sort((a, b) => a.pid - b.pid));
}

/** `/proc/PID/maps:ADDRESSES PERMS OFFSET DEVICE INODE PATH (deleted)` -> pid -> paths. */
export function parseMaps(text: string): Map<number, Set<string>> {
  const mapped = new Map<number, Set<string>>();
  for (const line of text.split('\n')) {
    const match = /^\/proc\/(\d+)\/maps:\S+ \S+ \S+ \S+ \d+ +(\/.*) \(deleted\)$/.exec(line);
    if (!match || IGNORED.test(match[2]!)) continue;
    const path = match[2]!.replace(/\.dpkg-(?:tmp|new)$/, '');
    const pid = Number(match[1]);
    mapped.set(pid, (mapped.get(pid) ?? new Set()).add(path));
  }
  return mapped;
}

const PATHS_PER_CALL = 300;

/** Path -> package by the package database. */
function* packagesOf(paths: readonly string[]): Dialogue<Map<string, string>> {
  const owners = new Map<string, string>();
  for (let at = 0; at < paths.length; at += PATHS_PER_CALL) {
    const part = paths.slice(at, at + PATHS_PER_CALL);
    const asked = yield command(['dpkg-query', '-S', '--', ...new Set(part.flatMap(namesOfFile).filter(path => !/[*?[\]\\]/.test(path)))]);
    const found = parseOwners(asked.stdout);
    for (const path of part) {
      const owner = namesOfFile(path)
        .map(name => found.get(name))
        .find(name => name !== undefined);
      if (owner !== undefined) owners.set(path, owner);
    }
  }
  return owners;
}

/**
 * The names under which a package may list a mapped file: as mapped, without /usr (the database keeps the place from before the merge of
 * /usr, the kernel shows the one after), and with fewer digits at the end (libfoo.so.1.2.3 was replaced by 1.2.4; the link libfoo.so.1 stays).
 */
export function namesOfFile(path: string): string[] {
  const shorter: string[] = [path];
  for (let name = path; /\.so\.\d+\.[\d.]+$/.test(name); ) shorter.push((name = name.replace(/\.\d+$/, '')));
  return shorter.flatMap(name => (name.startsWith('/usr/') ? [name, name.slice(4)] : [name, `/usr${name}`]));
}

/** `PACKAGE[:ARCH][, PACKAGE...]: PATH` lines; the first package is taken, diversions are passed over. */
export function parseOwners(text: string): Map<string, string> {
  const owners = new Map<string, string>();
  for (const line of text.split('\n')) {
    const match = /^([a-z0-9][a-z0-9+.-]*)(?::[a-z0-9-]+)?(?:, [^:]+(?::[a-z0-9-]+)?)*: (\/.*)$/.exec(line);
    if (match) owners.set(match[2]!, match[1]!);
  }
  return owners;
}
