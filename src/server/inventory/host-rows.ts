import type { PartDigests } from '../../core/inventory/digest.ts';
import { type HistoryEntry, packHistory, unpackHistory } from '../../core/inventory/history.ts';
import { packIds, unpackIds } from '../../core/inventory/id-set.ts';
import { packSince, unpackSince } from '../../core/inventory/since.ts';
import type { HostFacts } from '../../core/inventory/snapshot.ts';
import type { Instant } from '../../core/kernel/instants.ts';
import type { Db, Queryable } from '../../db/db.ts';
import { packFacts, unpackFacts } from '../runtime/packed-facts.ts';

/** What host_inventory holds, unpacked. Ids are of package_version and candidate. */
export interface StoredInventory {
  readonly observedAt: Instant;
  readonly digests: PartDigests;
  readonly packages: readonly number[];
  readonly configFiles: readonly number[];
  readonly held: readonly number[];
  readonly states: Readonly<Record<string, string>>;
  readonly candidates: readonly number[] | null;
  readonly since: ReadonlyMap<number, number>;
}

export interface HostReading {
  /** 0 before the first inventory. */
  readonly revision: number;
  readonly enrolledAt: Instant;
  readonly release: string;
  /** null before the first inventory. */
  readonly inventory: StoredInventory | null;
  /** What is known of its history, by year; only the years that were asked for. */
  readonly years: ReadonlyMap<number, readonly HistoryEntry[]>;
}

interface HostRow {
  readonly revision: number | null;
  readonly enrolled_at: Instant;
  readonly release: string;
  readonly observed_at: Instant | null;
  readonly facts_digest: Buffer;
  readonly packages_digest: Buffer;
  readonly candidates_digest: Buffer;
  readonly packages: Buffer;
  readonly config_files: Buffer;
  readonly held: number[];
  readonly states: Record<string, string>;
  readonly candidates: Buffer | null;
  readonly since: Buffer;
  readonly years: { year: number; changes: string }[] | null;
}

/** The two statements of every changed report are prepared once per connection: planning the write takes longer than running it. */
async function hot<Row extends object>(db: Db, name: string, text: string, values: readonly unknown[]): Promise<Row[]> {
  return (await db.pool.query<Row>({ name, text, values: [...values] })).rows;
}

const READ = `select host.enrolled_at, host.release, i.*, (
  select jsonb_agg(jsonb_build_object('year', year, 'changes', encode(changes, 'hex'))) from package_history where host_id = host.id and year = any($2::int[])) as years
from host left join host_inventory i on i.host_id = host.id
where host.id = $1 and host.removed_at is null`;

/** null when the host is unknown or removed. */
export async function readHost(db: Db, hostId: string, years: readonly number[]): Promise<HostReading | null> {
  const [row] = await hot<HostRow>(db, 'inventory-read', READ, [hostId, years]);
  if (!row) return null;
  return {
    revision: row.revision ?? 0,
    enrolledAt: row.enrolled_at,
    release: row.release,
    inventory: row.observed_at === null ? null : unpackInventory(row, row.observed_at),
    years: new Map((row.years ?? []).map(({ year, changes }) => [year, unpackHistory(Buffer.from(changes, 'hex'))])),
  };
}

function unpackInventory(row: HostRow, observedAt: Instant): StoredInventory {
  return {
    observedAt,
    digests: {
      facts: row.facts_digest.toString('hex'),
      packages: row.packages_digest.toString('hex'),
      candidates: row.candidates_digest.toString('hex'),
    },
    packages: unpackIds(row.packages),
    configFiles: unpackIds(row.config_files),
    held: row.held,
    states: row.states,
    candidates: row.candidates && unpackIds(row.candidates),
    since: unpackSince(row.since),
  };
}

export interface HostIdentity {
  readonly name: string;
  readonly address: string | null;
  readonly machineId: string | null;
  readonly platform: string;
  readonly release: string;
  readonly osName: string;
}

/** One stored report. Fields that are null stay as they are. */
interface HostWrite {
  readonly inventory: StoredInventory;
  /** Given when the facts are new. */
  readonly facts: HostFacts | null;
  readonly identity: HostIdentity | null;
  readonly years: ReadonlyMap<number, readonly HistoryEntry[]>;
  /** Whether to wait for the disk. What a crash loses of an inventory the next check-in finds missing and asks for again; log lines are sent once. */
  readonly durable: boolean;
}

/**
 * Everything of one report in one statement, which is its own transaction: a round trip costs as much as the rows, and no lock is held while
 * the server computes. The revision makes it safe: whoever wrote first wins, and the other one writes nothing and reads again.
 */
