import { createHash } from 'node:crypto';
import type { Transition } from '../../core/inventory/delta.ts';
import type { ChangeOrigin } from '../../core/inventory/history.ts';
import { canonicalJson } from '../../core/kernel/canonical-json.ts';
import type { Db } from '../../db/db.ts';

/**
 * Fleet-wide rows that are written once and referred to by id ever after. `idsOf` answers from memory; what is new goes to the database in one
 * statement. Ids never change and rows never go, so the memory needs no invalidation and several processes may intern the same thing at once.
 */
export interface Interner<Value> {
  idsOf(values: readonly Value[]): Promise<number[]>;
  /** Reads all rows into memory: without it a restarted server would ask for each value once more. */
  load(): Promise<void>;
}

interface InternedTable<Value> {
  readonly table: string;
  /** Column -> type, in the order of `row`. */
  readonly columns: Readonly<Record<string, string>>;
  /** The columns of the unique constraint: rows are inserted in their order, so that two writers cannot deadlock. */
  readonly unique: readonly string[];
  row(value: Value): Readonly<Record<string, unknown>>;
  /** One text per distinct value. */
  key(value: Value): string;
  /** The key of a stored row, for `load`: null for a row of another ecosystem; left out where the row does not tell it. */
  readonly keyOfRow?: (row: Readonly<Record<string, string>>) => string | null;
}

const BATCH_ROWS = 5_000;

export function createInterner<Value>(db: Db, table: InternedTable<Value>): Interner<Value> {
  const ids = new Map<string, number>();
  const sql = statements(table);

  async function intern(missing: ReadonlyMap<string, Value>): Promise<void> {
    const all = [...missing];
    for (let at = 0; at < all.length; at += BATCH_ROWS) {
      const batch = all.slice(at, at + BATCH_ROWS);
      // One jsonb parameter: array parameters cost 3.5 times as much (stack.md section 1).
      const wanted = JSON.stringify(batch.map(([, value], n) => ({ n, ...table.row(value) })));
      const rows = await db.transaction(async tx => {
        await tx.query(sql.insert, [wanted]);
        return tx.query<{ n: number; id: number }>(sql.find, [wanted]);
      });
      for (const { n, id } of rows) ids.set(batch[n]![0], id);
    }
  }

  return {
    async idsOf(values) {
      const keys = values.map(table.key);
      const missing = new Map<string, Value>();
      for (const [index, key] of keys.entries()) if (!ids.has(key)) missing.set(key, values[index]!);
      if (missing.size > 0) await intern(missing);
      return keys.map(key => ids.get(key)!);
    },
    async load() {
      const { keyOfRow } = table;
      if (!keyOfRow) return;
      const rows = await db.query<Record<string, string> & { id: number }>(sql.all);
      for (const row of rows) {
        const key = keyOfRow(row);
        if (key !== null) ids.set(key, row.id);
      }
    },
  };
}

function statements({ table, columns, unique }: Pick<InternedTable<never>, 'table' | 'columns' | 'unique'>) {
  const names = Object.keys(columns).join(', ');
  const wanted = `jsonb_to_recordset($1::jsonb) as w(n int, ${Object.entries(columns)
    .map(([name, type]) => `${name} ${type}`)
    .join(', ')})`;
  const same = unique.map(name => `t.${name} = w.${name}`).join(' and ');
  return {
    // `where not exists` spares the identity sequence, which `on conflict` alone would spend on every known row.
    insert: `insert into ${table} (${names}) select ${names} from ${wanted} where not exists (select from ${table} t where ${same}) order by ${unique.join(', ')} on conflict do nothing`,
    find: `select w.n, t.id from ${wanted} join ${table} t on ${same}`,
    all: `select id, ${names} from ${table}`,
  };
}

/** One binary package version; what package_version is unique by. */
export interface PackageVersion {
  readonly name: string;
  readonly arch: string;
  readonly version: string;
  readonly sourceName: string;
  readonly sourceVersion: string;
}

