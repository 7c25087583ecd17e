import type { Enrichment } from '../../core/advisories/claim.ts';
import { indexClaims } from '../../core/advisories/claim-index.ts';
import { packageKindOfRelease } from '../../core/advisories/releases.ts';
import { difference, unpackIdArray } from '../../core/findings/fleet-inventory.ts';
import type { PackageVersion } from '../../core/findings/fleet-units.ts';
import { epochMs, type Instant } from '../../core/kernel/instants.ts';
import { installedByBinary } from '../../core/remediation/changes.ts';
import { dueAtMs } from '../../core/remediation/deadline.ts';
import { Fleet } from '../../core/remediation/fleet.ts';
import type { Offer } from '../../core/remediation/offers.ts';
import type { QueuedPatch } from '../../core/remediation/patch-queue.ts';
import { PatchRanking, type RankedEntry } from '../../core/remediation/ranked-patches.ts';
import { nextResiduals, type ResidualFacts, type ResidualVersion, stalePackagesOf, unexplained } from '../../core/remediation/residuals.ts';
import type { GroupedFinding } from '../../core/remediation/standing.ts';
import type { Context } from '../context.ts';
import { CHANGELOG_FEED, type FeedClaims, readClaims, readEnrichments } from './claim-rows.ts';
import { type HostRecord, recordOf } from './host-record.ts';
import { allHosts, type HostRow, readHosts, unpackSincePairs } from './host-rows.ts';
import { type ReplacedVersion, readResiduals, replacedSinceBoot, type UnexplainedHost, writeResiduals } from './residual-rows.ts';
import { readCandidates, readVersions, versionIdsOfCandidates } from './version-rows.ts';

export interface RankedQueue {
  readonly generation: number;
  readonly at: Instant;
  readonly entries: readonly RankedEntry[];
  readonly byId: ReadonlyMap<string, RankedEntry>;
  /** The entry that a patch of the queue stands in. */
  readonly byPart: ReadonlyMap<QueuedPatch, RankedEntry>;
}

/**
 * The fleet in memory, kept true to the tables: `core/remediation/fleet.ts` holds packages and findings, this class what a row of a host says beside
 * them. It takes in what neighbours announce, in batches; nothing here is written but residual versions.
 */
export class FleetModel {
  readonly fleet = new Fleet();
  /** By slot. */
  readonly records: (HostRecord | undefined)[] = [];
  /** Package name -> ids of its versions, for group queries. */
  readonly versionsByName = new Map<string, number[]>();
  readonly #context: Context;
  readonly #ranking = new PatchRanking();
  #ranked: RankedQueue | null = null;
  #claims: FeedClaims = new Map();
  #enrichments = new Map<string, Enrichment>();
  #kevKnown = false;
  readonly #releases = new Set<string>();
  #changelogMark = '';

  constructor(context: Context) {
    this.#context = context;
  }

