import type { HookOffer } from '../inventory/snapshot.ts';
import type { Instant } from '../kernel/instants.ts';
import type { HookRun, HookSpec } from './host-plan.ts';

/**
 * Hooks by name (security.md 2.2): what runs is a file that the host's own administrator put into a folder which only root may write. A plan can say which
 * names, when and for how long, and nothing else: no path, no argument, no code.
 */
export const HOOKS_FOLDER = '/etc/fettle/hooks.d';
/** Every folder on the way: whoever may write one of them may replace the hook. */
export const HOOK_FOLDERS: readonly string[] = ['/', '/etc', '/etc/fettle', HOOKS_FOLDER];

/** No dot and no slash: neither a path nor what editors and dpkg leave behind (`drain.bak`, `drain.dpkg-old`) is a name. */
export const HOOK_NAME = /^[a-z0-9][a-z0-9_-]{0,62}$/;
/** An hour: long enough for a backup, short enough that a window knows when it is over. */
export const HOOK_SECONDS_MAX = 3_600;
/** Of both phases together. */
export const HOOKS_MAX = 20;

/** Names of a plan that this host does not offer, each with the reason. `offers` null: the host has not told, so it counts as offering none. */
export function missingHooks(hooks: readonly HookSpec[], offers: readonly HookOffer[] | null): string[] {
  const known = new Map((offers ?? []).map(offer => [offer.name, offer]));
  return [...new Set(hooks.map(hook => hook.name))].flatMap(name => {
    const offer = known.get(name);
    if (offer === undefined) return [offers === null ? `${name} (the host has not told which hooks it has)` : name];
    return offer.problem === null ? [] : [`${name} (${offer.problem})`];
  });
}

/** How long a host may be in their hands, whole minutes: each may take all of its time, and an undone attempt runs the post-hooks as well. */
export function hookMinutes(hooks: readonly HookSpec[]): number {
  return Math.ceil(hooks.reduce((sum, hook) => sum + hook.timeoutSeconds, 0) / 60);
}

/** What a hook is told: nothing has happened yet; the host is verified; nothing was changed after all. */
export type HookOutcome = 'planned' | 'verified' | 'untouched';

/** In the journal, in the order in which they were begun, over all runs of one attempt; `run` null: its end was not seen. */
export interface HookBegun {
  readonly phase: HookSpec['phase'];
  readonly name: string;
  readonly begunAt: Instant;
  readonly run: HookRun | null;
}

export type HookStep =
  | { readonly do: 'run'; readonly hook: HookSpec }
  | { readonly do: 'stop'; readonly failed: readonly HookRun[] }
  | { readonly do: 'done' };

/**
 * Pre-hooks run in order, right before the package manager starts; the first that does not pass stops the host. `ended`: their runs since the job was taken up:
 * when it is taken up again all of them run again, because what they prepared may not have outlived the crash.
 */
export function nextPreHook(hooks: readonly HookSpec[], ended: readonly HookRun[]): HookStep {
  const failed = ended.filter(run => run.outcome !== 'passed');
  if (failed.length > 0) return { do: 'stop', failed };
  const hook = hooks.filter(one => one.phase === 'pre')[ended.length];
  return hook === undefined ? { do: 'done' } : { do: 'run', hook };
}

/** All post-hooks run, also after one that failed: each may put something back that the others do not. `before`: need not run again. */
export function nextPostHook(hooks: readonly HookSpec[], before: ReadonlySet<string>, ended: readonly HookRun[]): HookStep {
  const hook = hooks.filter(one => one.phase === 'post' && !before.has(one.name))[ended.length];
  if (hook !== undefined) return { do: 'run', hook };
  const failed = ended.filter(run => run.outcome !== 'passed');
  return failed.length > 0 ? { do: 'stop', failed } : { do: 'done' };
}

interface HooksWritten {
  readonly hooks?: readonly HookBegun[] | undefined;
  /** When the package manager was started; null: nothing was changed. */
  readonly startedAt: Instant | null;
}

/** Names of post-hooks whose good end, after the transaction had begun, is in the journal. An undoing begins anew. */
export function passedPostHooks({ hooks = [], startedAt }: HooksWritten, outcome: HookOutcome): ReadonlySet<string> {
  if (outcome !== 'verified' || startedAt === null) return new Set();
  return new Set(
    hooks.flatMap(({ phase, name, begunAt, run }) => (phase === 'post' && run?.outcome === 'passed' && begunAt >= startedAt ? [name] : [])),
  );
}

export function preHooksBegun({ hooks = [] }: Pick<HooksWritten, 'hooks'>): boolean {
  return hooks.some(hook => hook.phase === 'pre');
}

/**
 * Nothing was changed, but pre-hooks have begun: the post-hooks undo what they did, so that a host that was taken out of service comes back. After a change
 * that failed none runs: such a host is not put back into service unseen.
 */
export function undoesHooks(entry: HooksWritten): boolean {
  return entry.startedAt === null && preHooksBegun(entry);
}

/** The last run of each. */
export function lastRuns(begun: readonly HookBegun[]): HookRun[] {
  return [...new Map(begun.flatMap(({ phase, name, run }) => (run === null ? [] : [[`${phase} ${name}`, run] as const]))).values()];
}
