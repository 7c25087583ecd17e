import type { Claim, Enrichment } from '../advisories/claim.ts';
import { type ClaimIndex, indexClaims } from '../advisories/claim-index.ts';
import { packageKindOfRelease } from '../advisories/releases.ts';
import { FleetInventory, type PackageDelta, type PackageSet } from '../findings/fleet-inventory.ts';
import { FleetMatcher, type PackageKey } from '../findings/fleet-matcher.ts';
import { type FleetSource, FleetUnits, type PackageVersion, type Unit } from '../findings/fleet-units.ts';
import { NumberLists } from '../findings/number-lists.ts';
import { SECOND_MS } from '../kernel/instants.ts';
import type { Assessment } from './assessment.ts';
import type { FleetEntry, FleetHost, HostLists } from './fleet-host.ts';
import { FleetNumbers } from './fleet-numbers.ts';
import { BLOCK_HOSTS } from './host-block.ts';
import { HostNumbers } from './host-numbers.ts';
import { type CandidateSet, HostOffers } from './host-offers.ts';
import type { Candidate, Offer } from './offers.ts';
import type { PatchQueue } from './patch-queue.ts';
import { SinceByUnit, UnitsBefore } from './since-by-unit.ts';
import { StaleSlots } from './stale-slots.ts';
import type { VulnerabilityRisks } from './vulnerability-risk.ts';
import { type Residual, type SourceOnHost, sinceMsOf } from './walked-host.ts';

/**
 * The whole fleet in memory: a cache over the tables that answers for any host, package, vulnerability or patch. Everything is matched once per
 * distinct version; a report re-assesses one host, a changed advisory the hosts that have a version of that package.
 */
export class Fleet {
  readonly units: FleetUnits;
  readonly inventory: FleetInventory;
  readonly matcher: FleetMatcher;
  #numbers: FleetNumbers;
  readonly #entries: (FleetEntry | undefined)[] = [];
  readonly #slotOf = new Map<string, number>();
  readonly #freeSlots: number[] = [];
  readonly #hostNumbers = new HostNumbers();
  readonly #sinceByUnit: SinceByUnit;
  /** Pairs of unit index and epoch seconds, by slot. */
  readonly #since = new NumberLists();
  readonly #offers: HostOffers;
  /** Slots of hosts with versions that only live in memory. */
  readonly #withResiduals = new Set<number>();
  /** The numbers of other hosts are true until their `validUntilMs`. */
  readonly #stale = new StaleSlots();
  /** When the clocks of all hosts were last looked at by a refresh that is not through. */
  #lookedMs = Number.NEGATIVE_INFINITY;
  #index: ClaimIndex = indexClaims([]);
  #namedBinaries = '';
  #enrichmentOf: (id: string) => Enrichment | null = () => null;

  readonly #sweepHostsMin: number;

