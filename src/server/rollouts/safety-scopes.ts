import type { Instant } from '../../core/kernel/instants.ts';
import { unwellBecause } from '../../core/rollouts/availability.ts';
import { JOB_FAILED } from '../../core/rollouts/job-states.ts';
import type { Queryable } from '../../db/db.ts';
import type { FleetPort, InventoryPort } from '../ports.ts';

/** Hosts that a freeze or a group covers. null: all of them, because it says so or because its query can no longer be read; then no is the safe answer. */
export type Scope = ReadonlySet<string> | null;

export interface Scopes {
  readonly freezes: ReadonlyMap<string, Scope>;
  readonly groups: ReadonlyMap<string, Scope>;
  readonly holds: ReadonlyMap<string, Scope>;
  /** Hosts that a rollout left failed and whose own later inventory says that they are well (domain.md 2.9: healthy inventory releases). */
  readonly recovered: ReadonlySet<string>;
  /** Members of groups whose own newest inventory says that they are not well, with what it says (S4: unhealthy for any reason). */
  readonly unwell: ReadonlyMap<string, readonly string[]>;
}

/** domain.md 2.9: what is read of a member's health is no older than 60 s. */
const HEALTH_MS = 10_000;

/** A host that joins or leaves a query counts within this time. */
const SCOPE_MS = 10_000;

const NOBODY: ReadonlySet<string> = new Set();

interface Said {
  /** Of the inventory that says so. */
  readonly at: Instant;
  readonly reasons: readonly string[];
}

interface Known {
  readonly scope: Scope;
  readonly readAtMs: number;
}

/**
 * Which hosts freezes and availability groups cover, from the fleet model in memory. Read before a transaction, never in it; a row that is not known here
 * yet is treated as covering everybody by whoever decides.
 */
export class SafetyScopes {
  readonly #db: Queryable;
  readonly #fleet: FleetPort;
  readonly #inventory: Pick<InventoryPort, 'factsOf'>;
  #recovered: { readonly hosts: ReadonlySet<string>; readonly readAtMs: number } | null = null;
  readonly #known = new Map<string, Known>();
  /** By host; read again when it has a newer inventory. */
  readonly #said = new Map<string, Said>();
  #unwell: {
    readonly members: ReadonlySet<string>;
    readonly hosts: ReadonlyMap<string, readonly string[]>;
    readonly readAtMs: number;
  } | null = null;

  constructor(db: Queryable, fleet: FleetPort, inventory: Pick<InventoryPort, 'factsOf'>) {
    this.#db = db;
    this.#fleet = fleet;
    this.#inventory = inventory;
  }

  async read(): Promise<Scopes> {
    const rows = await this.#db.query<{ id: string; kind: 'freeze' | 'group' | 'hold'; query: string | null }>(
      `select id, 'freeze' as kind, query from freeze_window where ended_at is null union all select id, 'group', query from availability_group
       union all select id, 'hold', query from safeguard_hold where lifted_at is null`,
    );
    const scopes = { freeze: new Map<string, Scope>(), group: new Map<string, Scope>(), hold: new Map<string, Scope>() };
    for (const row of rows) scopes[row.kind].set(row.id, await this.#scopeOf(row.id, row.query));
    const { freeze: freezes, group: groups, hold: holds } = scopes;
    for (const id of this.#known.keys()) if (!freezes.has(id) && !groups.has(id) && !holds.has(id)) this.#known.delete(id);
    const recovered = groups.size === 0 ? NOBODY : await this.#recoveredHosts();
    const members = new Set([...groups.values()].flatMap(scope => [...(scope ?? [])]));
    return { freezes, groups, holds, recovered, unwell: await this.#unwellAmong(members) };
  }

  async #unwellAmong(members: ReadonlySet<string>): Promise<ReadonlyMap<string, readonly string[]>> {
    const asked = performance.now();
    if (this.#unwell !== null && asked - this.#unwell.readAtMs < HEALTH_MS && members.isSubsetOf(this.#unwell.members))
      return this.#unwell.hosts;
    const rows = await this.#db.query<{ host_id: string; at: Instant }>(
      `select host.id as host_id, greatest(host_seen.inventory_at, host_inventory.observed_at) as at
       from host left join host_seen on host_seen.host_id = host.id left join host_inventory on host_inventory.host_id = host.id
       where host.id = any($1) and greatest(host_seen.inventory_at, host_inventory.observed_at) is not null`,
      [[...members]],
    );
    for (const { host_id, at } of rows) {
      if (this.#said.get(host_id)?.at === at) continue;
      const known = await this.#inventory.factsOf(host_id);
      this.#said.set(host_id, { at, reasons: known === null ? [] : unwellBecause(known.facts) });
    }
    for (const hostId of this.#said.keys()) if (!members.has(hostId)) this.#said.delete(hostId);
    const hosts = new Map(
      [...this.#said].filter(([, { reasons }]) => reasons.length > 0).map(([hostId, { reasons }]) => [hostId, reasons]),
    );
    this.#unwell = { members, hosts, readAtMs: asked };
    return hosts;
  }

  async #recoveredHosts(): Promise<ReadonlySet<string>> {
    if (this.#recovered !== null && performance.now() - this.#recovered.readAtMs < SCOPE_MS) return this.#recovered.hosts;
    const failed = await this.#db.query<{ host_id: string; failed_at: Instant; inventory_at: Instant | null }>(
      `select job.host_id, max(job.finished_at) as failed_at, max(host_seen.inventory_at) as inventory_at
       from job join host_seen on host_seen.host_id = job.host_id where job.state = any($1) and job.touched group by job.host_id`,
      [JOB_FAILED],
    );
    const hosts = new Set<string>();
    for (const { host_id, failed_at, inventory_at } of failed)
      if (inventory_at !== null && inventory_at > failed_at && (await this.#isWell(host_id))) hosts.add(host_id);
    this.#recovered = { hosts, readAtMs: performance.now() };
    return hosts;
  }

  /** Nothing half done, nothing failed. What could not be read is not well. */
  async #isWell(hostId: string): Promise<boolean> {
    const facts = (await this.#inventory.factsOf(hostId))?.facts;
    return facts?.packageManager?.healthy === true && facts.services?.every(service => service.activeState !== 'failed') === true;
  }

  async #scopeOf(id: string, query: string | null): Promise<Scope> {
    if (query === null) return null;
    const known = this.#known.get(id);
    if (known !== undefined && performance.now() - known.readAtMs < SCOPE_MS) return known.scope;
    const { hostIds, problem } = await this.#fleet.resolve({ query });
    const scope = problem === null ? new Set(hostIds) : null;
    this.#known.set(id, { scope, readAtMs: performance.now() });
    return scope;
  }
}

export function covers(scope: Scope | undefined, hostId: string): boolean {
  return scope === undefined || scope === null || scope.has(hostId);
}
