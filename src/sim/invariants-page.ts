import { RULE_NAMES, RULES } from './ledger.ts';
import { MUTANTS, type Mutant, plantedOf } from './mutants.ts';

/** docs/reference/invariants.md, in the golden files. */
export function invariantsPage(): string {
  const names = Object.keys(MUTANTS) as Mutant[];
  const breaking = (rule: string): string => names.filter(name => plantedOf(name).breaks.includes(rule)).join(', ') || '-';
  const rows = RULE_NAMES.map(rule => `| ${rule} | ${RULES[rule].means} | ${RULES[rule].looks} | ${breaking(rule)} |`);
  const planted = names.map(name => {
    const { clause, does, breaks } = plantedOf(name);
    return `| ${name} | ${clause ?? '-'} | ${does} | ${breaks.join(', ')} |`;
  });
  return `# Invariants

Made from \`src/sim/ledger.ts\` and \`src/sim/mutants.ts\` by \`npm run golden\`.

The simulator (\`fettle sim run\`) plays a fleet against the shipped decisions and asks for every rule below throughout. The witness keeps books of its own
from what is committed and from what really happens on the hosts; it never asks the engine. Every run prints how often each rule was asked. The numbers are
those of the engine's design: S and L are rules of rollouts, I of whole installations.

| Rule | What must hold | Where it is looked at | Planted bugs that break it |
|---|---|---|---|
${rows.join('\n')}

## Planted bugs

Each is a switch that only tests and the bench can set; \`npm run bench sim\` prints how long each takes to find.

| Switch | As in the list of security tests | What it does | What is broken first (one of) |
|---|---|---|---|
${planted.join('\n')}

Every order of events on a small fleet is looked at by \`fettle sim explore\`, with the rules S1, S2, S3, S4, S9, I1, I6, I8 and L1.
On a real PostgreSQL the same rules are asked of the stored history (\`src/server/rollouts/history-check.ts\`) after crashes between any two statements.
`;
}
