import type { Answer } from '../../api/contract.ts';
import type { feeds } from '../../api/feeds.ts';
import type { Claim } from '../../core/advisories/claim.ts';
import { groupByVulnerability } from '../../core/advisories/claim-index.ts';
import { orderOf } from '../../core/advisories/orders.ts';
import { packageKindOfRelease } from '../../core/advisories/releases.ts';
import { byModuleStream } from '../../core/findings/module-streams.ts';
import { judge } from '../../core/findings/rules.ts';
import type { Instant } from '../../core/kernel/instants.ts';
import { compareVersions, isInvalid } from '../../core/versions/scheme.ts';
import type { Db } from '../../db/db.ts';
import type { Handlers } from '../context.ts';

type Group = Answer<(typeof feeds)['claimList']>['items'][number];

interface KnownClaim extends Claim {
  readonly firstSeenAt: Instant;
  readonly withdrawnAt: Instant | null;
}

/** A vulnerability of everybody's kernel is named for some 100 packages of 30 releases; what is more is asked for by release. */
const GROUPS_MAX = 500;

/** Statements are kept, never merged: this is where they can be read side by side, also of packages that no host has and of findings that were closed. */
export function claimHandlers(db: Db): Handlers<'claimList'> {
  return {
    async claimList({ query: { vulnerability, release, package: packageName } }) {
      const claims = [...(await claimsOf(db, vulnerability)), ...(await changelogClaimsOf(db, vulnerability))].filter(
        claim => (release === undefined || claim.release === release) && (packageName === undefined || claim.packageName === packageName),
      );
      const byPackage = Map.groupBy(claims, claim => `${claim.release}\n${kindOf(claim)}\n${claim.packageName}`);
      return { items: [...byPackage.values()].flatMap(groupsOf).sort(byReleaseAndName).slice(0, GROUPS_MAX) };
    },
  };
}

function kindOf(claim: Claim): 'source' | 'binary' {
  return claim.packageKind ?? packageKindOfRelease(claim.release);
}

/** In force and withdrawn, the newest first. Records under another id of the same vulnerability are found by the ids that these name. */
async function claimsOf(db: Db, vulnerability: string): Promise<KnownClaim[]> {
  const rows = await db.query<Omit<KnownClaim, 'packageKind'> & { readonly detail: Partial<Claim> | null }>(
    `with said as (select distinct unnest(aliases || vulnerability_id) as id from claim where vulnerability_id = $1 union select $1)
     select source, vulnerability_id as "vulnerabilityId", aliases, release, package_name as "packageName", state, fixed_version as "fixedVersion", severity,
       stated_on as "statedOn", note, first_seen_at as "firstSeenAt", withdrawn_at as "withdrawnAt", detail
     from claim where vulnerability_id in (select id from said) order by withdrawn_at desc nulls first, first_seen_at desc, id limit 20000`,
    [vulnerability],
  );
  return rows.map(({ detail, ...row }) => ({ ...row, ...detail }));
}

/** Of the entries that name it the lowest version counts: later ones repeat it. */
async function changelogClaimsOf(db: Db, vulnerability: string): Promise<KnownClaim[]> {
  const rows = await db.query<Pick<KnownClaim, 'release' | 'packageName' | 'fixedVersion' | 'statedOn' | 'firstSeenAt'>>(
    `select release, package_name as "packageName", fixed_version as "fixedVersion", stated_on as "statedOn", first_seen_at as "firstSeenAt"
     from changelog_claim where vulnerability_id = $1 order by 1, 2, 3`,
    [vulnerability],
  );
  const lowest = new Map<string, (typeof rows)[number]>();
  for (const row of rows) {
    const key = `${row.release}\n${row.packageName}`;
    const known = lowest.get(key);
    if (known === undefined || isBelow(row.release, row.fixedVersion ?? '', known.fixedVersion ?? '')) lowest.set(key, row);
  }
  return Array.from(lowest.values(), row => ({
    ...row,
    source: 'changelog',
    vulnerabilityId: vulnerability,
    aliases: [],
    state: 'fixed',
    severity: null,
    note: null,
    withdrawnAt: null,
  }));
}

function isBelow(release: string, a: string, b: string): boolean {
  const order = orderOf(release);
  const answer = order === null ? 0 : compareVersions(order, a, b);
  return !isInvalid(answer) && answer < 0;
}

function groupsOf(claims: readonly KnownClaim[]): Group[] {
  const isRpm = orderOf(claims[0]!.release)?.id === 'rpm';
  const subjects = groupByVulnerability(claims);
  // A verdict for each module stream: what is said of one says nothing of the others.
  return (isRpm ? subjects.flatMap(byModuleStream) : subjects).map(({ vulnerabilityId, aliases, claims: same }) => {
    const { release, packageName } = same[0]!;
    const order = orderOf(release);
    // A statement about single builds decides for those builds only.
    const deciding = (same as readonly KnownClaim[]).filter(claim => claim.withdrawnAt === null && claim.onlyVersions === undefined);
    const keyOf = (version: string): Uint8Array | null => {
      const key = order?.key(version);
      return key?.ok ? key.key : null;
    };
    const judgement = deciding.length === 0 ? null : judge({ vulnerabilityId, aliases, claims: deciding }, keyOf, order);
    return {
      release,
      packageName,
      packageKind: kindOf(same[0]!),
      vulnerabilityId,
      aliases: [...aliases],
      verdict:
        judgement === null
          ? null
          : { state: judgement.state, fixedVersion: judgement.fixedVersion, followed: judgement.decisive.source, rule: judgement.rule },
      disagreement: judgement?.disagreement ?? null,
      claims: (same as readonly KnownClaim[]).map(viewOf),
    };
  });
}

function viewOf(claim: KnownClaim): Group['claims'][number] {
  const { source, vulnerabilityId, state, fixedVersion, severity, statedOn, note, firstSeenAt, withdrawnAt } = claim;
  return {
    source,
    vulnerabilityId,
    state,
    fixedVersion,
    severity,
    statedOn,
    note,
    advisoryId: claim.advisoryId ?? null,
    module: claim.module ?? null,
    subscription: claim.subscription ?? null,
    onlyVersions: [...(claim.onlyVersions ?? [])],
    firstSeenAt,
    withdrawnAt,
  };
}

function byReleaseAndName(a: Group, b: Group): number {
  const [left, right] = [`${a.release} ${a.packageName}`, `${b.release} ${b.packageName}`];
  return left < right ? -1 : left > right ? 1 : 0;
}