  get nowMs(): number {
    return epochMs(this.#context.clock.now());
  }

  /** Whether the KEV catalog was ever loaded: without it "not in KEV" is an assumption. */
  get kevKnown(): boolean {
    return this.#kevKnown;
  }

  enrichment(vulnerabilityId: string): Enrichment | null {
    return this.#enrichments.get(vulnerabilityId) ?? null;
  }

  /** Whether any publisher is heard about the release. Changelogs do not count: they name only what a candidate fixes. */
  hasAdvisories(release: string): boolean {
    for (const [feed, packages] of this.#claims)
      if (feed !== CHANGELOG_FEED) for (const { key } of packages.values()) if (key.release === release) return true;
    return false;
  }

  /** When what the model holds of a host was observed, epoch ms. */
  observedAt(hostId: string): number | null {
    return this.record(hostId)?.observedMs ?? null;
  }

  record(hostId: string): HostRecord | null {
    const slot = this.fleet.slotOf(hostId);
    return slot === undefined ? null : (this.records[slot] ?? null);
  }

  /** The queue in order; made anew when a host or claim changed, and when time has passed over a due date. */
  ranked(): RankedQueue {
    const at = this.#context.clock.now();
    this.fleet.refresh(epochMs(at));
    const { generation } = this.fleet.queue;
    // "due in 3 days" counts whole days from now, so an order is good for a minute.
    if (this.#ranked?.generation !== generation || this.#ranked.at.slice(0, 16) !== at.slice(0, 16)) {
      const entries = this.#ranking.rank(this.fleet.queue, at);
      this.#ranked = {
        generation,
        at,
        entries,
        byId: new Map(entries.map(entry => [entry.id, entry])),
        byPart: new Map(entries.flatMap(entry => entry.parts.map(part => [part, entry] as const))),
      };
    }
    return this.#ranked;
  }

  /** By name and architecture, those that an offer may move. */
  installed(slot: number, { candidates }: Offer): Map<string, PackageVersion> {
    const names = new Set(candidates.map(({ version }) => version.name));
    const found: PackageVersion[] = [];
    for (const id of this.fleet.inventory.idsOf(slot)) {
      const version = this.fleet.units.version(id);
      if (names.has(version.name)) found.push(version);
    }
    return installedByBinary(found);
  }

  /** When the vulnerable version of a source came onto the host, as its findings count it. */
  sinceOfSource(slot: number, sourceName: string): number {
    const source = this.fleet.sourcesOf(slot).find(({ standing }) => standing.source.name === sourceName);
    return source && Number.isFinite(source.sinceMs) ? source.sinceMs : this.records[slot]!.enrolledMs;
  }

  dueMs(slot: number, { risk, knownMs }: GroupedFinding, sinceMs: number): number | null {
    return dueAtMs(risk.deadline(this.records[slot]!.exposure), Math.max(knownMs, sinceMs));
  }

  async load(): Promise<void> {
    const { db } = this.#context;
    await readVersions(db, null, version => this.#addVersion(version));
    await readCandidates(
      db,
      null,
      id => this.fleet.units.version(id),
      candidate => this.fleet.addCandidate(candidate),
    );
    const residuals = await readResiduals(db);
    const unexplainedHosts: UnexplainedHost[] = [];
    for await (const page of allHosts(db)) {
      // Rows that were interned while this reads.
      await this.#ensureKnown(page);
      for (const row of page) {
        const known = residuals.get(row.id) ?? [];
        this.#put(row, known);
        if (row.inventory !== null) unexplainedHosts.push(...unexplainedOf(row.id, known, factsOf(row)));
      }
    }
    this.fleet.inventory.index();
    await this.takeFeeds(null);
    await this.#explain(unexplainedHosts);
    await this.refresh();
  }

  /** What these hosts' rows say now. Their numbers follow with `refresh`, or when they are asked for. */
  async takeHosts(hostIds: readonly string[]): Promise<void> {
    const rows = await readHosts(this.#context.db, hostIds);
    const found = new Set(rows.map(row => row.id));
    for (const hostId of hostIds) if (!found.has(hostId)) this.#remove(hostId);
    await this.#ensureKnown(rows);
    const isNewRelease = rows.some(row => row.release !== '' && !this.#releases.has(row.release));
    for (const row of rows) await this.#take(row);
    if (isNewRelease) await this.takeFeeds(null);
    else await this.#takeChangelogs();
  }

  /** Claims and enrichment of these feeds as they stand now; null: of all. Only hosts with a version of a package whose claims changed are assessed again. */
  async takeFeeds(feeds: readonly string[] | null): Promise<void> {
    const { db } = this.#context;
    const releases = [...this.#releases];
    const fresh = await readClaims(db, releases, feeds);
    const enriching =
      feeds === null ||
      (await db.query('select from enrichment where feed_id = any($1) limit 1', [feeds])).length > 0 ||
      this.#mayHaveEnriched(feeds);
    if (enriching) this.#enrichments = await readEnrichments(db, releases);
    this.#kevKnown = (await db.query("select from feed where kind = 'kev' and loaded_at is not null limit 1")).length > 0;
    const changed = this.#replaceClaims(fresh, feeds);
    const needsUnits = changed.some(({ kind, release }) => kind === 'binary' && packageKindOfRelease(release) === 'source');
    if (enriching || needsUnits) this.fleet.loadClaims(indexClaims(this.#allClaims()), id => this.enrichment(id));
    else for (const key of changed) this.fleet.setClaims(key, this.#claimsOf(key));
  }

  /** A feed that lost all of its enrichment has no row to show for it. */
  #mayHaveEnriched(feeds: readonly string[]): boolean {
    return feeds.some(feed => feed !== CHANGELOG_FEED && !this.#claims.has(feed));
  }

  #replaceClaims(fresh: FeedClaims, feeds: readonly string[] | null) {
    const changed = new Map<string, { readonly release: string; readonly kind: 'source' | 'binary'; readonly name: string }>();
    for (const feed of feeds ?? new Set([...this.#claims.keys(), ...fresh.keys()])) {
      const before = this.#claims.get(feed) ?? new Map();
      const after = fresh.get(feed) ?? new Map();
      for (const [text, { key, claims }] of after) if (!isSame(before.get(text)?.claims, claims)) changed.set(text, key);
      for (const [text, { key }] of before) if (!after.has(text)) changed.set(text, key);
      if (after.size === 0) this.#claims.delete(feed);
      else this.#claims.set(feed, after);
    }
    return [...changed.values()];
  }

  *#allClaims() {
    for (const packages of this.#claims.values()) for (const { claims } of packages.values()) yield* claims;
  }

  #claimsOf({ release, kind, name }: { readonly release: string; readonly kind: string; readonly name: string }) {
    return [...this.#claims.values()].flatMap(packages => packages.get(`${release}\n${kind}\n${name}`)?.claims ?? []);
  }

  /** Hosts' changelogs may have told something new with the reports that were just taken in. */
  async #takeChangelogs(): Promise<void> {
    const [row] = await this.#context.db.query<{ mark: string | null }>(
      "select max(first_seen_at)::text || ' ' || count(*) as mark from changelog_claim",
    );
    const mark = row?.mark ?? '';
    if (mark === this.#changelogMark) return;
    this.#changelogMark = mark;
    await this.takeFeeds([CHANGELOG_FEED]);
  }

  async #take(row: HostRow): Promise<void> {
    const slot = this.fleet.slotOf(row.id);
    const before = slot === undefined ? [] : this.fleet.host(slot).residuals;
    const replaced = slot === undefined || row.inventory === null ? [] : this.#replacedBy(slot, row.inventory.packages);
    if (row.inventory === null) {
      this.#put(row, before);
      return;
    }
    const facts = factsOf(row);
    const residuals = nextResiduals(before, replaced, facts, row.inventory.observedMs);
    this.#put(row, residuals);
    if (JSON.stringify(residuals) !== JSON.stringify(before)) await writeResiduals(this.#context.db, new Map([[row.id, residuals]]));
    await this.#explain(unexplainedOf(row.id, residuals, facts));
  }

  /** Versions that leave the disk of a host with its new package set, whose package stays or goes. */
  #replacedBy(slot: number, packed: Uint8Array) {
    const { inventory, units } = this.fleet;
    const { added, removed } = difference(inventory.idsOf(slot), unpackIdArray(packed));
    const keyOf = ({ name, arch, version }: PackageVersion) => `${name}\t${arch}\t${version}`;
    // A version whose origin was learned is another row of the same version: nothing left the disk.
    const staying = new Set(Array.from(added, id => keyOf(units.version(id))));
    return removed
      .map(id => ({ ...units.version(id), sinceMs: this.fleet.sinceMs(slot, id) }))
      .filter(version => !staying.has(keyOf(version)));
  }

  /** Processes map files that no known upgrade replaced: the hosts' histories may know the upgrade. */
  async #explain(hosts: readonly UnexplainedHost[]): Promise<void> {
    const { db } = this.#context;
    for (let at = 0; at < hosts.length; at += EXPLAINED_AT_ONCE) {
      const found = await replacedSinceBoot(db, hosts.slice(at, at + EXPLAINED_AT_ONCE));
      const joined = new Map<string, ResidualVersion[]>();
      for (const [hostId, replaced] of found) {
        const slot = this.fleet.slotOf(hostId);
        if (slot === undefined) continue;
        const residuals = this.#residualsOf(slot, replaced);
        if (residuals.length > 0) joined.set(hostId, [...this.fleet.host(slot).residuals, ...residuals]);
      }
      if (joined.size === 0) continue;
      await writeResiduals(db, joined);
      for (const row of await readHosts(db, [...joined.keys()])) if (row.inventory !== null) this.#put(row, joined.get(row.id)!);
    }
  }

  /** What was replaced and is not installed again. */
  #residualsOf(slot: number, replaced: readonly ReplacedVersion[]): ResidualVersion[] {
    const { enrolledMs } = this.fleet.host(slot);
    const installed = Array.from(this.fleet.inventory.idsOf(slot), id => this.fleet.units.version(id));
    return replaced.flatMap(({ name, arch, version, replacedMs }) => {
      const known = (this.versionsByName.get(name) ?? [])
        .map(id => this.fleet.units.version(id))
        .find(one => one.version === version && one.arch === arch);
      const now = installed.find(one => one.name === name);
      // A rebuild for one architecture (binNMU) adds +b1 to the binary's version only (vulnerability-data.md 2.1).
      const sourceVersion = known?.sourceVersion ?? version.replace(/\+b\d+$/, '');
      if (installed.some(one => one.name === name && one.sourceVersion === sourceVersion)) return [];
      return [
        {
          packageName: name,
          sourceName: known?.sourceName ?? now?.sourceName ?? name,
          sourceVersion,
          ...(known?.origin ? { origin: known.origin } : {}),
          until: 'restart' as const,
          sinceMs: Math.min(enrolledMs, replacedMs),
          replacedMs,
        },
      ];
    });
  }

  #put(row: HostRow, residuals: readonly ResidualVersion[]): void {
    const { inventory } = row;
    if (row.release !== '' && inventory !== null) this.#releases.add(row.release);
    const { slot } = this.fleet.putHost(
      {
        id: row.id,
        release: row.release,
        exposure: row.exposure,
        criticality: row.criticality,
        enrolledMs: row.enrolledMs,
        packagesKey: inventory === null ? null : digestKey(inventory.packagesDigest),
        candidatesKey: inventory?.candidates ? digestKey(inventory.candidatesDigest) : null,
        residuals,
        runningKernel: inventory?.facts.kernel?.runningRelease || null,
      },
      {
        // Copied: what the database sent is a view on a buffer of many hosts.
        packages: () => new Uint8Array(inventory!.packages),
        candidateIds: () => unpackIdArray(inventory!.candidates!),
        since: inventory === null ? NO_PAIRS : unpackSincePairs(inventory.since),
      },
    );
    this.records[slot] = recordOf(row);
  }

  #remove(hostId: string): void {
    const slot = this.fleet.slotOf(hostId);
    if (slot === undefined) return;
    this.fleet.removeHost(hostId);
    this.records[slot] = undefined;
  }

  #addVersion(version: Parameters<Fleet['addVersion']>[0]): void {
    this.fleet.addVersion(version);
    this.versionsByName.getOrInsertComputed(version.name, () => []).push(version.id);
  }

  /** Versions and candidates that these hosts have and this process has not read yet. */
  async #ensureKnown(rows: readonly HostRow[]): Promise<void> {
    const { db } = this.#context;
    const versions = new Set<number>();
    const candidates = new Set<number>();
    for (const { inventory } of rows) {
      if (inventory === null) continue;
      for (const id of unpackIdArray(inventory.packages)) if (this.fleet.units.versions[id] === undefined) versions.add(id);
      if (inventory.candidates !== null)
        for (const id of unpackIdArray(inventory.candidates)) if (!this.fleet.hasCandidate(id)) candidates.add(id);
    }
    if (candidates.size > 0)
      for (const id of await versionIdsOfCandidates(db, [...candidates])) if (this.fleet.units.versions[id] === undefined) versions.add(id);
    if (versions.size > 0) await readVersions(db, [...versions], version => this.#addVersion(version));
    if (candidates.size > 0)
      await readCandidates(
        db,
        [...candidates],
        id => this.fleet.units.version(id),
        candidate => this.fleet.addCandidate(candidate),
      );
  }

  /** Numbers of all hosts, in steps, so that a full rematch of a large fleet does not hold up the requests that come meanwhile. False: `mayGoOn` ended it. */
  async refresh(mayGoOn: () => boolean = () => true): Promise<boolean> {
    for (;;) {
      const until = performance.now() + STEP_MS;
      if (this.fleet.refresh(this.nowMs, () => performance.now() < until)) return true;
      await new Promise(resolve => setImmediate(resolve));
      if (!mayGoOn()) return false;
    }
  }
}

const STEP_MS = 25;
const EXPLAINED_AT_ONCE = 500;
const NO_PAIRS = new Uint32Array(0);

/** 15 bytes of a digest as text: 100,000 hosts have two each. */
function digestKey(digest: Buffer): string {
  return digest.toString('base64', 0, 15);
}

function unexplainedOf(hostId: string, residuals: readonly ResidualVersion[], facts: ResidualFacts): UnexplainedHost[] {
  const names = unexplained(residuals, facts);
  return names.length === 0 ? [] : [{ hostId, names, bootedMs: facts.bootedAtMs }];
}

function factsOf({ inventory }: HostRow): ResidualFacts {
  const { staleProcesses, kernel, bootedAt } = inventory!.facts;
  return {
    stalePackages: stalePackagesOf(staleProcesses),
    runningKernel: kernel?.runningRelease || null,
    bootedAtMs: bootedAt === null ? null : Date.parse(bootedAt),
  };
}

function isSame(before: readonly object[] | undefined, after: readonly object[]): boolean {
  return (
    before !== undefined &&
    before.length === after.length &&
    after.every((claim, at) => JSON.stringify(claim) === JSON.stringify(before[at]))
  );
}
