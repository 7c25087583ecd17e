import type { Claim, Enrichment, FixState } from '../../../core/advisories/claim.ts';
import { packageKindOfRelease } from '../../../core/advisories/releases.ts';
import { lookup } from '../../../core/kernel/lookup.ts';
import { type OfArchitecture, safeForAll } from '../architectures.ts';
import { jsonEntriesReader } from '../json-entries.ts';
import {
  asObject,
  BadRecord,
  type JsonObject,
  objectOrNull,
  objectsOf,
  optionalText,
  orderableVersion,
  pastDay,
  printable,
  textsOf,
  vulnerabilityId,
} from '../records.ts';
import type { AdvisorySource, FeedContext, FeedHead, FeedReader } from '../spec.ts';
import { HEAD_BYTES, type ItemCollector } from '../text-reader.ts';
import { united } from '../united.ts';
import { affectedIn, requireTrust } from '../vex.ts';
import { type CsafProduct, CsafProducts } from './products.ts';
import { claimsOfEnds, RANGE_ENDS, type RangeEnd } from './range-ends.ts';
import { productGroups, unfixedStates } from './remediations.ts';

const FORMAT = '{"document":{"csaf_version":"2.0"}, "product_tree", "vulnerabilities":[{"cve", "product_status"}]}';
const isCsaf = (head: FeedHead): boolean => /"csaf_version"\s*:\s*"2\.\d"/.test(head.text);
const isSuse = (head: FeedHead): boolean => /"namespace"\s*:\s*"https:\/\/www\.suse\.com/.test(head.text);
const isRedHat = (head: FeedHead): boolean => isCsaf(head) && /"namespace"\s*:\s*"https:\/\/www\.redhat\.com/.test(head.text);
/** The publisher stands behind the notes, which may be longer than the head. */
const mayBeAnybodys = (head: FeedHead): boolean => isCsaf(head) && head.text.length >= HEAD_BYTES && !/"namespace"\s*:/.test(head.text);

/** Red Hat's security data: advisories and VEX, with the states Affected, Will not fix, Fix deferred and Out of support in the remediations. */
export const redhatCsaf: AdvisorySource = {
  id: 'redhat-csaf',
  title: 'Red Hat CSAF and VEX',
  licence: 'CC-BY-4.0',
  homepage: 'https://security.access.redhat.com/data/csaf/v2/',
  // The name of the newest archive, which is of the week's beginning: 300,000 documents. osv-redhat has the errata alone.
  defaultUrl: 'https://security.access.redhat.com/data/csaf/v2/vex/archive_latest.txt',
  beside: ['.sha256', '.asc'],
  changesUrl: url => (/\/archive_latest\.txt$/.test(url) ? url.replace(/archive_latest\.txt$/, 'changes.csv') : changesItself(url)),
  deletionsUrl: url => url.replace(/changes\.csv$/, 'deletions.csv'),
  format: FORMAT,
  provides: 'claims',
  distributions: ['rhel'],
  recognise: isRedHat,
  mayHold: mayBeAnybodys,
  reader: context => csafReader('redhat-csaf', context),
};

/** SUSE's advisories and VEX: products by CPE, builds by name, without package URLs. */
export const suseCsaf: AdvisorySource = {
  id: 'suse-csaf',
  title: 'SUSE CSAF and VEX',
  licence: 'CC-BY-4.0',
  homepage: 'https://www.suse.com/support/security/csaf/',
  defaultUrl: 'https://ftp.suse.com/pub/projects/security/csaf-vex.tar.bz2',
  beside: ['.sha256', '.asc'],
  // The documents stand in a folder of the archive's name.
  changesUrl: url => (/\.tar\.\w+$/.test(url) ? url.replace(/\.tar\.\w+$/, '/changes.csv') : changesItself(url)),
  format: FORMAT,
  provides: 'claims',
  distributions: ['sles', 'opensuse-leap', 'opensuse-tumbleweed'],
  recognise: head => isCsaf(head) && isSuse(head),
  mayHold: mayBeAnybodys,
  reader: context => csafReader('suse-csaf', context),
};

