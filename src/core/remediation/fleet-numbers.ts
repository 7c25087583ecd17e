import type { Enrichment } from '../advisories/claim.ts';
import type { FleetInventory } from '../findings/fleet-inventory.ts';
import type { FleetMatcher } from '../findings/fleet-matcher.ts';
import type { FleetSource, FleetUnits, Unit } from '../findings/fleet-units.ts';
import { BlockNumbers } from './block-numbers.ts';
import { BlockWalk } from './block-walk.ts';
import { EXPOSURES } from './deadline.ts';
import { type BlockHost, HostBlock } from './host-block.ts';
import type { HostNumbers } from './host-numbers.ts';
import { KernelImages } from './kernel-images.ts';
import { CRITICALITIES } from './patch.ts';
import { PARTS } from './patch-parts.ts';
import { PatchQueue } from './patch-queue.ts';
import { SharedNumbers } from './shared-numbers.ts';
import { SourceWalk } from './source-walk.ts';
import { Standings } from './standing.ts';
import { VulnerabilityRisks } from './vulnerability-risk.ts';

/** The numbers of hosts and patches as one load of claims gives them: of a host by itself, or of a block of 512. */
export class FleetNumbers {
  readonly risks: VulnerabilityRisks;
  readonly standings: Standings;
  readonly queue: PatchQueue;
  readonly walk: SourceWalk;
  readonly #units: FleetUnits;
  readonly #inventory: FleetInventory;
  readonly #matcher: FleetMatcher;
  readonly #numbers: HostNumbers;
  readonly #images: KernelImages;
  readonly #shared: SharedNumbers;
  readonly #block = new HostBlock();
  readonly #blockNumbers: BlockNumbers;
  #blockWalk: BlockWalk | null = null;
  #parts = new Uint32Array(64 * PARTS);

  constructor(
    {
      units,
      inventory,
      matcher,
      numbers,
    }: {
      readonly units: FleetUnits;
      readonly inventory: FleetInventory;
      readonly matcher: FleetMatcher;
      readonly numbers: HostNumbers;
    },
    enrichmentOf: (id: string) => Enrichment | null,
  ) {
    this.#units = units;
    this.#inventory = inventory;
    this.#matcher = matcher;
    this.#numbers = numbers;
    this.#images = new KernelImages(units);
    this.risks = new VulnerabilityRisks(enrichmentOf);
    this.standings = new Standings(matcher, this.risks);
    this.queue = new PatchQueue(this.standings);
    this.#shared = new SharedNumbers(units, this.standings, this.queue);
    this.walk = new SourceWalk(units, matcher, this.standings, this.#images);
    this.#blockNumbers = new BlockNumbers(this.#block, numbers, this.#shared, this.queue);
  }

  /** The matches of these units changed. */
  forget(touched: readonly Unit[]): void {
    this.walk.forget(touched);
    const sources = new Set(touched.map(unit => unit.source));
    this.standings.forget(sources);
    for (const { units } of sources) this.#shared.forget(units);
    this.forgetHosts();
  }

  /** A host changed: who has which version was read for all hosts at once. */
  forgetHosts(): void {
    this.walk.forgetHosts();
    this.#blockWalk = null;
  }

  /** `slots`: one more than the highest in use. */
  assess(entry: BlockHost, slots: number, nowMs: number): void {
    const { slot, host, offers } = entry;
    const { walk } = this;
    walk.walk(entry);
    const exposure = EXPOSURES.indexOf(host.exposure);
    const criticality = CRITICALITIES.indexOf(host.criticality);
    if (this.#parts.length < walk.count * PARTS) this.#parts = new Uint32Array(walk.count * 2 * PARTS);
    let length = 0;
    this.#numbers.begin(slot);
    for (let at = 0; at < walk.count; at++) {
      const found = walk.found[at]!;
      this.#numbers.addSource(slot, found, exposure, offers !== null, nowMs);
      length = this.queue.parts.pack(found, exposure, criticality, this.#parts, length);
    }
    this.queue.setHost(slot, slots, this.#parts, 0, length);
  }

  /** As `assess` for the hosts that `hostOf` answers with, of the block that begins at `first`. `offered`: sources that some host is offered. */
  assessBlock(
    first: number,
    hostOf: (slot: number) => BlockHost | undefined,
    offered: Iterable<FleetSource>,
    slots: number,
    nowMs: number,
  ): void {
    this.#blockWalk ??= this.#newBlockWalk(offered);
    this.#block.fill(first, hostOf);
    this.#blockNumbers.begin(nowMs);
    this.#blockWalk.walk(this.#block, nowMs, this.#blockNumbers);
    this.#blockNumbers.end(slots);
    this.queue.generation += 1;
  }

  #newBlockWalk(offered: Iterable<FleetSource>): BlockWalk {
    return new BlockWalk(
      {
        units: this.#units,
        inventory: this.#inventory,
        matcher: this.#matcher,
        standings: this.standings,
        shared: this.#shared,
        images: this.#images,
      },
      offered,
    );
  }
}
