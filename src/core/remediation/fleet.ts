import type { Claim, Enrichment } from '../advisories/claim.ts';
import { type ClaimIndex, indexClaims } from '../advisories/claim-index.ts';
import { FleetInventory, type PackageDelta } from '../findings/fleet-inventory.ts';
import { FleetMatcher, type PackageKey } from '../findings/fleet-matcher.ts';
import { FleetUnits, type PackageVersion } from '../findings/fleet-units.ts';
import { type Assessment, assess } from './assessment.ts';
import type { HostExposure } from './deadline.ts';
import { type Candidate, type Offer, Offers } from './offers.ts';
import type { Criticality } from './patch.ts';
import { PatchQueue } from './patch-queue.ts';
import { type Residual, type SourceOnHost, SourceWalk } from './source-standing.ts';
import { Standings } from './standing.ts';
import { VulnerabilityRisks } from './vulnerability-risk.ts';

/** What the fleet model keeps of a host. Lists that many hosts have alike are shared by the key beside them. */
export interface FleetHost {
  readonly id: string;
  /** `debian:12`; empty before the first inventory. */
  readonly release: string;
  readonly exposure: HostExposure;
  readonly criticality: Criticality;
  readonly enrolledMs: number;
  /** Digest of the package set, null before the first inventory. */
  readonly packagesKey: string | null;
  /** Digest of the candidates; null when they could not be read. */
  readonly candidatesKey: string | null;
  /** Pairs of package_version id and epoch seconds, rising ids: versions that came at another moment than the host. */
  readonly since: Uint32Array;
  readonly residuals: readonly ResidualVersion[];
  readonly runningKernel: string | null;
}

/** Called only when no other host has the same key. Rising ids. */
export interface HostLists {
  readonly packageIds: () => Uint32Array;
  readonly candidateIds: () => Uint32Array;
}

export interface ResidualVersion {
  readonly packageName: string;
  readonly sourceName: string;
  readonly sourceVersion: string;
  readonly until: Residual['until'];
  readonly sinceMs: number;
}

interface Entry {
  readonly host: FleetHost;
  readonly candidates: CandidateSet | null;
  readonly residuals: readonly Residual[];
  assessment: Assessment | null;
}

interface CandidateSet {
  readonly key: string;
  readonly ids: Uint32Array;
  hosts: number;
  /** By release: the same offers may mean different things on two releases. */
  readonly offers: Map<string, readonly Offer[]>;
}

/**
 * The whole fleet in memory: a cache over the tables that answers for any host, package, vulnerability or patch. Everything is matched once per
 * distinct version; a report re-assesses one host, a changed advisory the hosts that have a version of that package.
 */
export class Fleet {
  readonly inventory = new FleetInventory();
  readonly units: FleetUnits;
  readonly matcher: FleetMatcher;
  #risks: VulnerabilityRisks;
  #standings: Standings;
  #walk: SourceWalk;
  #queue: PatchQueue;
  readonly #entries: (Entry | undefined)[] = [];
  readonly #slotOf = new Map<string, number>();
  readonly #freeSlots: number[] = [];
  readonly #candidates: (Candidate | undefined)[] = [];
  readonly #candidateSets = new Map<string, CandidateSet>();
  readonly #offers: Offers;
  /** Slots whose numbers are stale; the rest are true until their `validUntilMs`. */
  readonly #stale = new Set<number>();
  #index: ClaimIndex = indexClaims([]);
  #enrichmentOf: (id: string) => Enrichment | null = () => null;

