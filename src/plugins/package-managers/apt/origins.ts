import { type Archive, distributionArchives, originOf, type PackageOrigin } from '../../../core/inventory/package-origin.ts';
import type { PackageRecord } from '../../../core/inventory/snapshot.ts';
import type { Policy } from './policy.ts';
import { isOlder } from './simulation.ts';

/** `policies` of all packages in place; `installed` by apt's name; `archives` by `SITE RELEASE/COMPONENT`. */
export function originsOf(
  policies: readonly Policy[],
  installed: ReadonlyMap<string, PackageRecord>,
  archives: ReadonlyMap<string, Archive>,
): Map<string, PackageOrigin> {
  const offeredOf = (policy: Policy) =>
    policy.versions.map(({ version, sources }) => ({ version, archives: sources.flatMap(source => archives.get(source) ?? []) }));
  const base = policies.find(policy => policy.name === 'base-files');
  const distribution = distributionArchives(
    archives.values(),
    base === undefined ? [] : offeredOf(base).flatMap(offered => offered.archives),
  );
  const origins = new Map<string, PackageOrigin>();
  for (const policy of policies) {
    const have = installed.get(policy.name);
    if (have) origins.set(`${have.name}\t${have.arch}`, originOf(have.version, offeredOf(policy), distribution, isOlder));
  }
  return origins;
}
