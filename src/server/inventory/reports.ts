import { parseRelease } from '../../core/advisories/releases.ts';
import { backfilledChanges } from '../../core/inventory/backfill.ts';
import { diffIds, type IdDelta, type Transition, transitionsOf } from '../../core/inventory/delta.ts';
import type { PartDigests } from '../../core/inventory/digest.ts';
import { type ChangeOrigin, type HistoryEntry, mergeHistory } from '../../core/inventory/history.ts';
import { type CandidateRecord, type HostFacts, type PackageChange, type PackageRecord, platformOf } from '../../core/inventory/snapshot.ts';
import { Fault } from '../../core/kernel/faults.ts';
import { epochMs, type Instant, toInstant } from '../../core/kernel/instants.ts';
import { TRANSACTION_ATTEMPTS_MAX } from '../../core/kernel/limits.ts';
import { deb } from '../../core/versions/deb.ts';
import { compareVersions } from '../../core/versions/scheme.ts';
import type { Context } from '../context.ts';
import type { Collected, InventoryChange } from '../ports.ts';
import { recordChangelogs } from './changelogs.ts';
import { type HostIdentity, type HostReading, readHost, type StoredInventory, writeHost } from './host-rows.ts';
import type { HostStates } from './host-states.ts';
import {
  type CandidateRow,
  type ChangeCause,
  candidates,
  changeCauses,
  type Interner,
  type PackageVersion,
  packageVersions,
  transitions,
} from './interning.ts';

const PARTS = ['facts', 'packages', 'candidates'] as const;
const OBSERVED: ChangeCause = { origin: 'observed', requestedBy: null, commandLine: null };
/** The ecosystem of everything that dpkg installs. */
const ECOSYSTEM = 'deb';

/** A report as the server uses it. A part that is undefined was left out because the reporter believes that it is stored. */
export interface Report {
  readonly observedAt: Instant;
  readonly digests: PartDigests;
  readonly facts?: HostFacts | undefined;
  readonly packages?: readonly PackageRecord[] | undefined;
  readonly candidates?: readonly CandidateRecord[] | null | undefined;
  readonly history?: readonly PackageChange[] | undefined;
  readonly changelogs?: Collected['changelogs'] | undefined;
}

export type Part = keyof PartDigests;
export type ReportAnswer =
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'stored'; readonly first: boolean; readonly delta: IdDelta }
  /** Nothing was stored: these parts are not known here and must be sent. */
  | { readonly kind: 'missing'; readonly missing: readonly Part[] }
  /** The host is unknown or was removed. */
  | { readonly kind: 'no-host' };

export interface ReportStore {
  accept(
    hostId: string,
    report: Report,
    naming: (facts: HostFacts) => Pick<HostIdentity, 'name' | 'address'> | null,
  ): Promise<ReportAnswer>;
  /** Adds to a host's history what a job of ours changed. */
  recordChanges(hostId: string, changes: readonly PackageChange[], origin: ChangeOrigin): Promise<void>;
  onChange(listener: (change: InventoryChange) => void): void;
  announce(change: InventoryChange): void;
  load(): Promise<void>;
}

interface Interned {
  readonly packages: readonly { readonly id: number; readonly record: PackageRecord }[] | null;
  readonly candidates: readonly number[] | null | undefined;
  readonly history: readonly HistoryEntry[];
}

