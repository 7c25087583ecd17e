import type { FindingState } from '../findings/finding.ts';
import { type DueCounts, MONTH_MS, WEEK_MS } from './due-profile.ts';
import { AVAILABILITY_CODES, type Availability } from './offers.ts';
import type { SourceOnHost } from './source-walk.ts';
import { type FindingGroup, WATCHED } from './standing.ts';

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
  'undetermined',
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
const STATE_OF: Readonly<Record<Availability, FindingState>> = {
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

function pendingState(kernelState: SourceOnHost['kernelState']): FindingState {
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

const STATE_INDEX = Object.fromEntries(FINDING_STATES.map((state, at) => [state, at])) as Record<FindingState, number>;
const OFFER_STATES = AVAILABILITY_CODES.map(availability => STATE_INDEX[STATE_OF[availability]]);
const WATCHED_STATES = WATCHED.map(state => STATE_INDEX[state]);
const NOT_OFFERED = STATE_INDEX['not-offered'];
const FIXABLE = STATE_INDEX.fixable;
const WONT_FIX = WATCHED.indexOf('wont-fix');
const DUE_AT = FINDING_STATES.length;
const EXPLOITED_AT = DUE_AT + DUE_BANDS.length;
const WIDTH = EXPLOITED_AT + 1;

/**
 * The numbers of all hosts in columns: 80 bytes a host. A host's are true until its `validUntil`: then the first finding becomes overdue or moves
 * to a nearer band.
 */
export class HostNumbers {
  #counts = new Uint32Array(64 * WIDTH);
  #earliest = new Float64Array(64);
  #validUntil = new Float64Array(64);

  isValid(slot: number, nowMs: number): boolean {
    return slot < this.#validUntil.length && nowMs < this.#validUntil[slot]!;
  }

  of(slot: number): Assessment {
    const counts = Array.from(this.#counts.subarray(slot * WIDTH, (slot + 1) * WIDTH));
    const earliest = this.#earliest[slot]!;
    return {
      byState: counts.slice(0, DUE_AT),
      byDue: counts.slice(DUE_AT, EXPLOITED_AT),
      knownExploited: counts[EXPLOITED_AT]!,
      earliestDueMs: Number.isFinite(earliest) ? earliest : null,
    };
  }

  /** Findings in one state, an index into FINDING_STATES. */
  countIn(slot: number, state: number): number {
    return this.#counts[slot * WIDTH + state]!;
  }

  /** Adds a host's findings to sums in the order of FINDING_STATES and DUE_BANDS: an overview asks it of 100,000 hosts and makes nothing. */
  addTo(byState: number[], byDue: number[], slot: number): void {
    const base = slot * WIDTH;
    for (let state = 0; state < DUE_AT; state++) byState[state]! += this.#counts[base + state]!;
    for (let band = 0; band < DUE_BANDS.length; band++) byDue[band]! += this.#counts[base + DUE_AT + band]!;
  }

  /** Begins anew for a host; `addSource` for each of its sources follows. */
  begin(slot: number): void {
    if (slot >= this.#earliest.length) this.#grow(slot * 2);
    this.#counts.fill(0, slot * WIDTH, (slot + 1) * WIDTH);
    this.#earliest[slot] = Number.POSITIVE_INFINITY;
    this.#validUntil[slot] = Number.POSITIVE_INFINITY;
  }

  /** What `statedGroups` lists, in numbers. */
  addSource(slot: number, source: SourceOnHost, exposure: number, offersKnown: boolean, nowMs: number): void {
    const { standing, offer, sinceMs } = source;
    const { closable, unreached, pending } = standing;
    if (closable.size > 0 && offer !== null)
      this.#addDated(slot, OFFER_STATES[offer.code]!, closable, closable.due(exposure).counts(sinceMs, nowMs));
    if (unreached.size > 0)
      this.#addDated(slot, offersKnown ? NOT_OFFERED : FIXABLE, unreached, unreached.due(exposure).counts(sinceMs, nowMs));
    if (pending.size > 0)
      this.#addDated(
        slot,
        STATE_INDEX[pendingState(source.kernelState)],
        pending,
        pending.due(exposure).counts(source.memorySinceMs, nowMs),
      );
    if (standing.isUnwatched) return;
    for (let at = 0; at < WATCHED.length; at++) if (standing.undated[at]!.size > 0) this.#addUndated(slot, at, standing.undated[at]!);
  }

  #addDated(slot: number, state: number, group: FindingGroup, due: DueCounts): void {
    const counts = this.#counts;
    const base = slot * WIDTH;
    counts[base + state]! += group.size;
    counts[base + DUE_AT]! += due.overdue;
    counts[base + DUE_AT + 1]! += due.week - due.overdue;
    counts[base + DUE_AT + 2]! += due.month - due.week;
    counts[base + DUE_AT + 3]! += due.dated - due.month;
    counts[base + DUE_AT + 4]! += group.size - due.dated;
    counts[base + EXPLOITED_AT]! += group.knownExploited;
    if (due.earliestMs < this.#earliest[slot]!) this.#earliest[slot] = due.earliestMs;
    if (due.validUntilMs < this.#validUntil[slot]!) this.#validUntil[slot] = due.validUntilMs;
  }

  /** `watched`: index into WATCHED. */
  #addUndated(slot: number, watched: number, group: FindingGroup): void {
    const base = slot * WIDTH;
    this.#counts[base + WATCHED_STATES[watched]!]! += group.size;
    if (watched === WONT_FIX) return;
    this.#counts[base + DUE_AT + 4]! += group.size;
    this.#counts[base + EXPLOITED_AT]! += group.knownExploited;
  }

  #grow(slots: number): void {
    const counts = new Uint32Array(slots * WIDTH);
    const earliest = new Float64Array(slots);
    const validUntil = new Float64Array(slots);
    counts.set(this.#counts);
    earliest.set(this.#earliest);
    validUntil.set(this.#validUntil);
    this.#counts = counts;
    this.#earliest = earliest;
    this.#validUntil = validUntil;
  }
}

/** The band of one due date, as hosts are counted. */
export function dueBand(dueMs: number | null, nowMs: number): DueBand {
  if (dueMs === null) return 'none';
  if (dueMs <= nowMs) return 'overdue';
  if (dueMs <= nowMs + WEEK_MS) return 'week';
  return dueMs <= nowMs + MONTH_MS ? 'month' : 'later';
}
