import { CPE_RELEASE } from '../../core/advisories/releases.ts';
import { productOf } from '../../core/versions/cpe.ts';
import type { ListedPackage } from '../../plugins/importers/spec.ts';
import type { ScannedHost } from './scan-hosts.ts';
import type { FeedRequest } from './scan-ports.ts';

/**
 * By what a package is looked up: by its own name where some feed speaks of its release or ecosystem, by the CPE that its list states for it where none does
 * and a feed speaks by CPE, else not at all.
 */
export type Lookup = 'name' | 'cpe' | 'none';

export function lookupOf(one: ListedPackage, host: Pick<ScannedHost, 'release'>, covered: ReadonlySet<string>): Lookup {
  const release = one.release ?? host.release;
  if (release !== CPE_RELEASE && covered.has(release)) return 'name';
  return one.cpes.length > 0 && covered.has(CPE_RELEASE) ? 'cpe' : 'none';
}

/** Products that the hosts' lists state by CPE: feeds are asked of these and no others, for the NVD has a million statements. */
export function cpeProductsOf(hosts: readonly ScannedHost[]): FeedRequest['cpeProducts'] & object {
  const products = new Map<string, Set<string>>();
  for (const host of hosts)
    for (const one of host.packages)
      for (const cpe of one.cpes) products.getOrInsertComputed(productOf(cpe)!, () => new Set()).add(one.release ?? host.release);
  return products;
}
