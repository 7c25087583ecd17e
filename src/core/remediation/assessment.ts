import type { FindingState } from '../findings/finding.ts';
import { MONTH_MS, WEEK_MS } from './due-profile.ts';
import type { Availability } from './offers.ts';
import { type FindingGroup, WATCHED } from './standing.ts';
import type { SourceOnHost } from './walked-host.ts';

export const FINDING_STATES = [
  'fixable',
  'held',
  'phased',
  'not-offered',
  'restart-pending',
  'reboot-pending',
  'waiting-for-vendor',
  'deferred',
  'wont-fix',
  'end-of-life',
  'unknown',
] as const satisfies readonly FindingState[];

export const DUE_BANDS = ['overdue', 'week', 'month', 'later', 'none'] as const;
export type DueBand = (typeof DUE_BANDS)[number];

/** One part of a source's findings on a host: all in one state, all with one clock. */
export interface StatedGroup {
  readonly state: FindingState;
  readonly group: FindingGroup;
  readonly sinceMs: number;
  /** False: there is nothing to install, so no clock runs. */
  readonly hasFix: boolean;
  /** The patch of this source that closes them: the one offered, or the one that only advisories name. */
  readonly inPatch: 'offered' | 'needed' | null;
}

/** The state of findings that an offer would close. */
export const STATE_OF: Readonly<Record<Availability, FindingState>> = {
  offered: 'fixable',
  'kept-back': 'fixable',
  held: 'held',
  phased: 'phased',
};

/** The findings of a source on a host, by state. `offersKnown` false: nobody could ask the host, so what the distribution has fixed counts as fixable. */
export function statedGroups(source: SourceOnHost, offersKnown: boolean): StatedGroup[] {
  const { standing, offer, sinceMs, memorySinceMs, kernelState } = source;
  const groups: StatedGroup[] = [];
  if (offer !== null)
    groups.push({ state: STATE_OF[offer.availability], group: standing.closable, sinceMs, hasFix: true, inPatch: 'offered' });
  groups.push({ state: offersKnown ? 'not-offered' : 'fixable', group: standing.unreached, sinceMs, hasFix: true, inPatch: 'needed' });
  groups.push({ state: pendingState(kernelState), group: standing.pending, sinceMs: memorySinceMs, hasFix: true, inPatch: null });
  for (const state of WATCHED) groups.push({ state, group: standing.watched[state], sinceMs, hasFix: false, inPatch: null });
  return groups.filter(({ group }) => group.size > 0);
}

export function pendingState(kernelState: SourceOnHost['kernelState']): FindingState {
  return kernelState === null ? 'restart-pending' : 'reboot-pending';
}

/** A host in numbers. */
export interface Assessment {
  /** Findings by state, in the order of FINDING_STATES. */
  readonly byState: readonly number[];
  /** Findings by due date, in the order of DUE_BANDS, without `wont-fix`. */
  readonly byDue: readonly number[];
  readonly knownExploited: number;
  readonly earliestDueMs: number | null;
}

/** The band of one due date, as hosts are counted. */
export function dueBand(dueMs: number | null, nowMs: number): DueBand {
  if (dueMs === null) return 'none';
  if (dueMs <= nowMs) return 'overdue';
  if (dueMs <= nowMs + WEEK_MS) return 'week';
  return dueMs <= nowMs + MONTH_MS ? 'month' : 'later';
}
