import type { FleetUnits } from '../findings/fleet-units.ts';

/** Turns moments of package versions into moments of units, a host at a time; the columns are reused because a fleet has 100,000 hosts. */
export class SinceByUnit {
  readonly #units: FleetUnits;
  /** Unit index -> serial of the host that has it, and the first moment of its binaries there. */
  #met = new Uint32Array(1024);
  #first = new Float64Array(1024);
  #dated = new Uint32Array(1024);
  #serial = 0;

  constructor(units: FleetUnits) {
    this.#units = units;
  }

  /**
   * `ofVersions`: pairs of package_version id and epoch seconds, rising ids, for the versions that did not come with the host; `ids`: all of its versions.
   * The answer has pairs of unit index and epoch seconds, rising units: the first of a unit's binaries counts, and those that came with the host are left out.
   */
  of(release: string, ofVersions: Uint32Array, ids: Uint32Array, enrolledMs: number): Uint32Array {
    if (ofVersions.length === 0) return NO_PAIRS;
    const unitOf = this.#units.meet(release, ids);
    if (this.#met.length < this.#units.units.length) {
      this.#met = new Uint32Array(this.#units.units.length * 2);
      this.#first = new Float64Array(this.#units.units.length * 2);
      this.#dated = new Uint32Array(this.#units.units.length * 2);
    }
    this.#serial += 1;
    const enrolled = Math.floor(enrolledMs / 1_000);
    let size = 0;
    let pair = 0;
    for (let at = 0; at < ids.length; at++) {
      const id = ids[at]!;
      while (pair < ofVersions.length && ofVersions[pair]! < id) pair += 2;
      const seconds = ofVersions[pair] === id ? ofVersions[pair + 1]! : enrolled;
      const unit = unitOf[id]! - 1;
      if (this.#met[unit] !== this.#serial) {
        this.#met[unit] = this.#serial;
        this.#first[unit] = seconds;
        this.#dated[size++] = unit;
      } else if (seconds < this.#first[unit]!) this.#first[unit] = seconds;
    }
    let kept = 0;
    for (let at = 0; at < size; at++) if (this.#first[this.#dated[at]!] !== enrolled) this.#dated[kept++] = this.#dated[at]!;
    const units = this.#dated.subarray(0, kept).sort();
    const pairs = new Uint32Array(units.length * 2);
    for (let at = 0; at < units.length; at++) {
      pairs[at * 2] = units[at]!;
      pairs[at * 2 + 1] = this.#first[units[at]!]!;
    }
    return pairs;
  }
}

const NO_PAIRS = new Uint32Array(0);
