import { parseRelease } from '../../core/advisories/releases.ts';
import { backfilledChanges } from '../../core/inventory/backfill.ts';
import { diffIds, type IdDelta, transitionsOf } from '../../core/inventory/delta.ts';
import type { ChangeOrigin } from '../../core/inventory/history.ts';
import {
  DISTRIBUTION_ORIGIN,
  type PackageOrigin,
  settledOrigin,
  UNKNOWN_ORIGIN,
  UNREAD_ORIGIN,
} from '../../core/inventory/package-origin.ts';
import { type CandidateRecord, type HostFacts, type PackageChange, type PackageRecord, platformOf } from '../../core/inventory/snapshot.ts';
import { sha256Hex } from '../../core/kernel/canonical-json.ts';
import { Fault } from '../../core/kernel/faults.ts';
import type { Instant } from '../../core/kernel/instants.ts';
import { TRANSACTION_ATTEMPTS_MAX } from '../../core/kernel/limits.ts';
import { deb } from '../../core/versions/deb.ts';
import { compareVersions } from '../../core/versions/scheme.ts';
import type { Context } from '../context.ts';
import type { InventoryChange } from '../ports.ts';
import { recordChangelogs } from './changelogs.ts';
import { createHistoryBook, type DatedChange, secondsOf, yearsOf } from './history-book.ts';
import { type HostIdentity, readHost, type StoredInventory, writeHost } from './host-rows.ts';
import type { HostStates } from './host-states.ts';
import { type ChangeCause, candidates, packageVersions } from './interning.ts';
import { createNewRowBudget } from './new-row-budget.ts';
import type { PackageVersion } from './package-memory.ts';
import { newParts, type Part, type Report, type ReportAnswer } from './report.ts';

/** The ecosystem of everything that dpkg installs. */
const ECOSYSTEM = 'deb';
const OBSERVED: ChangeCause = { origin: 'observed', requestedBy: null, commandLine: null };
const COMMAND_LINE_CHARS_MAX = 500;

/** What a host is called, from its facts. */
export type Naming = (facts: HostFacts) => Pick<HostIdentity, 'name' | 'address'>;

export interface ReportStore {
  accept(hostId: string, report: Report, naming: Naming): Promise<ReportAnswer>;
  /** Adds to a host's history what is known from elsewhere than its reports. */
  recordChanges(hostId: string, changes: readonly PackageChange[], origin: ChangeOrigin): Promise<void>;
  onChange(listener: (change: InventoryChange) => void): void;
  announce(change: InventoryChange): void;
  /** Called when changelogs named something that no host had told before. */
  onChangelogs(listener: () => void): void;
  load(): Promise<void>;
}

