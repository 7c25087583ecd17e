import { isLowConfidence, type Match } from '../../../core/findings/finding.ts';
import { type ExportContext, type Exporter, type FindingBlock, hiddenReason } from '../spec.ts';

/** SARIF 2.1.0: one rule a vulnerability, one result a finding, located in the package list that was scanned. Hidden findings are suppressed results. */
export const sarif: Exporter = { id: 'sarif', title: 'SARIF 2.1.0', mediaType: 'application/sarif+json', write };

function* write(blocks: Iterable<FindingBlock>, context: ExportContext): Iterable<string> {
  const rules = new Map<string, number>();
  const ruleTexts: string[] = [];
  yield `{"$schema":"https://json.schemastore.org/sarif-2.1.0.json","version":"2.1.0","runs":[{"results":[`;
  let first = true;
  for (const block of blocks)
    for (const match of block.matches) {
      let rule = rules.get(match.vulnerabilityId);
      if (rule === undefined) {
        rules.set(match.vulnerabilityId, (rule = rules.size));
        ruleTexts.push(JSON.stringify(ruleOf(match)));
      }
      yield `${first ? '' : ','}\n${JSON.stringify(resultOf(block, match, rule, context))}`;
      first = false;
    }
  const driver = { name: 'Fettle', version: context.toolVersion };
  // Rules are known only after the results; members of a JSON object have no order.
  yield `\n],"tool":{"driver":${JSON.stringify(driver).slice(0, -1)},"rules":[\n${ruleTexts.join(',\n')}\n]}},"columnKind":"utf16CodeUnits"}]}\n`;
}

function ruleOf(match: Match) {
  return {
    id: match.vulnerabilityId,
    shortDescription: {
      text: match.aliases.length === 0 ? match.vulnerabilityId : `${match.vulnerabilityId} (${match.aliases.join(', ')})`,
    },
    ...(match.vulnerabilityId.startsWith('CVE-') ? { helpUri: `https://www.cve.org/CVERecord?id=${match.vulnerabilityId}` } : {}),
  };
}

/** RFC 3986: a path that begins at the root is a file's, every other is relative to where the scan ran; `#` and `?` are part of a name. */
function uriOf(path: string): string {
  const encoded = path.split('/').map(encodeURIComponent).join('/');
  return path.startsWith('/') ? `file://${encoded}` : encoded;
}

const LEVELS: Readonly<Record<Match['state'], string>> = {
  fixed: 'error',
  open: 'warning',
  deferred: 'warning',
  'wont-fix': 'note',
  'end-of-life': 'warning',
  unknown: 'note',
};

function resultOf(block: FindingBlock, match: Match, ruleIndex: number, context: ExportContext) {
  const { package: one } = block;
  const hidden = hiddenReason(block, match);
  const remedy = match.fixedVersion === null ? `no fix is known in ${block.release} (${match.state})` : `fixed in ${match.fixedVersion}`;
  return {
    ruleId: match.vulnerabilityId,
    ruleIndex,
    level: isLowConfidence(match) ? 'note' : context.isKnownExploited(match) ? 'error' : LEVELS[match.state],
    message: {
      text: `${one.name} ${one.version} on ${block.host} has ${match.vulnerabilityId}: ${remedy}. ${match.evidence[0]?.comparison ?? ''}`,
    },
    locations: [
      {
        physicalLocation: { artifactLocation: { uri: uriOf(context.fileOf(block.host)) } },
        logicalLocations: [{ name: one.name, fullyQualifiedName: `${block.host}/${one.name}@${one.version}`, kind: 'package' }],
      },
    ],
    partialFingerprints: { 'fettle/v1': `${block.host}/${one.name}/${match.vulnerabilityId}` },
    ...(hidden === null ? {} : { suppressions: [{ kind: 'external', justification: hidden }] }),
    properties: {
      state: match.state,
      ...(isLowConfidence(match) ? { confidence: 'low' } : {}),
      kernelState: block.kernelState,
      fixedVersion: match.fixedVersion,
      evidence: match.evidence,
    },
  };
}
