import type { KernelState } from '../findings/finding.ts';
import type { LivePatch } from '../inventory/snapshot.ts';

/**
 * A live patch replaces functions of the running kernel in memory. It is a mitigation and never a fix (vulnerability-data.md 2.2, domain.md 1.10): the finding
 * stays open with its state and its due date, the fixed kernel on the disk and the reboot into it stay owed. What it changes is how urgent that reboot is.
 */
export interface LiveMitigation {
  /** Its supplier names this vulnerability. False: something is loaded that does not say what it covers, so it counts for nothing but is shown. */
  readonly covers: boolean;
  readonly text: string;
}

/** Loaded, switched on, and in effect for every task: a patch in transition still runs old code somewhere. */
export function inEffect(patches: readonly LivePatch[]): LivePatch[] {
  return patches.filter(patch => patch.enabled && !patch.inTransition);
}

/** null: no live patch concerns this finding. Only what the running kernel has can be mitigated in its memory. */
export function liveMitigation(patches: readonly LivePatch[], kernelState: KernelState, ids: readonly string[]): LiveMitigation | null {
  if (kernelState !== 'running' && kernelState !== 'newer-not-booted') return null;
  const wanted = new Set(ids.map(id => id.toUpperCase()));
  const effective = inEffect(patches);
  const covering = effective.find(patch => patch.fixes?.some(fix => wanted.has(fix)));
  if (covering !== undefined)
    return {
      covers: true,
      text: `mitigated in memory by live patch ${covering.name} (${covering.supplier}); the fixed kernel and the reboot into it stay due`,
    };
  const silent = effective.find(patch => patch.fixes === null);
  return silent === undefined
    ? null
    : {
        covers: false,
        text: `live patch ${silent.name} is loaded and does not say which vulnerabilities it covers: it counts for nothing`,
      };
}

/** The reboot of a host whose every pending kernel finding is covered can wait for its next ordinary window. `pending`: ids of each, aliases among them. */
export function rebootUrgency(
  patches: readonly LivePatch[],
  pending: readonly (readonly string[])[],
): { readonly urgency: 'soon' | 'later'; readonly covered: number } {
  const covered = pending.filter(ids => liveMitigation(patches, 'newer-not-booted', ids)?.covers === true).length;
  return { urgency: pending.length > 0 && covered === pending.length ? 'later' : 'soon', covered };
}
