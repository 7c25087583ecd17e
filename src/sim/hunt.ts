import { FAULTS, type FaultKind } from './faults.ts';
import type { Rule } from './ledger.ts';
import { type Mutant, plantedOf } from './mutants.ts';
import { drawScript, type Outcome, play } from './world.ts';

/** Hosts and hours of a hunt: small enough that a seed takes half a second, large enough that groups, rings and windows meet. */
const HOSTS = 20;
const HOURS = 36;

export interface Hunted {
  readonly mutant: Mutant;
  /** The rule that was broken first; null: not found. */
  readonly rule: Rule | null;
  readonly seeds: number;
  readonly hostHours: number;
  readonly outcome: Outcome | null;
}

/** Plays seed after seed with one planted bug until a rule is broken. `goOn`: asked before each seed. */
export function hunt(mutant: Mutant, goOn: (seeds: number) => boolean): Hunted {
  const mutants = new Set([mutant]);
  const { faults, hours = HOURS } = plantedOf(mutant);
  const kinds: readonly FaultKind[] = faults ?? (Object.keys(FAULTS) as FaultKind[]);
  let hostHours = 0;
  for (let seed = 1; goOn(seed - 1); seed++) {
    const outcome = play(drawScript(HOSTS, hours, seed, kinds), mutants);
    hostHours += outcome.hostHours;
    const [violation] = outcome.violations;
    if (violation !== undefined) return { mutant, rule: violation.rule, seeds: seed, hostHours, outcome };
  }
  return { mutant, rule: null, seeds: 0, hostHours, outcome: null };
}
