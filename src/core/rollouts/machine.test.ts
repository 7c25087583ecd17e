import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { deadlineAt, eventsOf, isFinal, type Machine, move, statesOf } from '../kernel/machine.ts';
import { JOB, JOB_ACTIVE, JOB_DISRUPTING, JOB_FAILED, JOB_FINAL, JOB_PREPARING, JOB_SATISFIED } from './job-states.ts';
import { ROLLOUT } from './rollout-states.ts';
import { MACHINES, statesPage } from './states-page.ts';

const ROOT = path.join(import.meta.dirname, '../../..');

/** Where a machine's table was made, when not with the rollouts. */
const MIGRATION: Readonly<Record<string, string>> = { exception: '0020-exceptions.sql' };

function reachable(table: Machine<string, string>): Set<string> {
  const seen = new Set([table.initial]);
  for (const state of seen)
    for (const event of eventsOf(table)) {
      const step = move(table, state, event);
      if (step.ok) seen.add(step.to);
    }
  return seen;
}

describe.each(MACHINES.map(table => [table.name, table] as const))('%s', (_, table) => {
  it('answers every state and event with a move or a reason', () => {
    let moves = 0;
    for (const state of statesOf(table))
      for (const event of eventsOf(table)) {
        const step = move(table, state, event);
        if (step.ok) {
          moves++;
          expect(statesOf(table)).toContain(step.to);
        } else expect(step.reason.length, `${state} ${event}`).toBeGreaterThan(5);
      }
    expect(moves).toBeGreaterThanOrEqual(statesOf(table).length - 1);
  });

  it('names only its own states', () => {
    for (const event of eventsOf(table))
      for (const [from, to] of [
        ...Object.entries(table.events[event]!.moves),
        ...Object.entries(table.events[event]!.refusedIn ?? {}).map(([from]) => [from, from] as const),
      ]) {
        expect(statesOf(table)).toContain(from);
        expect(statesOf(table)).toContain(to);
      }
  });

  it('S9: final states absorb', () => {
    for (const state of statesOf(table))
      if (isFinal(table, state)) for (const event of eventsOf(table)) expect(move(table, state, event).ok, `${state} ${event}`).toBe(false);
  });

  it('L1: every other state has an owner, and its deadline is a move', () => {
    for (const state of statesOf(table)) {
      const row = table.states[state]!;
      expect(row.owner === null, state).toBe(row.final === true);
      if (row.deadline) expect(move(table, state, row.deadline.event).ok, `${state} ${row.deadline.event}`).toBe(true);
    }
  });

  it('reaches every state, and a final one from everywhere', () => {
    expect([...reachable(table)].sort()).toEqual(statesOf(table).sort());
    for (const state of statesOf(table)) {
      const ends = [...reachable({ ...table, initial: state })].filter(end => isFinal(table, end));
      expect(ends.length, state).toBeGreaterThan(0);
    }
  });

  it('equals the check constraint of its SQL table', () => {
    const sql = readFileSync(path.join(ROOT, 'src/db/migrations', MIGRATION[table.name] ?? '0004-rollouts.sql'), 'utf8');
    const definition = sql.slice(sql.indexOf(`create table ${table.name.replace(' ', '_')} (`));
    const states = /state text not null check \(state in \(([^)]*)\)\)/
      .exec(definition)?.[1]
      ?.split(', ')
      .map(quoted => quoted.slice(1, -1));
    expect(states?.sort()).toEqual(statesOf(table).sort());
  });
});

describe('sets of job states', () => {
  it('share out all states', () => {
    expect(['queued', ...JOB_PREPARING, ...JOB_DISRUPTING, ...JOB_FINAL].sort()).toEqual(statesOf(JOB).sort());
    expect(JOB_FINAL).toEqual(expect.arrayContaining([...JOB_SATISFIED, ...JOB_FAILED]));
  });

  it('equal the partial unique index for one active job per host', () => {
    const sql = readFileSync(path.join(ROOT, 'src/db/migrations/0004-rollouts.sql'), 'utf8');
    const states = /create unique index job_active on job \(host_id\) where state in \(([^)]*)\)/
      .exec(sql)?.[1]
      ?.split(', ')
      .map(quoted => quoted.slice(1, -1));
    expect(states?.sort()).toEqual([...JOB_ACTIVE].sort());
  });

  it('are cancelled by the server exactly before the point of no return', () => {
    for (const state of statesOf(JOB))
      expect(move(JOB, state, 'cancel').ok, state).toBe(state === 'queued' || (JOB_PREPARING as readonly string[]).includes(state));
    for (const state of statesOf(JOB))
      expect(move(JOB, state, 'succeed').ok, state).toBe((JOB_DISRUPTING as readonly string[]).includes(state));
  });

  it('lose a silent host after the point of no return only', () => {
    for (const state of JOB_DISRUPTING) if (state !== 'lost') expect(move(JOB, state, 'silence')).toEqual({ ok: true, to: 'lost' });
    for (const state of JOB_PREPARING) if (state !== 'offered') expect(move(JOB, state, 'silence')).toEqual({ ok: true, to: 'queued' });
  });
});

it('counts a deadline from the last sign of life where the table says so', () => {
  expect(deadlineAt(JOB, 'installing', 1_000, null)).toEqual({ atMs: 601_000, event: 'silence' });
  expect(deadlineAt(JOB, 'installing', 1_000, 50_000)).toEqual({ atMs: 650_000, event: 'silence' });
  expect(deadlineAt(JOB, 'lost', 1_000, 50_000)).toEqual({ atMs: 86_401_000, event: 'time-out' });
  expect(deadlineAt(ROLLOUT, 'draft', 0, null)).toBeNull();
});

it('docs/reference/states.md is current (npm run golden writes it)', () => {
  expect(readFileSync(path.join(ROOT, 'docs/reference/states.md'), 'utf8')).toBe(statesPage());
});
