import type { Match } from '../../../core/findings/finding.ts';
import { packageUrlOf } from '../package-url.ts';
import type { ExportContext, Exporter, FindingBlock } from '../spec.ts';
import { actionOf, NOT_RUNNING, notesOf, vexStatusOf } from '../vex-status.ts';

/** OpenVEX 0.2.0: our own verdicts, one statement for each vulnerability and status with all packages that it concerns. */
export const openvex: Exporter = { id: 'openvex', title: 'OpenVEX 0.2.0', mediaType: 'application/json', write };

interface Statement {
  readonly match: Match;
  readonly products: Map<string, { readonly '@id': string; readonly identifiers: { readonly purl: string } }>;
}

function* write(blocks: Iterable<FindingBlock>, context: ExportContext): Iterable<string> {
  const statements = new Map<string, Statement>();
  for (const block of blocks)
    for (const match of block.matches) {
      const status = vexStatusOf(block, match);
      const key = `${match.vulnerabilityId} ${status} ${match.fixedVersion ?? ''}`;
      let statement = statements.get(key);
      if (statement === undefined) statements.set(key, (statement = { match, products: new Map() }));
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
  for (const [key, statement] of statements) {
    yield `${first ? '\n' : ',\n'}${JSON.stringify(statementOf(key.split(' ')[1]!, statement))}`;
    first = false;
  }
  yield '\n]}\n';
}

function statementOf(status: string, { match, products }: Statement): object {
  // The schema takes a justification or an impact statement, never both.
  const status_notes = [status === 'not_affected' ? NOT_RUNNING : null, notesOf(match)].filter(Boolean).join(' ');
  return {
    vulnerability: { name: match.vulnerabilityId, ...(match.aliases.length > 0 ? { aliases: match.aliases } : {}) },
    products: [...products.values()],
    status,
    ...(status_notes === '' ? {} : { status_notes }),
    // The specification asks for an action with `affected` and for a justification with `not_affected`.
    ...(status === 'affected' ? { action_statement: actionOf(match) } : {}),
    ...(status === 'not_affected' ? { justification: 'vulnerable_code_not_in_execute_path' } : {}),
  };
}
