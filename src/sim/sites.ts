import { parseGroupQuery } from '../core/inventory/group-query.ts';
import type { GroupHost } from '../core/inventory/group-query-fields.ts';
import { compileGroupQuery } from '../core/inventory/group-query-match.ts';
import { invariant } from '../core/kernel/faults.ts';
import type { Books } from './books.ts';
import type { Random } from './random.ts';
import type { SimServer } from './server.ts';

export const SITE_LABEL = 'site';
export const SITES = ['far', 'east', 'west'] as const;

/** Every fourth host names no site: no cap of a site holds it, and it keeps the time of the rest. */
export function declareSites({ store, witness }: SimServer, hostIds: readonly string[], random: Random): void {
  for (const [n, hostId] of hostIds.entries()) {
    const site = SITES[n % (SITES.length + 1)];
    if (site === undefined) continue;
    store.sites.set(hostId, site);
    witness.books.sites.set(hostId, site);
  }
  store.siteConcurrencyMax = random.chance(0.7) ? Math.max(1, Math.floor(hostIds.length / random.between(6, 12))) : null;
  witness.books.siteConcurrencyMax = store.siteConcurrencyMax;
}

/** The shipped query language over the labels of hosts; the queries of lanes ask for nothing else. */
export function hostsMatching<Host extends { readonly id: string }>(
  query: string,
  hosts: readonly Host[],
  sites: ReadonlyMap<string, string>,
): Host[] {
  const parsed = parseGroupQuery(query);
  invariant(parsed.ok, `${query} is a query`);
  const matches = compileGroupQuery(parsed.query);
  return hosts.filter(({ id }) => {
    const site = sites.get(id);
    return matches({ id, labels: site === undefined ? {} : { [SITE_LABEL]: site } } as unknown as GroupHost);
  });
}

/** S1: what the installation and each site allow. `disrupted`: hosts with their disrupting jobs, `hostId` the one that has just come. */
export function demandCaps(books: Books, disrupted: ReadonlyMap<string, number>, hostId: string, atMs: number): void {
  const { ledger, sites, concurrencyMax, siteConcurrencyMax } = books;
  ledger.demand('S1', disrupted.size <= concurrencyMax, atMs, () => `${disrupted.size} hosts at once`);
  const site = sites.get(hostId);
  if (site === undefined || siteConcurrencyMax === null) return;
  let there = 0;
  for (const other of disrupted.keys()) if (sites.get(other) === site) there += 1;
  ledger.demand('S1', there <= siteConcurrencyMax, atMs, () => `${there} hosts of site ${site} at once, ${siteConcurrencyMax} allowed`);
}
