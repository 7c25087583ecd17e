import { epochMs } from '../../core/kernel/instants.ts';
import { movesOf } from '../../core/remediation/changes.ts';
import type { RankedEntry } from '../../core/remediation/ranked-patches.ts';
import { unitsOf } from '../../core/remediation/restart.ts';
import type { GroupedFinding } from '../../core/remediation/standing.ts';
import type { Db } from '../../db/db.ts';
import type { Handlers } from '../context.ts';
import { csvLine } from '../runtime/csv.ts';
import { unpackFacts } from '../runtime/packed-facts.ts';
import { invalid, notFound } from '../runtime/problems.ts';
import { decisionView, evidenceViews, vulnerabilityFacts } from './finding-views.ts';
import { ACTIVE_JOB_STATES, type HostHandlerParts } from './host-handlers.ts';
import type { FleetModel } from './model.ts';
import { paged, parseSort, type SortKeys, sorted } from './paging.ts';
import { type EntryMember, instantOf, membersOf, offerOf, patchViews } from './patch-views.ts';

const SORT: SortKeys<RankedEntry> = {
  rank: entry => entry.rank,
  sourceName: entry => entry.sourceName,
  platform: entry => entry.platform,
  hosts: entry => entry.hosts,
  closes: entry => entry.closed.findings.length,
  knownExploited: entry => entry.closed.knownExploited.length,
  riskRemoved: entry => entry.riskRemoved,
  dueAt: entry => entry.dueMs,
  security: entry => entry.security,
};

type PatchFilter = Partial<Record<'platform' | 'security' | 'host' | 'query' | 'search', string>>;
type PatchRoute = 'patchList' | 'patchExport' | 'patchGet' | 'patchHosts';

export function patchHandlers(parts: HostHandlerParts): Handlers<PatchRoute> {
  const { context, model, summaries, settled } = parts;
  const { db, clock } = context;

  async function entryOf(id: string): Promise<RankedEntry> {
    await settled();
    const entry = model.ranked().byId.get(id);
    if (!entry) throw notFound('patch', id);
    return entry;
  }

  /** Patches that some of these hosts need. */
  function ofHosts(entries: readonly RankedEntry[], slots: ReadonlySet<number>): RankedEntry[] {
    const needed = new Set<RankedEntry>();
    const { byPart } = model.ranked();
    for (const slot of slots) for (const [patch] of model.fleet.queue.membersOf(slot)) needed.add(byPart.get(patch)!);
    return entries.filter(entry => needed.has(entry));
  }

  /** What passes the filter of the list and of its export, by rank. */
  function meant(query: PatchFilter, nowMs: number): RankedEntry[] {
    let entries: readonly RankedEntry[] = model.ranked().entries;
    if (query.platform !== undefined) entries = entries.filter(entry => entry.platform === query.platform);
    if (query.security !== undefined) entries = entries.filter(entry => String(entry.security) === query.security);
    if (query.host !== undefined)
      entries = ofHosts(
        entries,
        new Set(
          [...model.fleet.slots()].filter(slot => model.records[slot]!.id === query.host || model.records[slot]!.name === query.host),
        ),
      );
    if (query.query?.trim()) {
      const found = summaries.matching(query.query, nowMs);
      if (!found.ok) throw invalid('query/query', `${found.message} (at character ${found.position + 1})`);
      entries = ofHosts(entries, new Set(found.slots));
    }
    const words =
      query.search
        ?.toLowerCase()
        .split(/\s+/)
        .filter(word => word !== '') ?? [];
    return entries.filter(entry => isNamed(model, entry, words));
  }

  return {
    async patchList({ query }) {
      await settled();
      const nowMs = epochMs(clock.now());
      const order = parseSort(query.sort, SORT, 'rank');
      const page = paged(sorted(meant(query, nowMs), order, SORT), query);
      const busy = await hostsInRollout(db);
      return { ...page, items: page.items.map(patchViews(model, busy, nowMs)) };
    },

    async patchExport({ query }) {
      await settled();
      const nowMs = epochMs(clock.now());
      return patchLines(model, meant(query, nowMs), await hostsInRollout(db), nowMs);
    },

    async patchGet({ params: { id } }) {
      const entry = await entryOf(id);
      const nowMs = epochMs(clock.now());
      return {
        patch: patchViews(model, await hostsInRollout(db), nowMs)(entry),
        vulnerabilities: vulnerabilityViews(model, entry, nowMs),
      };
    },

    async patchHosts({ params: { id }, query }) {
      const entry = await entryOf(id);
      const keys: SortKeys<EntryMember> = {
        hostName: member => model.records[member.slot]!.name.toLowerCase(),
        dueAt: member => member.dueMs,
        availability: member => member.availability,
      };
      const order = parseSort(query.sort, keys, 'dueAt');
      const search = query.search?.toLowerCase() ?? '';
      const members = [...membersOf(model, entry)].filter(member => model.records[member.slot]!.haystack.includes(search));
      const page = paged(sorted(sorted(members, { field: 'hostName', descending: false }, keys), order, keys), query);
      const units = await servicesOf(
        db,
        page.items.map(member => model.records[member.slot]!.id),
      );
      return { ...page, items: page.items.map(member => memberView(model, entry, member, units)) };
    },
  };
}

function isNamed(model: FleetModel, entry: RankedEntry, words: readonly string[]): boolean {
  if (words.length === 0) return true;
  const name = `${entry.sourceName} ${entry.targetVersion} ${entry.platform}`.toLowerCase();
  const isBinary = (word: string) =>
    entry.parts.some(part =>
      [...part.cohorts.values()].some(({ standing }) =>
        standing.disk.some(unit => unit.versionIds.some(id => model.fleet.units.version(id).name.includes(word))),
      ),
    );
  return words.every(
    word => name.includes(word) || entry.closed.findings.some(({ risk }) => risk.id.toLowerCase().includes(word)) || isBinary(word),
  );
}