export function createReportStore(context: Context, states: HostStates): ReportStore {
  const { db, clock } = context;
  const versions = packageVersions(db, ECOSYSTEM);
  const offers = candidates(db);
  const book = createHistoryBook(context, ECOSYSTEM);
  const budget = createNewRowBudget();
  const listeners: ((change: InventoryChange) => void)[] = [];
  const changelogListeners: (() => void)[] = [];
  const changelogsTold = new Map<string, string>();

  const announce = (change: InventoryChange) => {
    for (const listener of listeners) listener(change);
  };

  /** null: another report of this host was stored in between. */
  async function tryStore(hostId: string, report: Report, naming: Naming): Promise<ReportAnswer | null> {
    const host = await readHost(db, hostId, yearsOf([...report.history.map(change => change.at), report.observedAt]));
    if (!host) return { kind: 'no-host' };
    const before = host.inventory;
    const history = backfilledChanges(report.history, report.observedAt, host.enrolledAt);
    const fresh = new Set(newParts(report, before?.digests ?? null));
    const missing = [...fresh].filter(part => !report.sent.has(part));
    if (missing.length > 0) return { kind: 'missing', missing };

    const packages = fresh.has('packages') ? lookedUp(await withSettledOrigins(report.packages(), before)) : null;
    const offered = fresh.has('candidates') ? lookedUp(report.candidates() ?? []) : null;
    budget.spend(hostId, (packages?.unmet ?? 0) + (offered?.unmet ?? 0) + book.unmet(history), clock.now());
    const sets = packages ? await packageSets(packages) : before!;
    const delta = diffIds(before?.packages ?? [], sets.packages);
    // The first inventory is no change: everything was there before we looked.
    const observed = before === null ? [] : await observedChanges(delta, report.observedAt);
    const facts = fresh.has('facts') ? report.facts() : null;
    const learned = [
      ...(await book.entriesOf(history, index => causeOf(history[index]!))),
      ...(await book.entriesOf(observed, () => OBSERVED)),
    ];
    const years = await book.merge(host, learned);
    const since = await sinceOf(before, sets.packages, delta, report.observedAt, history);
    // A reach without memory sends its whole log every time: nothing new in it is nothing to write.
    if (fresh.size === 0 && years.size === 0 && isSameMap(since, before!.since)) return { kind: 'unchanged' };
    const inventory: StoredInventory = {
      ...sets,
      observedAt: report.observedAt,
      digests: report.digests,
      candidates: offered ? report.candidates() && (await candidateIds(offered)) : before!.candidates,
      since,
    };
    const identity = facts && identityOf(facts, naming(facts));
    const written = await writeHost(db, hostId, host.revision, { inventory, facts, identity, years, durable: history.length > 0 });
    return written ? { kind: 'stored', first: before === null, delta } : null;
  }

  async function store(hostId: string, report: Report, naming: Naming): Promise<ReportAnswer> {
    for (let attempt = 1; attempt <= TRANSACTION_ATTEMPTS_MAX; attempt += 1) {
      const answer = await tryStore(hostId, report, naming);
      if (answer !== null) return answer;
    }
    throw new Fault(
      'host-busy',
      `Other reports of ${hostId} were stored at the same time, ${TRANSACTION_ATTEMPTS_MAX} times in a row.`,
      'Send the report again; is the same identity in use on several machines?',
    );
  }

  /** 600 records a report: each is looked up once. */
  function lookedUp<Value extends PackageVersion>(records: readonly Value[]) {
    const ids = versions.known(records);
    return { records, ids, unmet: ids.reduce((count, id) => count + (id === 0 ? 1 : 0), 0) };
  }
  type LookedUp<Value> = { readonly records: readonly Value[]; readonly ids: readonly number[] };

  async function packageSets({
    records,
    ids: known,
  }: LookedUp<PackageRecord>): Promise<Pick<StoredInventory, 'packages' | 'configFiles' | 'held' | 'states'>> {
    const ids = await versions.idsOf(records, known);
    const sets = { packages: [] as number[], configFiles: [] as number[], held: [] as number[] };
    const states: Record<string, string> = {};
    for (const [index, { state, held }] of records.entries()) {
      const id = ids[index]!;
      (state === 'config-files' ? sets.configFiles : sets.packages).push(id);
      if (held) sets.held.push(id);
      if (state !== 'installed' && state !== 'config-files') states[id] = state;
    }
    return { packages: rising(sets.packages), configFiles: rising(sets.configFiles), held: rising(sets.held), states };
  }

  async function candidateIds({ records, ids: known }: LookedUp<CandidateRecord>): Promise<number[]> {
    const versionIds = await versions.idsOf(records, known);
    return rising(
      await offers.idsOf(
        records.map((record, index) => ({ ...record, origins: [...record.origins].sort(), packageVersionId: versionIds[index]! })),
      ),
    );
  }

  /** What the host cannot tell of a version's origin, its last report may have told. */
  async function withSettledOrigins(records: readonly PackageRecord[], before: StoredInventory | null): Promise<readonly PackageRecord[]> {
    if (!records.some(({ origin }) => origin === UNKNOWN_ORIGIN || origin === UNREAD_ORIGIN)) return records;
    const keyOf = (version: PackageVersion) => `${version.name}\t${version.arch}\t${version.version}`;
    const known = new Map<string, PackageOrigin>();
    for (const version of (await versionsById(before?.packages ?? [])).values())
      known.set(keyOf(version), version.origin ?? DISTRIBUTION_ORIGIN);
    return records.map(record => (record.origin ? { ...record, origin: settledOrigin(record.origin, known.get(keyOf(record))) } : record));
  }

  /** What was added and removed, as changes of packages. */
  async function observedChanges(delta: IdDelta, at: Instant): Promise<DatedChange[]> {
    const known = await versionsById([...delta.added, ...delta.removed]);
    const of = (ids: readonly number[]) => ids.flatMap(id => known.get(id) ?? []);
    return transitionsOf(of(delta.removed), of(delta.added), (a, b) => compareVersions(deb, a, b)).map(transition => ({
      ...transition,
      at,
    }));
  }

  /** From memory; what another process interned since this one started is read. */
  async function versionsById(ids: readonly number[]): Promise<Map<number, PackageVersion>> {
    const known = new Map<number, PackageVersion>();
    for (const id of ids) {
      const version = versions.of(id);
      if (version) known.set(id, version);
    }
    const unknown = ids.filter(id => !known.has(id));
    if (unknown.length === 0) return known;
    const rows = await db.query<PackageVersion & { id: number }>(
      'select id, name, arch, version, source_name as "sourceName", source_version as "sourceVersion", origin from package_version where id = any($1)',
      [unknown],
    );
    for (const row of rows) known.set(row.id, row);
    return known;
  }

  /** A version that came since the last report has been there at the latest since this one, and exactly since its log line. */
  async function sinceOf(
    before: StoredInventory | null,
    packages: readonly number[],
    delta: IdDelta,
    observedAt: Instant,
    history: readonly PackageChange[],
  ): Promise<Map<number, number>> {
    const since = new Map(before?.since);
    for (const id of delta.removed) since.delete(id);
    if (before !== null) {
      const relearned = await relearnedIds(delta);
      for (const id of delta.added) {
        const at = relearned.has(id) ? before.since.get(relearned.get(id)!) : secondsOf(observedAt);
        if (at !== undefined) since.set(id, at);
      }
    }
    if (history.length === 0) return since;
    const installedAt = new Map(history.map(change => [`${change.name}\t${change.arch}\t${change.toVersion}`, secondsOf(change.at)]));
    for (const [id, { name, arch, version }] of await versionsById(packages)) {
      const at = installedAt.get(`${name}\t${arch}\t${version}`);
      if (at !== undefined) since.set(id, at);
    }
    return since;
  }

  /** Added id -> removed id of the very same version: only its origin was learned, and it has been there as long as before. */
  async function relearnedIds(delta: IdDelta): Promise<Map<number, number>> {
    if (delta.added.length === 0 || delta.removed.length === 0) return new Map();
    const known = await versionsById([...delta.added, ...delta.removed]);
    const keyOf = (id: number) => `${known.get(id)?.name}\t${known.get(id)?.arch}\t${known.get(id)?.version}`;
    const removed = new Map(delta.removed.map(id => [keyOf(id), id]));
    return new Map(delta.added.flatMap(id => (removed.has(keyOf(id)) ? [[id, removed.get(keyOf(id))!] as const] : [])));
  }

  /** Some reaches tell the same thousands of ids with every collection; what a host told last time is not looked up again. */
  async function tellsNewChangelogs(hostId: string, notes: Report['changelogs']): Promise<boolean> {
    if (notes.length === 0) return false;
    const told = sha256Hex(JSON.stringify(notes));
    if (changelogsTold.get(hostId) === told) return false;
    const recorded = await recordChangelogs(context, hostId, notes);
    changelogsTold.set(hostId, told);
    return recorded > 0;
  }

  return {
    async accept(hostId, sent, naming) {
      const report = withTimeNotAfter(sent, clock.now());
      const stored = await states.of(hostId);
      const fresh = newParts(report, stored);
      const lacking = fresh.filter((part: Part) => !report.sent.has(part));
      if (lacking.length > 0) return { kind: 'missing', missing: lacking };
      const answer: ReportAnswer =
        fresh.length === 0 && report.history.length === 0 ? { kind: 'unchanged' } : await store(hostId, report, naming);
      if (answer.kind === 'missing' || answer.kind === 'no-host') {
        states.forget(hostId);
        return answer;
      }
      // After the inventory: the release that the claims speak of is known only then.
      if (await tellsNewChangelogs(hostId, report.changelogs)) for (const listener of changelogListeners) listener();
      if (answer.kind === 'stored') {
        states.set(hostId, report.digests);
        announce({ hostId, observedAt: report.observedAt, added: answer.delta.added, removed: answer.delta.removed });
      }
      return answer;
    },
    async recordChanges(hostId, changes, origin) {
      const learned = await book.entriesOf(changes, index => ({
        origin,
        requestedBy: changes[index]!.requestedBy,
        commandLine: changes[index]!.commandLine,
      }));
      for (let attempt = 1; learned.length > 0 && attempt <= TRANSACTION_ATTEMPTS_MAX; attempt += 1) {
        const host = await readHost(db, hostId, yearsOf(changes.map(change => change.at)));
        if (!host?.inventory) return;
        const years = await book.merge(host, learned);
        if (await writeHost(db, hostId, host.revision, { inventory: host.inventory, facts: null, identity: null, years, durable: true }))
          return;
      }
    },
    onChange: listener => void listeners.push(listener),
    announce,
    onChangelogs: listener => void changelogListeners.push(listener),
    async load() {
      await Promise.all([versions.load(), book.load()]);
    },
  };
}

function causeOf(change: PackageChange): ChangeCause {
  return { origin: 'log', requestedBy: change.requestedBy, commandLine: change.commandLine?.slice(0, COMMAND_LINE_CHARS_MAX) ?? null };
}

function identityOf(facts: HostFacts, naming: ReturnType<Naming>): HostIdentity {
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
function withTimeNotAfter(report: Report, now: Instant): Report {
  return report.observedAt <= now ? report : { ...report, observedAt: now };
}

function isSameMap(a: ReadonlyMap<number, number>, b: ReadonlyMap<number, number>): boolean {
  return a.size === b.size && [...a].every(([key, value]) => b.get(key) === value);
}

/** Without doubles. A typed array sorts numbers without a comparison function: ten times as fast, and every report does it. */
function rising(ids: readonly number[]): number[] {
  const sorted = Int32Array.from(ids).sort();
  return Array.from(sorted.filter((id, index) => id !== sorted[index - 1]));
}
