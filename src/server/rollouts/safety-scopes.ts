import type { Queryable } from '../../db/db.ts';
import type { FleetPort } from '../ports.ts';

/** Hosts that a freeze or a group covers. null: all of them, because it says so or because its query can no longer be read; then no is the safe answer. */
export type Scope = ReadonlySet<string> | null;

export interface Scopes {
  readonly freezes: ReadonlyMap<string, Scope>;
  readonly groups: ReadonlyMap<string, Scope>;
}

/** A host that joins or leaves a query counts within this time. */
const SCOPE_MS = 10_000;

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
  readonly #known = new Map<string, Known>();

  constructor(db: Queryable, fleet: FleetPort) {
    this.#db = db;
    this.#fleet = fleet;
  }

  async read(): Promise<Scopes> {
    const rows = await this.#db.query<{ id: string; kind: 'freeze' | 'group'; query: string | null }>(
      `select id, 'freeze' as kind, query from freeze_window where ended_at is null union all select id, 'group', query from availability_group`,
    );
    const freezes = new Map<string, Scope>();
    const groups = new Map<string, Scope>();
    for (const row of rows) (row.kind === 'freeze' ? freezes : groups).set(row.id, await this.#scopeOf(row.id, row.query));
    for (const id of this.#known.keys()) if (!freezes.has(id) && !groups.has(id)) this.#known.delete(id);
    return { freezes, groups };
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
