import { parseArgs } from 'node:util';
import { explore } from './explore.ts';
import { FAULTS, type FaultKind, isFaultKind } from './faults.ts';
import { RULE_NAMES, type Rule } from './ledger.ts';
import { shrink } from './shrink.ts';
import { drawScript, keepFaults, type Outcome, play, type Script } from './world.ts';

const HELP = `Usage: fettle sim run|explore [options]

fettle sim run [--hosts N] [--hours H] [--seed S] [--seeds K] [--faults LIST] [--only NUMBERS] [--json]

Plays a fleet against the rollout engine: planner, lint, gates, permits, transition tables and the agent's admission of plans are the shipped code;
hosts, mirrors, networks, clocks and people are simulated and go wrong as drawn from the seed. The invariants of the engine are checked at every step.
The same options give the same story, always.

  --hosts N      hosts (20)
  --hours H      simulated hours of trouble (48); then all is put right and everything has to come to an end within 40 hours
  --seed S       first seed (1)
  --seeds K      how many seeds, one after the other (1)
  --faults LIST  which faults may happen, comma-separated, all or none (all):
${Object.entries(FAULTS)
  .map(([kind, { title }]) => `                   ${kind.padEnd(15)} ${title}`)
  .join('\n')}
  --only NUMBERS of the faults that are drawn, only those with these numbers, comma-separated, or none: how a script that was shrunk is played again
  --json         the outcome as JSON

fettle sim explore [--hosts N] [--states MAX] [--full] [--json]

Every order in which anything can happen to a small fleet (a canary and the rest, in pairs of which one member must stay), with the shipped decisions:
hosts die, messages are lost or come twice, permits run out, somebody halts, the window closes. --full adds second attempts, a dead mirror, a pause and
an override.

  --hosts N      hosts (2)
  --states MAX   stop after so many different states (5000000)

Exit code: 0 when no invariant was broken, 1 when one was (the shortest script that still breaks it is printed), 2 for wrong usage.
`;

export interface SimIo {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** Processor time spent so far, in milliseconds: for the figures only, which other processes must not disturb. */
  readonly processorMs: () => number;
}

class Usage extends Error {}

export function simCommand(args: readonly string[], io: SimIo): number {
  if (args[0] === 'explore' && !args.includes('--help')) return guarded(() => runExploration(args.slice(1), io), io);
  if (args[0] !== 'run' || args.includes('--help') || args.includes('-h')) {
    io.out(HELP);
    return args[0] === 'run' || args.length === 0 || args.includes('--help') ? 0 : 2;
  }
  return guarded(() => run(args.slice(1), io), io);
}

function guarded(work: () => number, io: SimIo): number {
  try {
    return work();
  } catch (problem) {
    if (!(problem instanceof Usage) && !(problem instanceof TypeError)) throw problem;
    io.err(`fettle sim: ${problem.message}\n`);
    return 2;
  }
}

function run(args: readonly string[], io: SimIo): number {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    args: [...args],
    options: { hosts: text, hours: text, seed: text, seeds: text, faults: text, only: text, json: { type: 'boolean' } },
  });
  const seed = whole(values.seed, 'seed', 1, 0, 4_294_967_295);
  const seeds = whole(values.seeds, 'seeds', 1, 1, 1_000_000);
  const hosts = whole(values.hosts, 'hosts', 20, 1, 20_000);
  const hours = whole(values.hours, 'hours', 48, 1, 10_000);
  const kinds = kindsOf(values.faults ?? 'all');
  const only = values.only === undefined ? null : numbersOf(values.only);
  const drawn = Array.from({ length: seeds }, (_, n) => (): Script => drawScript(hosts, hours, seed + n, kinds));
  const started = io.processorMs();
  const outcomes: Outcome[] = [];
  for (const draw of drawn) {
    outcomes.push(play(only === null ? draw() : keepFaults(draw(), only)));
    if (outcomes.at(-1)!.violations.length > 0) break;
  }
  const seconds = (io.processorMs() - started) / 1000;
  const broken = outcomes.find(outcome => outcome.violations.length > 0);
  const shortest = broken === undefined ? null : shrink(broken);
  io.out(
    values.json === true
      ? `${JSON.stringify({ ...totals(outcomes), seconds, violation: shortest, replay: shortest && replayCommand(shortest.script) })}\n`
      : report(outcomes, seconds, shortest),
  );
  return broken === undefined ? 0 : 1;
}

