import type { Claim, Enrichment } from '../../core/advisories/claim.ts';
import { packageKindOfRelease } from '../../core/advisories/releases.ts';
import type { PackageKey } from '../../core/findings/fleet-matcher.ts';
import type { Queryable } from '../../db/db.ts';
import { CHANGELOG_FEED, type FeedClaims, keyText, readClaims, readEnrichments } from './claim-rows.ts';

/** What a reading of the tables changed. */
export interface ClaimChange {
  /** Packages about which something else is said now. */
  readonly packages: readonly PackageKey[];
  /** Enrichment was read anew, or other binaries are named than before: everything is matched again. */
  readonly isWhole: boolean;
}

/** Claims and enrichment in force about the fleet's releases, as the model holds them. */
export class HeldClaims {
  readonly #db: Queryable;
  #claims: FeedClaims = new Map();
  #enrichments = new Map<string, Enrichment>();
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
    const fresh = await readClaims(this.#db, releases, feeds);
    const isEnriching =
      feeds === null ||
      (await this.#db.query('select from enrichment where feed_id = any($1) limit 1', [feeds])).length > 0 ||
      this.#mayHaveEnriched(feeds);
    if (isEnriching) this.#enrichments = await readEnrichments(this.#db, releases);
    this.#kevKnown = (await this.#db.query("select from feed where kind = 'kev' and loaded_at is not null limit 1")).length > 0;
    const packages = this.#replace(fresh, feeds);
    const namesBinaries = packages.some(({ kind, release }) => kind === 'binary' && packageKindOfRelease(release) === 'source');
    return { packages, isWhole: isEnriching || namesBinaries };
  }

  *all(): Iterable<Claim> {
    for (const packages of this.#claims.values()) for (const { claims } of packages.values()) yield* claims;
  }

  of(key: PackageKey): Claim[] {
    return [...this.#claims.values()].flatMap(packages => packages.get(keyText(key))?.claims ?? []);
  }

  /** A feed that lost all of its enrichment has no row to show for it. */
  #mayHaveEnriched(feeds: readonly string[]): boolean {
    return feeds.some(feed => feed !== CHANGELOG_FEED && !this.#claims.has(feed));
  }

  #replace(fresh: FeedClaims, feeds: readonly string[] | null): PackageKey[] {
    const changed = new Map<string, PackageKey>();
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
}

function isSame(before: readonly object[] | undefined, after: readonly object[]): boolean {
  return (
    before !== undefined &&
    before.length === after.length &&
    after.every((claim, at) => JSON.stringify(claim) === JSON.stringify(before[at]))
  );
}
