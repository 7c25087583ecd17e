import type { LivePatch } from '../../../core/inventory/snapshot.ts';
import { command, type Dialogue, failureText, NO_SUCH_PROGRAM } from '../../../core/kernel/commands.ts';
import { no, ok, type Result } from '../../../core/kernel/faults.ts';
import { type Probe, parseGrepFiles } from '../spec.ts';

/** One folder for each loaded patch (Documentation/ABI/testing/sysfs-kernel-livepatch); kpatch and the distributions' services all load theirs here. */
const FOLDER = '/sys/kernel/livepatch';
const PATCHES_MAX = 50;
const FIXES_MAX = 2_000;

/** What one supplier's own tool says of the running kernel. */
interface Stated {
  readonly supplier: string;
  readonly applied: boolean;
  readonly fixes: readonly string[];
}

/** Vulnerability ids in whatever shape the list has: objects with `Name` and `Patched`, or text with one of them a line. */
function idsOf(fixes: unknown): string[] {
  const listed = Array.isArray(fixes)
    ? fixes.filter(fix => (fix as { Patched?: unknown } | null)?.Patched !== false).map(fix => JSON.stringify(fix))
    : [String(fixes ?? '')];
  const ids = listed.flatMap(text => text.match(/\bCVE-\d{4}-\d{4,}\b/gi) ?? []).map(id => id.toUpperCase());
  return [...new Set(ids)].sort().slice(0, FIXES_MAX);
}

/** `canonical-livepatch status --format json`: of the kernel that runs. null: not in the form that is known. */
export function parseCanonical(text: string): Stated | null {
  try {
    const { Status } = JSON.parse(text) as { Status?: { Running?: boolean; Livepatch?: { State?: string; Fixes?: unknown } }[] };
    const running = Status?.find(one => one.Running === true)?.Livepatch;
    if (running === undefined) return null;
    return { supplier: 'canonical-livepatch', applied: running.State === 'applied', fixes: idsOf(running.Fixes) };
  } catch {
    return null;
  }
}

/** The kernel is the witness of what is loaded; a supplier's tool only of what that closes. */
export function livePatchesOf(files: ReadonlyMap<string, string>, stated: Stated | null): LivePatch[] {
  const names = [...new Set([...files.keys()].map(path => path.split('/').at(-2)!))].sort();
  return names.slice(0, PATCHES_MAX).map(name => {
    const flag = (file: string) => files.get(`${FOLDER}/${name}/${file}`)?.trim() === '1';
    // Canonical's module names begin with "lkp_", one for each version.
    const known = stated?.applied && (names.length === 1 || name.startsWith('lkp_')) ? stated : null;
    return {
      name,
      enabled: flag('enabled'),
      inTransition: flag('transition'),
      supplier: known?.supplier ?? null,
      fixes: known?.fixes ?? null,
    };
  });
}

function* readLivePatches(): Dialogue<Result<readonly LivePatch[], string>> {
  const found = yield command(['find', FOLDER, '-mindepth', '2', '-maxdepth', '2', '-name', 'enabled']);
  // No such folder: the kernel has no live patching, or none was ever loaded.
  if (found.code !== 0) return /No such file/i.test(found.stderr) ? ok([]) : no(failureText(found));
  const enabled = found.stdout.split('\n').filter(Boolean);
  if (enabled.length === 0) return ok([]);
  const states = yield command(['grep', '-sH', '', '--', ...enabled, ...enabled.map(path => path.replace(/enabled$/, 'transition'))]);
  const canonical = yield command(['canonical-livepatch', 'status', '--format', 'json'], {
    access: 'root-if-possible',
    timeoutSeconds: 20,
  });
  const stated = canonical.code === NO_SUCH_PROGRAM || canonical.code !== 0 ? null : parseCanonical(canonical.stdout);
  return ok(livePatchesOf(parseGrepFiles(states.stdout), stated));
}

export const livePatches: Probe<readonly LivePatch[]> = { id: 'live-patches', read: readLivePatches };
