import type { FleetUnits, Unit } from '../findings/fleet-units.ts';
import { PLACES } from './host-block.ts';
import { addDated, addUndated, COLUMN_BITS, FIXABLE, NOT_OFFERED, OFFER_STATES, WIDTH } from './host-numbers.ts';
import type { Offer } from './offers.ts';
import { PARTS } from './patch-parts.ts';
import type { PatchQueue } from './patch-queue.ts';
import { type FindingGroup, type Standing, type Standings, WATCHED } from './standing.ts';

/**
 * What one version of a source adds to the numbers of a host and to the patch queue. Hosts of one exposure with the same kind of offer get the same from it
 * when they had the version before the first of its fixes was known, which five in six have: 3,000,000 of these meet some 4,000 rows, kept in columns that
 * stay in a processor's cache.
 */
export class SharedNumbers {
  readonly #units: FleetUnits;
  readonly #standings: Standings;
  readonly #queue: PatchQueue;
  /** By unit and place (host-block.ts): the row that was asked for last, + 1, and its offer's key. Most hosts are offered the same. */
  #rows = new Uint32Array(1024);
  #keys = new Uint32Array(1024);
  /** The rows of a unit: all of them, whatever was asked for last. */
  readonly #byUnit = new Map<number, Map<number, number>>();
  readonly #free: number[] = [];
  readonly standings: (Standing | undefined)[] = [];
  /** A row is about hosts that have had the version since this moment or longer. */
  sinceMsMax = new Float64Array(64);
  earliestMs = new Float64Array(64);
  /** Good from the moment at which it was made, until then. */
  validUntilMs = new Float64Array(64);
  #atMs = new Float64Array(64);
  /** WIDTH places a row: amount << COLUMN_BITS | column. */
  amounts = new Uint32Array(64 * WIDTH);
  lengths = new Uint8Array(64);
  /** What the queue keeps of it (patch-parts.ts), PARTS numbers a row. */
  parts = new Uint32Array(64 * PARTS);
  partLengths = new Uint8Array(64);

  constructor(units: FleetUnits, standings: Standings, queue: PatchQueue) {
    this.#units = units;
    this.#standings = standings;
    this.#queue = queue;
  }

  /** The row; `unit` is an index. */
  rowOf(unit: number, offer: Offer | null, hostPlace: number, nowMs: number): number {
    const place = unit * PLACES + hostPlace;
    const key = offer === null ? 0 : offer.key;
    const last = place < this.#rows.length ? this.#rows[place]! : 0;
    const row = last !== 0 && this.#keys[place] === key ? last - 1 : this.#find(unit, offer, place, key);
    if (nowMs < this.#atMs[row]! || nowMs >= this.validUntilMs[row]!) this.#fill(row, offer, hostPlace >>> 1, (hostPlace & 1) === 1, nowMs);
    return row;
  }

  /** The matches of these units, or of what they are offered, changed. */
  forget(units: Iterable<Unit>): void {
    for (const { index } of units) {
      for (const row of this.#byUnit.get(index)?.values() ?? []) {
        this.standings[row] = undefined;
        this.#free.push(row);
      }
      this.#byUnit.delete(index);
      this.#rows.fill(0, index * PLACES, (index + 1) * PLACES);
    }
  }

  #find(unit: number, offer: Offer | null, place: number, key: number): number {
    const rows = this.#byUnit.getOrInsertComputed(unit, () => new Map());
    const row = rows.getOrInsertComputed(key * PLACES + (place % PLACES), () => this.#make(unit, offer));
    if (place >= this.#rows.length) {
      this.#rows = grown(this.#rows, new Uint32Array(place * 2));
      this.#keys = grown(this.#keys, new Uint32Array(place * 2));
    }
    this.#rows[place] = row + 1;
    this.#keys[place] = key;
    return row;
  }

  #make(unit: number, offer: Offer | null): number {
    const row = this.#free.pop() ?? this.standings.length;
    this.standings[row] = this.#standings.ofOne(this.#units.units[unit]!, offer?.target ?? null);
    if (row >= this.lengths.length) this.#grow(row * 2);
    this.#atMs[row] = Number.POSITIVE_INFINITY;
    return row;
  }

  #fill(row: number, offer: Offer | null, exposure: number, offersKnown: boolean, nowMs: number): void {
    const standing = this.standings[row]!;
    const counts = new Uint32Array(WIDTH);
    let sinceMsMax = Number.POSITIVE_INFINITY;
    let earliestMs = Number.POSITIVE_INFINITY;
    let validUntilMs = Number.POSITIVE_INFINITY;
    const add = (state: number, group: FindingGroup) => {
      const profile = group.due(exposure);
      const due = profile.counts(Number.NEGATIVE_INFINITY, nowMs);
      addDated(counts, 0, state, group, due);
      sinceMsMax = Math.min(sinceMsMax, profile.firstKnownMs);
      earliestMs = Math.min(earliestMs, due.earliestMs);
      validUntilMs = Math.min(validUntilMs, due.validUntilMs);
    };
    if (standing.closable.size > 0 && offer !== null) add(OFFER_STATES[offer.code]!, standing.closable);
    if (standing.unreached.size > 0) add(offersKnown ? NOT_OFFERED : FIXABLE, standing.unreached);
    for (let at = 0; at < WATCHED.length; at++) addUndated(counts, 0, at, standing.undated[at]!);
    let length = 0;
    for (let column = 0; column < WIDTH; column++)
      if (counts[column]! > 0) this.amounts[row * WIDTH + length++] = (counts[column]! << COLUMN_BITS) | column;
    this.lengths[row] = length;
    this.sinceMsMax[row] = sinceMsMax;
    this.earliestMs[row] = earliestMs;
    this.validUntilMs[row] = validUntilMs;
    this.#atMs[row] = nowMs;
    const since = { standing, offer, sinceMs: Number.NEGATIVE_INFINITY };
    // Criticality is the hosts' own and comes later.
    this.partLengths[row] = this.#queue.parts.pack(since, exposure, 0, this.parts, row * PARTS) - row * PARTS;
  }

  #grow(rows: number): void {
    this.sinceMsMax = grown(this.sinceMsMax, new Float64Array(rows));
    this.earliestMs = grown(this.earliestMs, new Float64Array(rows));
    this.validUntilMs = grown(this.validUntilMs, new Float64Array(rows));
    this.#atMs = grown(this.#atMs, new Float64Array(rows));
    this.amounts = grown(this.amounts, new Uint32Array(rows * WIDTH));
    this.lengths = grown(this.lengths, new Uint8Array(rows));
    this.parts = grown(this.parts, new Uint32Array(rows * PARTS));
    this.partLengths = grown(this.partLengths, new Uint8Array(rows));
  }
}

function grown<Column extends Uint8Array | Uint32Array | Float64Array>(before: Column, after: Column): Column {
  after.set(before);
  return after;
}
