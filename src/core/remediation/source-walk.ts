import { orderOf } from '../advisories/orders.ts';
import type { KernelState } from '../findings/finding.ts';
import type { FleetInventory, PackageSet } from '../findings/fleet-inventory.ts';
import type { FleetMatcher } from '../findings/fleet-matcher.ts';
import type { FleetSource, FleetUnits, Unit } from '../findings/fleet-units.ts';
import { unpackIdArray } from '../findings/packed-ids.ts';
import { KERNEL_SOURCE, KernelImages } from './kernel-images.ts';
import { compareUnits, type Offer } from './offers.ts';
import type { SharedNumbers } from './shared-numbers.ts';
import type { Standing, Standings } from './standing.ts';
import { Sweep } from './sweep.ts';
import { type Residual, type SourceOnHost, sinceMsOf, type WalkedHost } from './walked-host.ts';

const QUIET = 1;
const VULNERABLE = 2;
const KERNEL = 4;
const FLAGS = 3;

/**
 * Which sources of a host matter: those that somebody calls vulnerable, those that an offer would move and those that live on in memory. A fleet of
 * 100,000 hosts has 75 million packages, so the walk over them reads tables and allocates nothing; what it finds is in `found`, reused by the next walk.
 */
export class SourceWalk {
  readonly found: SourceOnHost[] = [];
  count = 0;
  /** Of `walkInNumbers`: the rows of SharedNumbers that the rest of the host's sources amount to. */
  rows = new Uint32Array(256);
  rowCount = 0;
  readonly #units: FleetUnits;
  readonly #matcher: FleetMatcher;
  readonly #standings: Standings;
  readonly #shared: SharedNumbers;
  /** Unit index -> source index << FLAGS, with QUIET or VULNERABLE, and KERNEL; 0 not asked yet. */
  #kinds = new Uint32Array(1024);
  /** Source index -> what this walk (`#serial`) knows of it. */
  #columns = sourceColumns(1024);
  #serial = 0;
  /** Sources in the order in which the walk met them. */
  #met = new Uint32Array(1024);
  #metCount = 0;
  /** Units of kernel sources that the host has, quiet ones among them: which image is the newest is asked of all. */
  readonly #kernelUnits: number[] = [];
  readonly #images: KernelImages;
  #sweep: Sweep | null = null;
  /** Of `walkSome`. */
  #some: { readonly only: ReadonlySet<FleetSource>; readonly sweep: Sweep } | null = null;
  #last: { readonly packages: PackageSet | null; readonly units: Uint32Array } = { packages: null, units: new Uint32Array(0) };

  constructor(units: FleetUnits, matcher: FleetMatcher, standings: Standings, shared: SharedNumbers) {
    this.#units = units;
    this.#matcher = matcher;
    this.#standings = standings;
    this.#shared = shared;
    this.#images = new KernelImages(units);
  }

