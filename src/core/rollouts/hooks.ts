import type { HookOffer } from '../inventory/snapshot.ts';
import type { HookSpec } from './host-plan.ts';

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
