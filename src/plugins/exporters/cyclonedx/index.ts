import { isLowConfidence, type Match } from '../../../core/findings/finding.ts';
import { packageUrlOf } from '../package-url.ts';
import { type ExportContext, type Exporter, type FindingBlock, hiddenReason } from '../spec.ts';

/** CycloneDX 1.6: the packages with findings as components, each vulnerability once with everything that it affects. */
export const cyclonedx: Exporter = { id: 'cyclonedx', title: 'CycloneDX 1.6 (JSON)', mediaType: 'application/vnd.cyclonedx+json', write };

interface Affected {
  readonly match: Match;
  readonly affects: {
    readonly ref: string;
    readonly versions: readonly { readonly version: string; readonly status: 'affected' | 'unknown' }[];
  }[];
  readonly refs: Set<string>;
  hidden: boolean;
}

function* write(blocks: Iterable<FindingBlock>, context: ExportContext): Iterable<string> {
  const components = new Map<string, object>();
  const vulnerabilities = new Map<string, Affected>();
  for (const block of blocks) {
    if (block.matches.length === 0) continue;
    const ref = packageUrlOf(block);
    components.set(ref, { type: 'library', 'bom-ref': ref, name: block.package.name, version: block.package.version, purl: ref });
    for (const match of block.matches) {
      let affected = vulnerabilities.get(match.vulnerabilityId);
      if (affected === undefined)
        vulnerabilities.set(match.vulnerabilityId, (affected = { match, affects: [], refs: new Set(), hidden: true }));
      if (hiddenReason(block, match) === null) affected.hidden = false;
      if (affected.refs.has(ref)) continue;
      affected.refs.add(ref);
      affected.affects.push({
        ref,
        versions: [
          { version: block.package.version, status: match.state === 'unknown' || isLowConfidence(match) ? 'unknown' : 'affected' },
        ],
      });
    }
  }
  const tool = { components: [{ type: 'application', name: 'Fettle', version: context.toolVersion }] };
  const opening = {
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    serialNumber: `urn:uuid:${context.documentId()}`,
    version: 1,
    metadata: { timestamp: context.at, tools: tool },
  };
  yield `${JSON.stringify(opening).slice(0, -1)},"components":[`;
  yield* list(components.values());
  yield '],"vulnerabilities":[';
  yield* list(mapped(vulnerabilities.values(), one => vulnerabilityOf(one, context)));
  yield ']}\n';
}

function* list(values: Iterable<object>): Iterable<string> {
  let first = true;
  for (const value of values) {
    yield `${first ? '\n' : ',\n'}${JSON.stringify(value)}`;
    first = false;
  }
  yield '\n';
}

function* mapped<From, To>(values: Iterable<From>, change: (value: From) => To): Iterable<To> {
  for (const value of values) yield change(value);
}

/** CycloneDX's own words (impactAnalysisState, impactAnalysisResponse). */
function analysisOf({ match, hidden }: Affected): object {
  const evidence = match.evidence[0];
  const detail = [evidence?.comparison, evidence?.disagreement].filter(Boolean).join('. ');
  if (match.state === 'unknown' || isLowConfidence(match)) return { state: 'in_triage', detail };
  const response =
    match.state === 'fixed' ? ['update'] : match.state === 'wont-fix' || match.state === 'end-of-life' ? ['will_not_fix'] : [];
  return {
    state: 'exploitable',
    ...(response.length > 0 ? { response } : {}),
    detail: hidden ? `${detail} (${match.hidden ?? 'kernel-not-running'})` : detail,
  };
}

function vulnerabilityOf(affected: Affected, context: ExportContext): object {
  const { match } = affected;
  const evidence = match.evidence[0];
  return {
    'bom-ref': match.vulnerabilityId,
    id: match.vulnerabilityId,
    source: { name: evidence?.source ?? 'unknown' },
    references: match.aliases.map(alias => ({ id: alias, source: { name: alias.split('-', 1)[0]! } })),
    ...(match.severity === null
      ? {}
      : {
          ratings: [{ source: { name: evidence?.source ?? 'unknown' }, severity: SEVERITIES[match.severity.toLowerCase()] ?? 'unknown' }],
        }),
    ...(match.fixedVersion === null ? {} : { recommendation: `Update to ${match.fixedVersion}` }),
    analysis: analysisOf(affected),
    affects: affected.affects,
    properties: [
      { name: 'fettle:state', value: match.state },
      ...(isLowConfidence(match) ? [{ name: 'fettle:confidence', value: 'low' }] : []),
      { name: 'fettle:knownExploited', value: String(context.isKnownExploited(match)) },
    ],
  };
}

const SEVERITIES: Readonly<Record<string, string>> = {
  critical: 'critical',
  high: 'high',
  important: 'high',
  medium: 'medium',
  moderate: 'medium',
  low: 'low',
  negligible: 'info',
  unimportant: 'info',
  none: 'none',
};