/** Patch -> hosts on which a job of an open rollout moves it now or is about to. */
export async function hostsInRollout(db: Db): Promise<Map<string, number>> {
  const rows = await db.query<{ patch_id: string; hosts: number }>(
    `select patch_id, count(distinct job.host_id)::int as hosts
     from rollout join job on job.rollout_id = rollout.id, jsonb_array_elements_text(rollout.spec->'patchIds') as patch_id
     where rollout.state in ('running', 'paused', 'halting') and (job.state = any($1) or job.state = 'queued') group by 1`,
    [ACTIVE_JOB_STATES],
  );
  return new Map(rows.map(row => [row.patch_id, row.hosts]));
}

function memberView(
  model: FleetModel,
  entry: RankedEntry,
  { slot, availability, dueMs }: EntryMember,
  services: ReadonlyMap<string, readonly string[]>,
) {
  const { id, name } = model.records[slot]!;
  const offer = offerOf(model, slot, entry);
  const packages = offer === null ? [] : movesOf(offer, model.installed(slot, offer));
  return {
    hostId: id,
    hostName: name,
    availability,
    packages,
    dueAt: instantOf(dueMs),
    restartUnits: unitsOf(
      packages.map(move => move.name),
      services.get(id) ?? [],
    ),
  };
}

/** Units that run on these hosts; hosts whose services could not be read are missing. */
export async function servicesOf(db: Db, hostIds: readonly string[]): Promise<Map<string, readonly string[]>> {
  const rows = await db.query<{ host_id: string; doc: Buffer }>('select host_id, doc from host_fact where host_id = any($1)', [hostIds]);
  return new Map(
    rows.map(({ host_id: hostId, doc }) => {
      const { services } = unpackFacts(doc);
      return [hostId, (services ?? []).filter(service => service.activeState === 'active').map(service => service.unit)];
    }),
  );
}

/** What stands behind a vulnerability of a patch is read from this many of its hosts; with more, the due date is that of the first among them. */
const SAMPLE_HOSTS = 200;

function vulnerabilityViews(model: FleetModel, entry: RankedEntry, nowMs: number) {
  const hosts = new Map<string, number>();
  for (const part of entry.parts)
    for (const cohort of part.cohorts.values())
      for (const { risk } of cohort.closes.findings) hosts.set(risk.id, (hosts.get(risk.id) ?? 0) + cohort.hosts);
  const first = new Map<
    string,
    {
      readonly finding: GroupedFinding;
      readonly slot: number;
      readonly sinceMs: number;
      readonly dueMs: number | null;
      readonly version: string;
    }
  >();
  for (const { slot, standing, availability } of membersOf(model, entry, SAMPLE_HOSTS)) {
    const sinceMs = model.sinceOfSource(slot, entry.sourceName);
    for (const finding of (availability === 'not-offered' ? standing.unreached : standing.closable).findings) {
      const dueMs = model.dueMs(slot, finding, sinceMs);
      const known = first.get(finding.risk.id);
      if (known === undefined || (dueMs ?? Number.POSITIVE_INFINITY) < (known.dueMs ?? Number.POSITIVE_INFINITY))
        first.set(finding.risk.id, { finding, slot, sinceMs, dueMs, version: standing.disk[0]!.version });
    }
  }
  return entry.closed.findings.flatMap(({ risk }) => {
    const found = first.get(risk.id);
    if (found === undefined) return [];
    const { finding, slot, sinceMs, dueMs, version } = found;
    const { vulnerabilityId: id, title, knownExploited, cvssScore, epss } = vulnerabilityFacts(risk);
    const decision = decisionView(model, risk.deadline(model.records[slot]!.exposure), { dueMs, knownMs: finding.knownMs, sinceMs }, nowMs);
    return [
      {
        id,
        title,
        knownExploited,
        cvssScore,
        epss,
        hosts: hosts.get(risk.id) ?? 0,
        decision,
        evidence: evidenceViews(model, finding, entry.release, version),
      },
    ];
  });
}

async function* patchLines(
  model: FleetModel,
  entries: readonly RankedEntry[],
  busy: ReadonlyMap<string, number>,
  nowMs: number,
): AsyncIterable<string> {
  yield csvLine([
    'rank',
    'id',
    'platform',
    'source package',
    'target version',
    'from versions',
    'packages',
    'security',
    'origins',
    'hosts',
    'held',
    'not offered',
    'in rollout',
    'closes',
    'known exploited',
    'due',
    'overdue',
    'decision',
    'risk removed',
    'restart',
    'restart reason',
    'reversible',
    'reversible reason',
    'evidence',
    'reason',
  ]);
  const viewOf = patchViews(model, busy, nowMs);
  for (const entry of entries) {
    const view = viewOf(entry);
    yield csvLine([
      view.rank,
      view.id,
      view.platform,
      view.sourceName,
      view.targetVersion,
      view.fromVersions.join(' '),
      view.packages.join(' '),
      view.security,
      view.origins.join(' '),
      view.hosts,
      view.hostsHeld,
      view.hostsNotOffered,
      view.hostsInRollout,
      view.closes,
      view.knownExploited.join(' '),
      view.decision?.dueAt ?? null,
      view.decision?.overdue ?? null,
      view.decision?.outcome ?? null,
      view.riskRemoved,
      view.restart,
      view.restartReason,
      view.reversible,
      view.reversibleReason,
      view.evidenceBasis,
      view.reason,
    ]);
  }
}
