import { hash } from 'node:crypto';
import type { Claim, Enrichment } from '../../core/advisories/claim.ts';
import type { Lifecycle } from '../../core/advisories/lifecycle.ts';
import { MAX_FEED_TEXT_CHARS } from '../../core/kernel/limits.ts';
import type { CopyValue } from '../../db/copy.ts';
import { cutText, storedJson, storedText } from '../../db/stored-text.ts';
import type { AdvisorySource, FeedItem } from '../../plugins/advisory-sources/spec.ts';

/** How one kind of record gets from a stream into its table: a temporary table for COPY, and the statements that make the real one equal to it. */
export interface Staging {
  readonly create: string;
  /** `staged_...(columns)`, for COPY. */
  readonly target: string;
  /** The real table for a feed of which nothing is known yet: nothing to compare with, so no stop on the way. null: always by way of the temporary one. */
  readonly direct: { readonly target: string; prefix(feedId: string, part: string, now: string): readonly CopyValue[] } | null;
  /** null for an item of another kind. Rows of one file with the same key are one statement. */
  row(item: FeedItem): StagedRow | null;
  /**
   * Run in order with $1 feed id, $2 part, $3 now. The answer of each is counted under its name. `sqlOfWindow` for a file that has only what changed of late:
   * null for nothing, absent for the same.
   */
  readonly merge: readonly {
    readonly counts: 'added' | 'changed' | 'withdrawn';
    readonly sql: string;
    readonly sqlOfWindow?: string | null;
  }[];
  /** For a file that has only what changed of late: what it takes back ($4 vulnerabilities), which its absence from a whole feed would have said. */
  readonly takeBack: string | null;
}

export interface StagedRow {
  readonly key: string;
  readonly values: readonly CopyValue[];
}

const CLAIM_COLUMNS =
  'statement, source, vulnerability_id, aliases, release, package_name, state, fixed_version, severity, stated_on, note, detail';
const OF_PART = 'feed_id = $1 and part = $2';

const claims: Staging = {
  create: `create temporary table staged_claim (statement bytea not null, source text not null, vulnerability_id text not null, aliases text[] not null, release text not null,
    package_name text not null, state text not null, fixed_version text, severity text, stated_on date, note text, detail jsonb) on commit drop`,
  target: `staged_claim (${CLAIM_COLUMNS})`,
  direct: {
    target: `claim (feed_id, part, known_since, first_seen_at, ${CLAIM_COLUMNS})`,
    prefix: (feedId, part, now) => [feedId, part, now, now],
  },
  row: item => (item.kind === 'claim' ? claimRow(item.claim) : null),
  merge: [
    {
      counts: 'withdrawn',
      sql: `update claim c set withdrawn_at = $3 where ${OF_PART} and withdrawn_at is null and not exists (select from staged_claim s where s.statement = c.statement)`,
      sqlOfWindow: `update claim c set withdrawn_at = $3 where ${OF_PART} and withdrawn_at is null and not exists (select from staged_claim s where s.statement = c.statement)
        and exists (select from staged_claim s where s.vulnerability_id = c.vulnerability_id)`,
    },
    {
      counts: 'changed',
      sql: `update claim c set aliases = s.aliases, severity = s.severity, stated_on = s.stated_on, note = s.note
        from staged_claim s
        where ${OF_PART} and c.withdrawn_at is null and s.statement = c.statement and $3::timestamptz is not null
          and (c.aliases, c.severity, c.stated_on, c.note) is distinct from (s.aliases, s.severity, s.stated_on, s.note)`,
    },
    {
      counts: 'added',
      // A vulnerability that this feed knew in another state, or withdrew and states again, keeps the day on which we first knew of it.
      sql: `insert into claim (feed_id, part, ${CLAIM_COLUMNS}, known_since, first_seen_at)
        select $1, $2, ${CLAIM_COLUMNS.split(', ')
          .map(column => `s.${column}`)
          .join(', ')}, coalesce(o.known_since, $3::timestamptz), $3
        from staged_claim s
        left join (select vulnerability_id, release, package_name, min(known_since) as known_since from claim where feed_id = $1 group by 1, 2, 3) o
          on (o.vulnerability_id, o.release, o.package_name) = (s.vulnerability_id, s.release, s.package_name)
        left join (select statement from claim where ${OF_PART} and withdrawn_at is null) c on c.statement = s.statement
        where c.statement is null`,
    },
  ],
  takeBack: `update claim set withdrawn_at = $3 where ${OF_PART} and withdrawn_at is null and vulnerability_id = any($4)`,
};