  constructor() {
    this.units = new FleetUnits((release, name) => this.#index.packageClaims(release, 'binary', name) !== null);
    this.matcher = new FleetMatcher(this.units);
    this.#offers = new Offers(this.units);
    this.#risks = new VulnerabilityRisks(id => this.#enrichmentOf(id));
    this.#standings = new Standings(this.matcher, this.#risks);
    this.#walk = new SourceWalk(this.units, this.matcher, this.#standings);
    this.#queue = new PatchQueue(this.#standings);
  }

  get queue(): PatchQueue {
    return this.#queue;
  }

  get risks(): VulnerabilityRisks {
    return this.#risks;
  }

  get size(): number {
    return this.#slotOf.size;
  }

  addVersion(version: PackageVersion): void {
    this.units.addVersion(version);
  }

  addCandidate(candidate: Candidate): void {
    this.#candidates[candidate.id] = candidate;
  }

  hasCandidate(id: number): boolean {
    return this.#candidates[id] !== undefined;
  }

  slotOf(hostId: string): number | undefined {
    return this.#slotOf.get(hostId);
  }

  host(slot: number): FleetHost {
    return this.#entry(slot).host;
  }

  /** null when the host's candidates could not be read. */
  offersOn(slot: number): readonly Offer[] | null {
    const { host, candidates } = this.#entry(slot);
    if (candidates === null) return null;
    let offers = candidates.offers.get(host.release);
    if (offers === undefined) {
      offers = this.#offers.of(
        Array.from(candidates.ids, id => this.#candidates[id]!),
        host.release,
      );
      candidates.offers.set(host.release, offers);
    }
    return offers;
  }

  *slots(): Iterable<number> {
    for (let slot = 0; slot < this.#entries.length; slot++) if (this.#entries[slot] !== undefined) yield slot;
  }

  /** Adds or replaces a host. The delta is empty while the fleet is loading (before `inventory.index()`). */
  putHost(host: FleetHost, lists: HostLists): { readonly slot: number; readonly delta: PackageDelta } {
    const slot = this.#slotOf.get(host.id) ?? this.#freeSlots.pop() ?? this.#entries.length;
    this.#slotOf.set(host.id, slot);
    const delta =
      host.packagesKey === null ? this.inventory.remove(slot) : this.inventory.setPackages(slot, host.packagesKey, lists.packageIds);
    const candidates = host.candidatesKey === null ? null : this.#takeCandidates(host.candidatesKey, lists.candidateIds);
    this.#releaseCandidates(this.#entries[slot]?.candidates ?? null);
    this.#entries[slot] = { host, candidates, residuals: this.#residualsFor(host), assessment: null };
    this.#stale.add(slot);
    return { slot, delta };
  }

  removeHost(hostId: string): void {
    const slot = this.#slotOf.get(hostId);
    if (slot === undefined) return;
    this.inventory.remove(slot);
    this.#queue.removeHost(slot);
    this.#releaseCandidates(this.#entry(slot).candidates);
    this.#entries[slot] = undefined;
    this.#stale.delete(slot);
    this.#slotOf.delete(hostId);
    this.#freeSlots.push(slot);
  }

  /** All claims anew. Everything is matched and assessed again, by `refresh` or when it is asked for. */
  loadClaims(index: ClaimIndex, enrichmentOf: (id: string) => Enrichment | null): void {
    this.#index = index;
    this.#enrichmentOf = enrichmentOf;
    this.units.forgetUnits();
    this.matcher.load(index);
    this.#restart();
    this.#offers.forget();
    for (const set of this.#candidateSets.values()) set.offers.clear();
    for (const slot of this.slots()) {
      const entry = this.#entry(slot);
      if (entry.residuals.length > 0) this.#entries[slot] = { ...entry, residuals: this.#residualsFor(entry.host) };
      this.#stale.add(slot);
    }
  }

  /** All claims in force about one package. The answer is the hosts that have a version of it, whose numbers follow. */
  setClaims(key: PackageKey, claims: readonly Claim[]): Uint32Array {
    const touched = this.matcher.setClaims(key, claims);
    this.#walk.forget(touched);
    this.#standings.forget(new Set(touched.map(unit => unit.source)));
    const slots = this.#hostsOf(touched);
    for (const slot of slots) this.#stale.add(slot);
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
    const entry = this.#entry(slot);
    const known = entry.assessment;
    if (known !== null && !this.#stale.has(slot) && nowMs < known.validUntilMs) return known;
    const { host } = entry;
    const fresh = assess(this.sourcesOf(slot), { exposure: host.exposure, offersKnown: host.candidatesKey !== null }, nowMs);
    this.#queue.setHost(slot, this.#entries.length, host, fresh.memberships);
    // The queue keeps the memberships, packed.
    entry.assessment = { ...fresh, memberships: NO_MEMBERSHIPS };
    this.#stale.delete(slot);
    return entry.assessment;
  }

  /** Brings every stale host up to date; the number that were. */
  refresh(nowMs: number): number {
    const count = this.#stale.size;
    for (const slot of this.#stale) this.assessment(slot, nowMs);
    return count;
  }

  sourcesOf(slot: number): SourceOnHost[] {
    const { host, residuals } = this.#entry(slot);
    if (host.packagesKey === null) return [];
    const offers = this.offersOn(slot);
    const { since, enrolledMs } = host;
    return this.#walk.sourcesOf({
      release: host.release,
      exposure: host.exposure,
      ids: this.inventory.idsOf(slot),
      sinceMs: id => sinceMs(since, id) ?? enrolledMs,
      offers,
      residuals,
      runningKernel: host.runningKernel,
    });
  }

  /** When a version came onto the host, null when it came with the host. */
  sinceOf(slot: number, versionId: number): number | null {
    return sinceMs(this.#entry(slot).host.since, versionId);
  }

  #restart(): void {
    this.#risks = new VulnerabilityRisks(id => this.#enrichmentOf(id));
    this.#standings = new Standings(this.matcher, this.#risks);
    this.#walk = new SourceWalk(this.units, this.matcher, this.#standings);
    const generation = this.#queue.generation + 1;
    this.#queue = new PatchQueue(this.#standings);
    this.#queue.generation = generation;
  }

  #hostsOf(units: ReturnType<FleetMatcher['unitsOf']>): Uint32Array {
    const release = units[0]?.source.release;
    // A version id belongs to no release: the same package version may be installed on Debian 11 and 12 with different verdicts.
    return this.inventory.hostsOfAny(units.flatMap(unit => unit.versionIds)).filter(slot => this.#entries[slot]?.host.release === release);
  }

  #takeCandidates(key: string, ids: () => Uint32Array): CandidateSet {
    let set = this.#candidateSets.get(key);
    if (set === undefined) this.#candidateSets.set(key, (set = { key, ids: ids(), hosts: 0, offers: new Map() }));
    set.hosts += 1;
    return set;
  }

  #releaseCandidates(set: CandidateSet | null): void {
    if (set !== null && --set.hosts === 0) this.#candidateSets.delete(set.key);
  }

  #residualsFor(host: FleetHost): readonly Residual[] {
    return host.residuals.map(residual => ({
      unit: this.units.unitNamed(host.release, residual),
      packageName: residual.packageName,
      until: residual.until,
      sinceMs: residual.sinceMs,
    }));
  }

  #entry(slot: number): Entry {
    const entry = this.#entries[slot];
    if (entry === undefined) throw new Error(`no host has slot ${slot}`);
    return entry;
  }
}

const NO_MEMBERSHIPS: Assessment['memberships'] = [];

function sinceMs(pairs: Uint32Array, versionId: number): number | null {
  let low = 0;
  let high = pairs.length >>> 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (pairs[middle * 2]! < versionId) low = middle + 1;
    else high = middle;
  }
  return pairs[low * 2] === versionId ? pairs[low * 2 + 1]! * 1_000 : null;
}