export function packageVersions(db: Db, ecosystem: string): Interner<PackageVersion> {
  return createInterner<PackageVersion>(db, {
    table: 'package_version',
    columns: { ecosystem: 'text', name: 'text', arch: 'text', version: 'text', source_name: 'text', source_version: 'text' },
    unique: ['name', 'version', 'arch', 'source_name', 'source_version', 'ecosystem'],
    row: value => ({
      ecosystem,
      name: value.name,
      arch: value.arch,
      version: value.version,
      source_name: value.sourceName,
      source_version: value.sourceVersion,
    }),
    key: value => `${value.name}\t${value.version}\t${value.arch}\t${value.sourceName}\t${value.sourceVersion}`,
    keyOfRow: row =>
      row.ecosystem === ecosystem ? `${row.name}\t${row.version}\t${row.arch}\t${row.source_name}\t${row.source_version}` : null,
  });
}

export interface CandidateRow {
  readonly packageVersionId: number;
  readonly origins: readonly string[];
  readonly security: boolean;
  readonly sizeBytes: number | null;
  readonly sha256: string | null;
  readonly phasedPercent: number | null;
  readonly availability: string;
}

export function candidates(db: Db): Interner<CandidateRow> {
  return createInterner<CandidateRow>(db, {
    table: 'candidate',
    columns: {
      digest: 'bytea',
      package_version_id: 'int',
      origins: 'text[]',
      security: 'boolean',
      size_bytes: 'bigint',
      sha256: 'text',
      phased_percent: 'real',
      availability: 'text',
    },
    unique: ['digest'],
    row: value => ({
      digest: digest16(value),
      package_version_id: value.packageVersionId,
      origins: value.origins,
      security: value.security,
      size_bytes: value.sizeBytes,
      sha256: value.sha256,
      phased_percent: value.phasedPercent,
      availability: value.availability,
    }),
    key: value =>
      JSON.stringify([
        value.packageVersionId,
        value.origins,
        value.security,
        value.sizeBytes,
        value.sha256,
        value.phasedPercent,
        value.availability,
      ]),
  });
}

export function transitions(db: Db, ecosystem: string): Interner<Transition> {
  return createInterner<Transition>(db, {
    table: 'package_transition',
    columns: { ecosystem: 'text', action: 'text', name: 'text', arch: 'text', from_version: 'text', to_version: 'text' },
    unique: ['name', 'from_version', 'to_version', 'arch', 'action', 'ecosystem'],
    row: value => ({
      ecosystem,
      action: value.action,
      name: value.name,
      arch: value.arch,
      from_version: value.fromVersion ?? '',
      to_version: value.toVersion ?? '',
    }),
    key: value => `${value.name}\t${value.fromVersion ?? ''}\t${value.toVersion ?? ''}\t${value.arch}\t${value.action}`,
    keyOfRow: row =>
      row.ecosystem === ecosystem ? `${row.name}\t${row.from_version}\t${row.to_version}\t${row.arch}\t${row.action}` : null,
  });
}

export interface ChangeCause {
  readonly origin: ChangeOrigin;
  readonly requestedBy: string | null;
  readonly commandLine: string | null;
}

export function changeCauses(db: Db): Interner<ChangeCause> {
  return createInterner<ChangeCause>(db, {
    table: 'change_cause',
    columns: { digest: 'bytea', origin: 'text', requested_by: 'text', command_line: 'text' },
    unique: ['digest'],
    row: value => ({ digest: digest16(value), origin: value.origin, requested_by: value.requestedBy, command_line: value.commandLine }),
    key: value => JSON.stringify([value.origin, value.requestedBy, value.commandLine]),
  });
}

/** bytea as it is written in JSON: `\x` and hexadecimal digits. */
function digest16(value: object): string {
  return `\\x${createHash('sha256').update(canonicalJson(value)).digest('hex').slice(0, 32)}`;
}
