import type { z } from 'zod';
import type { HostPackage } from '../../api/hosts.ts';
import { type HistoryEntry, unpackHistory } from '../../core/inventory/history.ts';
import { DISTRIBUTION_ORIGIN, isThirdParty, type PackageOrigin } from '../../core/inventory/package-origin.ts';
import { unpackSince } from '../../core/inventory/since.ts';
import { toInstant } from '../../core/kernel/instants.ts';
import { statedGroups } from '../../core/remediation/assessment.ts';
import type { Handlers } from '../context.ts';
import { notFound } from '../runtime/problems.ts';
import type { HostHandlerParts } from './host-handlers.ts';
import type { FleetModel } from './model.ts';
import { paged, parseSort, type SortKeys, sorted } from './paging.ts';

type PackageView = z.output<typeof HostPackage>;

const SORT: SortKeys<PackageView> = {
  name: row => row.name,
  sourceName: row => row.sourceName,
  version: row => row.version,
  state: row => row.state,
  findings: row => row.findings,
  since: row => row.since,
  held: row => row.held,
};

export function packageHandlers({ context, model, inventory, settled }: HostHandlerParts): Handlers<'hostPackages' | 'hostHistory'> {
  const { db } = context;
  return {
    async hostPackages({ params: { id }, query }) {
      await settled();
      const slot = model.fleet.slotOf(id);
      if (slot === undefined) throw notFound('host', id);
      const order = parseSort(query.sort, SORT, 'name');
      const [row] = await db.query<{ since: Buffer }>('select since from host_inventory where host_id = $1', [id]);
      const rows = packageViews(model, slot, await inventory.packagesOf(id), row ? unpackSince(row.since) : new Map());
      const search = query.search?.toLowerCase();
      const wanted = rows.filter(
        item => WANTED[query.only](item) && (!search || item.name.includes(search) || item.sourceName.includes(search)),
      );
      return paged(sorted(wanted, order, SORT), query);
    },

    async hostHistory({ params: { id }, query }) {
      if (model.fleet.slotOf(id) === undefined) throw notFound('host', id);
      const years = await db.query<{ changes: Buffer }>('select changes from package_history where host_id = $1 order by year', [id]);
      const entries = years.flatMap(({ changes }) => unpackHistory(changes)).reverse();
      const search = query.search?.toLowerCase();
      const named = search ? await transitionsOf(db, entries) : null;
      const wanted = named === null ? entries : entries.filter(entry => named.get(entry.transitionId)?.name.includes(search!));
      const page = paged(wanted, query);
      const transitions = named ?? (await transitionsOf(db, page.items));
      const causes = await causesOf(db, page.items);
      return {
        ...page,
        items: page.items.map(({ atSeconds, transitionId, causeId }) => {
          const { action, name, arch, from_version: from, to_version: to } = transitions.get(transitionId)!;
          const cause = causes.get(causeId)!;
          return {
            at: toInstant(atSeconds * 1_000),
            action,
            name,
            arch,
            fromVersion: from || null,
            toVersion: to || null,
            origin: cause.origin,
            requestedBy: cause.requested_by,
          };
        }),
      };
    },
  };
}

const WANTED: Readonly<Record<'all' | 'pending' | 'held' | 'vulnerable', (row: PackageView) => boolean>> = {
  all: () => true,
  pending: row => row.candidate !== null,
  held: row => row.held,
  vulnerable: row => row.findings > 0,
};

function packageViews(
  model: FleetModel,
  slot: number,
  records: Awaited<ReturnType<HostHandlerParts['inventory']['packagesOf']>>,
  since: ReadonlyMap<number, number>,
): PackageView[] {
  const { fleet } = model;
  const keyOf = (row: { readonly name: string; readonly arch: string; readonly version: string }) =>
    `${row.name}\t${row.arch}\t${row.version}`;
  const idOf = new Map(Array.from(fleet.inventory.idsOf(slot), id => [keyOf(fleet.units.version(id)), id]));
  const findings = new Map<number, number>();
  const offersKnown = model.records[slot]!.candidatesRead;
  for (const source of fleet.sourcesOf(slot)) {
    const count = statedGroups(source, offersKnown).reduce((sum, { state, group }) => (state === 'wont-fix' ? sum : sum + group.size), 0);
    for (const id of fleet.versionIdsOf(slot, source)) findings.set(id, count);
  }
  const candidates = new Map(
    (fleet.offersOn(slot) ?? []).flatMap(offer =>
      offer.candidates.map(candidate => [`${candidate.version.name}\t${candidate.version.arch}`, candidate]),
    ),
  );
  return records.map(record => {
    const id = idOf.get(keyOf(record)) ?? -1;
    const candidate = candidates.get(`${record.name}\t${record.arch}`);
    const seconds = since.get(id);
    return {
      ...record,
      origin: originView(record.origin),
      candidate:
        candidate === undefined
          ? null
          : {
              version: candidate.version.version,
              origins: [...candidate.origins],
              security: candidate.security,
              availability: candidate.availability,
            },
      findings: findings.get(id) ?? 0,
      since: seconds === undefined ? null : toInstant(seconds * 1_000),
    };
  });
}

function originView(origin: PackageOrigin = DISTRIBUTION_ORIGIN): PackageView['origin'] {
  if (isThirdParty(origin)) return { kind: 'third-party', name: origin };
  return { kind: origin === DISTRIBUTION_ORIGIN ? 'distribution' : 'unknown', name: null };
}

interface TransitionRow {
  readonly id: number;
  readonly action: string;
  readonly name: string;
  readonly arch: string;
  readonly from_version: string;
  readonly to_version: string;
}

interface CauseRow {
  readonly id: number;
  readonly origin: 'log' | 'observed' | 'job';
  readonly requested_by: string | null;
}

type Queryable = HostHandlerParts['context']['db'];

async function transitionsOf(db: Queryable, entries: readonly HistoryEntry[]): Promise<Map<number, TransitionRow>> {
  const rows = await db.query<TransitionRow>(
    'select id, action, name, arch, from_version, to_version from package_transition where id = any($1)',
    [[...new Set(entries.map(entry => entry.transitionId))]],
  );
  return new Map(rows.map(row => [row.id, row]));
}

async function causesOf(db: Queryable, entries: readonly HistoryEntry[]): Promise<Map<number, CauseRow>> {
  const rows = await db.query<CauseRow>('select id, origin, requested_by from change_cause where id = any($1)', [
    [...new Set(entries.map(entry => entry.causeId))],
  ]);
  return new Map(rows.map(row => [row.id, row]));
}
