import type { FindingState } from '../findings/finding.ts';
import { DAY_MS } from '../kernel/instants.ts';
import type { HostExposure } from './deadline.ts';
import type { Availability } from './offers.ts';
import type { SourceOnHost } from './source-standing.ts';
import { type FindingGroup, type Standing, WATCHED } from './standing.ts';

export const FINDING_STATES = [
  'fixable',
  'held',
  'not-offered',
  'restart-pending',
  'reboot-pending',
  'waiting-for-vendor',
  'deferred',
  'wont-fix',
  'end-of-life',
  'undetermined',
] as const satisfies readonly FindingState[];

export const DUE_BANDS = ['overdue', 'week', 'month', 'later', 'none'] as const;
export type DueBand = (typeof DUE_BANDS)[number];

/** `not-offered`: the publisher has a fix that no enabled suite offers to this host. */
export type MemberAvailability = Availability | 'not-offered';

/** A host's part in a patch. */
export interface Membership {
  readonly standing: Standing;
  /** The version that the patch moves to, as its publisher writes it. */
  readonly targetVersion: string;
  readonly availability: MemberAvailability;
  readonly security: boolean;
  /** The first due date of what the patch closes here. */
  readonly dueMs: number | null;
}

/** One part of a source's findings on a host: all in one state, all with one clock. */
export interface StatedGroup {
  readonly state: FindingState;
  readonly group: FindingGroup;
  /** null: there is nothing to install, so no clock runs. */
  readonly clockSinceMs: number | null;
  readonly sinceMs: number;
  /** True when the host's patch of this source closes them. */
  readonly inPatch: 'offered' | 'needed' | null;
}

/** A host in numbers, true until `validUntilMs`: then the first finding becomes overdue or moves to a nearer band. */
export interface Assessment {
  /** Findings by state, in the order of FINDING_STATES. */
  readonly byState: readonly number[];
  /** Findings by due date, in the order of DUE_BANDS, without `wont-fix`. */
  readonly byDue: readonly number[];
  readonly knownExploited: number;
  readonly earliestDueMs: number | null;
  readonly validUntilMs: number;
  readonly memberships: readonly Membership[];
}

const STATE_OF: Readonly<Record<Availability, FindingState>> = {
  offered: 'fixable',
  'kept-back': 'fixable',
  held: 'held',
  phased: 'not-offered',
};

/** The findings of a source on a host, by state. `offersKnown` false: nobody could ask the host, so what the distribution has fixed counts as fixable. */
export function statedGroups({ standing, offer, sinceMs, memorySinceMs, kernelState }: SourceOnHost, offersKnown: boolean): StatedGroup[] {
  const groups: StatedGroup[] = [];
  const add = (state: FindingState, group: FindingGroup, since: number, hasFix: boolean, inPatch: StatedGroup['inPatch']) => {
    if (group.size > 0) groups.push({ state, group, sinceMs: since, clockSinceMs: hasFix ? since : null, inPatch });
  };
  if (offer !== null) add(STATE_OF[offer.availability], standing.closable, sinceMs, true, 'offered');
  add(offersKnown ? 'not-offered' : 'fixable', standing.unreached, sinceMs, true, 'needed');
  add(kernelState === null ? 'restart-pending' : 'reboot-pending', standing.pending, memorySinceMs, true, null);
  for (const state of WATCHED) add(state, standing.watched[state], sinceMs, false, null);
  return groups;
}

export function membershipsOf({ standing, offer, sinceMs }: SourceOnHost, exposure: HostExposure): Membership[] {
  const memberships: Membership[] = [];
  if (offer !== null && standing.disk.length > 0)
    memberships.push({
      standing,
      targetVersion: offer.target.version,
      availability: offer.availability,
      security: offer.security,
      dueMs: firstDue(standing.closable, exposure, sinceMs),
    });
  if (standing.neededVersion !== null && standing.neededVersion !== offer?.target.version)
    memberships.push({
      standing,
      targetVersion: standing.neededVersion,
      availability: 'not-offered',
      security: true,
      dueMs: firstDue(standing.unreached, exposure, sinceMs),
    });
  return memberships;
}

function firstDue(group: FindingGroup, exposure: HostExposure, sinceMs: number): number | null {
  return group.size === 0 ? null : group.due(exposure).earliestMs(sinceMs);
}

const WEEK_MS = 7 * DAY_MS;
const MONTH_MS = 30 * DAY_MS;
const WONT_FIX = FINDING_STATES.indexOf('wont-fix');

export function assess(
  sources: readonly SourceOnHost[],
  host: { readonly exposure: HostExposure; readonly offersKnown: boolean },
  nowMs: number,
): Assessment {
  const byState = new Array<number>(FINDING_STATES.length).fill(0);
  const byDue = new Array<number>(DUE_BANDS.length).fill(0);
  const memberships: Membership[] = [];
  let knownExploited = 0;
  let earliest = Number.POSITIVE_INFINITY;
  let validUntil = Number.POSITIVE_INFINITY;
  for (const source of sources) {
    for (const { state, group, clockSinceMs } of statedGroups(source, host.offersKnown)) {
      const stateIndex = FINDING_STATES.indexOf(state);
      byState[stateIndex]! += group.size;
      if (stateIndex === WONT_FIX) continue;
      knownExploited += group.knownExploited;
      if (clockSinceMs === null) {
        byDue[4]! += group.size;
        continue;
      }
      const due = group.due(host.exposure);
      const overdue = due.countDueBy(nowMs, clockSinceMs);
      const week = due.countDueBy(nowMs + WEEK_MS, clockSinceMs);
      const month = due.countDueBy(nowMs + MONTH_MS, clockSinceMs);
      const dated = due.countDueBy(Number.MAX_SAFE_INTEGER, clockSinceMs);
      byDue[0]! += overdue;
      byDue[1]! += week - overdue;
      byDue[2]! += month - week;
      byDue[3]! += dated - month;
      byDue[4]! += group.size - dated;
      if (dated > 0) earliest = Math.min(earliest, due.earliestMs(clockSinceMs)!);
      for (const ahead of AHEAD_MS) {
        const next = dated > 0 ? due.nextAfterMs(nowMs + ahead, clockSinceMs) : null;
        if (next !== null) validUntil = Math.min(validUntil, next - ahead);
      }
    }
    memberships.push(...membershipsOf(source, host.exposure));
  }
  return {
    byState,
    byDue,
    knownExploited,
    earliestDueMs: Number.isFinite(earliest) ? earliest : null,
    validUntilMs: validUntil,
    memberships,
  };
}

/** A date is in its band until now, now + 7 days or now + 30 days reaches it. */
const AHEAD_MS = [0, WEEK_MS, MONTH_MS];

/** The band of one due date, as `assess` counts it. */
export function dueBand(dueMs: number | null, nowMs: number): DueBand {
  if (dueMs === null) return 'none';
  if (dueMs <= nowMs) return 'overdue';
  if (dueMs <= nowMs + WEEK_MS) return 'week';
  return dueMs <= nowMs + MONTH_MS ? 'month' : 'later';
}
