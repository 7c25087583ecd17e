import type { HostSummaryView } from '../../api/hosts.ts';
import { type Lifecycle, supportTier } from '../../core/advisories/lifecycle.ts';
import { keyId } from '../../core/evidence/envelope.ts';
import { epochMs, toInstant } from '../../core/kernel/instants.ts';
import { isFinal, statesOf } from '../../core/kernel/machine.ts';
import { JOB } from '../../core/rollouts/job-states.ts';
import type { Queryable } from '../../db/db.ts';
import type { Context, Handlers } from '../context.ts';
import type { ExceptionMarks, InventoryPort } from '../ports.ts';
import { csvLine } from '../runtime/csv.ts';
import { invalid, notFound } from '../runtime/problems.ts';
import { excusedOnHost } from './excused.ts';
import type { HostSummaries } from './host-summaries.ts';
import type { FleetModel } from './model.ts';
import { paged, parseSort, type SortKeys, sorted } from './paging.ts';

const SORT: SortKeys<HostSummaryView> = {
  name: host => host.name.toLowerCase(),
  address: host => host.address,
  platform: host => host.platform,
  reach: host => host.reach,
  state: host => host.state,
  criticality: host => CRITICALITY_ORDER[host.criticality],
  exposure: host => host.exposure,
  packages: host => host.packages,
  pendingPatches: host => host.pendingPatches,
  securityPatches: host => host.securityPatches,
  openFindings: host => host.openFindings,
  knownExploited: host => host.knownExploited,
  overdue: host => host.overdue,
  heldPackages: host => host.heldPackages,
  earliestDueAt: host => host.earliestDueAt,
  lastSeenAt: host => host.lastSeenAt,
  inventoryAt: host => host.inventoryAt,
};
const CRITICALITY_ORDER: Readonly<Record<HostSummaryView['criticality'], number>> = { vital: 4, high: 3, unset: 2, normal: 1, low: 0 };

/** Jobs that occupy a host: everything that has begun and has not ended. */
export const ACTIVE_JOB_STATES = statesOf(JOB).filter(state => state !== 'queued' && !isFinal(JOB, state));

export interface HostHandlerParts {
  readonly context: Context;
  readonly model: FleetModel;
  readonly summaries: HostSummaries;
  readonly inventory: InventoryPort;
  settled(): Promise<void>;
  /** Exceptions in force. */
  marks(): Promise<ExceptionMarks>;
  /** As `settled`, without the numbers of hosts that nobody asks about. */
  taken(): Promise<void>;
}

export function hostHandlers({
  context,
  model,
  summaries,
  inventory,
  settled,
  marks,
}: HostHandlerParts): Handlers<'hostList' | 'hostExport' | 'hostGet'> {
  const { db, clock } = context;

  async function matching(query: {
    query?: string | undefined;
    group?: string | undefined;
    state?: string | undefined;
    search?: string | undefined;
  }): Promise<number[]> {
    await settled();
    const nowMs = epochMs(clock.now());
    const groupQuery = query.group === undefined ? null : await queryOfGroup(db, query.group);
    const asked = [query.query, groupQuery].filter(text => text != null && text.trim() !== '');
    let slots = [...model.fleet.slots()];
    for (const text of asked) {
      const found = summaries.matching(text!, nowMs);
      if (!found.ok) throw invalid('query/query', `${found.message} (at character ${found.position + 1})`);
      const matched = new Set(found.slots);
      slots = slots.filter(slot => matched.has(slot));
    }
    const words =
      query.search
        ?.toLowerCase()
        .split(/\s+/)
        .filter(word => word !== '') ?? [];
    return slots.filter(
      slot =>
        (query.state === undefined || summaries.state(slot, nowMs).state === query.state) &&
        words.every(word => model.records[slot]!.haystack.includes(word)),
    );
  }

  /** The views of 100,000 hosts are 100 MB: one is made to be sorted by, and let go. Names, which most lists are sorted by, need none. */
  const keys = (nowMs: number): SortKeys<number> => ({
    ...Object.fromEntries(Object.entries(SORT).map(([field, keyOf]) => [field, (slot: number) => keyOf(summaries.of(slot, nowMs))])),
    name: slot => model.records[slot]!.name.toLowerCase(),
  });

  return {
    async hostList({ query }) {
      const order = parseSort(query.sort, SORT, 'name');
      const slots = await matching(query);
      const nowMs = epochMs(clock.now());
      const page = paged(sorted(slots, order, keys(nowMs)), query);
      const views = page.items.map(slot => summaries.of(slot, nowMs));
      return { ...page, items: await withJobs(db, views) };
    },

    async hostExport({ query }) {
      const slots = await matching(query);
      const nowMs = epochMs(clock.now());
      const inOrder = sorted(slots, { field: 'name', descending: false }, keys(nowMs));
      // A host may be removed while the file is written.
      return hostLines(inOrder.values().flatMap(slot => (model.records[slot] === undefined ? [] : [summaries.of(slot, nowMs)])));
    },

    async hostGet({ params: { id } }) {
      await settled();
      const slot = model.fleet.slotOf(id);
      const record = slot === undefined ? null : model.records[slot];
      if (slot === undefined || !record) throw notFound('host', id);
      const [summary] = await withJobs(db, [summaries.of(slot, epochMs(clock.now()))]);
      const known = await inventory.factsOf(id);
      const excused = excusedOnHost(model, await marks(), id, epochMs(clock.now()));
      return {
        host: summary!,
        excused: { findings: excused.total, overdue: excused.byDue[0]!, knownExploited: excused.knownExploited },
        facts: known === null ? null : { ...known.facts },
        factAges: known === null ? [] : factAges(known.facts, summary!.inventoryAt ?? known.observedAt),
        identity: await identityOf(db, id),
        pathIsSigned: record.reach === 'agent',
        endOfLife: await endOfLifeOf(db, record.release, clock.now().slice(0, 10)),
        enrolledAt: toInstant(record.enrolledMs),
      };
    },
  };
}

