import type { Command, CommandResult, Dialogue } from '../../core/kernel/commands.ts';
import type { PackageManager } from './spec.ts';

/** Drives a dialogue with a function from program to answer; gives back what was asked and the answer. */
export function drive<T>(
  dialogue: Dialogue<T>,
  answer: (argv: string) => CommandResult,
): { readonly asked: readonly Command[]; readonly value: T } {
  const asked: Command[] = [];
  let step = dialogue.next();
  while (!step.done) {
    asked.push(step.value);
    step = dialogue.next(answer(step.value.argv.join(' ')));
  }
  return { asked, value: step.value };
}

export function answered(stdout = '', code = 0, stderr = ''): CommandResult {
  return { code, signal: null, stdout, stderr, timedOut: false, truncated: false };
}

const SHELLS = /^(?:ba|da|z|k|c)?sh$/;

/**
 * What every member owes: reads that run as any user or do without root, no shell, nothing that waits for an answer, and bounds on time and output.
 * Answers in words what is owed; empty when nothing is. `answer` is what the programs of a sound, idle host say.
 */
export function debtsOf(manager: PackageManager, answer: (argv: string) => CommandResult): string[] {
  const reads: Record<string, Dialogue<unknown>> = {
    packages: manager.packages(),
    candidates: manager.candidates([]),
    suites: manager.suites(),
    health: manager.health(),
    history: manager.history('UTC'),
    simulate: manager.simulate({ changes: [{ name: 'a', arch: 'all', version: '1' }], allowDowngrade: false }),
  };
  return Object.entries(reads).flatMap(([name, dialogue]) =>
    drive(dialogue, answer).asked.flatMap(({ argv, access, timeoutSeconds, outputBytesMax }) => {
      const debts: string[] = [];
      if (SHELLS.test(argv[0]?.split('/').at(-1) ?? '')) debts.push(`${name} runs a shell`);
      if (access === 'root') debts.push(`${name} cannot be read without root`);
      if (!(timeoutSeconds > 0 && timeoutSeconds <= 3_600)) debts.push(`${name} has no bound on time`);
      if (!(outputBytesMax > 0 && outputBytesMax <= 64_000_000)) debts.push(`${name} has no bound on output`);
      return debts;
    }),
  );
}
