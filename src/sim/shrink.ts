import type { Fault } from './faults.ts';
import { type Mutants, NO_MUTANTS } from './mutants.ts';
import { type Outcome, play, type Script } from './world.ts';

/** Each replay ends at its first violation, so most are short; this many find a handful of faults among hundreds. */
const REPLAYS_MAX = 120;

/**
 * Leaves out faults while the same rule is still broken (delta debugging: halves, then quarters, ...). What is left is what it takes; the seed and the
 * fleet stay, so the script can be played again as it is.
 */
export function shrink(outcome: Outcome, mutants: Mutants = NO_MUTANTS): Outcome {
  const rule = outcome.violations[0]?.rule;
  if (rule === undefined) return outcome;
  let best = outcome;
  let replays = 0;
  const stillBreaks = (faults: readonly Fault[]): boolean => {
    replays += 1;
    const again = play({ ...best.script, faults } satisfies Script, mutants);
    if (again.violations[0]?.rule !== rule) return false;
    best = again;
    return true;
  };
  // What comes after the violation had no part in it.
  const at = outcome.violations[0]!.atMs;
  stillBreaks(outcome.script.faults.filter(fault => fault.atMs <= at));
  for (
    let size = Math.ceil(best.script.faults.length / 2);
    size >= 1 && replays < REPLAYS_MAX;
    size = size === 1 ? 0 : Math.ceil(size / 2)
  ) {
    for (let start = 0; start < best.script.faults.length && replays < REPLAYS_MAX; ) {
      const { faults } = best.script;
      if (!stillBreaks([...faults.slice(0, start), ...faults.slice(start + size)])) start += size;
    }
  }
  return best;
}