  /** The matches of these units changed. */
  forget(units: readonly Unit[]): void {
    for (const unit of units) if (unit.index < this.#kinds.length) this.#kinds[unit.index] = 0;
  }

  /** Before many hosts are walked, by rising slot. */
  sweep(inventory: FleetInventory, offered: Iterable<FleetSource>): void {
    this.#sweep = new Sweep(inventory, this.#unitsThatMatter(offered));
  }

  /** The host that is walked next of a sweep. */
  sweepTo(slot: number): void {
    this.#sweep?.moveTo(slot);
  }

  /** What a sweep found is true until a host or a claim changes. */
  endSweep(): void {
    this.#sweep = null;
    this.#some = null;
  }

  get isSweeping(): boolean {
    return this.#sweep !== null;
  }

  walk(host: WalkedHost): void {
    this.#walk(host, NO_ROWS, 0);
  }

  /** As `walk`; what many hosts have alike is in `rows`, and only the rest in `found`. `exposure` is an index into EXPOSURES. */
  walkInNumbers(host: WalkedHost, exposure: number, nowMs: number): void {
    this.#walk(host, exposure, nowMs);
  }

  #walk(host: WalkedHost, exposure: number, nowMs: number): void {
    const { slot } = host;
    this.#begin();
    this.#mark(host);
    const sweep = this.#sweep;
    if (sweep?.holds(slot)) this.#collect(host, sweep.lists, sweep.start(slot), sweep.end(slot));
    else {
      const units = this.#unitsOf(host.packages);
      this.#collect(host, units, 0, units.length);
    }
    this.#addMet(host, exposure, nowMs);
    for (const { unit } of host.residuals) if (this.#columns.met[unit.source.index] !== this.#serial) this.#addMemoryOnly(host, unit);
  }

  /** As `walk`, for a few sources: a query by name asks this of 100,000 hosts, by rising slot and with the same set. */
  walkSome(host: WalkedHost, only: ReadonlySet<FleetSource>, inventory: FleetInventory): void {
    if (this.#some?.only !== only) this.#some = { only, sweep: new Sweep(inventory, unitsOf(only)) };
    const { sweep } = this.#some;
    this.#begin();
    for (const { index, release } of only) if (release === host.release) this.#markOne(host, index);
    sweep.moveTo(host.slot);
    this.#collect(host, sweep.lists, sweep.start(host.slot), sweep.end(host.slot));
    this.#addMet(host, NO_ROWS, 0);
    for (const { unit } of host.residuals)
      if (only.has(unit.source) && this.#columns.met[unit.source.index] !== this.#serial) this.#addMemoryOnly(host, unit);
  }

  #begin(): void {
    this.count = 0;
    this.rowCount = 0;
    this.#metCount = 0;
    this.#kernelUnits.length = 0;
    this.#grow();
    this.#serial += 1;
  }

  #addMet(host: WalkedHost, exposure: number, nowMs: number): void {
    const { offered, offerAt, single, sinceMs } = this.#columns;
    const { offers, residuals } = host;
    const met = this.#met;
    const shared = this.#shared;
    if (this.rows.length < this.#metCount) this.rows = new Uint32Array(this.#metCount * 2);
    for (let at = 0; at < this.#metCount; at++) {
      const index = met[at]!;
      const offer = offered[index] === this.#serial ? offers![offerAt[index]!]! : null;
      const unit = single[index]! - 1;
      if (unit < 0 || residuals.length > 0 || (this.#kinds[unit]! & KERNEL) !== 0) {
        this.#addSpecial(host, index, offer);
        continue;
      }
      const since = sinceMs[index]!;
      if (exposure !== NO_ROWS) {
        const row = shared.rowOf(unit, offer, exposure, offers !== null, nowMs);
        // A version without findings has no moment at all: Infinity is before none.
        if (since <= shared.sinceMsMax[row]!) {
          this.rows[this.rowCount++] = row;
          continue;
        }
        this.#add(shared.standings[row]!, offer, since, since, null);
      } else this.#add(this.#standings.ofOne(this.#units.units[unit]!, offer?.target ?? null), offer, since, since, null);
    }
  }

  /** Ids of a source's binaries on the host that count as installed: all of them, for a kernel the image that runs and the newest one. */
  versionIds(host: WalkedHost, { standing }: Pick<SourceOnHost, 'standing'>, inventory: FleetInventory): number[] {
    const { name, units } = standing.source;
    const ids = units.flatMap(unit => unit.versionIds.filter(id => inventory.has(host.slot, id))).sort((a, b) => a - b);
    return KERNEL_SOURCE.test(name) ? ids.filter(id => this.#images.isOf(host.release, id, standing)) : ids;
  }

  #mark({ offers }: WalkedHost): void {
    const { offered, offerAt } = this.#columns;
    if (offers === null) return;
    for (let at = 0; at < offers.length; at++) {
      const index = offers[at]!.sourceIndex;
      // The newest version of a source comes first and decides.
      if (offered[index] === this.#serial) continue;
      offered[index] = this.#serial;
      offerAt[index] = at;
    }
  }

  /** The first offer for a source; they are sorted by source. */
  #markOne({ offers }: WalkedHost, sourceIndex: number): void {
    let low = 0;
    let high = offers?.length ?? 0;
    const end = high;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (offers![middle]!.sourceIndex < sourceIndex) low = middle + 1;
      else high = middle;
    }
    if (low === end || offers![low]!.sourceIndex !== sourceIndex) return;
    this.#columns.offered[sourceIndex] = this.#serial;
    this.#columns.offerAt[sourceIndex] = low;
  }

  /** Rising by index, as hosts' moments are. */
  #unitsThatMatter(offered: Iterable<FleetSource>): Unit[] {
    const sources = new Set(offered);
    const { units } = this.#units;
    this.#grow();
    for (const unit of units) {
      const kind = this.#kinds[unit.index]! || this.#askKind(unit.index);
      // Which kernel is the newest on the disk is asked of the quiet ones too.
      if ((kind & VULNERABLE) !== 0 && (kind & KERNEL) !== 0) sources.add(unit.source);
    }
    return units.filter(unit => (this.#kinds[unit.index]! & VULNERABLE) !== 0 || sources.has(unit.source));
  }

  #collect({ since: lists, slot, enrolledMs }: WalkedHost, units: Uint32Array, from: number, to: number): void {
    const serial = this.#serial;
    const kinds = this.#kinds;
    const { offered, met, single, sinceMs } = this.#columns;
    const since = lists.numbers(slot);
    let pair = lists.start(slot);
    const pairs = pair + lists.length(slot);
    for (let at = from; at < to; at++) {
      const unit = units[at]!;
      const kind = kinds[unit]! || this.#askKind(unit);
      const source = kind >>> FLAGS;
      if ((kind & KERNEL) !== 0) this.#kernelUnits.push(unit);
      if ((kind & VULNERABLE) === 0 && offered[source] !== serial) continue;
      while (pair < pairs && since[pair]! < unit) pair += 2;
      // A version that nobody calls vulnerable starts no clock.
      const ms =
        (kind & VULNERABLE) === 0 ? Number.POSITIVE_INFINITY : pair < pairs && since[pair] === unit ? since[pair + 1]! * 1_000 : enrolledMs;
      if (met[source] !== serial) {
        met[source] = serial;
        this.#met[this.#metCount++] = source;
        single[source] = unit + 1;
        sinceMs[source] = ms;
      } else {
        single[source] = MANY;
        if (ms < sinceMs[source]!) sinceMs[source] = ms;
      }
    }
  }

  #askKind(unitIndex: number): number {
    const unit = this.#units.units[unitIndex]!;
    const { vulnerable, undecided } = this.#matcher.of(unit);
    const kernel = KERNEL_SOURCE.test(unit.source.name) ? KERNEL : 0;
    return (this.#kinds[unitIndex] = (unit.source.index << FLAGS) | kernel | (vulnerable.length + undecided.size > 0 ? VULNERABLE : QUIET));
  }

  #addSpecial(host: WalkedHost, sourceIndex: number, offer: Offer | null): void {
    const source = this.#units.sources[sourceIndex]!;
    const residuals = host.residuals.filter(residual => residual.unit.source === source);
    if (KERNEL_SOURCE.test(source.name)) {
      this.#addKernel(host, sourceIndex, residuals, offer);
      return;
    }
    const disk = this.#unitsOfSource(host, sourceIndex);
    const memory = [...new Set(residuals.map(residual => residual.unit))];
    const sinceMs = this.#columns.sinceMs[sourceIndex]!;
    const memorySinceMs = Math.min(sinceMs, ...residuals.map(residual => residual.sinceMs));
    this.#add(
      this.#standings.of({ source, disk, memory, target: offer?.target ?? null }),
      offer,
      memory.length > 0 ? memorySinceMs : sinceMs,
      memorySinceMs,
      null,
    );
  }

