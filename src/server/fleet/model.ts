import type { Enrichment } from '../../core/advisories/claim.ts';
import { indexClaims } from '../../core/advisories/claim-index.ts';
import type { PackageVersion } from '../../core/findings/fleet-units.ts';
import { unpackIdArray } from '../../core/findings/packed-ids.ts';
import { epochMs } from '../../core/kernel/instants.ts';
import { installedByBinary } from '../../core/remediation/changes.ts';
import { dueAtMs } from '../../core/remediation/deadline.ts';
import { Fleet } from '../../core/remediation/fleet.ts';
import type { HostLists } from '../../core/remediation/fleet-host.ts';
import type { Offer } from '../../core/remediation/offers.ts';
import { nextResiduals, type ResidualVersion } from '../../core/remediation/residuals.ts';
import type { GroupedFinding } from '../../core/remediation/standing.ts';
import type { Context } from '../context.ts';
import { ByteShelf } from './byte-shelf.ts';
import { CHANGELOG_FEED } from './claim-rows.ts';
import { HeldClaims } from './held-claims.ts';
import { copyOf, digestKey, listsOf } from './host-lists.ts';
import { type HostRecord, recordOf } from './host-record.ts';
import { allHosts, type HostRow, readHosts } from './host-rows.ts';
import { QueueRanking, type RankedQueue } from './queue-ranking.ts';
import { ReplacedVersions, residualFactsOf, unexplainedOf } from './replaced-versions.ts';
import { readResiduals, replacedSinceBoot, type UnexplainedHost, writeResiduals } from './residual-rows.ts';
import { readCandidates, readVersions, versionIdsOfCandidates } from './version-rows.ts';

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
  readonly #ranking = new QueueRanking();
  readonly #claims: HeldClaims;
  readonly #replaced = new ReplacedVersions(this.fleet, this.versionsByName);
  readonly #releases = new Set<string>();
  #changelogMark = '';

  constructor(context: Context) {
    this.#context = context;
    this.#claims = new HeldClaims(context.db);
  }

  get nowMs(): number {
    return epochMs(this.#context.clock.now());
  }

  /** Whether the KEV catalog was ever loaded: without it "not in KEV" is an assumption. */
  get kevKnown(): boolean {
    return this.#claims.kevKnown;
  }

  enrichment(vulnerabilityId: string): Enrichment | null {
    return this.#claims.enrichment(vulnerabilityId);
  }

  /** Whether any publisher is heard about the release. Changelogs do not count: they name only what a candidate fixes. */
  hasAdvisories(release: string): boolean {
    return this.#claims.speaksOf(release);
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
    return this.#ranking.of(this.fleet.queue, at);
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

  /** `goOn` is called now and then and may throw: a server that is asked to stop while it starts does not finish this first. */
  async load(goOn: () => void): Promise<void> {
    const { db } = this.#context;
    await readVersions(db, null, version => this.#addVersion(version));
    await readCandidates(
      db,
      null,
      id => this.fleet.units.version(id),
      candidate => this.fleet.addCandidate(candidate),
    );
    const unexplainedHosts = await this.#loadHosts(goOn);
    goOn();
    this.fleet.inventory.index();
    goOn();
    await this.takeFeeds(null);
    await this.#explain(unexplainedHosts);
    await this.refresh(() => {
      goOn();
      return true;
    });
  }

  async #loadHosts(goOn: () => void): Promise<UnexplainedHost[]> {
    const { db } = this.#context;
    const residuals = await readResiduals(db);
    const shelf = new ByteShelf();
    const unexplainedHosts: UnexplainedHost[] = [];
    for await (const page of allHosts(db)) {
      goOn();
      for (const row of page) {
        const lists = listsOf(row, bytes => shelf.copy(bytes));
        // Rows that were interned while this reads.
        if (!this.#knows(row, lists)) await this.#ensureKnown([row]);
        const known = residuals.get(row.id) ?? NO_RESIDUALS;
        this.#put(row, known, lists);
        if (row.inventory !== null) unexplainedHosts.push(...unexplainedOf(row.id, known, residualFactsOf(row)));
      }
    }
    return unexplainedHosts;
  }

  /** Whether every version and candidate of a host was read. */
  #knows({ release, inventory }: HostRow, { packages, candidateIds }: HostLists): boolean {
    if (inventory === null) return true;
    const { versions } = this.fleet.units;
    const isShared = this.fleet.inventory.holds(release, digestKey(inventory.packagesDigest));
    const ids = isShared ? NO_IDS : this.fleet.inventory.idsIn(packages());
    for (let at = 0; at < ids.length; at++) if (versions[ids[at]!] === undefined) return false;
    const candidates = candidateIds();
    for (let at = 0; at < candidates.length; at++) if (!this.fleet.hasCandidate(candidates[at]!)) return false;
    return true;
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
    const { packages, isWhole } = await this.#claims.read([...this.#releases], feeds);
    if (isWhole) this.fleet.loadClaims(indexClaims(this.#claims.all()), id => this.enrichment(id));
    else for (const key of packages) this.fleet.setClaims(key, this.#claims.of(key));
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
    const replaced = slot === undefined || row.inventory === null ? [] : this.#replaced.replacedBy(slot, row.inventory.packages);
    if (row.inventory === null) {
      this.#put(row, before);
      return;
    }
    const facts = residualFactsOf(row);
    const residuals = nextResiduals(before, replaced, facts, row.inventory.observedMs);
    this.#put(row, residuals);
    if (JSON.stringify(residuals) !== JSON.stringify(before)) await writeResiduals(this.#context.db, new Map([[row.id, residuals]]));
    await this.#explain(unexplainedOf(row.id, residuals, facts));
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
        const residuals = this.#replaced.residualsOf(slot, replaced);
        if (residuals.length > 0) joined.set(hostId, [...this.fleet.host(slot).residuals, ...residuals]);
      }
      if (joined.size === 0) continue;
      await writeResiduals(db, joined);
      for (const row of await readHosts(db, [...joined.keys()])) if (row.inventory !== null) this.#put(row, joined.get(row.id)!);
    }
  }

  #put(row: HostRow, residuals: readonly ResidualVersion[], lists = listsOf(row, copyOf)): void {
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
      lists,
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
      await othersHadTheirTurn();
      if (!mayGoOn()) return false;
    }
  }
}

/** An import or a request is some thirty answers of the database, and waits for a step with each. */
const STEP_MS = 5;
/** A turn of an idle event loop takes a hundredth of a millisecond. */
const IDLE_TURN_MS = 0.15;

/** Where somebody else was at work in the last turn, they get as much time as a step takes: an answer that is streamed takes hundreds of short turns. */
async function othersHadTheirTurn(): Promise<void> {
  const started = performance.now();
  await new Promise(resolve => setImmediate(resolve));
  if (performance.now() - started > IDLE_TURN_MS) await new Promise(resolve => setTimeout(resolve, STEP_MS));
}
const EXPLAINED_AT_ONCE = 500;
const NO_IDS = new Uint32Array(0);
const NO_RESIDUALS: readonly ResidualVersion[] = [];
