import type { PackageVersion } from '../../core/findings/fleet-units.ts';
import type { Availability, Candidate } from '../../core/remediation/offers.ts';
import type { Queryable } from '../../db/db.ts';

interface VersionRow {
  readonly id: number;
  readonly name: string;
  readonly arch: string;
  readonly version: string;
  readonly source_name: string;
  readonly source_version: string;
  readonly origin: string;
}

interface CandidateRow {
  readonly id: number;
  readonly package_version_id: number;
  readonly origins: string[];
  readonly security: boolean;
  readonly availability: Availability;
}

const PAGE_ROWS = 20_000;

/** Rows of fleet-wide tables never change, so one that is known is never read again. `ids` null: all of them. */
async function read<Row extends { readonly id: number }>(
  db: Queryable,
  columns: string,
  table: string,
  ids: readonly number[] | null,
  take: (row: Row) => void,
): Promise<void> {
  if (ids !== null) {
    for (const row of await db.query<Row>(`select ${columns} from ${table} where id = any($1)`, [ids])) take(row);
    return;
  }
  for (let after = 0; ; ) {
    const rows = await db.query<Row>(`select ${columns} from ${table} where id > $1 order by id limit ${PAGE_ROWS}`, [after]);
    for (const row of rows) take(row);
    if (rows.length < PAGE_ROWS) return;
    after = rows.at(-1)!.id;
  }
}

export function readVersions(db: Queryable, ids: readonly number[] | null, take: (version: PackageVersion) => void): Promise<void> {
  return read<VersionRow>(db, 'id, name, arch, version, source_name, source_version, origin', 'package_version', ids, row =>
    take({
      id: row.id,
      name: row.name,
      arch: row.arch,
      version: row.version,
      sourceName: row.source_name,
      sourceVersion: row.source_version,
      origin: row.origin,
    }),
  );
}

/** The versions that candidates refer to must be known to `versionOf`. */
export function readCandidates(
  db: Queryable,
  ids: readonly number[] | null,
  versionOf: (id: number) => PackageVersion,
  take: (candidate: Candidate) => void,
): Promise<void> {
  return read<CandidateRow>(db, 'id, package_version_id, origins, security, availability', 'candidate', ids, row =>
    take({
      id: row.id,
      version: versionOf(row.package_version_id),
      origins: row.origins,
      security: row.security,
      availability: row.availability,
    }),
  );
}

/** For candidates whose versions may be new too. */
export async function versionIdsOfCandidates(db: Queryable, ids: readonly number[]): Promise<number[]> {
  const rows = await db.query<{ id: number }>('select distinct package_version_id as id from candidate where id = any($1)', [ids]);
  return rows.map(row => row.id);
}