export function createReportStore(context: Context, states: HostStates): ReportStore {
  const versions = packageVersions(context.db, ECOSYSTEM);
  const offers = candidates(context.db);
  const changes = transitions(context.db, ECOSYSTEM);
  const causes = changeCauses(context.db);
  const causeOrigins = new Map<number, ChangeOrigin>();
  const listeners: ((change: InventoryChange) => void)[] = [];

  const entriesOf = async (
    list: readonly (Transition & { readonly at: Instant })[],
    causeOf: (index: number) => ChangeCause,
  ): Promise<HistoryEntry[]> => {
    const transitionIds = await changes.idsOf(list);
    const stated = list.map((_, index) => causeOf(index));
    const causeIds = await causes.idsOf(stated);
    for (const [index, id] of causeIds.entries()) causeOrigins.set(id, stated[index]!.origin);
    return list.map((change, index) => ({
      atSeconds: secondsOf(change.at),
      transitionId: transitionIds[index]!,
      causeId: causeIds[index]!,
    }));
  };

  async function intern(report: Report): Promise<Interned> {
    const log = backfilledChanges(report.history ?? [], report.observedAt);
    const history = await entriesOf(log, index => ({
      origin: 'log',
      requestedBy: log[index]!.requestedBy,
      commandLine: log[index]!.commandLine?.slice(0, 500) ?? null,
    }));
    const ids = report.packages && (await versions.idsOf(report.packages));
    return {
      packages: ids ? ids.map((id, index) => ({ id, record: report.packages![index]! })) : null,
      candidates: report.candidates && (await internCandidates(versions, offers, report.candidates)),
      history,
    };
  }

  /** Origins of causes that another process interned, or this one before a restart. */
  async function knowCauses(months: Iterable<readonly HistoryEntry[]>): Promise<void> {
    const unknown = new Set(
      [...months]
        .flat()
        .map(entry => entry.causeId)
        .filter(id => !causeOrigins.has(id)),
    );
    if (unknown.size === 0) return;
    const rows = await context.db.query<{ id: number; origin: ChangeOrigin }>('select id, origin from change_cause where id = any($1)', [
      [...unknown],
    ]);
    for (const { id, origin } of rows) causeOrigins.set(id, origin);
  }

  const mergeMonths = async (host: HostReading, learned: readonly HistoryEntry[]): Promise<Map<string, readonly HistoryEntry[]>> => {
    if (learned.length === 0) return new Map();
    await knowCauses(host.months.values());
    const merged = new Map<string, readonly HistoryEntry[]>();
    for (const [month, entries] of byMonth(learned))
      merged.set(
        month,
        mergeHistory(host.months.get(month) ?? [], entries, id => causeOrigins.get(id) ?? 'observed'),
      );
    return merged;
  };

  /** null: another report of this host was stored in between. */
  async function tryStore(
    hostId: string,
    report: Report,
    interned: Interned,
    naming: Parameters<ReportStore['accept']>[2],
  ): Promise<ReportAnswer | null> {
    const host = await readHost(context.db, hostId, monthsOf([...interned.history, { atSeconds: secondsOf(report.observedAt) }]));
    if (!host) return { kind: 'no-host' };
    const before = host.inventory;
    const missing = missingParts(report, before?.digests ?? null);
    if (missing.length > 0) return { kind: 'missing', missing };
    const sets = interned.packages ? packageSets(interned.packages) : (before as StoredInventory);
    const delta = diffIds(before?.packages ?? [], sets.packages);
    // The first inventory is no change: everything was there before we looked.
    const observed = before === null ? [] : await entriesOf(await observedTransitions(delta, report.observedAt), () => OBSERVED);
    const learned = [...interned.history, ...observed];
    const written = await writeHost(context.db, hostId, host.revision, {
      inventory: {
        ...sets,
        observedAt: report.observedAt,
        digests: report.digests,
        candidates: interned.candidates === undefined ? (before?.candidates ?? null) : interned.candidates,
        since: await sinceOf(before, sets.packages, delta, report),
      },
      facts: report.facts ?? null,
      identity: report.facts ? identityOf(report.facts, naming(report.facts)) : null,
      months: await mergeMonths(host, learned),
      durable: interned.history.length > 0,
    });
    return written ? { kind: 'stored', first: before === null, delta } : null;
  }

  async function store(hostId: string, report: Report, naming: Parameters<ReportStore['accept']>[2]): Promise<ReportAnswer> {
    const interned = await intern(report);
    for (let attempt = 1; attempt <= TRANSACTION_ATTEMPTS_MAX; attempt += 1) {
      const answer = await tryStore(hostId, report, interned, naming);
      if (answer !== null) return answer;
    }
    throw new Fault(
      'host-busy',
      `Other reports of ${hostId} were stored at the same time, ${TRANSACTION_ATTEMPTS_MAX} times in a row.`,
      'Send the report again; is the same identity in use on several machines?',
    );
  }

  /** What was added and removed, as changes of packages. */
  async function observedTransitions(delta: IdDelta, at: Instant): Promise<(Transition & { at: Instant })[]> {
    if (delta.added.length + delta.removed.length === 0) return [];
    const rows = await versionsById([...delta.added, ...delta.removed]);
    const of = (ids: readonly number[]) => ids.flatMap(id => rows.get(id) ?? []);
    return transitionsOf(of(delta.removed), of(delta.added), (a, b) => compareVersions(deb, a, b)).map(transition => ({
      ...transition,
      at,
    }));
  }

  async function versionsById(ids: readonly number[]): Promise<Map<number, PackageVersion>> {
    const rows = await context.db.query<{
      id: number;
      name: string;
      arch: string;
      version: string;
      source_name: string;
      source_version: string;
    }>('select id, name, arch, version, source_name, source_version from package_version where id = any($1)', [ids]);
    return new Map(
      rows.map(row => [
        row.id,
        { name: row.name, arch: row.arch, version: row.version, sourceName: row.source_name, sourceVersion: row.source_version },
      ]),
    );
  }

  /** A version that came since the last report has been there at the latest since this one, and exactly since its log line. */
  async function sinceOf(
    before: StoredInventory | null,
    packages: readonly number[],
    delta: IdDelta,
    report: Report,
  ): Promise<Map<number, number>> {
    const since = new Map(before?.since);
    for (const id of delta.removed) since.delete(id);
    if (before !== null) for (const id of delta.added) since.set(id, secondsOf(report.observedAt));
    if (!report.history || report.history.length === 0) return since;
    const byVersion = new Map<string, number>();
    for (const change of backfilledChanges(report.history, report.observedAt))
      byVersion.set(`${change.name}\t${change.arch}\t${change.toVersion}`, secondsOf(change.at));
    if (byVersion.size === 0) return since;
    for (const [id, version] of await versionsById(packages)) {
      const at = byVersion.get(`${version.name}\t${version.arch}\t${version.version}`);
      if (at !== undefined) since.set(id, at);
    }
    return since;
  }

  const announce = (change: InventoryChange) => {
    for (const listener of listeners) listener(change);
  };

  return {
    async accept(hostId, sent, naming) {
      const report = { ...sent, observedAt: notAfter(sent.observedAt, context.clock.now()) };
      const stored = await states.of(hostId);
      const isSame = stored !== null && PARTS.every(part => stored[part] === report.digests[part]);
      const lacking = missingParts(report, stored);
      if (lacking.length > 0) return { kind: 'missing', missing: lacking };
      const answer: ReportAnswer = isSame && !report.history?.length ? { kind: 'unchanged' } : await store(hostId, report, naming);
      if (answer.kind === 'missing' || answer.kind === 'no-host') {
        states.forget(hostId);
        return answer;
      }
      // After the inventory: the release that the claims speak of is known only then.
      if (report.changelogs?.length) await recordChangelogs(context, hostId, report.changelogs);
      if (answer.kind === 'stored') {
        states.set(hostId, report.digests);
        announce({ hostId, observedAt: report.observedAt, added: answer.delta.added, removed: answer.delta.removed });
      }
      return answer;
    },
    async recordChanges(hostId, list, origin) {
      const learned = await entriesOf(list, index => ({
        origin,
        requestedBy: list[index]!.requestedBy,
        commandLine: list[index]!.commandLine,
      }));
      for (let attempt = 1; learned.length > 0 && attempt <= TRANSACTION_ATTEMPTS_MAX; attempt += 1) {
        const host = await readHost(context.db, hostId, monthsOf(learned));
        if (!host?.inventory) return;
        const months = await mergeMonths(host, learned);
        if (
          await writeHost(context.db, hostId, host.revision, {
            inventory: host.inventory,
            facts: null,
            identity: null,
            months,
            durable: true,
          })
        )
          return;
      }
    },
    onChange: listener => void listeners.push(listener),
    announce,
    async load() {
      await Promise.all([versions.load(), changes.load()]);
    },
  };
}

