import type { FindingState } from '../findings/finding.ts';
import { type Assessment, DUE_BANDS, FINDING_STATES, pendingState, STATE_OF } from './assessment.ts';
import type { DueCounts } from './due-profile.ts';
import { AVAILABILITY_CODES } from './offers.ts';
import type { SharedNumbers } from './shared-numbers.ts';
import { type FindingGroup, WATCHED } from './standing.ts';
import type { SourceOnHost } from './walked-host.ts';

const STATE_INDEX = Object.fromEntries(FINDING_STATES.map((state, at) => [state, at])) as Record<FindingState, number>;
export const OFFER_STATES = AVAILABILITY_CODES.map(availability => STATE_INDEX[STATE_OF[availability]]);
const WATCHED_STATES = WATCHED.map(state => STATE_INDEX[state]);
export const NOT_OFFERED = STATE_INDEX['not-offered'];
export const FIXABLE = STATE_INDEX.fixable;
const WONT_FIX = WATCHED.indexOf('wont-fix');
const DUE_AT = FINDING_STATES.length;
const EXPLOITED_AT = DUE_AT + DUE_BANDS.length;
/** Numbers of a host: findings by state, by due date, known exploited. */
export const WIDTH = EXPLOITED_AT + 1;
/** Of a row of SharedNumbers: WIDTH columns fit; 27 bits are left for the amount. */
export const COLUMN_BITS = 5;

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
    for (let at = 0; at < WATCHED.length; at++)
      if (standing.undated[at]!.size > 0) addUndated(this.#counts, slot * WIDTH, at, standing.undated[at]!);
  }

  /** As `addSource`, for what hosts have alike. */
  addShared(slot: number, shared: SharedNumbers, row: number): void {
    const counts = this.#counts;
    const base = slot * WIDTH;
    const { amounts } = shared;
    const end = row * WIDTH + shared.lengths[row]!;
    for (let at = row * WIDTH; at < end; at++) counts[base + (amounts[at]! & COLUMN_MASK)]! += amounts[at]! >>> COLUMN_BITS;
    if (shared.earliestMs[row]! < this.#earliest[slot]!) this.#earliest[slot] = shared.earliestMs[row]!;
    if (shared.validUntilMs[row]! < this.#validUntil[slot]!) this.#validUntil[slot] = shared.validUntilMs[row]!;
  }

  #addDated(slot: number, state: number, group: FindingGroup, due: DueCounts): void {
    addDated(this.#counts, slot * WIDTH, state, group, due);
    if (due.earliestMs < this.#earliest[slot]!) this.#earliest[slot] = due.earliestMs;
    if (due.validUntilMs < this.#validUntil[slot]!) this.#validUntil[slot] = due.validUntilMs;
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

const COLUMN_MASK = (1 << COLUMN_BITS) - 1;

/** Adds a group to the numbers that begin at `base`. */
export function addDated(counts: Uint32Array, base: number, state: number, group: FindingGroup, due: DueCounts): void {
  counts[base + state]! += group.size;
  counts[base + DUE_AT]! += due.overdue;
  counts[base + DUE_AT + 1]! += due.week - due.overdue;
  counts[base + DUE_AT + 2]! += due.month - due.week;
  counts[base + DUE_AT + 3]! += due.dated - due.month;
  counts[base + DUE_AT + 4]! += group.size - due.dated;
  counts[base + EXPLOITED_AT]! += group.knownExploited;
}

/** `watched`: index into WATCHED. */
export function addUndated(counts: Uint32Array, base: number, watched: number, group: FindingGroup): void {
  counts[base + WATCHED_STATES[watched]!]! += group.size;
  if (watched === WONT_FIX) return;
  counts[base + DUE_AT + 4]! += group.size;
  counts[base + EXPLOITED_AT]! += group.knownExploited;
}
