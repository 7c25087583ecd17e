import type { Claim, Enrichment } from '../../core/advisories/claim.ts';
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

/** Claims in force about releases of the fleet: what nobody runs is not kept in memory. */
export async function readClaims(db: Queryable, releases: readonly string[], feeds: readonly string[] | null): Promise<FeedClaims> {
  const claims: FeedClaims = new Map();
  const wanted = feeds?.filter(feed => feed !== CHANGELOG_FEED) ?? null;
  if (wanted === null || wanted.length > 0) {
    const rows = await db.query<ClaimRow>(
      `select feed_id as feed, source, vulnerability_id as "vulnerabilityId", aliases, release, package_name as "packageName", state, fixed_version as "fixedVersion", severity,
         stated_on as "statedOn", note, first_seen_at as "firstSeenAt", detail
       from claim where withdrawn_at is null and release = any($1) and ($2::text[] is null or feed_id = any($2)) order by id`,
      [releases, wanted],
    );
    for (const row of rows) add(claims, row.feed, claimOf(row));
  }
  if (feeds === null || feeds.includes(CHANGELOG_FEED))
    for (const claim of await changelogClaims(db, releases)) add(claims, CHANGELOG_FEED, claim);
  return claims;
}

/** Feed -> package -> claims. */
export type FeedClaims = Map<string, Map<string, { readonly key: PackageKey; readonly claims: KeptClaim[] }>>;

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

/** Each feed tells some fields; together they are one enrichment. Only for vulnerabilities that claims about the fleet's releases name. */
export async function readEnrichments(db: Queryable, releases: readonly string[]): Promise<Map<string, Enrichment>> {
  const rows = await db.query<{ vulnerability_id: string; doc: Partial<Enrichment> }>(
    `select vulnerability_id, doc from enrichment where vulnerability_id in (
       select vulnerability_id from claim where withdrawn_at is null and release = any($1)
       union select unnest(aliases) from claim where withdrawn_at is null and release = any($1) and aliases <> '{}'
       union select vulnerability_id from changelog_claim where release = any($1)) order by vulnerability_id, feed_id, part`,
    [releases],
  );
  const merged = new Map<string, Enrichment>();
  for (const { vulnerability_id: id, doc } of rows) merged.set(id, join(merged.get(id) ?? empty(id), doc));
  return merged;
}

function empty(vulnerabilityId: string): Enrichment {
  return { vulnerabilityId, title: null, publishedOn: null, kev: null, ssvc: null, cvss: [], epss: null };
}

function join(known: Enrichment, told: Partial<Enrichment>): Enrichment {
  return {
    ...known,
    title: known.title ?? told.title ?? null,
    publishedOn: [known.publishedOn, told.publishedOn ?? null].filter(day => day !== null).sort()[0] ?? null,
    kev: known.kev ?? told.kev ?? null,
    ssvc: newer(known.ssvc, told.ssvc ?? null),
    cvss: [...known.cvss, ...(told.cvss ?? [])],
    epss: newer(known.epss, told.epss ?? null),
  };
}

function newer<Statement extends { readonly statedOn: string }>(a: Statement | null, b: Statement | null): Statement | null {
  return a === null || (b !== null && b.statedOn > a.statedOn) ? b : a;
}