  constructor(options: { readonly sweepHostsMin?: number } = {}) {
    this.#sweepHostsMin = options.sweepHostsMin ?? SWEEP_HOSTS_MIN;
    this.units = new FleetUnits((release, name) => this.#index.packageClaims(release, 'binary', name) !== null);
    this.inventory = new FleetInventory(this.units);
    this.#sinceByUnit = new SinceByUnit(this.units);
    this.matcher = new FleetMatcher(this.units);
    this.#offers = new HostOffers(this.units);
    this.#numbers = this.#newNumbers();
  }

  get queue(): PatchQueue {
    return this.#numbers.queue;
  }

  get risks(): VulnerabilityRisks {
    return this.#numbers.risks;
  }

  get size(): number {
    return this.#slotOf.size;
  }

  addVersion(version: PackageVersion): void {
    this.units.addVersion(version);
  }

  addCandidate(candidate: Candidate): void {
    this.#offers.add(candidate);
  }

  hasCandidate(id: number): boolean {
    return this.#offers.has(id);
  }

  slotOf(hostId: string): number | undefined {
    return this.#slotOf.get(hostId);
  }

  host(slot: number): FleetHost {
    return this.#entry(slot).host;
  }

  /** null when the host's candidates could not be read. */
  offersOn(slot: number): readonly Offer[] | null {
    return this.#entry(slot).candidates?.offers ?? null;
  }

  *slots(): Iterable<number> {
    for (let slot = 0; slot < this.#entries.length; slot++) if (this.#entries[slot] !== undefined) yield slot;
  }

  /** Adds or replaces a host. The delta is empty while the fleet is loading (before `inventory.index()`). */
  putHost(host: FleetHost, lists: HostLists): { readonly slot: number; readonly delta: PackageDelta } {
    const slot = this.#slotOf.get(host.id) ?? this.#freeSlots.pop() ?? this.#entries.length;
    this.#slotOf.set(host.id, slot);
    const delta =
      host.packagesKey === null
        ? this.inventory.remove(slot)
        : this.inventory.setPackages(slot, host.release, host.packagesKey, lists.packages);
    const length = this.#sinceByUnit.of(host.release, lists.since, this.inventory.idsOf(slot), host.enrolledMs);
    this.#since.set(slot, this.#sinceByUnit.pairs, length);
    const candidates = host.candidatesKey === null ? null : this.#offers.take(host.release, host.candidatesKey, lists.candidateIds);
    const before = this.#entries[slot];
    this.#offers.release(before?.candidates ?? null);
    this.#entries[slot] = this.#entryFor(slot, host, candidates);
    if (host.residuals.length > 0) this.#withResiduals.add(slot);
    else this.#withResiduals.delete(slot);
    this.#stale.mark(slot);
    // Who has what and who is offered what was read for all hosts at once.
    if (before === undefined || !hasSameLists(before.host, host)) this.#numbers.forgetHosts();
    return { slot, delta };
  }

  removeHost(hostId: string): void {
    const slot = this.#slotOf.get(hostId);
    if (slot === undefined) return;
    this.inventory.remove(slot);
    this.#numbers.forgetHosts();
    this.#numbers.queue.removeHost(slot);
    this.#offers.release(this.#entry(slot).candidates);
    this.#entries[slot] = undefined;
    this.#withResiduals.delete(slot);
    this.#stale.unmark(slot);
    this.#slotOf.delete(hostId);
    this.#freeSlots.push(slot);
  }

  /** All claims anew. Everything is matched and assessed again, by `refresh` or when it is asked for. */
  loadClaims(index: ClaimIndex, enrichmentOf: (id: string) => Enrichment | null): void {
    this.#index = index;
    this.#enrichmentOf = enrichmentOf;
    const binaries = namedBinaries(index);
    if (binaries !== this.#namedBinaries) this.#forgetUnits(binaries);
    this.matcher.load(index);
    this.#restart();
    for (const slot of this.slots()) {
      const entry = this.#entry(slot);
      if (entry.residuals.length > 0) this.#entries[slot] = this.#entryFor(slot, entry.host, entry.candidates);
      this.#stale.mark(slot);
    }
  }

  /** All claims in force about one package. The answer is the hosts that have a version of it, whose numbers follow. */
  setClaims(key: PackageKey, claims: readonly Claim[]): Uint32Array {
    const touched = this.matcher.setClaims(key, claims);
    this.#numbers.forget(touched);
    const slots = this.#hostsOf(touched);
    for (const slot of slots) this.#stale.mark(slot);
    return slots;
  }

  /** Hosts of these units' release whose findings name the vulnerability. Exact: a host is named only when its own versions are affected. */
  hostsWith(key: PackageKey, vulnerabilityId: string): Uint32Array {
    const units = this.matcher.unitsOf(key);
    const isNamed = (unit: (typeof units)[number]) => {
      const { vulnerable, undecided } = this.matcher.of(unit);
      return [...vulnerable, ...undecided.keys()].some(
        ({ subject }) => subject.vulnerabilityId === vulnerabilityId || subject.aliases.includes(vulnerabilityId),
      );
    };
    return this.#hostsOf(units.filter(isNamed));
  }

  assessment(slot: number, nowMs: number): Assessment {
    return this.numbersOf(slot, nowMs).of(slot);
  }

  /** The columns with the host's numbers, brought up to date for it. */
  numbersOf(slot: number, nowMs: number): HostNumbers {
    if (this.#stale.has(slot) || !this.#hostNumbers.isValid(slot, nowMs)) {
      this.#numbers.assess(this.#entry(slot), this.#entries.length, nowMs);
      this.#stale.unmark(slot);
    }
    return this.#hostNumbers;
  }

  /**
   * Brings stale hosts up to date, and those whose numbers time has overtaken. `mayGoOn` is asked every few milliseconds; the answer is false when it ended
   * the work early: the next call goes on where this one stopped.
   */
  refresh(nowMs: number, mayGoOn: () => boolean = () => true): boolean {
    this.#markOvertaken(nowMs);
    const inBlocks = this.#stale.count >= this.#sweepHostsMin && this.inventory.isIndexed;
    for (let taken = 1; ; taken++) {
      const slot = this.#stale.next();
      if (slot === null) break;
      if (inBlocks) this.#assessBlock(slot, nowMs);
      else this.numbersOf(slot, nowMs);
      if ((inBlocks || taken % HOSTS_A_STEP === 0) && this.#stale.count > 0 && !mayGoOn()) return false;
    }
    this.#lookedMs = Number.NEGATIVE_INFINITY;
    this.#numbers.forgetHosts();
    return true;
  }

  #assessBlock(slot: number, nowMs: number): void {
    const hostOf = (one: number) => {
      if (!this.#stale.has(one)) return undefined;
      this.#stale.unmark(one);
      return this.#entry(one);
    };
    this.#numbers.assessBlock(slot - (slot % BLOCK_HOSTS), hostOf, this.#offers.sources, this.#entries.length, nowMs);
  }

  /** Work in steps of some milliseconds does not look at all hosts' clocks before each of them. */
  #markOvertaken(nowMs: number): void {
    if (nowMs >= this.#lookedMs && nowMs < this.#lookedMs + SECOND_MS) return;
    this.#lookedMs = nowMs;
    for (let slot = 0; slot < this.#entries.length; slot++)
      if (this.#entries[slot] !== undefined && !this.#hostNumbers.isValid(slot, nowMs)) this.#stale.mark(slot);
  }

  /** The sources of a host that matter; of `only` these, which costs a look-up for each and not a walk over all. */
  sourcesOf(slot: number, only?: ReadonlySet<FleetSource>): SourceOnHost[] {
    const entry = this.#entry(slot);
    const { walk } = this.#numbers;
    if (only === undefined) walk.walk(entry);
    else walk.walkSome(entry, only, this.inventory);
    return walk.found.slice(0, walk.count).map(source => ({ ...source }));
  }

  /** Ids of a source's binaries on the host that count as installed: all of them, for a kernel the image that runs and the newest one. */
  versionIdsOf(slot: number, source: Pick<SourceOnHost, 'standing'>): number[] {
    return this.#numbers.walk.versionIds(this.#entry(slot), source, this.inventory);
  }

  /** When a version came onto the host, as findings count it. */
  sinceMs(slot: number, versionId: number): number {
    const entry = this.#entry(slot);
    return sinceMsOf(entry, this.units.indexOf(entry.release, versionId));
  }

  #entryFor(slot: number, host: FleetHost, candidates: CandidateSet | null): FleetEntry {
    const { release, enrolledMs, runningKernel } = host;
    const packages = this.inventory.setOf(slot) ?? NO_PACKAGES;
    return {
      host,
      candidates,
      release,
      packages,
      since: this.#since,
      slot,
      enrolledMs,
      offers: candidates?.offers ?? null,
      residuals: this.#residualsFor(host),
      runningKernel,
    };
  }

  /** Publishers speak of other binary packages than before, so what is one unit and what is several has changed. */
  #forgetUnits(namedBinaries: string): void {
    this.#namedBinaries = namedBinaries;
    const before = this.units.units;
    const unitOf = new UnitsBefore(before);
    this.units.forgetUnits();
    this.inventory.renewUnits();
    this.#offers.renew();
    for (const slot of this.slots()) {
      const entry = this.#entry(slot);
      const since = this.#sinceByUnit.renewed(entry, this.#since.of(slot), unitOf, this.inventory);
      this.#since.set(slot, since, since.length);
      this.#entries[slot] = this.#entryFor(slot, entry.host, entry.candidates);
    }
  }

  #restart(): void {
    const generation = this.#numbers.queue.generation + 1;
    this.#numbers = this.#newNumbers();
    this.#numbers.queue.generation = generation;
  }

  #newNumbers(): FleetNumbers {
    const { units, inventory, matcher } = this;
    return new FleetNumbers({ units, inventory, matcher, numbers: this.#hostNumbers }, id => this.#enrichmentOf(id));
  }

  /** Rising slots of the hosts that have one of these units on the disk or in memory. */
  #hostsOf(units: readonly Unit[]): Uint32Array {
    const onDisk = this.inventory.hostsOfAny(
      units.flatMap(unit => unit.versionIds),
      units[0]?.source.release ?? null,
    );
    const inMemory = [...this.#withResiduals].filter(slot => this.#entry(slot).residuals.some(({ unit }) => units.includes(unit)));
    return inMemory.length === 0 ? onDisk : Uint32Array.from(new Set([...onDisk, ...inMemory])).sort();
  }

  #residualsFor(host: FleetHost): readonly Residual[] {
    return host.residuals.map(residual => ({
      unit: this.units.unitNamed(host.release, residual),
      packageName: residual.packageName,
      until: residual.until,
      sinceMs: residual.sinceMs,
    }));
  }

  #entry(slot: number): FleetEntry {
    const entry = this.#entries[slot];
    if (entry === undefined) throw new Error(`no host has slot ${slot}`);
    return entry;
  }
}

function hasSameLists(a: FleetHost, b: FleetHost): boolean {
  return a.release === b.release && a.packagesKey === b.packagesKey && a.candidatesKey === b.candidatesKey;
}

/** The binary packages that publishers speak of on releases whose advisories otherwise name sources. */
function namedBinaries(index: ClaimIndex): string {
  return [...index.packages()]
    .filter(({ release, kind }) => kind === 'binary' && packageKindOfRelease(release) === 'source')
    .map(({ release, name }) => `${release} ${name}`)
    .sort()
    .join('\n');
}

/** Blocks ask all units for their hosts; for fewer hosts their own lists are the shorter way. */
const SWEEP_HOSTS_MIN = 500;

/** A millisecond; a block takes some three. */
const HOSTS_A_STEP = 50;

const NO_PACKAGES: PackageSet = { key: '', release: '', packed: new Uint8Array(0), size: 0, hosts: 0 };
