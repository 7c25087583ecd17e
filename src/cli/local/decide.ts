import { parseArgs } from 'node:util';
import { DECISION_TABLES, decisionTable } from '../../core/priorities/decision-tables/catalog.ts';
import { type DecisionTable, decide } from '../../core/priorities/decision-tables/decision-table.ts';
import { type CommandIo, EXIT } from './command.ts';
import { filterLines } from './line-filter.ts';

const HELP = `Usage: fettle decide --table TABLE

Reads one line of tab-separated inputs per decision, in the table's column order, and prints the outcome. Where an input is unknown (empty, ?,
unknown, or left off at the end) the column's default is taken and named after a tab: "3 days<TAB>assumed: technical-impact=total".
A line with a word that is not in its column prints "invalid: WHY".

${DECISION_TABLES.map(describeTable).join('\n')}
Options: --json   one object per line: table, version, outcome, row (its number in the published table), inputs

Exit code: 0 when every line was answered (invalid ones too), 2 for wrong usage.
`;

export async function run(args: string[], io: CommandIo): Promise<number> {
  let options: { table?: string; json?: boolean; help?: boolean };
  try {
    const known = { table: { type: 'string', short: 't' }, json: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } } as const;
    options = parseArgs({ args, options: known }).values;
  } catch (fault) {
    io.stderr.write(`fettle decide: ${(fault as Error).message}\n\n${HELP}`);
    return EXIT.usage;
  }
  if (options.help) {
    io.stdout.write(HELP);
    return EXIT.done;
  }
  const table = decisionTable(options.table ?? '');
  if (!table) {
    const problem = options.table === undefined ? '--table is missing' : `there is no decision table "${options.table}"`;
    io.stderr.write(`fettle decide: ${problem}. Tables: ${DECISION_TABLES.map(({ id }) => id).join(', ')}.\n`);
    return EXIT.usage;
  }
  await filterLines(io, options.json ? line => decideAsJson(table, line) : line => decideLine(table, line));
  return EXIT.done;
}

export function decideLine(table: DecisionTable, line: string): string {
  const answer = decideFields(table, line);
  if (!answer.ok) return `invalid: ${answer.reason}`;
  const assumed = Object.entries(answer.decision.inputs).filter(([, input]) => input.assumed);
  const note = assumed.map(([name, input]) => `${name}=${input.value}`).join(', ');
  return note === '' ? answer.decision.outcome : `${answer.decision.outcome}\tassumed: ${note}`;
}

function decideAsJson(table: DecisionTable, line: string): string {
  const answer = decideFields(table, line);
  return JSON.stringify(answer.ok ? answer.decision : { invalid: answer.reason });
}

function decideFields(table: DecisionTable, line: string): ReturnType<typeof decide> {
  const fields = line.split('\t');
  if (line.replace(/ /g, '') === '') return { ok: false, reason: 'empty line' };
  if (fields.length > table.columns.length)
    return { ok: false, reason: `${fields.length} fields, the table has ${table.columns.length} columns` };
  return decide(table, Object.fromEntries(table.columns.map((column, at) => [column.name, fields[at]])));
}

function describeTable(table: DecisionTable): string {
  const columns = table.columns.map(
    ({ name, values, whenUnknown }) => `    ${name}: ${values.join(' | ')} (unknown: ${whenUnknown.value})`,
  );
  return [`  ${table.id}: ${table.title} ${table.version}`, ...columns, `    -> ${table.outcome.values.join(' | ')}`, ''].join('\n');
}
