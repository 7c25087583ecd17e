import { unpackHistory } from '../../core/inventory/history.ts';
import { DISTRIBUTION_ORIGIN } from '../../core/inventory/package-origin.ts';
import { toInstant } from '../../core/kernel/instants.ts';
import type { ResidualVersion } from '../../core/remediation/residuals.ts';
import type { Db, Queryable } from '../../db/db.ts';

interface ResidualRow {
  readonly host_id: string;
  readonly package_name: string;
  readonly source_name: string;
  readonly source_version: string;
  readonly origin: string;
  readonly until: ResidualVersion['until'];
  readonly since_at: string;
  readonly replaced_at: string;
}

export async function readResiduals(db: Queryable): Promise<Map<string, ResidualVersion[]>> {
  const byHost = new Map<string, ResidualVersion[]>();
  for (const row of await db.query<ResidualRow>('select * from residual_version order by host_id, package_name, since_at')) {
    const { package_name: packageName, source_name: sourceName, source_version: sourceVersion, until } = row;
    const residual = {
      packageName,
      sourceName,
      sourceVersion,
      until,
      sinceMs: Date.parse(row.since_at),
      replacedMs: Date.parse(row.replaced_at),
      ...(row.origin ? { origin: row.origin } : {}),
    };
    byHost.getOrInsertComputed(row.host_id, () => []).push(residual);
  }
  return byHost;
}

/** All residuals of these hosts anew. */
export async function writeResiduals(db: Db, byHost: ReadonlyMap<string, readonly ResidualVersion[]>): Promise<void> {
  const rows = [...byHost].flatMap(([hostId, residuals]) =>
    residuals.map(residual => ({
      host_id: hostId,
      package_name: residual.packageName,
      source_name: residual.sourceName,
      source_version: residual.sourceVersion,
      origin: residual.origin ?? DISTRIBUTION_ORIGIN,
      until: residual.until,
      since_at: toInstant(residual.sinceMs),
      replaced_at: toInstant(residual.replacedMs),
    })),
  );
  await db.transaction(async tx => {
    await tx.query('delete from residual_version where host_id = any($1)', [[...byHost.keys()]]);
    await tx.query(
      `insert into residual_version (host_id, package_name, source_name, source_version, origin, until, since_at, replaced_at)
       select host.id, w.package_name, w.source_name, w.source_version, w.origin, w.until, w.since_at, w.replaced_at
       from jsonb_to_recordset($1::jsonb) as w(host_id text, package_name text, source_name text, source_version text, origin text, until text, since_at timestamptz, replaced_at timestamptz)
       join host on host.id = w.host_id on conflict do nothing`,
      [JSON.stringify(rows)],
    );
  });
}

/** A host whose processes map files of packages that no residual explains. */
export interface UnexplainedHost {
  readonly hostId: string;
  readonly names: readonly string[];
  readonly bootedMs: number | null;
}

interface TransitionRow {
  readonly id: number;
  readonly name: string;
  readonly arch: string;
  readonly from_version: string;
}

/** The last version of a package that left the disk of a host since its boot. */
export interface ReplacedVersion {
  readonly name: string;
  readonly arch: string;
  readonly version: string;
  readonly replacedMs: number;
}

/**
 * What these packages were before their last change since the boot, out of the hosts' histories: for processes that map files which an upgrade replaced
 * before Fettle knew the host, or while nobody listened. Two queries whatever the number of hosts: at the start all of the fleet's may be asked about.
 */
export async function replacedSinceBoot(db: Queryable, hosts: readonly UnexplainedHost[]): Promise<Map<string, ReplacedVersion[]>> {
  const transitions = await db.query<TransitionRow>(
    "select id, name, arch, from_version from package_transition where name = any($1) and action in ('upgrade', 'downgrade', 'remove', 'purge') and from_version <> ''",
    [[...new Set(hosts.flatMap(({ names }) => names))]],
  );
  if (transitions.length === 0) return new Map();
  const byId = new Map(transitions.map(row => [row.id, row]));
  const asked = new Map(
    hosts.map(host => [host.hostId, { ...host, wanted: new Set(host.names), last: new Map<string, ReplacedVersion>() }]),
  );
  const years = await db.query<{ host_id: string; changes: Buffer }>(
    'select host_id, changes from package_history where host_id = any($1) order by host_id, year',
    [[...asked.keys()]],
  );
  for (const { host_id: hostId, changes } of years) {
    const { bootedMs, wanted, last } = asked.get(hostId)!;
    for (const { transitionId, atSeconds } of unpackHistory(changes)) {
      const row = byId.get(transitionId);
      const replacedMs = atSeconds * 1_000;
      if (row === undefined || !wanted.has(row.name) || (bootedMs !== null && replacedMs < bootedMs)) continue;
      last.set(row.name, { name: row.name, arch: row.arch, version: row.from_version, replacedMs });
    }
  }
  return new Map([...asked.values()].flatMap(({ hostId, last }) => (last.size === 0 ? [] : [[hostId, [...last.values()]] as const])));
}
