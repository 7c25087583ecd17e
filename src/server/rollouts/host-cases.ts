import type { HookOffer } from '../../core/inventory/snapshot.ts';
import type { Instant } from '../../core/kernel/instants.ts';
import type { TransactionItem } from '../../core/rollouts/host-plan.ts';
import { inverseTransaction } from '../../core/rollouts/inverse.ts';
import type { JobStatus } from '../../core/rollouts/job-status.ts';
import type { HostCase } from '../../core/rollouts/planner.ts';
import type { Queryable } from '../../db/db.ts';
import type { FleetPort, HostChange } from '../ports.ts';
import { unpackFacts } from '../runtime/packed-facts.ts';
import { conflict, invalid } from '../runtime/problems.ts';
import type { Engine } from './engine.ts';
import { JOB_COLUMNS, type RolloutRow } from './rows.ts';
import {
  type HoldInForce,
  holdsInForce,
  holdsOver,
  type NamedUpdate,
  namedUpdates,
  retractedAmong,
  retractionsInForce,
} from './safeguards.ts';

type HostAnswer = Awaited<ReturnType<FleetPort['changesFor']>>[number];

/** A host before it has been asked to rehearse. */
export type UnrehearsedHost = Omit<HostCase, 'rehearsal'>;

export interface Resolved {
  readonly hosts: readonly UnrehearsedHost[];
  readonly closesVulnerabilities: number;
}

/** Resolves patches and hosts of the specification to what each host would do, or why it is left out. Reads only. */
export async function resolveHosts(engine: Engine, row: RolloutRow): Promise<Resolved> {
  const resolved = row.kind === 'patch' ? await hostsToPatch(engine, row) : await hostsToRevert(engine, row);
  if ((row.spec.hooks ?? []).length === 0) return resolved;
  const offers = await hooksOf(
    engine.context.db,
    resolved.hosts.map(host => host.hostId),
  );
  return { ...resolved, hosts: resolved.hosts.map(host => ({ ...host, hooks: offers.get(host.hostId) ?? null })) };
}

/** What each host's last facts say of its hooks; hosts that have not told are missing. Asked only for rollouts that name some: every document is unpacked. */
async function hooksOf(db: Queryable, hostIds: readonly string[]): Promise<Map<string, readonly HookOffer[]>> {
  const offers = new Map<string, readonly HookOffer[]>();
  for (let from = 0; from < hostIds.length; from += FACTS_AT_ONCE) {
    const rows = await db.query<{ host_id: string; doc: Buffer }>('select host_id, doc from host_fact where host_id = any($1)', [
      hostIds.slice(from, from + FACTS_AT_ONCE),
    ]);
    for (const { host_id: hostId, doc } of rows) {
      const { hooks } = unpackFacts(doc);
      if (hooks != null) offers.set(hostId, hooks);
    }
  }
  return offers;
}
/** Some 1 MB of packed facts. */
const FACTS_AT_ONCE = 1_000;

async function hostsToPatch(engine: Engine, row: RolloutRow): Promise<Resolved> {
  const { context, fleet } = engine;
  const { hostIds, problem } = await fleet.resolve(row.spec.selector);
  if (problem !== null) throw invalid('body/selector/query', problem, 'Edit the rollout and correct the query.');
  if (hostIds.length === 0) throw conflict('no-hosts', 'No host matches the selection.', 'Edit the rollout and choose other hosts.');
  const changes = await fleet.changesFor(row.spec.patchIds, hostIds);
  const means = await meansToAct(context.db, hostIds);
  const blocked = await blocks(engine, changes, context.clock.now());
  const closed = new Set<string>();
  const hosts = changes.map((host): UnrehearsedHost => {
    const block = blocked.get(host.hostId);
    const changes = host.changes.filter(change => block?.withheld.has(change) !== true);
    const asked = changes.map((change): TransactionItem => ({ action: 'upgrade', ...change }));
    const excluded =
      means.get(host.hostId)?.refusal ??
      host.excluded?.reason ??
      (host.changes.length === 0 ? 'nothing to change' : (block?.reason ?? null));
    if (excluded === null) for (const id of fleet.closedBy(host.hostId, changes)) closed.add(id);
    return {
      hostId: host.hostId,
      hostName: host.hostName,
      asked,
      excluded,
      restartUnits: host.restartUnits,
      rebootExpected: host.rebootExpected,
      rebootPending: host.rebootPending ?? [],
      forensic: [...(host.forensic ?? [])],
      dueAt: host.dueAt ?? null,
      runsFettle: means.get(host.hostId)?.runsFettle ?? false,
    };
  });
  return { hosts, closesVulnerabilities: closed.size };
}

interface Block {
  /** Why the host is left out; null when something is left to do. */
  readonly reason: string | null;
  /** What an exception holds back on this host: left out of its transaction. */
  readonly withheld: ReadonlySet<HostChange>;
}