  /** A package that was removed, or whose new version nobody calls vulnerable, while a process still runs the old one. */
  #addMemoryOnly(host: WalkedHost, { source }: Unit): void {
    this.#columns.met[source.index] = this.#serial;
    const residuals = host.residuals.filter(residual => residual.unit.source === source);
    if (KERNEL_SOURCE.test(source.name)) {
      this.#addKernel(host, source.index, residuals, null);
      return;
    }
    const disk = this.#unitsOfSource(host, source.index);
    const sinceMs = Math.min(...residuals.map(residual => residual.sinceMs));
    this.#add(
      this.#standings.of({ source, disk, memory: [...new Set(residuals.map(residual => residual.unit))], target: null }),
      null,
      sinceMs,
      sinceMs,
      null,
    );
  }

  /**
   * Only the running image is in use; the newest one on the disk is what the next boot starts. A running release that no package of the host holds is
   * a container's, whose kernel is somebody else's to patch. An unread one is taken to be the newest: an upload has no other evidence.
   */
  #addKernel(host: WalkedHost, sourceIndex: number, residuals: readonly Residual[], offer: Offer | null): void {
    const images = this.#images.on(host.packages, this.#kernelUnits, sourceIndex);
    if (images.length === 0) return;
    const order = orderOf(host.release);
    const newest = images.reduce((best, image) => (compareUnits(image.unit, best.unit, order) > 0 ? image : best));
    const running = host.runningKernel === null ? newest : images.find(image => image.release === host.runningKernel);
    if (!running) return;
    const replaced = residuals.filter(residual => residual.until === 'reboot');
    const memory = replaced.length > 0 ? replaced.map(residual => residual.unit) : running.unit === newest.unit ? [] : [running.unit];
    const since = Math.min(sinceMsOf(host, running.unit.index), ...replaced.map(residual => residual.sinceMs));
    const standing = this.#standings.of({ source: newest.unit.source, disk: [newest.unit], memory, target: offer?.target ?? null });
    this.#add(standing, offer, since, since, host.runningKernel === null ? null : memory.length > 0 ? 'newer-not-booted' : 'running');
  }

  /** Distinct units, rising. Not kept for every host: sweeps do without, and 100,000 lists would be 100 MB. */
  #unitsOf(packages: PackageSet): Uint32Array {
    if (this.#last.packages !== packages)
      this.#last = { packages, units: this.#units.unitsOf(packages.release, unpackIdArray(packages.packed)) };
    return this.#last.units;
  }

  #unitsOfSource({ packages }: WalkedHost, sourceIndex: number): Unit[] {
    const units = this.#unitsOf(packages);
    const found: Unit[] = [];
    for (let at = 0; at < units.length; at++) {
      const unit = this.#units.units[units[at]!]!;
      if (unit.source.index === sourceIndex) found.push(unit);
    }
    return found;
  }

  #add(standing: Standing, offer: Offer | null, sinceMs: number, memorySinceMs: number, kernelState: KernelState): void {
    const slot = this.found[this.count++];
    if (slot === undefined) {
      this.found.push({ standing, offer, sinceMs, memorySinceMs, kernelState });
      return;
    }
    slot.standing = standing;
    slot.offer = offer;
    slot.sinceMs = sinceMs;
    slot.memorySinceMs = memorySinceMs;
    slot.kernelState = kernelState;
  }

  #grow(): void {
    if (this.#kinds.length < this.#units.units.length) this.#kinds = larger(this.#kinds, new Uint32Array(this.#units.units.length * 2));
    if (this.#columns.met.length >= this.#units.sources.length) return;
    const columns = sourceColumns(this.#units.sources.length * 2);
    this.#met = new Uint32Array(this.#units.sources.length * 2);
    larger(this.#columns.offered, columns.offered);
    larger(this.#columns.offerAt, columns.offerAt);
    this.#columns = columns;
  }
}

function unitsOf(sources: ReadonlySet<FleetSource>): Unit[] {
  return [...sources].flatMap(({ units }) => units).sort((a, b) => a.index - b.index);
}

/** In place of an exposure: everything is found as it is. */
const NO_ROWS = -1;
/** In `single`: the host has more than one version of the source. */
const MANY = 0;

function sourceColumns(size: number) {
  return {
    /** Serial of the walk that met the source, and of the walk whose host has an offer for it. */
    met: new Uint32Array(size),
    offered: new Uint32Array(size),
    offerAt: new Uint32Array(size),
    /** Unit index + 1 while there is one, then MANY. */
    single: new Uint32Array(size),
    sinceMs: new Float64Array(size),
  };
}

function larger<Column extends Uint8Array | Uint32Array>(before: Column, after: Column): Column {
  after.set(before);
  return after;
}
