import { createHash, hash } from 'node:crypto';
import type { Match } from '../../core/findings/finding.ts';
import type { ExportContext, FindingBlock } from '../../plugins/exporters/spec.ts';

/** Names a document by what it says, so that the same answer at the same instant is the same document, byte by byte. */
export class DocumentId {
  readonly #hash = createHash('sha256');
  readonly #digests = new WeakMap<Match, string>();
  readonly #isKnownExploited: ExportContext['isKnownExploited'];

  constructor(isKnownExploited: ExportContext['isKnownExploited']) {
    this.#isKnownExploited = isKnownExploited;
  }

  *seeing(blocks: Iterable<FindingBlock>): Iterable<FindingBlock> {
    for (const block of blocks) {
      const { host, release, package: one, kernelState, matches } = block;
      const { name, arch, version, sourceName, sourceVersion } = one;
      const said = matches.map(match => this.#digestOf(match));
      this.#hash.update(JSON.stringify([host, release, name, arch, version, sourceName, sourceVersion, kernelState, said]));
      yield block;
    }
  }

  /** A fleet shares its matches. */
  #digestOf(match: Match): string {
    let digest = this.#digests.get(match);
    if (digest === undefined) {
      digest = hash('sha256', JSON.stringify([match, this.#isKnownExploited(match)]), 'base64');
      this.#digests.set(match, digest);
    }
    return digest;
  }

  /** A UUID of one's own making (RFC 9562, version 8), once the blocks have been seen. */
  text(...circumstances: readonly string[]): string {
    const digits = this.#hash.copy().update(JSON.stringify(circumstances)).digest('hex');
    const variant = ((Number.parseInt(digits[16]!, 16) & 0x3) | 0x8).toString(16);
    return [
      digits.slice(0, 8),
      digits.slice(8, 12),
      `8${digits.slice(13, 16)}`,
      `${variant}${digits.slice(17, 20)}`,
      digits.slice(20, 32),
    ].join('-');
  }
}
