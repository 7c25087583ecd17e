import { createHash } from 'node:crypto';
import type { Transition } from '../../core/inventory/delta.ts';
import type { ChangeOrigin } from '../../core/inventory/history.ts';
import { DISTRIBUTION_ORIGIN } from '../../core/inventory/package-origin.ts';
import type { Db } from '../../db/db.ts';
import { type Memory, type PackageVersion, packageMemory } from './package-memory.ts';

/**
 * Fleet-wide rows that are written once and referred to by id ever after. `idsOf` answers from memory; what is new goes to the database in one
 * statement. Ids never change and rows never go, so the memory needs no invalidation and several processes may intern the same thing at once.
 */
interface Interner<Value> {
  /** `known`: what `known(values)` answered a moment ago, where it was asked for already. */
  idsOf(values: readonly Value[], known?: readonly number[]): Promise<number[]>;
  /** The ids that this process knows; 0 for what it has not met. */
  known(values: readonly Value[]): number[];
  /** Reads all rows into memory: without it a restarted server would ask for each value once more. */
  load(): Promise<void>;
}

interface InternedTable<Value> {
  readonly table: string;
  /** Column -> type, in the order of `row`. */
  readonly columns: Readonly<Record<string, string>>;
  /** The columns of the unique constraint: rows are inserted in their order, so that two writers cannot deadlock. */
  readonly unique: readonly string[];
  readonly memory: Memory<Value>;
  row(value: Value): Readonly<Record<string, unknown>>;
  /** A stored row as a value, for `load`: null for a row of another ecosystem; left out where the row does not tell it. */
  readonly valueOfRow?: (row: Readonly<Record<string, string>>) => Value | null;
}

const BATCH_ROWS = 5_000;

function createInterner<Value>(db: Db, table: InternedTable<Value>): Interner<Value> {
  const { memory } = table;
  const sql = statements(table);

  async function intern(missing: readonly Value[]): Promise<void> {
    for (let at = 0; at < missing.length; at += BATCH_ROWS) {
      const batch = missing.slice(at, at + BATCH_ROWS);
      // One jsonb parameter: array parameters cost 3.5 times as much (docs/decisions/0002-database.md).
      const wanted = JSON.stringify(batch.map((value, n) => ({ n, ...table.row(value) })));
      const rows = await db.query<{ n: number; id: number | null }>(sql.intern, [wanted]);
      for (const { n, id } of rows) if (id !== null) memory.set(batch[n]!, id);
      // Another process made the row at the same moment: it is there now, but was not yet when the statement began.
      if (rows.some(({ id }) => id === null))
        for (const { n, id } of await db.query<{ n: number; id: number }>(sql.find, [wanted])) memory.set(batch[n]!, id);
    }
  }

  const knownOf = (values: readonly Value[]) => memory.all?.(values) ?? values.map(value => memory.get(value) ?? 0);
  return {
    async idsOf(values, known) {
      const ids = known ?? knownOf(values);
      if (!ids.includes(0)) return [...ids];
      await intern(values.filter((_, index) => ids[index] === 0));
      return values.map((value, index) => ids[index] || memory.get(value)!);
    },
    known: knownOf,
    async load() {
      const { valueOfRow } = table;
      if (!valueOfRow) return;
      const rows = await db.query<Record<string, string> & { id: number }>(sql.all);
      for (const row of rows) {
        const value = valueOfRow(row);
        if (value !== null) memory.set(value, row.id);
      }
    },
  };
}

/** `key`: one text per distinct value. */
function textMemory<Value>(key: (value: Value) => string): Memory<Value> {
  const ids = new Map<string, number>();
  return { get: value => ids.get(key(value)), set: (value, id) => void ids.set(key(value), id) };
}

