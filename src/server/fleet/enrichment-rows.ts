import type { Enrichment } from '../../core/advisories/claim.ts';
import type { Queryable } from '../../db/db.ts';

interface ReadEnrichments {
  readonly enrichments: Map<string, Enrichment>;
  /** Whose they are. */
  readonly feeds: ReadonlySet<string>;
}

/** Each feed tells some fields; together they are one enrichment. Only for vulnerabilities that claims about the fleet's releases name; or for `ids`. */
export async function readEnrichments(
  db: Queryable,
  releases: readonly string[],
  ids: readonly string[] | null = null,
): Promise<ReadEnrichments> {
  const rows = await db.query<{ vulnerability_id: string; feed_id: string; doc: Partial<Enrichment> }>(
    `select vulnerability_id, feed_id, doc from enrichment where ${ids === null ? NAMED : 'vulnerability_id = any($1)'} order by vulnerability_id, feed_id, part`,
    [ids ?? releases],
  );
  const enrichments = new Map<string, Enrichment>();
  const feeds = new Set<string>();
  for (const { vulnerability_id: id, feed_id: feed, doc } of rows) {
    enrichments.set(id, join(enrichments.get(id) ?? empty(id), doc));
    feeds.add(feed);
  }
  return { enrichments, feeds };
}

const NAMED = `vulnerability_id in (
  select vulnerability_id from claim where withdrawn_at is null and release = any($1)
  union select unnest(aliases) from claim where withdrawn_at is null and release = any($1) and aliases <> '{}'
  union select vulnerability_id from changelog_claim where release = any($1))`;

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