/** CSAF 2.0 advisories and VEX of anybody else: product vendors, ourselves. */
export const csaf: AdvisorySource = {
  id: 'csaf',
  title: 'CSAF advisories and VEX',
  licence: 'as the publisher states',
  homepage: 'https://docs.oasis-open.org/csaf/csaf/v2.0/',
  defaultUrl: null,
  // CSAF 2.0, 7.1.18 and 7.1.19.
  beside: ['.sha512', '.sha256', '.asc'],
  changesUrl: changesItself,
  format: FORMAT,
  provides: 'claims',
  recognise: head => isCsaf(head) && !isRedHat(head) && !isSuse(head),
  reader: context => csafReader('csaf', context),
};

/** A provider's folder without an archive: its list of changes names every document. */
function changesItself(url: string): string | null {
  return /\/changes\.csv$/.test(url) ? url : null;
}

function csafReader(source: string, context: FeedContext): FeedReader {
  const document: Record<string, unknown> = {};
  const held: unknown[] = [];
  let releasedOn: string | null = null;
  return jsonEntriesReader({
    open: ['vulnerabilities'],
    entry({ container, key }, value) {
      if (container === 'vulnerabilities') held.push(value);
      else document[key] = value;
    },
    end(into) {
      into.guard(context.fileName, () => {
        const facts = asObject(document.document, 'document');
        requireTrust(optionalText(objectOrNull(facts.publisher) ?? {}, 'name') ?? '', context);
        const tracking = objectOrNull(facts.tracking) ?? {};
        releasedOn = pastDay(tracking.current_release_date, context.today);
        const tree = objectOrNull(document.product_tree) ?? {};
        const about = { source, documentId: optionalText(tracking, 'id'), statedOn: releasedOn, groups: productGroups(tree) };
        const reader = new VulnerabilityReader(about, new CsafProducts(tree), context, into);
        for (const [at, value] of held.entries()) into.guard(`vulnerability ${at + 1}`, () => reader.read(asObject(value)));
      });
    },
    dataDate: () => releasedOn,
  });
}

/** Fields of product_status (CSAF 2.0, 3.2.3.9) -> what they say of a product. */
const STATUSES: Readonly<Record<string, FixState>> = lookup({
  fixed: 'fixed',
  first_fixed: 'fixed',
  recommended: 'fixed',
  known_affected: 'open',
  first_affected: 'open',
  last_affected: 'open',
  known_not_affected: 'not-affected',
  under_investigation: 'unknown',
});

interface Statement extends OfArchitecture {
  /** The same where only the architecture differs. */
  readonly key: string;
  /** An end of a range, at `version`. */
  readonly end: RangeEnd['end'] | undefined;
  readonly version: string;
}

interface AboutDocument {
  readonly source: string;
  readonly documentId: string | null;
  readonly statedOn: string | null;
  readonly groups: ReadonlyMap<string, readonly string[]>;
}

class VulnerabilityReader {
  readonly #about: AboutDocument;
  readonly #products: CsafProducts;
  readonly #context: FeedContext;
  readonly #into: ItemCollector;

  constructor(about: AboutDocument, products: CsafProducts, context: FeedContext, into: ItemCollector) {
    this.#about = about;
    this.#products = products;
    this.#context = context;
    this.#into = into;
  }