const enrichments: Staging = {
  create: 'create temporary table staged_enrichment (vulnerability_id text not null, doc jsonb not null) on commit drop',
  target: 'staged_enrichment (vulnerability_id, doc)',
  direct: {
    target: 'enrichment (feed_id, part, first_seen_at, vulnerability_id, doc)',
    prefix: (feedId, part, now) => [feedId, part, now],
  },
  row(item) {
    if (item.kind !== 'enrichment') return null;
    const { vulnerabilityId } = item.enrichment;
    return { key: vulnerabilityId, values: [vulnerabilityId, enrichmentDoc(item.enrichment)] };
  },
  merge: [
    {
      counts: 'withdrawn',
      sql: `delete from enrichment e where ${OF_PART} and $3::timestamptz is not null and not exists (select from staged_enrichment s where s.vulnerability_id = e.vulnerability_id)`,
      sqlOfWindow: null,
    },
    {
      counts: 'changed',
      sql: `update enrichment e set doc = s.doc from staged_enrichment s
        where ${OF_PART} and $3::timestamptz is not null and s.vulnerability_id = e.vulnerability_id and e.doc <> s.doc`,
    },
    {
      counts: 'added',
      sql: `insert into enrichment (feed_id, part, vulnerability_id, doc, first_seen_at)
        select $1, $2, vulnerability_id, doc, $3::timestamptz from staged_enrichment s
        on conflict do nothing`,
    },
  ],
  takeBack: `delete from enrichment where ${OF_PART} and $3::timestamptz is not null and vulnerability_id = any($4)`,
};

const lifecycles: Staging = {
  create: 'create temporary table staged_lifecycle (product text not null, cycle text not null, doc jsonb not null) on commit drop',
  target: 'staged_lifecycle (product, cycle, doc)',
  direct: null,
  row(item) {
    if (item.kind !== 'lifecycle') return null;
    const [product, cycle] = [storedText(item.lifecycle.product), storedText(item.lifecycle.cycle)];
    return { key: `${product}\n${cycle}`, values: [product, cycle, storedJson(item.lifecycle satisfies Lifecycle, MAX_FEED_TEXT_CHARS)] };
  },
  merge: [
    {
      counts: 'withdrawn',
      sql: `delete from lifecycle l where ${OF_PART} and $3::timestamptz is not null and not exists (select from staged_lifecycle s where (s.product, s.cycle) = (l.product, l.cycle))`,
    },
    {
      counts: 'added',
      sql: `insert into lifecycle (feed_id, part, product, cycle, doc) select $1, $2, product, cycle, doc from staged_lifecycle where $3::timestamptz is not null
        on conflict (product, cycle, feed_id, part) do update set doc = excluded.doc where lifecycle.doc <> excluded.doc`,
    },
  ],
  takeBack: null,
};

export const STAGING: Readonly<Record<AdvisorySource['provides'], Staging>> = { claims, enrichment: enrichments, lifecycle: lifecycles };

function claimRow(claim: Claim): StagedRow {
  const { source, vulnerabilityId, aliases, release, packageName, state, fixedVersion, statedOn, ...rest } = claim;
  const { severity: severityWord, note: wholeNote, ...detail } = rest;
  const [severity, note] = [shortened(severityWord), shortened(wholeNote)];
  const details = Object.keys(detail).length === 0 ? null : storedJson(detail, MAX_FEED_TEXT_CHARS);
  const key = statementOf(claim);
  return {
    key,
    values: [`\\x${key}`, source, vulnerabilityId, aliases, release, packageName, state, fixedVersion, severity, statedOn, note, details],
  };
}

function shortened(text: string | null): string | null {
  return text === null ? null : cutText(text, MAX_FEED_TEXT_CHARS);
}

/** Another state or version is another statement; another severity word or date is not. */
function statementOf(claim: Claim): string {
  const said = [
    claim.vulnerabilityId,
    claim.release,
    claim.packageName,
    // The word of former versions, whose statements are named by it: migration 0022 renamed the state and could not name the statements anew.
    claim.state === 'unknown' ? 'undetermined' : claim.state,
    claim.fixedVersion,
    claim.packageKind ?? null,
    claim.advisoryId ?? null,
    claim.unaffectedVersions ?? null,
    claim.affected ?? null,
    claim.module ?? null,
    claim.subscription ?? null,
    // Appended only where stated: statements of former versions keep their names.
    ...(claim.onlyVersions === undefined ? [] : [claim.onlyVersions]),
  ];
  return hash('sha256', JSON.stringify(said), 'hex').slice(0, 32);
}

/** Only what is stated: of EPSS's 300,000 records each null would cost three megabytes. */
function enrichmentDoc({ vulnerabilityId: _id, cvss, ...rest }: Enrichment): string {
  const stated = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== null));
  return storedJson({ ...stated, ...(cvss.length > 0 ? { cvss } : {}) }, MAX_FEED_TEXT_CHARS);
}
