import type { ClaimIndex } from '../core/advisories/claim-index.ts';
import { compareKeys, type VersionScheme } from '../core/versions/scheme.ts';

/**
 * Most statements of a feed are "fixed in a version that this host has long had". They make no finding, so a scan of one host does not even build
 * them. That is right as long as no other feed says otherwise of the same vulnerability: `contradictedBy` finds that out, and the feeds are then read again in full.
 */
export class SettledStatements {
  readonly #order: VersionScheme;
  readonly #installed: ReadonlyMap<string, readonly string[]>;
  /** Several feeds may contradict each other; one feed has nobody to contradict it. */
  readonly #several: boolean;
  readonly #sources = new Map<string, SourceState>();

  constructor(order: VersionScheme, installed: ReadonlyMap<string, readonly string[]>, several: boolean) {
    this.#order = order;
    this.#installed = installed;
    this.#several = several;
  }

  readonly isSettled = (source: string, vulnerabilityId: string, fixedVersion: string): boolean => {
    let state = this.#sources.get(source);
    if (state === undefined) this.#sources.set(source, (state = { lowest: this.#lowestOf(source), answers: new Map(), ids: new Set() }));
    if (state.lowest === null) return false;
    let answer = state.answers.get(fixedVersion);
    if (answer === undefined) {
      const fixed = this.#order.key(fixedVersion);
      answer = fixed.ok && compareKeys(fixed.key, state.lowest) <= 0;
      state.answers.set(fixedVersion, answer);
    }
    if (answer && this.#several) state.ids.add(vulnerabilityId);
    return answer;
  };

  contradictedBy(index: ClaimIndex): boolean {
    if (!this.#several) return false;
    for (const { release, kind, name } of index.packages()) {
      const ids = this.#sources.get(name)?.ids;
      if (ids === undefined || ids.size === 0) continue;
      for (const one of index.packageClaims(release, kind, name)?.vulnerabilities ?? [])
        if (ids.has(one.vulnerabilityId) || one.aliases.some(alias => ids.has(alias))) return true;
    }
    return false;
  }

  /** null when some installed version cannot be ordered, or none is known: nothing is settled then. */
  #lowestOf(source: string): Uint8Array | null {
    let lowest: Uint8Array | null = null;
    for (const version of this.#installed.get(source) ?? []) {
      const key = this.#order.key(version);
      if (!key.ok) return null;
      if (lowest === null || compareKeys(key.key, lowest) < 0) lowest = key.key;
    }
    return lowest;
  }
}

interface SourceState {
  readonly lowest: Uint8Array | null;
  readonly answers: Map<string, boolean>;
  readonly ids: Set<string>;
}
