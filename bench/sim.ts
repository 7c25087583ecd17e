import { FAULTS, type FaultKind } from '../src/sim/faults.ts';
import { hunt } from '../src/sim/hunt.ts';
import { LISTED, MUTANTS, type Mutant, plantedOf } from '../src/sim/mutants.ts';
import { drawScript, play } from '../src/sim/world.ts';

/**
 * How fast the simulator is, in simulated host-hours for each second of processor time (other processes may share the machine), with every fault and
 * every check; then how long it takes to find each planted bug.
 */
const TARGET = 2_000;
const FIND_SECONDS = 60;
const RUNS = 3;
const ALL = Object.keys(FAULTS) as FaultKind[];

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000_000;
}

let failed = false;
play(drawScript(10, 24, 99, ALL));
for (const [hosts, hours] of [
  [20, 48],
  [100, 48],
  [500, 24],
] as const) {
  let best = 0;
  let said = '';
  for (let run = 0; run < RUNS; run++) {
    const script = drawScript(hosts, hours, run + 1, ALL);
    const before = cpuSeconds();
    const outcome = play(script);
    const rate = outcome.hostHours / (cpuSeconds() - before);
    const checks = Object.values(outcome.checks).reduce((sum, count) => sum + count);
    if (outcome.violations.length > 0) {
      failed = true;
      console.log(`seed ${run + 1}: ${outcome.violations[0]!.rule}: ${outcome.violations[0]!.text}`);
    }
    if (rate <= best) continue;
    best = rate;
    said = `${Math.round(outcome.hostHours)} host-hours, ${script.faults.length} faults, ${outcome.events} events, ${outcome.moves} transitions, ${checks} checks`;
  }
  console.log(`${hosts} hosts: ${Math.round(best)} host-hours a second (best of ${RUNS}: ${said})`);
  failed ||= hosts <= 100 && best < TARGET;
}

console.log(`\nplanted bugs; found within ${FIND_SECONDS} s of processor time each`);
const names = [...LISTED, ...(Object.keys(MUTANTS) as Mutant[]).filter(name => !LISTED.includes(name))];
for (const mutant of names) {
  const before = cpuSeconds();
  const { rule, seeds, hostHours } = hunt(mutant, () => cpuSeconds() - before < FIND_SECONDS);
  const seconds = (cpuSeconds() - before).toFixed(1);
  const { clause, breaks } = plantedOf(mutant);
  const asExpected = rule !== null && breaks.includes(rule);
  failed ||= !asExpected;
  console.log(
    `${mutant.padEnd(30)} ${rule === null ? 'NOT FOUND' : `${rule.padEnd(3)} after ${seconds.padStart(5)} s, seed ${String(seeds).padStart(3)}, ${Math.round(hostHours)} host-hours`}${asExpected || rule === null ? '' : ` (expected ${breaks.join(', ')})`}${clause === undefined ? '' : `  [${clause}]`}`,
  );
}
process.exit(failed ? 1 : 0);
