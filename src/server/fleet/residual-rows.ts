import type { PackageVersion } from '../../core/findings/fleet-units.ts';
import { unpackHistory } from '../../core/inventory/history.ts';
import { toInstant } from '../../core/kernel/instants.ts';
import type { ResidualVersion } from '../../core/remediation/residuals.ts';
import type { Db, Queryable } from '../../db/db.ts';

interface ResidualRow {
  readonly host_id: string;
  readonly package_name: string;
  readonly source_name: string;
  readonly source_version: string;
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
    };
    byHost.getOrInsertComputed(row.host_id, () => []).push(residual);
  }
  return byHost;
}

/** All of a host's residuals anew. */
export async function writeResiduals(db: Db, hostId: string, residuals: readonly ResidualVersion[]): Promise<void> {
  const rows = residuals.map(residual => ({
    package_name: residual.packageName,
    source_name: residual.sourceName,
    source_version: residual.sourceVersion,
    until: residual.until,
    since_at: toInstant(residual.sinceMs),
    replaced_at: toInstant(residual.replacedMs),
  }));
  await db.transaction(async tx => {
    await tx.query('delete from residual_version where host_id = $1', [hostId]);
    await tx.query(
      `insert into residual_version (host_id, package_name, source_name, source_version, until, since_at, replaced_at)
       select host.id, w.package_name, w.source_name, w.source_version, w.until, w.since_at, w.replaced_at
       from host, jsonb_to_recordset($2::jsonb) as w(package_name text, source_name text, source_version text, until text, since_at timestamptz, replaced_at timestamptz)
       where host.id = $1 on conflict do nothing`,
      [hostId, JSON.stringify(rows)],
    );
  });
}

interface TransitionRow {
  readonly id: number;
  readonly name: string;
  readonly arch: string;
  readonly from_version: string;
}

/**
 * What these packages were before their last change since the boot, out of the host's history: for processes that map files which an upgrade replaced
 * before Fettle knew the host, or while nobody listened. `installed` are the host's packages now; they tell the source of a version that is not in the
 * tables any more.
 */
export async function residualsFromHistory(
  db: Queryable,
  hostId: string,
  names: readonly string[],
  bootedMs: number | null,
  installed: readonly PackageVersion[],
  enrolledMs: number,
): Promise<ResidualVersion[]> {
  const years = await db.query<{ changes: Buffer }>('select changes from package_history where host_id = $1 order by year', [hostId]);
  const entries = years
    .flatMap(({ changes }) => unpackHistory(changes))
    .filter(entry => bootedMs === null || entry.atSeconds * 1_000 >= bootedMs);
  const transitions = await db.query<TransitionRow>(
    "select id, name, arch, from_version from package_transition where id = any($1) and name = any($2) and action in ('upgrade', 'downgrade', 'remove', 'purge') and from_version <> ''",
    [[...new Set(entries.map(entry => entry.transitionId))], names],
  );
  const byId = new Map(transitions.map(row => [row.id, row]));
  const last = new Map<string, { readonly row: TransitionRow; readonly atMs: number }>();
  for (const { transitionId, atSeconds } of entries) {
    const row = byId.get(transitionId);
    if (row) last.set(row.name, { row, atMs: atSeconds * 1_000 });
  }
  return Promise.all([...last.values()].map(({ row, atMs }) => residualOf(db, row, atMs, installed, enrolledMs)));
}

async function residualOf(
  db: Queryable,
  { name, arch, from_version: version }: TransitionRow,
  atMs: number,
  installed: readonly PackageVersion[],
  enrolledMs: number,
): Promise<ResidualVersion> {
  const [known] = await db.query<{ source_name: string; source_version: string }>(
    'select source_name, source_version from package_version where name = $1 and version = $2 and arch = $3 limit 1',
    [name, version, arch],
  );
  const now = installed.find(candidate => candidate.name === name);
  return {
    packageName: name,
    sourceName: known?.source_name ?? now?.sourceName ?? name,
    // A rebuild for one architecture (binNMU) adds +b1 to the binary's version only (vulnerability-data.md 2.1).
    sourceVersion: known?.source_version ?? version.replace(/\+b\d+$/, ''),
    until: 'restart',
    sinceMs: Math.min(enrolledMs, atMs),
    replacedMs: atMs,
  };
}
