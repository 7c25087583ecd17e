import type { KernelState, Match } from '../../../core/findings/finding.ts';
import { type ExportContext, type Exporter, type FindingBlock, hiddenReason, type ScannedPackage } from '../spec.ts';

/**
 * An array with one object a finding, one to a line:
 * {host, package, arch, version, source, sourceVersion, release, kernelState, hidden, id, aliases, fixedVersion, state, severity, knownExploited, evidence}.
 * `hidden` findings are listed too: `unimportant`, `wont-fix`, `kernel-not-running`, else null.
 */
export const json: Exporter = { id: 'json', title: 'JSON', mediaType: 'application/json', write };

const CHUNK_CHARS = 1 << 20;

/** Rows differ between hosts only in the host's name, so each package's rows are written once and repeated for every host that has it. */
function* write(blocks: Iterable<FindingBlock>, context: ExportContext): Iterable<string> {
  const rows = new RowCache(context);
  let host: string | null = null;
  let opening = '';
  let chunk = '[';
  let separator = '\n';
  for (const block of blocks) {
    if (block.host !== host) {
      host = block.host;
      opening = `{"host":${JSON.stringify(host)},`;
    }
    for (const row of rows.of(block)) {
      chunk += separator + opening + row;
      separator = ',\n';
    }
    if (chunk.length < CHUNK_CHARS) continue;
    yield chunk;
    chunk = '';
  }
  yield `${chunk}${separator === '\n' ? '' : '\n'}]\n`;
}

class RowCache {
  readonly #context: ExportContext;
  readonly #byPackage = new Map<ScannedPackage, Map<KernelState, readonly string[]>>();
  readonly #byMatch = new Map<Match, string>();
  constructor(context: ExportContext) {
    this.#context = context;
  }

  of(block: FindingBlock): readonly string[] {
    let byState = this.#byPackage.get(block.package);
    if (byState === undefined) this.#byPackage.set(block.package, (byState = new Map()));
    let rows = byState.get(block.kernelState);
    if (rows === undefined) byState.set(block.kernelState, (rows = this.#render(block)));
    return rows;
  }

  #render(block: FindingBlock): readonly string[] {
    const { name, arch, version, sourceName, sourceVersion } = block.package;
    const known = {
      package: name,
      arch,
      version,
      source: sourceName,
      sourceVersion,
      release: block.release,
      kernelState: block.kernelState,
    };
    const start = `${JSON.stringify(known).slice(1, -1)},"hidden":`;
    return block.matches.map(match => `${start}${JSON.stringify(hiddenReason(block, match))},${this.#matchText(match)}`);
  }

  #matchText(match: Match): string {
    let text = this.#byMatch.get(match);
    if (text === undefined) {
      const { vulnerabilityId: id, aliases, fixedVersion, state, severity, evidence } = match;
      text = JSON.stringify({
        id,
        aliases,
        fixedVersion,
        state,
        severity,
        knownExploited: this.#context.isKnownExploited(id),
        evidence,
      }).slice(1);
      this.#byMatch.set(match, text);
    }
    return text;
  }
}
