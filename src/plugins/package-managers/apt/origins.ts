import { type Archive, distributionArchives, originOf, type PackageOrigin } from '../../../core/inventory/package-origin.ts';
import type { PackageRecord } from '../../../core/inventory/snapshot.ts';
import type { Policy } from './policy.ts';
import { isOlder } from './simulation.ts';

/** By the packages' policies, the archives by `SITE RELEASE/COMPONENT`. */
export class Origins {
  readonly #archives: ReadonlyMap<string, Archive>;
  readonly #policies: readonly Policy[];
  readonly #distribution: ReadonlySet<string>;

  /** `policies` of all packages in place. */
  constructor(policies: readonly Policy[], archives: ReadonlyMap<string, Archive>) {
    this.#archives = archives;
    this.#policies = policies;
    const base = policies.find(policy => policy.name === 'base-files');
    this.#distribution = distributionArchives(
      archives.values(),
      base === undefined ? [] : this.#offered(base).flatMap(offered => offered.archives),
    );
  }

  /** `installed` by apt's name. */
  ofInstalled(installed: ReadonlyMap<string, PackageRecord>): Map<string, PackageOrigin> {
    const origins = new Map<string, PackageOrigin>();
    for (const policy of this.#policies) {
      const have = installed.get(policy.name);
      if (have) origins.set(`${have.name}\t${have.arch}`, this.of(policy, have.version));
    }
    return origins;
  }

  of(policy: Policy, version: string): PackageOrigin {
    return originOf(version, this.#offered(policy), this.#distribution, isOlder);
  }

  #offered(policy: Policy) {
    return policy.versions.map(({ version, sources }) => ({
      version,
      archives: sources.flatMap(source => this.#archives.get(source) ?? []),
    }));
  }
}