/** Hosts that a safeguard hold covers, whose update has been retracted, or some of whose patches an exception holds back. */
async function blocks(engine: Engine, changes: readonly HostAnswer[], now: Instant): Promise<Map<string, Block>> {
  const { db } = engine.context;
  const [holds, retractions] = [await holdsInForce(db, now), await retractionsInForce(db)];
  const blocked = new Map<string, Block>();
  if (holds.length === 0 && retractions.length === 0) return blocked;
  const scopes = await engine.scopes.read();
  const updates = new Map(
    (
      await namedUpdates(
        db,
        changes.flatMap(host => host.changes),
      )
    ).map(one => [`${one.name} ${one.version}`, one]),
  );
  for (const host of changes) {
    const own = host.changes.flatMap(change => updates.get(`${change.name} ${change.toVersion}`) ?? []);
    const [retracted] = retractedAmong(own, retractions).values();
    const over = holdsOver(host.hostId, own, holds, scopes);
    const hold = over.find(one => one.hostIds === null);
    const leaves = (reason: string): Block => ({ reason, withheld: NOTHING });
    if (retracted !== undefined)
      blocked.set(host.hostId, leaves(`${retracted.sourceName} ${retracted.sourceVersion} has been retracted: ${retracted.reason}`));
    else if (hold !== undefined) blocked.set(host.hostId, leaves(`safeguard hold “${hold.name}” until ${hold.endsAt}: ${hold.reason}`));
    else if (over.length > 0) blocked.set(host.hostId, withheldBy(host, over, updates));
  }
  return blocked;
}

const NOTHING: ReadonlySet<HostChange> = new Set();

/** The patches that exceptions hold leave the transaction; the host stays in while anything else is asked of it. */
function withheldBy({ changes }: HostAnswer, holds: readonly HoldInForce[], updates: ReadonlyMap<string, NamedUpdate>): Block {
  const isHeld = ({ name, toVersion }: HostChange) =>
    holds.some(hold => hold.sourceName === (updates.get(`${name} ${toVersion}`)?.sourceName ?? name));
  const withheld = new Set(changes.filter(isHeld));
  const [{ name, endsAt, reason }] = holds as [HoldInForce];
  return { reason: withheld.size < changes.length ? null : `exception “${name}” holds it back until ${endsAt}: ${reason}`, withheld };
}

/** What each host's own result says it had before. */
async function hostsToRevert({ context }: Engine, row: RolloutRow): Promise<Resolved> {
  const hostIds = row.spec.selector.hostIds ?? [];
  const jobs = await context.db.query<JobStatus>(
    `select ${JOB_COLUMNS} from job where rollout_id = $1 and host_id = any($2) order by host_id`,
    [row.reverts_id, hostIds],
  );
  const means = await meansToAct(context.db, hostIds);
  const hosts = jobs.map((job): UnrehearsedHost => {
    const asked = job.result === null ? [] : inverseTransaction(job.transaction, job.result);
    const unknown = job.result === null ? 'it has not told what it did: there is no exact version to go back to' : null;
    const excluded =
      means.get(job.hostId)?.refusal ?? unknown ?? (asked.length === 0 ? 'already compliant: it has the versions from before' : null);
    return {
      hostId: job.hostId,
      hostName: job.hostName,
      asked,
      excluded,
      restartUnits: [...(job.result?.restartedUnits ?? [])],
      rebootExpected: job.result?.rebooted ?? false,
      runsFettle: means.get(job.hostId)?.runsFettle ?? false,
    };
  });
  return { hosts, closesVulnerabilities: 0 };
}

interface Means {
  readonly refusal: string | null;
  readonly runsFettle: boolean;
}

const REFUSALS: Readonly<Record<string, string>> = {
  local: 'no way to act on it: it is the machine that Fettle runs on, read without rights; enrol an agent on it to patch it',
  upload: 'no way to act on it: its package list was uploaded; enrol an agent or add it by SSH to patch it',
};

/** Only agents and SSH can change a host. The one that shares its machine id with the machine Fettle reads as its own runs Fettle. */
async function meansToAct(db: Queryable, hostIds: readonly string[]): Promise<Map<string, Means>> {
  const rows = await db.query<{ id: string; reach: string; removed: boolean; runs_fettle: boolean }>(
    `select id, reach, removed_at is not null as removed,
       coalesce(machine_id in (select machine_id from host where reach = 'local' and removed_at is null), false) as runs_fettle
     from host where id = any($1)`,
    [hostIds],
  );
  return new Map(
    rows.map(row => [
      row.id,
      { refusal: row.removed ? 'it has been removed' : (REFUSALS[row.reach] ?? null), runsFettle: row.runs_fettle },
    ]),
  );
}
