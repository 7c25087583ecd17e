import type { FleetInventory } from '../findings/fleet-inventory.ts';
import type { FleetMatcher } from '../findings/fleet-matcher.ts';
import type { FleetSource, FleetUnits, Unit } from '../findings/fleet-units.ts';
import { BLOCK_HOSTS, BLOCK_WORDS, type HostBlock, lowestBit, PLACES } from './host-block.ts';
import { KernelBlock } from './kernel-block.ts';
import { KERNEL_SOURCE, type KernelImage, type KernelImages, risingImages } from './kernel-images.ts';
import { MixedSources } from './mixed-sources.ts';
import type { Offer } from './offers.ts';
import { OffersInBlock } from './offers-in-block.ts';
import type { SharedNumbers } from './shared-numbers.ts';
import type { Standings } from './standing.ts';
import { UnitHosts } from './unit-hosts.ts';
import { type SourceOnHost, sinceMsOf, type WalkedHost } from './walked-host.ts';

/** Who takes what a walk over a block finds, in the order in which SourceWalk finds it on each of the hosts. */
export interface BlockSink {
  /** The host with this bit has a source that amounts to this row of SharedNumbers. */
  shared(host: number, row: number): void;
  /** It has a source with numbers of its own. */
  own(host: number, found: SourceOnHost): void;
}

/**
 * As SourceWalk, for 512 hosts at a time and version by version: of the 75 million packages of 100,000 hosts only some thousand versions matter, and the
 * hosts of a block that have one, are offered the same and are of one exposure are a few operations on words of bits.
 */
export class BlockWalk {
  readonly #units: FleetUnits;
  readonly #inventory: FleetInventory;
  readonly #matcher: FleetMatcher;
  readonly #shared: SharedNumbers;
  readonly #mixed: MixedSources;
  readonly #images: KernelImages;
  readonly #offers: OffersInBlock;
  readonly #kernels: ReadonlyMap<FleetSource, KernelBlock>;
  /** What matters, rising by index; BLOCK_WORDS of `#words` each. */
  readonly #mattering: readonly Unit[];
  readonly #isVulnerable: Uint8Array;
  readonly #hosts: UnitHosts;
  readonly #words: Uint32Array;
  /** Their sources, by numbers of their own; BLOCK_WORDS of the masks each. */
  readonly #sources: readonly FleetSource[];
  readonly #sourceOf: Uint32Array;
  /** Hosts that have the source, those where it is not one version on the disk and nothing else, and those of these that are through. */
  readonly #met: Uint32Array;
  readonly #isMixed: Uint32Array;
  readonly #done: Uint32Array;
  /** The moments of each host (`WalkedHost.since`), where they go on and where they end. */
  readonly #moments: Uint32Array[] = [];
  readonly #cursors = new Uint32Array(BLOCK_HOSTS);
  readonly #ends = new Uint32Array(BLOCK_HOSTS);
  /** Reused: whoever takes a source with numbers of its own reads it at once. */
  #own: SourceOnHost | null = null;
  /** Where the block begins that was walked last. */
  #last = -1;
  readonly #chosen = new Uint32Array(BLOCK_WORDS);
  readonly #rest = new Uint32Array(BLOCK_WORDS);
  /** By place: the row that the version and the offer at hand amount to. */
  readonly #rows = new Int32Array(PLACES);

