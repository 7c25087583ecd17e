import type { Match } from '../../../core/findings/finding.ts';
import { packageUrlOf } from '../package-url.ts';
import { type ExportContext, type Exporter, type FindingBlock, hiddenReason } from '../spec.ts';

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
      const status = statusOf(block, match);
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

function statusOf(block: FindingBlock, match: Match): string {
  if (match.state === 'undetermined') return 'under_investigation';
  return hiddenReason(block, match) === 'kernel-not-running' ? 'not_affected' : 'affected';
}

function statementOf(status: string, { match, products }: Statement): object {
  const evidence = match.evidence[0];
  return {
    vulnerability: { name: match.vulnerabilityId, ...(match.aliases.length > 0 ? { aliases: match.aliases } : {}) },
    products: [...products.values()],
    status,
    ...(evidence === undefined
      ? {}
      : {
          status_notes: `${evidence.comparison}; by ${evidence.source}${evidence.statedOn ? ` of ${evidence.statedOn}` : ''}, rule ${evidence.rule}`,
        }),
    // The specification asks for an action with `affected` and for a justification with `not_affected`.
    ...(status === 'affected'
      ? { action_statement: match.fixedVersion === null ? ACTIONS[match.state] : `Update to ${match.fixedVersion} or later.` }
      : {}),
    ...(status === 'not_affected'
      ? { justification: 'vulnerable_code_not_in_execute_path', impact_statement: 'The kernel is installed and does not run.' }
      : {}),
  };
}

const ACTIONS: Readonly<Record<Match['state'], string>> = {
  fixed: 'Update.',
  open: 'No fix is known. Watch for one, or mitigate.',
  deferred: 'The distribution will fix it in a later update. Watch for it, or mitigate.',
  'wont-fix': 'The distribution will not fix it. Mitigate, or accept the risk.',
  'end-of-life': 'The package is no longer supported. Upgrade the release, or isolate the host.',
  undetermined: 'Nobody has determined yet whether the package is affected.',
};