async function internCandidates(
  versions: Interner<PackageVersion>,
  offers: Interner<CandidateRow>,
  records: readonly CandidateRecord[],
): Promise<number[]> {
  const versionIds = await versions.idsOf(records);
  return offers.idsOf(
    records.map((record, index) => ({ ...record, origins: [...record.origins].sort(), packageVersionId: versionIds[index]! })),
  );
}

function missingParts(report: Report, stored: PartDigests | null): Part[] {
  const sent = { facts: report.facts, packages: report.packages, candidates: report.candidates };
  return PARTS.filter(part => sent[part] === undefined && stored?.[part] !== report.digests[part]);
}

function packageSets(
  packages: readonly { readonly id: number; readonly record: PackageRecord }[],
): Pick<StoredInventory, 'packages' | 'configFiles' | 'held' | 'states'> {
  const ids = (wanted: (record: PackageRecord) => boolean) =>
    [...new Set(packages.filter(({ record }) => wanted(record)).map(({ id }) => id))].sort((a, b) => a - b);
  return {
    packages: ids(record => record.state !== 'config-files'),
    configFiles: ids(record => record.state === 'config-files'),
    held: ids(record => record.held),
    states: Object.fromEntries(
      packages
        .filter(({ record }) => record.state !== 'installed' && record.state !== 'config-files')
        .map(({ id, record }) => [id, record.state]),
    ),
  };
}

function identityOf(facts: HostFacts, naming: Pick<HostIdentity, 'name' | 'address'> | null): HostIdentity | null {
  if (naming === null) return null;
  const platform = platformOf(facts.os);
  const release = parseRelease(`${facts.os.id}:${facts.os.versionId}`);
  return {
    ...naming,
    machineId: facts.machineId,
    platform,
    release: release.ok ? release.release : platform.replace('-', ':'),
    osName: facts.os.prettyName,
  };
}

/** A host's clock may run ahead; what it saw, it saw before now. */
function notAfter(observedAt: Instant, now: Instant): Instant {
  return toInstant(Math.min(epochMs(observedAt), epochMs(now)));
}

function secondsOf(at: Instant): number {
  return Math.floor(epochMs(at) / 1_000);
}

function monthOf(seconds: number): string {
  return `${toInstant(seconds * 1_000).slice(0, 7)}-01`;
}

function monthsOf(entries: readonly Pick<HistoryEntry, 'atSeconds'>[]): string[] {
  return [...new Set(entries.map(entry => monthOf(entry.atSeconds)))];
}

function byMonth(entries: readonly HistoryEntry[]): Map<string, HistoryEntry[]> {
  return Map.groupBy(entries, entry => monthOf(entry.atSeconds));
}