  /** `offered` are the sources that some host is offered. The walk is good until a host or a claim changes. */
  constructor(
    {
      units,
      inventory,
      matcher,
      standings,
      shared,
      images,
    }: {
      readonly units: FleetUnits;
      readonly inventory: FleetInventory;
      readonly matcher: FleetMatcher;
      readonly standings: Standings;
      readonly shared: SharedNumbers;
      readonly images: KernelImages;
    },
    offered: Iterable<FleetSource>,
  ) {
    this.#units = units;
    this.#inventory = inventory;
    this.#matcher = matcher;
    this.#shared = shared;
    this.#images = images;
    this.#mixed = new MixedSources(standings);
    this.#mattering = this.#unitsThatMatter(offered);
    this.#isVulnerable = Uint8Array.from(this.#mattering, unit => Number(this.#isAffected(unit)));
    this.#sources = [...new Set(this.#mattering.map(({ source }) => source))];
    const numberOf = new Map(this.#sources.map((source, number) => [source, number]));
    this.#sourceOf = Uint32Array.from(this.#mattering, ({ source }) => numberOf.get(source)!);
    this.#offers = new OffersInBlock(this.#sources, units);
    const isKernel = ({ name }: FleetSource) => KERNEL_SOURCE.test(name);
    this.#kernels = new Map(
      this.#sources
        .filter(isKernel)
        .map(source => [source, new KernelBlock(inventory, this.#rising(source), this.#mattering, source, numberOf.get(source)!)]),
    );
    this.#hosts = new UnitHosts(
      inventory,
      // The words of a kernel's versions are written by KernelBlock.
      this.#mattering.map(({ versionIds, source }) => ({
        versionIds: isKernel(source) ? [] : versionIds,
        release: source.release,
      })),
    );
    this.#words = new Uint32Array(this.#mattering.length * BLOCK_WORDS);
    this.#met = new Uint32Array(this.#sources.length * BLOCK_WORDS);
    this.#isMixed = new Uint32Array(this.#sources.length * BLOCK_WORDS);
    this.#done = new Uint32Array(this.#sources.length * BLOCK_WORDS);
  }

  walk(block: HostBlock, nowMs: number, sink: BlockSink): void {
    if (block.first <= this.#last) this.#rewind();
    this.#last = block.first;
    this.#met.fill(0);
    this.#isMixed.fill(0);
    this.#done.fill(0);
    this.#words.fill(0);
    this.#offers.fill(block);
    this.#markResiduals(block);
    this.#meet(block);
    this.#openMoments(block);
    for (let at = 0; at < this.#mattering.length; at++) this.#take(at, block, nowMs, sink);
    this.#addMemoryOnly(block, sink);
  }

  #rewind(): void {
    this.#hosts.rewind();
    for (const kernel of this.#kernels.values()) kernel.rewind();
  }

  #openMoments({ hosts }: HostBlock): void {
    for (let host = 0; host < BLOCK_HOSTS; host++) {
      const walked = hosts[host];
      if (walked === undefined) continue;
      const { since, slot } = walked;
      this.#moments[host] = since.numbers(slot);
      this.#cursors[host] = since.start(slot);
      this.#ends[host] = since.start(slot) + since.length(slot);
    }
  }

  #markResiduals({ hosts }: HostBlock): void {
    for (let host = 0; host < BLOCK_HOSTS; host++)
      for (const { unit } of hosts[host]?.residuals ?? []) {
        const source = this.#offers.numberOf(unit.source.index);
        if (source >= 0) this.#isMixed[source * BLOCK_WORDS + (host >>> 5)]! |= 1 << (host & 31);
      }
  }

  /** Which hosts of the block have which version, and which of them have two of a source. */
  #meet(block: HostBlock): void {
    const words = this.#words;
    for (let at = 0; at < this.#mattering.length; at++) {
      const start = at * BLOCK_WORDS;
      if (!this.#hosts.blockInto(at, block.first, words, start)) continue;
      const source = this.#sourceOf[at]! * BLOCK_WORDS;
      for (let word = 0; word < BLOCK_WORDS; word++) {
        let hosts = words[start + word]! & block.wanted[word]!;
        // A version that nobody calls vulnerable matters where something else is offered.
        if (this.#isVulnerable[at] === 0) hosts &= this.#offers.offered[source + word]!;
        words[start + word] = hosts;
        this.#isMixed[source + word]! |= this.#met[source + word]! & hosts;
        this.#met[source + word]! |= hosts;
      }
    }
    for (const kernel of this.#kernels.values()) kernel.meet(block, words, this.#met, this.#isMixed);
  }

  /** One version of a source on the hosts of the block that have it. */
  #take(at: number, block: HostBlock, nowMs: number, sink: BlockSink): void {
    const number = this.#sourceOf[at]!;
    let any = 0;
    for (let word = 0; word < BLOCK_WORDS; word++) {
      const source = number * BLOCK_WORDS + word;
      const hosts = this.#words[at * BLOCK_WORDS + word]! & ~this.#done[source]!;
      const mixed = hosts & this.#isMixed[source]!;
      for (let left = mixed; left !== 0; left &= left - 1) this.#takeMixed((word << 5) + lowestBit(left), number, block, sink);
      // With the first of the host's versions all of them are taken.
      this.#done[source]! |= mixed;
      this.#rest[word] = hosts & ~mixed;
      any |= hosts & ~mixed;
    }
    if (any === 0) return;
    for (let offer = this.#offers.first(number); offer >= 0; offer = this.#offers.next(offer))
      if (this.#offers.takeFrom(this.#rest, offer, this.#chosen)) this.#takeAlike(at, this.#offers.offer(offer), block, nowMs, sink);
    if (this.#isVulnerable[at] === 0) return;
    this.#chosen.set(this.#rest);
    this.#takeAlike(at, null, block, nowMs, sink);
  }

  /** The hosts in `#chosen`: one version, one offer. What differs yet is the exposure, and the moment where it counts. */
  #takeAlike(at: number, offer: Offer | null, block: HostBlock, nowMs: number, sink: BlockSink): void {
    const unit = this.#mattering[at]!.index;
    const { places } = block;
    const rows = this.#rows.fill(NO_ROW);
    for (let word = 0; word < BLOCK_WORDS; word++) {
      for (let left = this.#chosen[word]!; left !== 0; left &= left - 1) {
        const host = (word << 5) + lowestBit(left);
        const place = places[host]!;
        if (rows[place] === NO_ROW) rows[place] = this.#shared.rowOf(unit, offer, place, nowMs);
        const row = rows[place]!;
        const max = this.#shared.sinceMsMax[row]!;
        const sinceMs = max === Number.POSITIVE_INFINITY ? max : this.#sinceMs(host, unit, block.enrolledMs[host]!);
        if (sinceMs <= max) sink.shared(host, row);
        else this.#takeLater(host, row, offer, sinceMs, sink);
      }
    }
  }

  /** The version came to the host after the first of its fixes was known: it has a clock of its own. */
  #takeLater(host: number, row: number, offer: Offer | null, sinceMs: number, sink: BlockSink): void {
    const standing = this.#shared.standings[row]!;
    const own = (this.#own ??= { standing, offer, sinceMs, memorySinceMs: sinceMs, kernelState: null });
    own.standing = standing;
    own.offer = offer;
    own.sinceMs = sinceMs;
    own.memorySinceMs = sinceMs;
    sink.own(host, own);
  }

  /** When the version came onto the host. A host is asked for its versions by rising index, as its moments are. */
  #sinceMs(host: number, unit: number, enrolledMs: number): number {
    const moments = this.#moments[host]!;
    const end = this.#ends[host]!;
    let at = this.#cursors[host]!;
    while (at < end && moments[at]! < unit) at += 2;
    this.#cursors[host] = at;
    return at < end && moments[at] === unit ? moments[at + 1]! * 1_000 : enrolledMs;
  }

  #takeMixed(at: number, number: number, block: HostBlock, sink: BlockSink): void {
    const host = block.hosts[at]!;
    const source = this.#sources[number]!;
    const offer = this.#offers.on(at, number);
    if (KERNEL_SOURCE.test(source.name)) {
      this.#takeKernel(at, host, source, offer, sink);
      return;
    }
    const disk = this.#disk(host, source);
    const affected = disk.filter(unit => this.#isAffected(unit)).map(unit => sinceMsOf(host, unit.index));
    sink.own(at, this.#mixed.several(host, source, disk, Math.min(...affected), offer));
  }

  #takeKernel(at: number, host: WalkedHost, source: FleetSource, offer: Offer | null, sink: BlockSink): void {
    const kernel = this.#kernels.get(source);
    const rising = kernel?.imagesOn(at) ?? this.#rising(source).filter(({ id }) => this.#inventory.has(host.slot, id));
    const found = this.#mixed.kernel(host, source, rising, offer);
    if (found !== null) sink.own(at, found);
  }

  #rising(source: FleetSource): KernelImage[] {
    const images = source.units.flatMap(unit => this.#images.of(unit));
    return risingImages(images, source.release);
  }

  #addMemoryOnly({ hosts }: HostBlock, sink: BlockSink): void {
    for (let at = 0; at < BLOCK_HOSTS; at++) {
      const host = hosts[at];
      if (host === undefined || host.residuals.length === 0) continue;
      for (const source of new Set(host.residuals.map(({ unit }) => unit.source))) {
        const number = this.#offers.numberOf(source.index);
        if (number >= 0 && (this.#met[number * BLOCK_WORDS + (at >>> 5)]! & (1 << (at & 31))) !== 0) continue;
        if (KERNEL_SOURCE.test(source.name)) this.#takeKernel(at, host, source, null, sink);
        else sink.own(at, this.#mixed.memoryOnly(host, source, this.#disk(host, source)));
      }
    }
  }

  /** The host's units of a source, rising. */
  #disk({ slot }: WalkedHost, source: FleetSource): Unit[] {
    return source.units.filter(unit => unit.versionIds.some(id => this.#inventory.has(slot, id)));
  }

  #isAffected(unit: Unit): boolean {
    const { vulnerable, undecided } = this.#matcher.of(unit);
    return vulnerable.length + undecided.size > 0;
  }

  #unitsThatMatter(offered: Iterable<FleetSource>): Unit[] {
    const { units } = this.#units;
    const affected = units.filter(unit => this.#isAffected(unit));
    // Which kernel is the newest on the disk is asked of those too that nobody calls vulnerable.
    const sources = new Set([...offered, ...affected.map(({ source }) => source).filter(({ name }) => KERNEL_SOURCE.test(name))]);
    const isAffected = new Set(affected);
    return units.filter(unit => isAffected.has(unit) || sources.has(unit.source));
  }
}

const NO_ROW = -1;
