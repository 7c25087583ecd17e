import { CPE_RELEASE } from '../../core/advisories/releases.ts';
import { productOf } from '../../core/versions/cpe.ts';
import type { ListedPackage } from '../../plugins/importers/spec.ts';
import type { ScannedHost } from './scan-hosts.ts';
import type { FeedRequest } from './scan-ports.ts';

/**
 * By what a package is looked up: by its own name where some feed speaks of its release or ecosystem, by the CPE that its list states for it where none does
 * and a feed speaks by CPE, else not at all.
 */
type Lookup = 'name' | 'cpe' | 'none';
type CpeProducts = NonNullable<FeedRequest['cpeProducts']>;

export class Lookups {
  readonly #covered: ReadonlySet<string>;
  readonly #products: CpeProducts;

  /** `products`: those that feeds were asked about. */
  constructor(covered: ReadonlySet<string>, products: CpeProducts) {
    this.#covered = covered;
    this.#products = covered.has(CPE_RELEASE) ? products : new Map();
  }

  of(one: ListedPackage, host: Pick<ScannedHost, 'release'>): Lookup {
    const release = one.release ?? host.release;
    if (release !== CPE_RELEASE && this.#covered.has(release)) return 'name';
    return one.cpes.some(cpe => this.#products.has(productOf(cpe)!)) ? 'cpe' : 'none';
  }
}

/** Products that the hosts' lists state by CPE: feeds are asked of these and no others, for the NVD has a million statements. */
export function cpeProductsOf(hosts: readonly ScannedHost[]): CpeProducts {
  const products = new Map<string, Set<string>>();
  for (const host of hosts)
    for (const one of host.packages)
      for (const cpe of one.cpes) products.getOrInsertComputed(productOf(cpe)!, () => new Set()).add(one.release ?? host.release);
  return products;
}
