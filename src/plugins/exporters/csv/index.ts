import { hostRows } from '../host-rows.ts';
import { type ExportContext, type Exporter, type FindingBlock, hiddenReason } from '../spec.ts';

export const csv: Exporter = { id: 'csv', title: 'CSV (RFC 4180)', mediaType: 'text/csv', write };

const COLUMNS = [
  'host',
  'package',
  'arch',
  'version',
  'source',
  'sourceVersion',
  'release',
  'id',
  'aliases',
  'fixedVersion',
  'state',
  'kernelState',
  'severity',
  'hidden',
  'knownExploited',
  'feed',
  'statedOn',
  'rule',
  'comparison',
  'disagreement',
  'confidence',
];

function* write(blocks: Iterable<FindingBlock>, context: ExportContext): Iterable<string | Uint8Array> {
  yield `${COLUMNS.join(',')}\r\n`;
  yield* hostRows(
    blocks,
    block => render(block, context),
    host => `${cell(host)},`,
    '\r\n',
  );
}

function render(block: FindingBlock, context: ExportContext): readonly string[] {
  const { name, arch, version, sourceName, sourceVersion } = block.package;
  const start = [name, arch, version, sourceName, sourceVersion, block.release].map(cell).join(',');
  return block.matches.map(match => {
    const [evidence] = match.evidence;
    const rest = [
      match.vulnerabilityId,
      match.aliases.join(' '),
      match.fixedVersion,
      match.state,
      block.kernelState,
      match.severity,
      hiddenReason(block, match),
      EXPLOITED[String(context.isKnownExploited(match))] ?? '',
      evidence?.source ?? '',
      evidence?.statedOn ?? '',
      evidence?.rule ?? '',
      evidence?.comparison ?? '',
      evidence?.disagreement ?? '',
      evidence?.confidence ?? '',
    ];
    return `${start},${rest.map(cell).join(',')}`;
  });
}

/** Empty when no KEV feed was read. */
const EXPLOITED: Readonly<Record<string, string>> = { true: 'yes', false: 'no' };

/** Cells that a spreadsheet would run as a formula get an apostrophe in front (OWASP, CSV injection). */
function cell(value: string | null): string {
  if (value === null || value === '') return '';
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
