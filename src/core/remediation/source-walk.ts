import type { KernelState } from '../findings/finding.ts';
import type { FleetInventory, PackageSet } from '../findings/fleet-inventory.ts';
import type { FleetMatcher } from '../findings/fleet-matcher.ts';
import type { FleetSource, FleetUnits, Unit } from '../findings/fleet-units.ts';
import { unpackIdArray } from '../findings/packed-ids.ts';
import { KERNEL_SOURCE, type KernelImages } from './kernel-images.ts';
import { MixedSources } from './mixed-sources.ts';
import type { Offer } from './offers.ts';
import type { Standing, Standings } from './standing.ts';
import { Sweep } from './sweep.ts';
import type { SourceOnHost, WalkedHost } from './walked-host.ts';

const QUIET = 1;
const VULNERABLE = 2;
const KERNEL = 4;
const FLAGS = 3;

/**
 * Which sources of a host matter: those that somebody calls vulnerable, those that an offer would move and those that live on in memory. A fleet of
 * 100,000 hosts has 75 million packages, so the walk over them reads tables; what it finds is in `found`, reused by the next walk. Many hosts at once are
 * walked by BlockWalk, which finds the same.
 */
export class SourceWalk {
  readonly found: SourceOnHost[] = [];
  count = 0;
  readonly #units: FleetUnits;
  readonly #matcher: FleetMatcher;
  readonly #standings: Standings;
  readonly #mixed: MixedSources;
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
  /** Of `walkSome`. */
  #some: { readonly only: ReadonlySet<FleetSource>; readonly sweep: Sweep } | null = null;
  #last: { readonly packages: PackageSet | null; readonly units: Uint32Array } = { packages: null, units: new Uint32Array(0) };

  constructor(units: FleetUnits, matcher: FleetMatcher, standings: Standings, images: KernelImages) {
    this.#units = units;
    this.#matcher = matcher;
    this.#standings = standings;
    this.#mixed = new MixedSources(standings);
    this.#images = images;
  }

  /** The matches of these units changed. */
  forget(units: readonly Unit[]): void {
    for (const unit of units) if (unit.index < this.#kinds.length) this.#kinds[unit.index] = 0;
  }

  /** A host or a claim changed: what `walkSome` turned round is true no longer. */
  forgetHosts(): void {
    this.#some = null;
  }

  walk(host: WalkedHost): void {
    this.#begin();
    this.#mark(host);
    const units = this.#unitsOf(host.packages);
    this.#collect(host, units, 0, units.length);
    this.#addMet(host);
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
    this.#addMet(host);
    for (const { unit } of host.residuals)
      if (only.has(unit.source) && this.#columns.met[unit.source.index] !== this.#serial) this.#addMemoryOnly(host, unit);
  }

  #begin(): void {
    this.count = 0;
    this.#metCount = 0;
    this.#kernelUnits.length = 0;
    this.#grow();
    this.#serial += 1;
  }

  #addMet(host: WalkedHost): void {
    const { offered, offerAt, single, sinceMs } = this.#columns;
    for (let at = 0; at < this.#metCount; at++) {
      const index = this.#met[at]!;
      const offer = offered[index] === this.#serial ? host.offers![offerAt[index]!]! : null;
      const unit = single[index]! - 1;
      const since = sinceMs[index]!;
      const isPlain = unit >= 0 && (this.#kinds[unit]! & KERNEL) === 0 && !host.residuals.some(one => one.unit.source.index === index);
      if (isPlain) this.#add(this.#standings.ofOne(this.#units.units[unit]!, offer?.target ?? null), offer, since, since, null);
      else this.#addMixed(host, this.#units.sources[index]!, offer);
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
      // The first one of a source decides.
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

  #addMixed(host: WalkedHost, source: FleetSource, offer: Offer | null): void {
    const found = KERNEL_SOURCE.test(source.name)
      ? this.#mixed.kernel(host, source, this.#images.on(host.packages, this.#kernelUnits, source.index), offer)
      : this.#mixed.several(host, source, this.#unitsOfSource(host, source.index), this.#columns.sinceMs[source.index]!, offer);
    if (found !== null) this.#add(found.standing, offer, found.sinceMs, found.memorySinceMs, found.kernelState);
  }

  #addMemoryOnly(host: WalkedHost, { source }: Unit): void {
    this.#columns.met[source.index] = this.#serial;
    if (KERNEL_SOURCE.test(source.name)) {
      this.#addMixed(host, source, null);
      return;
    }
    const { standing, sinceMs, memorySinceMs } = this.#mixed.memoryOnly(host, source, this.#unitsOfSource(host, source.index));
    this.#add(standing, null, sinceMs, memorySinceMs, null);
  }

  /** Distinct units, rising. Not kept for every host: 100,000 lists would be 100 MB. */
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
