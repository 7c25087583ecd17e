import type { HookOffer } from '../../../core/inventory/snapshot.ts';
import { command, type Dialogue, failureText, ROOT_NEEDED } from '../../../core/kernel/commands.ts';
import { no, ok, type Result } from '../../../core/kernel/faults.ts';
import { HOOK_FOLDERS, HOOK_NAME, HOOKS_FOLDER } from '../../../core/rollouts/hooks.ts';
import type { Probe } from '../spec.ts';

/** Owner, permission bits in octal, kind (f, d, l, ...), name: find(1) follows no link here, so a link shows as one. */
const LOOK = ['-printf', '%U %m %y %f\n'] as const;
/** More files than this in the folder are a mistake, and nobody reads on. */
const OFFERS_MAX = 100;

interface Entry {
  readonly owner: string;
  readonly mode: number;
  readonly kind: string;
  readonly name: string;
}

function entries(text: string): Entry[] {
  return text.split('\n').flatMap(line => {
    const found = /^(\d+) ([0-7]+) (\w) (.*)$/.exec(line);
    return found === null ? [] : [{ owner: found[1]!, mode: Number.parseInt(found[2]!, 8), kind: found[3]!, name: found[4]! }];
  });
}

/** Group and others. An access list shows in the group's bits, which are its mask. */
const WRITABLE_BY_OTHERS = 0o022;
const OWNER_MAY_EXECUTE = 0o100;

function ownershipProblem({ owner, mode }: Entry): string | null {
  if (owner !== '0') return 'it is not owned by root';
  return (mode & WRITABLE_BY_OTHERS) === 0 ? null : 'others than root may write it';
}

function fileProblem(entry: Entry): string | null {
  if (!HOOK_NAME.test(entry.name)) return 'its name is not of lower-case letters, digits, - and _ alone';
  if (entry.kind !== 'f') return 'it is not a plain file';
  return ownershipProblem(entry) ?? ((entry.mode & OWNER_MAY_EXECUTE) === 0 ? 'it is not executable' : null);
}

/** A folder that somebody else may write makes everything in it his. */
function folderProblem(folders: readonly Entry[]): string | null {
  if (folders.length < HOOK_FOLDERS.length || folders.some(one => one.kind !== 'd')) return 'a folder above it is not a plain folder';
  const bad = folders.map(ownershipProblem).find(problem => problem !== null);
  return bad === undefined ? null : 'a folder above it is not root’s alone';
}

function* readHooks(): Dialogue<Result<readonly HookOffer[], string>> {
  const there = yield command(['find', HOOKS_FOLDER, '-maxdepth', '0'], { access: 'root-if-possible' });
  if (there.code === ROOT_NEEDED) return no(failureText(there));
  if (there.code !== 0) return /No such file/i.test(there.stderr) ? ok([]) : no(failureText(there));
  const above = yield command(['find', ...HOOK_FOLDERS, '-maxdepth', '0', ...LOOK], { access: 'root-if-possible' });
  const inside = yield command(['find', HOOKS_FOLDER, '-mindepth', '1', '-maxdepth', '1', ...LOOK], { access: 'root-if-possible' });
  if (above.code !== 0 || inside.code !== 0) return no(failureText(above.code !== 0 ? above : inside));
  const folder = folderProblem(entries(above.stdout));
  const offers = entries(inside.stdout)
    .map((entry): HookOffer => ({ name: entry.name.slice(0, 100), problem: fileProblem(entry) ?? folder }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  return ok(offers.slice(0, OFFERS_MAX));
}

/** Which hooks the host's administrator offers, and which files in the folder would not be run and why. The executor asks the same before it runs one. */
export const hooks: Probe<readonly HookOffer[]> = { id: 'hooks', read: readHooks };