function runExploration(args: readonly string[], io: SimIo): number {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    args: [...args],
    options: { hosts: text, states: text, full: { type: 'boolean' }, json: { type: 'boolean' } },
  });
  const hosts = whole(values.hosts, 'hosts', 2, 1, 8);
  const statesMax = whole(values.states, 'states', 5_000_000, 1, 100_000_000);
  const started = io.processorMs();
  const found = explore({ hosts, detail: values.full === true ? 'full' : 'lean', statesMax });
  const seconds = (io.processorMs() - started) / 1000;
  if (values.json === true) io.out(`${JSON.stringify({ ...found, seconds })}\n`);
  else {
    const extent = found.complete ? 'all there are' : 'not all';
    io.out(
      `${found.states} states (${extent}), ${found.steps} steps in ${seconds.toFixed(1)} s of processor time (${Math.round(found.states / Math.max(seconds, 0.001))} states a second); ${found.broken === null ? 'no invariant broken' : `BROKEN: ${found.broken.rule}`}\n`,
    );
    for (const [index, step] of (found.broken?.path ?? []).entries()) io.out(`${String(index).padStart(3)}  ${step}\n`);
  }
  return found.broken === null ? 0 : 1;
}

function whole(given: string | undefined, name: string, otherwise: number, least: number, most: number): number {
  const number = given === undefined ? otherwise : Number(given);
  if (!Number.isInteger(number) || number < least || number > most)
    throw new Usage(`--${name} takes a whole number from ${least} to ${most}`);
  return number;
}

function kindsOf(list: string): FaultKind[] {
  if (list === 'all') return Object.keys(FAULTS) as FaultKind[];
  if (list === 'none') return [];
  return list.split(',').map(kind => {
    if (!isFaultKind(kind)) throw new Usage(`there is no fault "${kind}"; see fettle sim run --help`);
    return kind;
  });
}

function numbersOf(list: string): number[] {
  if (list === 'none') return [];
  return list.split(',').map(text => whole(text, 'only', 0, 0, 10_000_000));
}

/** The command that plays exactly this again. */
export function replayCommand({ hosts, hours, seed, kinds, faults }: Script): string {
  const all = kinds.length === Object.keys(FAULTS).length;
  const list = all ? 'all' : kinds.length === 0 ? 'none' : kinds.join(',');
  const only = faults.length === 0 ? 'none' : faults.map(fault => fault.number).join(',');
  return `fettle sim run --hosts ${hosts} --hours ${hours} --seed ${seed} --faults ${list} --only ${only}`;
}

function totals(outcomes: readonly Outcome[]) {
  const sum = (of: (outcome: Outcome) => number): number => outcomes.reduce((total, outcome) => total + of(outcome), 0);
  const merge = (of: (outcome: Outcome) => Readonly<Record<string, number>>): Record<string, number> => {
    const merged: Record<string, number> = {};
    for (const outcome of outcomes) for (const [state, count] of Object.entries(of(outcome))) merged[state] = (merged[state] ?? 0) + count;
    return merged;
  };
  return {
    seeds: outcomes.length,
    hostHours: Math.round(sum(outcome => outcome.hostHours)),
    faults: sum(outcome => outcome.script.faults.length),
    events: sum(outcome => outcome.events),
    messages: sum(outcome => outcome.messages),
    transitions: sum(outcome => outcome.moves),
    checks: sum(outcome => RULE_NAMES.reduce((total, rule) => total + outcome.checks[rule], 0)),
    checksByRule: merge(outcome => outcome.checks) as Record<Rule, number>,
    rollouts: merge(outcome => outcome.rollouts),
    jobs: merge(outcome => outcome.jobs),
  };
}

function report(outcomes: readonly Outcome[], seconds: number, shortest: Outcome | null): string {
  const all = totals(outcomes);
  const list = (counts: Readonly<Record<string, number>>): string =>
    Object.entries(counts)
      .sort(([, a], [, b]) => b - a)
      .map(([state, count]) => `${count} ${state}`)
      .join(', ');
  const lines = [
    `${all.hostHours} host-hours in ${seconds.toFixed(1)} s of processor time: ${Math.round(all.hostHours / Math.max(seconds, 0.001))} a second; ${all.seeds} ${all.seeds === 1 ? 'seed' : 'seeds'}, ${all.faults} faults`,
    `${all.events} events, ${all.messages} messages, ${all.transitions} transitions of jobs`,
    `rollouts: ${list(all.rollouts)}`,
    `jobs: ${list(all.jobs)}`,
    `checks: ${RULE_NAMES.map(rule => `${rule} ${all.checksByRule[rule]}`).join(', ')}`,
    `${all.checks} checks of invariants, ${shortest === null ? 'none broken' : `BROKEN: ${shortest.violations[0]!.rule}`}`,
  ];
  if (shortest === null) return `${lines.join('\n')}\n`;
  const [violation] = shortest.violations;
  const { script } = shortest;
  return `${[
    ...lines,
    '',
    `${violation!.rule} at ${new Date(violation!.atMs).toISOString()}: ${violation!.text}`,
    script.faults.length === 0
      ? 'No fault is needed for it.'
      : `It takes ${script.faults.length === 1 ? 'one fault' : `${script.faults.length} faults`}:`,
    ...script.faults.map(
      fault =>
        `  ${new Date(fault.atMs).toISOString()} ${fault.kind}: ${FAULTS[fault.kind].title}, for ${Math.round(fault.durationMs / 60_000)} minutes`,
    ),
    'To play it again:',
    `  ${replayCommand(script)}`,
  ].join('\n')}\n`;
}
