import type { Claim, Enrichment } from '../../core/advisories/claim.ts';
import { packageKindOfRelease } from '../../core/advisories/releases.ts';
import type { PackageKey } from '../../core/findings/fleet-matcher.ts';
import type { Queryable } from '../../db/db.ts';
import { CHANGELOG_FEED, type FeedClaims, keyText, type PackageClaimRows, readClaims, readPrints } from './claim-rows.ts';
import { readEnrichments } from './enrichment-rows.ts';

/** What a reading of the tables changed. */
interface ClaimChange {
  /** Packages about which something else is said now. */
  readonly packages: readonly PackageKey[];
  /** Enrichment was read anew, other binaries are named than before, or much has changed: everything is matched again. */
  readonly isWhole: boolean;
}

/** Claims and enrichment in force about the fleet's releases, as the model holds them. */
export class HeldClaims {
  readonly #db: Queryable;
  readonly #claims: FeedClaims = new Map();
  /** Feed -> package name -> print of its claims, not newer than what is held. */
  readonly #prints = new Map<string, ReadonlyMap<string, string>>();
  #enrichments = new Map<string, Enrichment>();
  /** Feeds that enriched something when it was last read. */
  #enriching: ReadonlySet<string> = new Set();
  #releases = '';
  #kevKnown = false;

  constructor(db: Queryable) {
    this.#db = db;
  }

  /** Whether the KEV catalog was ever loaded. */
  get kevKnown(): boolean {
    return this.#kevKnown;
  }

  enrichment(vulnerabilityId: string): Enrichment | null {
    return this.#enrichments.get(vulnerabilityId) ?? null;
  }

  /** Whether any publisher is heard about the release. Changelogs do not count: they name only what a candidate fixes. */
  speaksOf(release: string): boolean {
    for (const [feed, packages] of this.#claims)
      if (feed !== CHANGELOG_FEED) for (const { key } of packages.values()) if (key.release === release) return true;
    return false;
  }

  /** These feeds as they stand now; null: all. */
  async read(releases: readonly string[], feeds: readonly string[] | null): Promise<ClaimChange> {
    const isEnriching =
      feeds === null ||
      feeds.some(feed => this.#enriching.has(feed)) ||
      (await this.#db.query('select from enrichment where feed_id = any($1) limit 1', [feeds])).length > 0;
    const change = await this.#readClaims(releases, feeds);
    if (isEnriching) ({ enrichments: this.#enrichments, feeds: this.#enriching } = await readEnrichments(this.#db, releases));
    else if (change.named.size > 0) {
      const { enrichments } = await readEnrichments(this.#db, releases, [...change.named]);
      for (const [id, enrichment] of enrichments) this.#enrichments.set(id, enrichment);
    }
    this.#kevKnown = (await this.#db.query("select from feed where kind = 'kev' and loaded_at is not null limit 1")).length > 0;
    const packages = [...change.packages.values()];
    const namesBinaries = packages.some(({ kind, release }) => kind === 'binary' && packageKindOfRelease(release) === 'source');
    return { packages, isWhole: isEnriching || namesBinaries || packages.length > ONE_BY_ONE_MAX };
  }

  *all(): Iterable<Claim> {
    for (const packages of this.#claims.values()) for (const { claims } of packages.values()) yield* claims;
  }

  of(key: PackageKey): Claim[] {
    return [...this.#claims.values()].flatMap(packages => packages.get(keyText(key))?.claims ?? []);
  }

  async #readClaims(releases: readonly string[], feeds: readonly string[] | null): Promise<Changed> {
    const changed: Changed = { packages: new Map(), named: new Set() };
    const of = releases.toSorted().join();
    const isOther = of !== this.#releases;
    this.#releases = of;
    // Before the claims: what changes between the two readings is then read again the next time, and never missed.
    const prints = await readPrints(this.#db, releases, feeds);
    // Hosts' changelogs have a table of their own, and no prints.
    const hasPrints = (feed: string) => !isOther && feed !== CHANGELOG_FEED && this.#prints.has(feed);
    const inParts = (feeds ?? []).filter(feed => hasPrints(feed) && (this.#claims.get(feed)?.size ?? 0) >= IN_PARTS_MIN);
    for (const feed of inParts) {
      const names = differing(this.#prints.get(feed)!, prints.get(feed) ?? new Map());
      if (names.length === 0) continue;
      const fresh = await readClaims(this.#db, releases, [feed], names);
      this.#replace(feed, fresh.get(feed) ?? new Map(), new Set(names), changed);
    }
    const whole = feeds?.filter(feed => !inParts.includes(feed)) ?? null;
    if (whole === null || whole.length > 0) {
      const fresh = await readClaims(this.#db, releases, whole);
      for (const feed of whole ?? new Set([...this.#claims.keys(), ...fresh.keys()]))
        this.#replace(feed, fresh.get(feed) ?? new Map(), null, changed);
    }
    for (const feed of feeds ?? this.#claims.keys()) this.#prints.set(feed, prints.get(feed) ?? new Map());
    return changed;
  }

  /** `fresh` is all that the feed says; or of the packages with these names. */
  #replace(feed: string, fresh: Map<string, PackageClaimRows>, names: ReadonlySet<string> | null, changed: Changed): void {
    const held = this.#claims.getOrInsertComputed(feed, () => new Map());
    for (const [text, { key }] of held)
      if (!fresh.has(text) && (names === null || names.has(key.name))) {
        held.delete(text);
        changed.packages.set(text, key);
      }
    for (const [text, after] of fresh) {
      const before = held.get(text)?.claims;
      if (isSame(before, after.claims)) continue;
      held.set(text, after);
      changed.packages.set(text, after.key);
      const known = new Set(before?.map(claim => claim.vulnerabilityId));
      for (const { vulnerabilityId, aliases } of after.claims)
        if (!known.has(vulnerabilityId)) for (const id of [vulnerabilityId, ...aliases]) changed.named.add(id);
    }
    if (held.size === 0) this.#claims.delete(feed);
  }
}

interface Changed {
  readonly packages: Map<string, PackageKey>;
  /** Vulnerabilities that were not named of their package before. */
  readonly named: Set<string>;
}

/** Packages that are taken in one by one: each asks for its hosts, 1 to 3 ms where there are 100,000, and nothing else is done meanwhile. */
const ONE_BY_ONE_MAX = 100;

/** Packages of a feed from which on only what changed is read; of fewer all is read as fast. */
const IN_PARTS_MIN = 100;

function differing(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): string[] {
  const names = new Set<string>();
  for (const [name, print] of after) if (before.get(name) !== print) names.add(name);
  for (const name of before.keys()) if (!after.has(name)) names.add(name);
  return [...names];
}

function isSame(before: readonly object[] | undefined, after: readonly object[]): boolean {
  return (
    before !== undefined &&
    before.length === after.length &&
    after.every((claim, at) => JSON.stringify(claim) === JSON.stringify(before[at]))
  );
}
