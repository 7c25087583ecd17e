import { EXCEPTION } from '../findings/exceptions/states.ts';
import { eventsOf, isFinal, type Machine, statesOf } from '../kernel/machine.ts';
import { CHANGE_REQUEST } from './change-request-states.ts';
import { JOB } from './job-states.ts';
import { RING } from './ring-states.ts';
import { ROLLOUT } from './rollout-states.ts';

export const MACHINES: readonly Machine<string, string>[] = [
  ROLLOUT as Machine<string, string>,
  RING as Machine<string, string>,
  JOB as Machine<string, string>,
  CHANGE_REQUEST as Machine<string, string>,
  EXCEPTION as Machine<string, string>,
];

/** docs/reference/states.md, compared by a test. */
export function statesPage(): string {
  const intro = [
    '# States',
    '',
    'Generated from the transition tables in `src/core/rollouts` and `src/core/findings/exceptions`. Whatever a table does not allow is refused with the reason given.',
    'Every state that is not final has an owner, and most have a deadline after which the server acts by itself.',
  ];
  return `${[...intro, ...MACHINES.flatMap(section)].join('\n')}\n`;
}

function section(table: Machine<string, string>): string[] {
  return ['', `## ${capital(table.name)}`, '', '```mermaid', ...diagram(table), '```', '', ...stateRows(table), '', ...eventRows(table)];
}

function diagram(table: Machine<string, string>): string[] {
  const lines = ['stateDiagram-v2', `  [*] --> ${node(table.initial)}`];
  for (const state of statesOf(table)) if (node(state) !== state) lines.push(`  state "${state}" as ${node(state)}`);
  for (const event of eventsOf(table))
    for (const [from, to] of Object.entries(table.events[event]!.moves))
      if (to !== undefined) lines.push(`  ${node(from)} --> ${node(to)}: ${event}`);
  for (const state of statesOf(table)) if (isFinal(table, state)) lines.push(`  ${node(state)} --> [*]`);
  return lines;
}

function stateRows(table: Machine<string, string>): string[] {
  const rows = statesOf(table).map(state => {
    const row = table.states[state]!;
    const deadline =
      row.deadline === undefined
        ? ''
        : `${duration(row.deadline.minutes)}${row.deadline.emergencyMinutes === undefined ? '' : ` (an emergency: ${duration(row.deadline.emergencyMinutes)})`}${row.deadline.from === 'last-heard' ? ' of silence' : ''}, then ${row.deadline.event}`;
    return `| ${state} | ${row.meaning} | ${row.final ? 'final' : (row.owner ?? '')} | ${deadline} |`;
  });
  return ['| State | Meaning | Owner | Deadline |', '|---|---|---|---|', ...rows];
}

function eventRows(table: Machine<string, string>): string[] {
  const rows = eventsOf(table).map(event => {
    const row = table.events[event]!;
    const targets = new Map<string, string[]>();
    for (const [from, to] of Object.entries(row.moves)) if (to !== undefined) targets.set(to, [...(targets.get(to) ?? []), from]);
    const moves = [...targets].map(([to, from]) => `${from.join(', ')} → ${to}`).join('; ');
    return `| ${event} | ${row.by} | ${moves} | ${row.guard ?? ''} | ${row.refused} |`;
  });
  return ['| Event | By | Moves | Only if | Else refused: |', '|---|---|---|---|---|', ...rows];
}

function duration(minutes: number): string {
  if (minutes % 1440 === 0) return `${minutes / 1440} d`;
  return minutes % 60 === 0 ? `${minutes / 60} h` : `${minutes} min`;
}

function node(state: string): string {
  return state.replaceAll('-', '_');
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
