import type { KernelState, Match } from '../../../core/findings/finding.ts';
import { type ExportContext, type Exporter, type FindingBlock, hiddenReason, type ScannedPackage } from '../spec.ts';

/**
 * An array with one object a finding, one to a line:
 * {host, package, arch, version, source, sourceVersion, release, kernelState, id, aliases, fixedVersion, state, severity, hidden, knownExploited, evidence}.
 * `hidden` findings are listed too: `unimportant`, `wont-fix`, `kernel-not-running`, else null.
 */
export const json: Exporter = { id: 'json', title: 'JSON', mediaType: 'application/json', write };

const CHUNK_BYTES = 1 << 20;
const SEPARATOR = Buffer.from(',\n');

/** Rows differ between hosts only in the host's name, so each package's rows are written once, as bytes, and copied for every host that has it. */
function* write(blocks: Iterable<FindingBlock>, context: ExportContext): Iterable<string | Uint8Array> {
  yield '[\n';
  const rows = new RowCache(context);
  let host = '';
  let opening = Buffer.alloc(0);
  let chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  let used = 0;
  let first = true;
  for (const block of blocks) {
    if (block.host !== host || opening.length === 0) {
      host = block.host;
      opening = Buffer.from(`{"host":${JSON.stringify(host)},`);
    }
    for (const row of rows.of(block)) {
      const size = SEPARATOR.length + opening.length + row.length;
      if (used + size > chunk.length) {
        yield chunk.subarray(0, used);
        // The reader may still hold the last chunk: a new one each time.
        chunk = Buffer.allocUnsafe(Math.max(CHUNK_BYTES, size));
        used = 0;
      }
      if (!first) used += SEPARATOR.copy(chunk, used);
      first = false;
      used += opening.copy(chunk, used);
      used += row.copy(chunk, used);
    }
  }
  if (used > 0) yield chunk.subarray(0, used);
  yield first ? ']\n' : '\n]\n';
}

class RowCache {
  readonly #context: ExportContext;
  readonly #byPackage = new Map<ScannedPackage, Map<KernelState, readonly Buffer[]>>();
  readonly #byMatch = new Map<Match, string>();
  constructor(context: ExportContext) {
    this.#context = context;
  }

  of(block: FindingBlock): readonly Buffer[] {
    let byState = this.#byPackage.get(block.package);
    if (byState === undefined) this.#byPackage.set(block.package, (byState = new Map()));
    let rows = byState.get(block.kernelState);
    if (rows === undefined) byState.set(block.kernelState, (rows = this.#render(block)));
    return rows;
  }

  #render(block: FindingBlock): readonly Buffer[] {
    const { name, arch, version, sourceName, sourceVersion } = block.package;
    const start = JSON.stringify({
      package: name,
      arch,
      version,
      source: sourceName,
      sourceVersion,
      release: block.release,
      kernelState: block.kernelState,
    }).slice(1, -1);
    return block.matches.map(match =>
      Buffer.from(`${start},"hidden":${JSON.stringify(hiddenReason(block, match))},${this.#matchText(match)}`),
    );
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
