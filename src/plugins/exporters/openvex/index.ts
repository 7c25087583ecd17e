import type { Match } from '../../../core/findings/finding.ts';
import { packageUrlOf } from '../package-url.ts';
import type { ExportContext, Exporter, FindingBlock, OwnVerdict } from '../spec.ts';
import { actionOf, notesOf, type VexStatus, vexStatusOf, whyNotAffected } from '../vex-status.ts';

/** OpenVEX 0.2.0: our own verdicts, one statement for each vulnerability and status with all packages that it concerns. */
export const openvex: Exporter = { id: 'openvex', title: 'OpenVEX 0.2.0', mediaType: 'application/json', write };

interface Statement {
  readonly match: Match;
  readonly status: VexStatus;
  /** null unless not affected. */
  readonly why: OwnVerdict | null;
  readonly products: Map<string, { readonly '@id': string; readonly identifiers: { readonly purl: string } }>;
}

function* write(blocks: Iterable<FindingBlock>, context: ExportContext): Iterable<string> {
  const statements = new Map<string, Statement>();
  for (const block of blocks)
    for (const match of block.matches) {
      const status = vexStatusOf(block, match);
      const why = status === 'not_affected' ? whyNotAffected(block, match) : null;
      const key = `${match.vulnerabilityId} ${status} ${match.fixedVersion ?? ''} ${why?.justification ?? ''} ${why?.statement ?? ''}`;
      let statement = statements.get(key);
      if (statement === undefined) statements.set(key, (statement = { match, status, why, products: new Map() }));
      const purl = packageUrlOf(block);
      statement.products.set(purl, { '@id': purl, identifiers: { purl } });
    }
  const document = {
    '@context': 'https://openvex.dev/ns/v0.2.0',
    '@id': `urn:uuid:${context.documentId()}`,
    author: context.author,
    timestamp: context.at,
    version: 1,
    tooling: `Fettle ${context.toolVersion}`,
  };
  yield `${JSON.stringify(document).slice(0, -1)},"statements":[`;
  let first = true;
  for (const statement of statements.values()) {
    yield `${first ? '\n' : ',\n'}${JSON.stringify(statementOf(statement))}`;
    first = false;
  }
  yield '\n]}\n';
}

function statementOf({ match, status, why, products }: Statement): object {
  // The schema takes a justification or an impact statement, never both.
  const status_notes = [why?.statement, notesOf(match)].filter(Boolean).join(' ');
  return {
    vulnerability: { name: match.vulnerabilityId, ...(match.aliases.length > 0 ? { aliases: match.aliases } : {}) },
    products: [...products.values()],
    status,
    ...(status_notes === '' ? {} : { status_notes }),
    // The specification asks for an action with `affected` and for a justification with `not_affected`.
    ...(status === 'affected' ? { action_statement: actionOf(match) } : {}),
    ...(why === null ? {} : { justification: why.justification }),
  };
}
