import type { Match } from '../../../core/findings/finding.ts';
import { hostRows } from '../host-rows.ts';
import { type ExportContext, type Exporter, type FindingBlock, hiddenReason } from '../spec.ts';

/**
 * An array with one object a finding, one to a line:
 * {host, package, arch, version, source, sourceVersion, release, kernelState, hidden, id, aliases, fixedVersion, state, severity, knownExploited, evidence}.
 * `hidden` findings are listed too: `unimportant`, `wont-fix`, `kernel-not-running`, else null.
 */
export const json: Exporter = { id: 'json', title: 'JSON', mediaType: 'application/json', write };

function* write(blocks: Iterable<FindingBlock>, context: ExportContext): Iterable<string | Uint8Array> {
  const texts = new Map<Match, string>();
  yield '[\n';
  let isFirst = true;
  for (const chunk of hostRows(
    blocks,
    block => render(block, context, texts),
    host => `,\n{"host":${JSON.stringify(host)},`,
    '',
  )) {
    // The first row has no row before it to be parted from.
    yield isFirst ? chunk.subarray(2) : chunk;
    isFirst = false;
  }
  yield isFirst ? ']\n' : '\n]\n';
}

function render(block: FindingBlock, context: ExportContext, texts: Map<Match, string>): readonly string[] {
  const { name, arch, version, sourceName, sourceVersion } = block.package;
  const known = { package: name, arch, version, source: sourceName, sourceVersion, release: block.release, kernelState: block.kernelState };
  const start = `${JSON.stringify(known).slice(1, -1)},"hidden":`;
  return block.matches.map(match => `${start}${JSON.stringify(hiddenReason(block, match))},${matchText(match, context, texts)}`);
}

/** Binaries of one source share their matches. */
function matchText(match: Match, context: ExportContext, texts: Map<Match, string>): string {
  let text = texts.get(match);
  if (text === undefined) {
    const { vulnerabilityId: id, aliases, fixedVersion, state, severity, evidence } = match;
    text = JSON.stringify({ id, aliases, fixedVersion, state, severity, knownExploited: context.isKnownExploited(match), evidence }).slice(
      1,
    );
    texts.set(match, text);
  }
  return text;
}
