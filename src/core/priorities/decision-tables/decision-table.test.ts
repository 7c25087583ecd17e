import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { bod2604 } from './bod-26-04.ts';
import { DECISION_TABLES } from './catalog.ts';
import { type DecisionTable, decide, tableFaults } from './decision-table.ts';
import { ssvcCoordinator } from './ssvc-coordinator.ts';
import { ssvcDeployer } from './ssvc-deployer.ts';

const shared = path.resolve(import.meta.dirname, '../../../../../shared/samples/ssvc');
const PUBLISHED: Record<string, string> = {
  'bod-26-04': 'cisa_bod_26_04_1_0_0.csv',
  'ssvc-deployer': 'deployer_patch_application_priority_1_0_0.csv',
  'ssvc-coordinator': 'cisa_coordinator_2_0_3.csv',
  'ssvc-human-impact': 'human_impact_1_0_0.csv',
};

describe('decision tables', () => {
  it.each(DECISION_TABLES.map(table => [table.id, table] as const))('%s has exactly one row per combination', (_id, table) => {
    expect(tableFaults(table)).toEqual([]);
  });

  it.each(DECISION_TABLES.map(table => [table.id, table] as const))('%s answers every row with that row', (_id, table) => {
    for (const [number, row] of table.rows.entries()) {
      const answer = decide(table, inputsOf(table, row));
      expect(answer).toMatchObject({ ok: true, decision: { row: number, outcome: row.at(-1) } });
    }
  });

  it.each(DECISION_TABLES.map(table => [table.id, table] as const))('%s never gets less urgent when one input gets worse', (_id, table) => {
    for (const row of table.rows) {
      for (const [at, column] of table.columns.entries()) {
        const worse = column.values[column.values.indexOf(row[at]!) + 1];
        if (worse === undefined) continue;
        const other = decide(table, inputsOf(table, row.with(at, worse)));
        if (!other.ok) throw new Error(other.reason);
        expect(table.outcome.values.indexOf(other.decision.outcome)).toBeLessThanOrEqual(table.outcome.values.indexOf(row.at(-1)!));
      }
    }
  });

  it('takes the stated default for an unknown input and says so', () => {
    const answer = decide(bod2604, { 'in-kev': 'yes', 'publicly-exposed': null, automatable: 'unknown', 'technical-impact': '' });
    expect(answer).toMatchObject({
      ok: true,
      decision: {
        outcome: '3 days & forensic investigation',
        inputs: {
          'in-kev': { value: 'yes', assumed: false },
          'publicly-exposed': { value: 'yes', assumed: true },
          automatable: { value: 'yes', assumed: true },
          'technical-impact': { value: 'total', assumed: true },
        },
      },
    });
  });

  it('reads the spellings that Vulnrichment uses', () => {
    const answer = decide(ssvcCoordinator, {
      exploitation: 'PoC',
      automatable: 'Yes',
      'technical-impact': 'Total',
      'mission-well-being': 'high',
    });
    expect(answer).toMatchObject({ ok: true, decision: { outcome: 'attend', row: 23 } });
  });

  it.each(['very high', 'Very High', 'very_high', 'very-high'])('reads %s', impact => {
    const answer = decide(ssvcDeployer, { exploitation: 'public_poc', exposure: 'open', automatable: 'yes', 'human-impact': impact });
    expect(answer).toMatchObject({
      decision: { inputs: { exploitation: { value: 'public poc' }, 'human-impact': { value: 'very high' } } },
    });
  });

  it('refuses a word that is not in the column, with the words that are', () => {
    expect(decide(ssvcDeployer, { exposure: 'internet' })).toEqual({
      ok: false,
      reason: 'exposure is "internet", not one of small, controlled, open, unknown',
    });
  });

  it('finds what is wrong with a table of one’s own', () => {
    const broken: DecisionTable = {
      ...bod2604,
      rows: [...bod2604.rows.slice(1), bod2604.rows[3]!, ['maybe', 'no', 'no', 'partial', 'never']],
    };
    expect(tableFaults(broken)).toEqual([
      'row 15 repeats no, no, yes, partial',
      'row 16: in-kev has no value "maybe"',
      'row 16: there is no outcome "never"',
      '1 of 16 combinations have no row',
    ]);
  });
});

describe.skipIf(!existsSync(shared))('decision tables equal the published files (skipped without ../shared)', () => {
  it.each(DECISION_TABLES.map(table => [table.id, table] as const))('%s', (id, table) => {
    const lines = readFileSync(path.join(shared, PUBLISHED[id]!), 'utf8').trim().split(/\r?\n/);
    const rows = lines.slice(1).map(line => line.split(',').slice(1));
    expect(table.rows).toEqual(rows);
  });
});

function inputsOf(table: DecisionTable, row: readonly string[]): Record<string, string> {
  return Object.fromEntries(table.columns.map((column, at) => [column.name, row[at]!]));
}