function statements({ table, columns, unique }: Pick<InternedTable<never>, 'table' | 'columns' | 'unique'>) {
  const names = Object.keys(columns).join(', ');
  const wanted = `jsonb_to_recordset($1::jsonb) as w(n int, ${Object.entries(columns)
    .map(([name, type]) => `${name} ${type}`)
    .join(', ')})`;
  const same = unique.map(name => `t.${name} = w.${name}`).join(' and ');
  // A scalar subquery is an index look-up for each of a few rows, whatever the planner thinks of the size of a JSON list; a join reads the table.
  const known = `(select k.id from ${table} k where ${unique.map(name => `k.${name} = w.${name}`).join(' and ')})`;
  return {
    // Looking first spares the identity sequence, which `on conflict` alone would spend on every known row.
    intern: `with fresh as (insert into ${table} (${names}) select ${names} from ${wanted} where ${known} is null order by ${unique.join(', ')} on conflict do nothing returning id, ${unique.join(', ')})
      select w.n, coalesce(t.id, ${known}) as id from ${wanted} left join fresh t on ${same}`,
    find: `select w.n, ${known} as id from ${wanted}`,
    all: `select id, ${names} from ${table}`,
  };
}

/** One binary package version; what package_version is unique by. */
interface PackageVersions extends Interner<PackageVersion> {
  /** The version of an id that this process has seen; else undefined. */
  of(id: number): PackageVersion | undefined;
}

export function packageVersions(db: Db, ecosystem: string): PackageVersions {
  const memory = packageMemory();
  const interner = createInterner<PackageVersion>(db, {
    table: 'package_version',
    columns: {
      ecosystem: 'text',
      name: 'text',
      arch: 'text',
      version: 'text',
      source_name: 'text',
      source_version: 'text',
      origin: 'text',
    },
    unique: ['name', 'version', 'arch', 'source_name', 'source_version', 'ecosystem', 'origin'],
    memory,
    row: value => ({
      ecosystem,
      name: value.name,
      arch: value.arch,
      version: value.version,
      source_name: value.sourceName,
      source_version: value.sourceVersion,
      origin: value.origin ?? DISTRIBUTION_ORIGIN,
    }),
    valueOfRow: row => (row.ecosystem === ecosystem ? versionOfRow(row) : null),
  });
  return { ...interner, of: memory.of };
}

function versionOfRow(row: Readonly<Record<string, string>>): PackageVersion {
  const version = {
    name: row.name!,
    arch: row.arch!,
    version: row.version!,
    sourceName: row.source_name!,
    sourceVersion: row.source_version!,
  };
  return row.origin ? { ...version, origin: row.origin } : version;
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
      digest: digest16(candidateKey(value)),
      package_version_id: value.packageVersionId,
      origins: value.origins,
      security: value.security,
      size_bytes: value.sizeBytes,
      sha256: value.sha256,
      phased_percent: value.phasedPercent,
      availability: value.availability,
    }),
    memory: textMemory(candidateKey),
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
    memory: textMemory(value => `${value.name}\t${value.fromVersion ?? ''}\t${value.toVersion ?? ''}\t${value.arch}\t${value.action}`),
    valueOfRow: row =>
      row.ecosystem === ecosystem
        ? {
            action: row.action as Transition['action'],
            name: row.name!,
            arch: row.arch!,
            fromVersion: row.from_version!,
            toVersion: row.to_version!,
          }
        : null,
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
    row: value => ({
      digest: digest16(causeKey(value)),
      origin: value.origin,
      requested_by: value.requestedBy,
      command_line: value.commandLine,
    }),
    memory: textMemory(causeKey),
  });
}

function candidateKey(value: CandidateRow): string {
  return JSON.stringify([
    value.packageVersionId,
    value.origins,
    value.security,
    value.sizeBytes,
    value.sha256,
    value.phasedPercent,
    value.availability,
  ]);
}

function causeKey(value: ChangeCause): string {
  return JSON.stringify([value.origin, value.requestedBy, value.commandLine]);
}

/** bytea as it is written in JSON: `\x` and hexadecimal digits. */
function digest16(key: string): string {
  return `\\x${createHash('sha256').update(key).digest('hex').slice(0, 32)}`;
}
