import { describe, expect, it } from 'vitest';
import { replayCommand, simCommand } from './command.ts';
import { FAULTS, type FaultKind } from './faults.ts';
import { hunt } from './hunt.ts';
import { RULE_NAMES } from './ledger.ts';
import { MUTANTS, type Mutant, plantedOf } from './mutants.ts';
import { shrink } from './shrink.ts';
import { drawScript, keepFaults, type Outcome, play } from './world.ts';

/** Seeds that a hunt may take, whatever the machine is busy with; most take one. */
const SEEDS_MAX = 150;
const ALL = Object.keys(FAULTS) as FaultKind[];

describe('the simulator', () => {
  it('breaks no invariant, and everything ends', { timeout: 300_000 }, () => {
    for (let seed = 1; seed <= 6; seed++) {
      const outcome = play(drawScript(20, 24, seed, ALL));
      expect(outcome.violations, `seed ${seed}`).toEqual([]);
      expect(Object.values(outcome.checks).reduce((sum, count) => sum + count)).toBeGreaterThan(5_000);
      expect(outcome.jobs.succeeded).toBeGreaterThan(10);
    }
  });

  it('asks for every rule, so that none holds for want of a question', { timeout: 300_000 }, () => {
    const asked = Array.from({ length: 4 }, (_, n) => play(drawScript(20, 36, n + 20, ALL)).checks);
    const never = RULE_NAMES.filter(rule => asked.every(checks => checks[rule] === 0));
    expect(never).toEqual([]);
    const unbroken = RULE_NAMES.filter(rule => !(Object.keys(MUTANTS) as Mutant[]).some(name => plantedOf(name).breaks.includes(rule)));
    expect(unbroken).toEqual([]);
  });

  it('does everything in fair weather: nothing fails, nothing is lost', () => {
    const outcome = play(drawScript(12, 24, 7, []));
    expect(outcome.violations).toEqual([]);
    expect(outcome.jobs.failed ?? 0).toBe(0);
    expect(outcome.jobs.succeeded).toBeGreaterThan(20);
  });

  it('tells the same story for the same script', () => {
    const script = drawScript(10, 24, 42, ALL);
    const told = (outcome: Outcome) => ({ ...outcome, script: null });
    expect(told(play(script))).toEqual(told(play(JSON.parse(JSON.stringify(script)))));
    expect(told(play(drawScript(10, 24, 43, ALL)))).not.toEqual(told(play(script)));
  });

  it('answers like a command', () => {
    let said = '';
    const io = { out: (text: string) => (said += text), err: (text: string) => (said += text), processorMs: () => 0 };
    expect(simCommand(['run', '--hosts', '5', '--hours', '6', '--seed', '3', '--seeds', '2'], io)).toBe(0);
    expect(said).toMatch(/host-hours[\s\S]*2 seeds[\s\S]*checks of invariants, none broken/);
    expect(simCommand(['run', '--faults', 'flood'], io)).toBe(2);
    expect(simCommand(['run', '--hosts', 'many'], io)).toBe(2);
    expect(said).toMatch(/no fault "flood"[\s\S]*--hosts takes a whole number/);
  });
});

describe('planted bugs', () => {
  it.each(Object.keys(MUTANTS) as Mutant[])('%s is found', { timeout: 300_000 }, mutant => {
    const { rule } = hunt(mutant, seeds => seeds < SEEDS_MAX);
    expect(rule).toBeOneOf([...plantedOf(mutant).breaks]);
  });

  it('are shrunk to a script that still shows them, and that is sound without them', { timeout: 300_000 }, () => {
    const mutants = new Set<Mutant>(['kill-switch-ignored']);
    const outcome = Array.from({ length: 40 }, (_, n) => drawScript(20, 36, n + 1, ['kill-switch', 'pause', 'mirror-down']))
      .map(script => (): Outcome => play(script, mutants))
      .reduce<Outcome | null>((found, run) => found ?? [run()].find(one => one.violations.length > 0) ?? null, null);
    expect(outcome).not.toBeNull();
    const shortest = shrink(outcome!, mutants);
    expect(shortest.violations[0]!.rule).toBe('S11');
    const numbers = shortest.script.faults.map(fault => fault.number);
    expect(new Set(shortest.script.faults.map(fault => fault.kind))).toEqual(new Set(['kill-switch']));
    for (const left of numbers)
      expect(
        play(
          keepFaults(
            shortest.script,
            numbers.filter(number => number !== left),
          ),
          mutants,
        ).violations,
      ).toEqual([]);
    expect(play(shortest.script).violations).toEqual([]);
    // What is printed plays exactly this again.
    const { hosts, hours, seed, kinds } = shortest.script;
    const command = replayCommand(shortest.script);
    expect(command).toBe(
      `fettle sim run --hosts ${hosts} --hours ${hours} --seed ${seed} --faults ${kinds.join(',')} --only ${numbers.join(',')}`,
    );
    const again = play(keepFaults(drawScript(hosts, hours, seed, kinds), numbers), mutants);
    expect(again.violations).toEqual(shortest.violations);
  });
});
