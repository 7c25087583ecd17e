import type { ClaimIndex } from '../../core/advisories/claim-index.ts';
import { matchCpe } from '../../core/findings/cpe-match.ts';
import type { Match } from '../../core/findings/finding.ts';
import { kernelKey } from '../../core/findings/kernels.ts';
import { matchPackage } from '../../core/findings/match.ts';
import type { FindingBlock } from '../../plugins/exporters/spec.ts';
import type { ListedPackage } from '../../plugins/importers/spec.ts';
import type { ScannedHost } from './scan-hosts.ts';
import { kernelStatesOf } from './scan-kernels.ts';
import type { Lookups } from './scan-lookup.ts';

const NOTHING: readonly Match[] = [];

/** Matches distinct package versions once: the thousandth host costs its lookups. */
export class ScanMatcher {
  readonly #index: ClaimIndex;
  readonly #lookups: Lookups;
  readonly #byPackage = new Map<ListedPackage, { readonly release: string; readonly matches: readonly Match[] }>();
  readonly #bySource = new Map<string, readonly Match[]>();

  constructor(index: ClaimIndex, lookups: Lookups) {
    this.#index = index;
    this.#lookups = lookups;
  }

  *blocksOf(host: ScannedHost): Iterable<FindingBlock> {
    const kernels = kernelStatesOf(host);
    for (const one of host.packages) {
      const release = one.release ?? host.release;
      const matches = this.#matchesOf(one, host, release);
      if (matches.length > 0)
        yield { host: host.name, release, package: one, kernelState: kernels?.get(kernelKey(one.name, one.version)) ?? null, matches };
    }
  }

  #matchesOf(one: ListedPackage, host: ScannedHost, release: string): readonly Match[] {
    const known = this.#byPackage.get(one);
    if (known?.release === release) return known.matches;
    const matches = this.#lookups.of(one, host) === 'cpe' ? this.#matchByCpe(one) : this.#match(one, release);
    this.#byPackage.set(one, { release, matches });
    return matches;
  }

  /** Several names for one product find the same vulnerability: the first that is certain of it, or the first. */
  #matchByCpe(one: ListedPackage): readonly Match[] {
    const byId = new Map<string, Match>();
    for (const match of one.cpes.flatMap(cpe => matchCpe(this.#index, { cpe, version: one.version }))) {
      const known = byId.get(match.vulnerabilityId);
      if (known === undefined || (known.state === 'unknown' && match.state !== 'unknown')) byId.set(match.vulnerabilityId, match);
    }
    return byId.size === 0 ? NOTHING : [...byId.values()];
  }

  /** Binaries of one source share their matches, unless a publisher speaks of the binary itself. */
  #match(one: ListedPackage, release: string): readonly Match[] {
    if (!one.originTrusted) return NOTHING;
    const binary = this.#index.packageClaims(release, 'binary', one.name) !== null;
    const key = `${release}\n${one.sourceName}\n${one.sourceVersion}${binary ? `\n${one.name}\n${one.version}\n${one.module}` : ''}`;
    let matches = this.#bySource.get(key);
    if (matches === undefined) {
      matches = matchPackage(this.#index, {
        release,
        sourceName: one.sourceName,
        sourceVersion: one.sourceVersion,
        packageName: one.name,
        packageVersion: one.version,
        originTrusted: true,
        module: one.module,
      });
      if (matches.length === 0) matches = NOTHING;
      this.#bySource.set(key, matches);
    }
    return matches;
  }
}
