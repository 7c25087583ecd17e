import { type ExploreOptions, explore } from '../src/sim/explore.ts';

/**
 * Every order in which anything can happen to four hosts in two pairs (canary and rest, window, lost messages, crashes, halt), with the shipped decisions:
 * all states or five million, within five minutes of processor time; then the same with one rule left out at a time, to show that it would be seen.
 */
const STATES_MAX = Number(process.env.FETTLE_BENCH_STATES ?? 5_000_000);
const SECONDS_MAX = 300;

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000_000;
}

let failed = false;
function run(name: string, options: ExploreOptions): void {
  const before = cpuSeconds();
  const { states, steps, complete, ends, broken } = explore(options);
  const seconds = cpuSeconds() - before;
  const found = broken === null ? 'no invariant broken' : `${broken.rule} after ${broken.path.length} steps`;
  console.log(
    `${name}: ${states} states (${complete ? 'all there are' : 'not all'}), ${steps} steps, ${ends} ends in ${seconds.toFixed(1)} s: ${Math.round(states / seconds)} states a second; ${found}`,
  );
  failed ||= (options.without === undefined) !== (broken === null) || seconds > SECONDS_MAX;
}

run('2 hosts, second attempts, a dead mirror, a pause, an override', { hosts: 2, detail: 'full', statesMax: STATES_MAX });
run('4 hosts in two pairs', { hosts: 4, detail: 'lean', statesMax: STATES_MAX });
console.log(`memory: ${Math.round(process.memoryUsage().rss / 1e6)} MB`);
for (const without of ['gate', 'availability', 'concurrency', 'fencing', 'halt'] as const) {
  const few = without === 'concurrency' ? { concurrency: 1 } : {};
  run(`without ${without}`, {
    hosts: 4,
    detail: without === 'fencing' || without === 'halt' ? 'full' : 'lean',
    statesMax: STATES_MAX,
    without,
    ...few,
  });
}
process.exit(failed ? 1 : 0);