  read(record: JsonObject): void {
    const id = vulnerabilityId(
      optionalText(record, 'cve') ?? optionalText(objectsOf(record.ids)[0] ?? {}, 'text') ?? this.#about.documentId,
    );
    const severity = severityOf(record);
    const unfixed = unfixedStates(record, this.#about.groups);
    const statements: Statement[] = [];
    for (const [status, ids] of Object.entries(objectOrNull(record.product_status) ?? {})) {
      const state = STATUSES[status];
      if (state === undefined) continue;
      for (const productId of textsOf(ids))
        this.#into.guard(`${id} ${productId}`, () => {
          const product = this.#products.resolve(productId);
          if (product === null || (this.#context.releases !== null && !this.#context.releases.has(product.release))) return;
          const end = product.range === null && product.version !== '' ? RANGE_ENDS[status] : undefined;
          const stated = state === 'open' ? (unfixed.get(productId) ?? 'open') : state;
          const claim = this.#claimOf(id, end === undefined ? product : { ...product, version: '' }, stated, severity);
          const key = `${claim.release} ${claim.packageName} ${claim.packageKind} ${claim.state} ${claim.fixedVersion} ${end} ${product.version} ${product.range} ${claim.module} ${claim.subscription}`;
          const { architecture, subscription } = product;
          const version = end === undefined ? '' : orderableVersion(product.release, product.version);
          statements.push({ claim, architecture, subscription, key, end, version });
        });
    }
    // One statement for each architecture is one statement.
    const said = [...new Map(safeForAll(statements).map(one => [one.key, one])).values()];
    const claims = said.filter(one => one.end === undefined).map(one => one.claim);
    const ends = said.flatMap(({ claim, end, version }) => (end === undefined ? [] : [{ claim, end, version }]));
    for (const claim of united([...claims, ...claimsOfEnds(ends)])) this.#into.add({ kind: 'claim', claim });
    // CSAF 2.1 calls them metrics.
    const scores = [...objectsOf(record.scores), ...objectsOf(objectsOf(record.metrics).map(metric => metric.content))];
    const vectors = vectorsOf(scores, this.#about.source);
    if (vectors.length > 0) this.#into.add({ kind: 'enrichment', enrichment: enrichmentOf(id, optionalText(record, 'title'), vectors) });
  }

  #claimOf(id: string, product: CsafProduct, state: FixState, severity: string | null): Claim {
    const fixed = state === 'fixed';
    // Of an affected range in words every version counts; of an unaffected one nobody knows which are safe.
    if (state === 'not-affected' && product.rangeInWords !== null)
      throw new BadRecord(`which versions are not affected is said in words (${printable(product.rangeInWords)})`);
    const byBinary = packageKindOfRelease(product.release) === 'binary';
    const inRange = product.range === null ? {} : affectedIn(product.range, state, product.release);
    return {
      source: this.#about.source,
      vulnerabilityId: id,
      aliases: [],
      release: product.release,
      packageName: product.packageName,
      state,
      fixedVersion: fixed ? orderableVersion(product.release, product.version) : state === 'not-affected' ? '0' : null,
      severity,
      statedOn: this.#about.statedOn,
      note: null,
      ...(byBinary && product.isSource ? { packageKind: 'source' as const } : {}),
      ...(!fixed && product.version !== '' ? { onlyVersions: [product.version] } : {}),
      ...inRange,
      ...(product.module === null ? {} : { module: product.module }),
      ...(fixed && product.subscription !== null ? { subscription: product.subscription } : {}),
      ...(this.#about.documentId === null || this.#about.documentId === id ? {} : { advisoryId: this.#about.documentId }),
    };
  }
}

function severityOf(record: JsonObject): string | null {
  const impacts = objectsOf(record.threats).filter(threat => threat.category === 'impact');
  return (
    impacts
      .map(threat => optionalText(threat, 'details'))
      .find(Boolean)
      ?.toLowerCase() ?? null
  );
}

function vectorsOf(scores: readonly JsonObject[], source: string): { source: string; vector: string }[] {
  const vectors = scores.flatMap(score =>
    ['cvss_v4', 'cvss_v3', 'cvss_v2'].flatMap(field => optionalText(objectOrNull(score[field]) ?? {}, 'vectorString') ?? []),
  );
  return [...new Set(vectors)].map(vector => ({ source, vector }));
}

function enrichmentOf(vulnerabilityId: string, title: string | null, cvss: Enrichment['cvss']): Enrichment {
  return { vulnerabilityId, title, publishedOn: null, kev: null, ssvc: null, cvss, epss: null };
}
