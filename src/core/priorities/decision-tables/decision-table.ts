/**
 * A decision table maps closed inputs to a closed outcome, one row per combination. Tables are data: the product's three stand beside
 * this file, an organisation's own have the same shape and pass `tableFaults` before they are used.
 */
export interface DecisionTable {
  readonly id: string;
  readonly version: string;
  readonly title: string;
  /** Where the rows come from. */
  readonly source: string;
  readonly columns: readonly DecisionColumn[];
  readonly outcome: { readonly title: string /** The most urgent first. */; readonly values: readonly string[] };
  /** One value per column, then the outcome. The index of a row is its number in the published table. */
  readonly rows: readonly (readonly string[])[];
}

interface DecisionColumn {
  readonly name: string;
  readonly title: string;
  readonly values: readonly string[];
  /** What stands in for an unknown input, and why that value. */
  readonly whenUnknown: { readonly value: string; readonly reason: string };
  /** Other spellings in use, in lower case. */
  readonly aliases?: Readonly<Record<string, string>>;
}

interface DecidedInput {
  readonly value: string;
  /** True where the column's default stood in for an unknown input. */
  readonly assumed: boolean;
}

export interface Decision {
  readonly table: string;
  readonly version: string;
  readonly outcome: string;
  /** Index into the table's rows. */
  readonly row: number;
  readonly inputs: Readonly<Record<string, DecidedInput>>;
}

type DecisionResult = { readonly ok: true; readonly decision: Decision } | { readonly ok: false; readonly reason: string };

/** `null`, an absent name, empty text, `?` and `unknown` all mean unknown; a word outside the column is refused, never guessed. */
export function decide(table: DecisionTable, inputs: Readonly<Record<string, string | null | undefined>>): DecisionResult {
  const decided: Record<string, DecidedInput> = {};
  const path: string[] = [];
  for (const column of table.columns) {
    const input = readInput(column, inputs[column.name]);
    if (!input) return { ok: false, reason: `${column.name} is "${inputs[column.name]}", not one of ${column.values.join(', ')}, unknown` };
    decided[column.name] = input;
    path.push(input.value);
  }
  const row = rowIndex(table).get(path.join('\t'));
  if (row === undefined) return { ok: false, reason: `table ${table.id} has no row for ${path.join(', ')}` };
  return { ok: true, decision: { table: table.id, version: table.version, outcome: table.rows[row]!.at(-1)!, row, inputs: decided } };
}

function readInput(column: DecisionColumn, given: string | null | undefined): DecidedInput | undefined {
  // Tools write the tables' words in one piece: very_high, public-poc.
  const word = (given ?? '').trim().toLowerCase().replace(/[_-]+/g, ' ');
  if (word === '' || word === '?' || word === 'unknown') return { value: column.whenUnknown.value, assumed: true };
  const value = column.aliases?.[word] ?? word;
  return column.values.includes(value) ? { value, assumed: false } : undefined;
}

const indexes = new WeakMap<DecisionTable, ReadonlyMap<string, number>>();

function rowIndex(table: DecisionTable): ReadonlyMap<string, number> {
  let index = indexes.get(table);
  if (!index) {
    index = new Map(table.rows.map((row, number) => [row.slice(0, -1).join('\t'), number]));
    indexes.set(table, index);
  }
  return index;
}

/** What is wrong with a table, a sentence each: every combination needs exactly one row, and every word must be declared. */
export function tableFaults(table: DecisionTable): string[] {
  const faults: string[] = [];
  const seen = new Set<string>();
  for (const [number, row] of table.rows.entries()) {
    if (row.length !== table.columns.length + 1) faults.push(`row ${number} has ${row.length} fields, not ${table.columns.length + 1}`);
    for (const [at, column] of table.columns.entries()) {
      if (!column.values.includes(row[at] ?? '')) faults.push(`row ${number}: ${column.name} has no value "${row[at]}"`);
    }
    if (!table.outcome.values.includes(row.at(-1) ?? '')) faults.push(`row ${number}: there is no outcome "${row.at(-1)}"`);
    const path = row.slice(0, -1).join(', ');
    if (seen.has(path)) faults.push(`row ${number} repeats ${path}`);
    if (table.columns.every((column, at) => column.values.includes(row[at] ?? ''))) seen.add(path);
  }
  const combinations = table.columns.reduce((product, column) => product * column.values.length, 1);
  if (seen.size < combinations) faults.push(`${combinations - seen.size} of ${combinations} combinations have no row`);
  for (const column of table.columns) {
    if (!column.values.includes(column.whenUnknown.value))
      faults.push(`${column.name}: the default "${column.whenUnknown.value}" is not a value`);
  }
  return faults;
}
