import type { Claim } from '../../core/advisories/claim.ts';
import { orderOf } from '../../core/advisories/orders.ts';
import { packageKindOfRelease } from '../../core/advisories/releases.ts';
import type { PackageKey } from '../../core/findings/fleet-matcher.ts';
import type { KeptClaim } from '../../core/remediation/vulnerability-risk.ts';
import { compareVersions, isInvalid } from '../../core/versions/scheme.ts';
import type { Queryable } from '../../db/db.ts';

/** Claims of hosts' own changelogs stand in a table of their own; here they are one more feed. */
export const CHANGELOG_FEED = 'changelog';

interface ClaimRow extends Omit<KeptClaim, 'firstSeenAt' | 'packageKind'> {
  readonly feed: string;
  readonly firstSeenAt: string;
  readonly detail: Partial<Claim> | null;
}

/** Claims in force about releases of the fleet: what nobody runs is not kept in memory. `names` null: of all packages. */
export async function readClaims(
  db: Queryable,
  releases: readonly string[],
  feeds: readonly string[] | null,
  names: readonly string[] | null = null,
): Promise<FeedClaims> {
  const claims: FeedClaims = new Map();
  const wanted = feeds?.filter(feed => feed !== CHANGELOG_FEED) ?? null;
  if (wanted === null || wanted.length > 0) {
    const rows = await db.query<ClaimRow>(
      `select feed_id as feed, source, vulnerability_id as "vulnerabilityId", aliases, release, package_name as "packageName", state, fixed_version as "fixedVersion", severity,
         stated_on as "statedOn", note, first_seen_at as "firstSeenAt", detail
       from claim where withdrawn_at is null and release = any($1) and ($2::text[] is null or feed_id = any($2)) and ($3::text[] is null or package_name = any($3))
       order by id`,
      [releases, wanted, names],
    );
    for (const row of rows) add(claims, row.feed, claimOf(row));
  }
  if (feeds === null || feeds.includes(CHANGELOG_FEED))
    for (const claim of await changelogClaims(db, releases)) add(claims, CHANGELOG_FEED, claim);
  return claims;
}

/**
 * Feed -> package name -> a print that changes with what the feed says of the package: to find the ten packages that changed among four thousand, and to read
 * no others. Of a claim in force no other columns change than those that are named here (server/feeds/staging.ts).
 */
export async function readPrints(
  db: Queryable,
  releases: readonly string[],
  feeds: readonly string[] | null,
): Promise<Map<string, Map<string, string>>> {
  const rows = await db.query<{ feed: string; name: string; print: string }>(
    `select feed_id as feed, package_name as name, count(*) || ' ' || bit_xor(hashtextextended(row(id, aliases, severity, stated_on, note)::text, 0)) as print
     from claim where withdrawn_at is null and release = any($1) and ($2::text[] is null or feed_id = any($2)) group by 1, 2`,
    [releases, feeds],
  );
  const prints = new Map<string, Map<string, string>>();
  for (const { feed, name, print } of rows) prints.getOrInsertComputed(feed, () => new Map()).set(name, print);
  return prints;
}

/** What a feed says of a package. */
export interface PackageClaimRows {
  readonly key: PackageKey;
  readonly claims: KeptClaim[];
}

/** Feed -> package -> claims. */
export type FeedClaims = Map<string, Map<string, PackageClaimRows>>;

export function keyText({ release, kind, name }: PackageKey): string {
  return `${release}\n${kind}\n${name}`;
}

function add(claims: FeedClaims, feed: string, claim: KeptClaim): void {
  const key: PackageKey = {
    release: claim.release,
    kind: claim.packageKind ?? packageKindOfRelease(claim.release),
    name: claim.packageName,
  };
  const packages = claims.getOrInsertComputed(feed, () => new Map());
  packages.getOrInsertComputed(keyText(key), () => ({ key, claims: [] })).claims.push(claim);
}

function claimOf({ feed: _feed, detail, ...claim }: ClaimRow): KeptClaim {
  return detail === null ? claim : { ...claim, ...detail };
}

async function changelogClaims(db: Queryable, releases: readonly string[]): Promise<KeptClaim[]> {
  const rows = await db.query<{
    release: string;
    package_name: string;
    fixed_version: string;
    vulnerability_id: string;
    stated_on: string | null;
    first_seen_at: string;
  }>(
    'select release, package_name, fixed_version, vulnerability_id, stated_on, first_seen_at from changelog_claim where release = any($1) order by 1, 2, 4, 3',
    [releases],
  );
  const first = new Map<string, (typeof rows)[number]>();
  for (const row of rows) {
    const key = `${row.release}\n${row.package_name}\n${row.vulnerability_id}`;
    const known = first.get(key);
    // An entry may name what an older one had fixed already: the lowest version that names it has the fix.
    if (known === undefined || isBelow(row.release, row.fixed_version, known.fixed_version)) first.set(key, row);
  }
  return [...first.values()].map(changelogClaim);
}

function changelogClaim(row: {
  release: string;
  package_name: string;
  fixed_version: string;
  vulnerability_id: string;
  stated_on: string | null;
  first_seen_at: string;
}): KeptClaim {
  const {
    release,
    package_name: packageName,
    fixed_version: fixedVersion,
    vulnerability_id: vulnerabilityId,
    stated_on: statedOn,
    first_seen_at: firstSeenAt,
  } = row;
  return {
    source: 'changelog',
    vulnerabilityId,
    aliases: [],
    release,
    packageName,
    state: 'fixed',
    fixedVersion,
    severity: null,
    statedOn,
    note: null,
    firstSeenAt,
  };
}

function isBelow(release: string, a: string, b: string): boolean {
  const order = orderOf(release);
  const answer = order === null ? 0 : compareVersions(order, a, b);
  return !isInvalid(answer) && answer < 0;
}
