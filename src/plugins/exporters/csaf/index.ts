import type { Match } from '../../../core/findings/finding.ts';
import { packageUrlOf } from '../package-url.ts';
import type { ExportContext, Exporter, FindingBlock, OwnVerdict } from '../spec.ts';
import { actionOf, notesOf, type VexStatus, vexStatusOf, whyNotAffected } from '../vex-status.ts';

/** CSAF 2.0, profile VEX (4.5): our own verdicts, each package once in the product tree, each vulnerability once with everything that it concerns. */
export const csaf: Exporter = { id: 'csaf', title: 'CSAF 2.0 VEX', mediaType: 'application/json', write };

/** Products that share the words said of them: the action, the note. */
interface Group {
  readonly match: Match;
  readonly status: VexStatus;
  /** null unless not affected. */
  readonly why: OwnVerdict | null;
  readonly products: Set<string>;
}

function* write(blocks: Iterable<FindingBlock>, context: ExportContext): Iterable<string> {
  const products = new Map<string, { readonly id: string; readonly name: string }>();
  const vulnerabilities = new Map<string, Map<string, Group>>();
  for (const block of blocks)
    for (const match of block.matches) {
      const purl = packageUrlOf(block);
      const product = products.getOrInsertComputed(purl, () => ({
        id: `P${products.size + 1}`,
        name: `${block.package.name} ${block.package.version} (${block.release})`,
      }));
      const status = vexStatusOf(block, match);
      const why = status === 'not_affected' ? whyNotAffected(block, match) : null;
      const groups = vulnerabilities.getOrInsertComputed(match.vulnerabilityId, () => new Map());
      groups
        .getOrInsertComputed(
          `${status} ${match.state} ${match.fixedVersion ?? ''} ${why?.justification ?? ''} ${why?.statement ?? ''}`,
          () => ({
            match,
            status,
            why,
            products: new Set(),
          }),
        )
        .products.add(product.id);
    }
  yield `{"document":${JSON.stringify(documentOf(context))},"product_tree":{"full_product_names":[`;
  yield* list(products, ([purl, { id, name }]) => ({ product_id: id, name, product_identification_helper: { purl } }));
  yield ']},"vulnerabilities":[';
  yield* list(vulnerabilities, ([id, groups]) => vulnerabilityOf(id, [...groups.values()]));
  yield ']}\n';
}

function* list<Entry>(entries: Iterable<Entry>, toObject: (entry: Entry) => object): Iterable<string> {
  let first = true;
  for (const entry of entries) {
    yield `${first ? '\n' : ',\n'}${JSON.stringify(toObject(entry))}`;
    first = false;
  }
  yield '\n';
}

function documentOf({ at, author, authorUrl, documentId, toolVersion }: ExportContext): object {
  return {
    category: 'csaf_vex',
    csaf_version: '2.0',
    lang: 'en',
    title: `What is known to be wrong with the packages of ${author}`,
    publisher: { category: 'user', name: author, namespace: authorUrl },
    tracking: {
      id: documentId(),
      status: 'final',
      version: '1',
      initial_release_date: at,
      current_release_date: at,
      revision_history: [{ number: '1', date: at, summary: 'As of this moment.' }],
      generator: { date: at, engine: { name: 'Fettle', version: toolVersion } },
    },
  };
}

const STATUS_FIELDS: Readonly<Record<VexStatus, string>> = {
  affected: 'known_affected',
  not_affected: 'known_not_affected',
  under_investigation: 'under_investigation',
};

function vulnerabilityOf(id: string, groups: readonly Group[]): object {
  const of = (status: VexStatus) => groups.filter(group => group.status === status);
  const statuses = (Object.keys(STATUS_FIELDS) as VexStatus[]).flatMap(status => {
    const products = [...new Set(of(status).flatMap(group => [...group.products]))];
    return products.length === 0 ? [] : [[STATUS_FIELDS[status], products]];
  });
  const spared = of('not_affected').flatMap(({ why, products }) => (why === null ? [] : [{ ...why, product_ids: [...products] }]));
  const remediations = of('affected').map(({ match, products }) => ({
    category: REMEDIES[match.state],
    details: actionOf(match),
    product_ids: [...products],
  }));
  const aliases = [...new Set(groups.flatMap(({ match }) => match.aliases))];
  const isCve = /^CVE-\d{4}-\d{4,}$/.test(id);
  return {
    ...(isCve ? { cve: id } : {}),
    // An id needs the system that gave it; its first word says so (GHSA-..., TEMP-..., GO-...).
    ...(isCve && aliases.length === 0
      ? {}
      : { ids: (isCve ? aliases : [id, ...aliases]).map(text => ({ system_name: text.split('-', 1)[0]!, text })) }),
    notes: [{ category: 'details', title: 'Evidence', text: noteText(groups) }],
    product_status: Object.fromEntries(statuses),
    ...(remediations.length > 0 ? { remediations } : {}),
    ...(spared.length > 0
      ? {
          flags: spared.map(({ justification, product_ids }) => ({ label: justification, product_ids })),
          threats: spared.map(({ statement, product_ids }) => ({ category: 'impact', details: statement, product_ids })),
        }
      : {}),
  };
}

/** CSAF's words for what can be done (3.2.3.12.1). */
const REMEDIES: Readonly<Record<Match['state'], string>> = {
  fixed: 'vendor_fix',
  open: 'none_available',
  deferred: 'none_available',
  'wont-fix': 'no_fix_planned',
  'end-of-life': 'no_fix_planned',
  unknown: 'none_available',
};

function noteText(groups: readonly Group[]): string {
  const notes = new Set(groups.map(({ match }) => notesOf(match) ?? `state ${match.state}`));
  return [...notes].join('\n');
}