const WRITE = `with
commit_mode as (select set_config('synchronous_commit', $18, true)),
inventory as (
  insert into host_inventory (host_id, revision, observed_at, facts_digest, packages_digest, candidates_digest, package_count, packages, config_files, held, states, candidates, since, finding_facts)
  select host.id, $17::int + 1, $2::timestamptz, $3::bytea, $4::bytea, $5::bytea, $6::int, $7::bytea, $8::bytea, $9::int[], $10::jsonb, $11::bytea, $12::bytea, coalesce($13::jsonb, '{}')
  from host, commit_mode where host.id = $1 and host.removed_at is null
  on conflict (host_id) do update set revision = excluded.revision, observed_at = excluded.observed_at, facts_digest = excluded.facts_digest,
    packages_digest = excluded.packages_digest, candidates_digest = excluded.candidates_digest, package_count = excluded.package_count,
    packages = excluded.packages, config_files = excluded.config_files, held = excluded.held, states = excluded.states, candidates = excluded.candidates,
    since = excluded.since, finding_facts = case when $13::jsonb is null then host_inventory.finding_facts else excluded.finding_facts end
  where host_inventory.revision = $17::int
  returning host_id),
fact as (
  insert into host_fact (host_id, observed_at, doc) select host_id, $2::timestamptz, $14::bytea from inventory where $14::bytea is not null
  on conflict (host_id) do update set observed_at = excluded.observed_at, doc = excluded.doc),
history as (
  insert into package_history (host_id, year, changes) select host_id, h.year, decode(h.changes, 'hex') from inventory, jsonb_to_recordset($15::jsonb) as h(year int, changes text)
  on conflict (host_id, year) do update set changes = excluded.changes),
identity as (
  update host set name = n.name, address = n.address, machine_id = n.machine_id, platform = n.platform, release = n.release, os_name = n.os_name
  from inventory, jsonb_to_record($16::jsonb) as n(name text, address text, machine_id text, platform text, release text, os_name text)
  where host.id = inventory.host_id and n.name is not null
    and (host.name, host.address, host.machine_id, host.platform, host.release, host.os_name) is distinct from (n.name, n.address, n.machine_id, n.platform, n.release, n.os_name))
select host_id from inventory`;

/** False when another report was stored since `revision` was read, or the host is gone: nothing was written. */
export async function writeHost(db: Db, hostId: string, revision: number, write: HostWrite): Promise<boolean> {
  const { inventory, facts, identity, years } = write;
  const written = await hot(db, 'inventory-write', WRITE, [
    hostId,
    inventory.observedAt,
    Buffer.from(inventory.digests.facts, 'hex'),
    Buffer.from(inventory.digests.packages, 'hex'),
    Buffer.from(inventory.digests.candidates, 'hex'),
    inventory.packages.length,
    Buffer.from(packIds(inventory.packages)),
    Buffer.from(packIds(inventory.configFiles)),
    [...inventory.held],
    JSON.stringify(inventory.states),
    inventory.candidates && Buffer.from(packIds(inventory.candidates)),
    Buffer.from(packSince(inventory.since)),
    facts && JSON.stringify(findingFacts(facts)),
    facts && packFacts(facts),
    JSON.stringify([...years].map(([year, entries]) => ({ year, changes: Buffer.from(packHistory(entries)).toString('hex') }))),
    JSON.stringify(
      identity === null
        ? {}
        : {
            name: identity.name,
            address: identity.address,
            machine_id: identity.machineId,
            platform: identity.platform,
            release: identity.release,
            os_name: identity.osName,
          },
    ),
    revision,
    write.durable ? 'on' : 'off',
  ]);
  return written.length > 0;
}

/** What findings, the fleet model and the lists need without opening the whole document. */
export type FindingFacts = Pick<HostFacts, 'os' | 'bootedAt' | 'kernel' | 'reboot' | 'staleProcesses' | 'packageManager' | 'livePatches'>;

function findingFacts(facts: HostFacts): FindingFacts {
  const { os, bootedAt, kernel, reboot, staleProcesses, packageManager, livePatches } = facts;
  // Few hosts have one, and this document is read for all of them.
  const live = livePatches != null && livePatches.length > 0 ? { livePatches } : {};
  return { os, bootedAt, kernel, reboot, staleProcesses, packageManager, ...live };
}

export async function readFacts(db: Queryable, hostId: string): Promise<{ facts: HostFacts; observedAt: Instant } | null> {
  const [row] = await db.query<{ doc: Buffer; observed_at: Instant }>('select doc, observed_at from host_fact where host_id = $1', [
    hostId,
  ]);
  return row ? { facts: unpackFacts(row.doc), observedAt: row.observed_at } : null;
}