export async function queryOfGroup(db: Queryable, groupId: string): Promise<string> {
  const [group] = await db.query<{ query: string }>('select query from host_group where id = $1', [groupId]);
  if (!group) throw notFound('group', groupId);
  return group.query;
}

async function withJobs(db: Queryable, views: readonly HostSummaryView[]): Promise<HostSummaryView[]> {
  const jobs = await db.query<{ host_id: string; id: string }>('select host_id, id from job where host_id = any($1) and state = any($2)', [
    views.map(view => view.id),
    ACTIVE_JOB_STATES,
  ]);
  const jobOf = new Map(jobs.map(job => [job.host_id, job.id]));
  return views.map(view => ({ ...view, activeJobId: jobOf.get(view.id) ?? null }));
}

async function* hostLines(views: Iterable<HostSummaryView>): AsyncIterable<string> {
  yield csvLine([
    'id',
    'name',
    'address',
    'platform',
    'os',
    'reach',
    'state',
    'state reason',
    'criticality',
    'exposure',
    'labels',
    'packages',
    'pending patches',
    'security patches',
    'open findings',
    'known exploited',
    'overdue',
    'earliest due',
    'held packages',
    'restart pending',
    'reboot pending',
    'last seen',
    'inventory',
  ]);
  for (const view of views) {
    const labels = Object.entries(view.labels)
      .map(([name, value]) => `${name}=${value}`)
      .join(' ');
    yield csvLine([
      view.id,
      view.name,
      view.address,
      view.platform,
      view.osName,
      view.reach,
      view.state,
      view.stateReason,
      view.criticality,
      view.exposure,
      labels,
      view.packages,
      view.pendingPatches,
      view.securityPatches,
      view.openFindings,
      view.knownExploited,
      view.overdue,
      view.earliestDueAt,
      view.heldPackages,
      view.restartPending,
      view.rebootPending,
      view.lastSeenAt,
      view.inventoryAt,
    ]);
  }
}

/** Every fact with the moment at which it was last known to be true, or why it could not be read. */
function factAges(facts: object, at: string) {
  const unread = (facts as { unread?: readonly string[] }).unread ?? [];
  return Object.entries(facts)
    .filter(([name]) => name !== 'unread')
    .map(([name, value]) => {
      const why = unread.find(line => line.toLowerCase().startsWith(name.toLowerCase()));
      return value === null
        ? { name, observedAt: null, unread: why ?? 'it could not be read' }
        : { name, observedAt: at, unread: why ?? null };
    });
}

async function identityOf(db: Queryable, hostId: string): Promise<string | null> {
  const [row] = await db.query<{ agent_public_key: string | null; fingerprint: string | null }>(
    'select agent_public_key, (select fingerprint from ssh_target where host_id = host.id order by updated_at desc limit 1) as fingerprint from host where id = $1',
    [hostId],
  );
  return row?.agent_public_key ? keyId(row.agent_public_key) : (row?.fingerprint ?? null);
}

/** endoflife.date names some products otherwise than os-release does. */
const PRODUCTS: Readonly<Record<string, string>> = {
  rocky: 'rocky-linux',
  amzn: 'amazon-linux',
  ol: 'oracle-linux',
  alpine: 'alpine-linux',
  'opensuse-leap': 'opensuse',
};

async function endOfLifeOf(db: Queryable, release: string, today: string) {
  const [id = '', cycle = ''] = release.split(':', 2);
  const [row] = await db.query<{ doc: Lifecycle }>('select doc from lifecycle where product = $1 and cycle = $2 limit 1', [
    PRODUCTS[id] ?? id,
    cycle,
  ]);
  if (!row) return null;
  const { securitySupport, extendedSupport, title } = row.doc;
  return {
    standardOn: dayOf(securitySupport),
    extendedOn: dayOf(extendedSupport),
    note: `${title} ${cycle}: ${TIER_WORDS[supportTier(row.doc, today)]}`,
  };
}

const TIER_WORDS: Readonly<Record<ReturnType<typeof supportTier>, string>> = {
  active: 'fully supported',
  security: 'security updates only',
  extended: 'extended (long-term) support only',
  ended: 'no longer supported by anybody: upgrade or isolate',
  unknown: 'nobody states how long it is supported',
};

function dayOf(end: string | null): string | null {
  return end !== null && /^\d{4}-\d{2}-\d{2}$/.test(end) ? end : null;
}
