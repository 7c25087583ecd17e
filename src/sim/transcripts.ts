import { Stage } from './stage.ts';
import type { Case } from './transcript-case.ts';
import { CASES_A_TO_I } from './transcripts-a-i.ts';
import { CASES_J_TO_S } from './transcripts-j-s.ts';

export const CASES: readonly Case[] = [...CASES_A_TO_I, ...CASES_J_TO_S];

/** One page of docs/transcripts. */
export function transcript({ title, words, script }: Case): string {
  const stage = new Stage();
  const lines = script.flatMap(line => (line.startsWith('#') ? ['', line] : ['', `$ ${line}`, ...stage.run(line)]));
  return `# ${title}\n\n${words}\n\n\`\`\`\n${lines.slice(1).join('\n')}\n\`\`\`\n\nMade by \`npm run golden\` from \`src/sim/transcripts.ts\`: the shipped decisions, simulated hosts, a clock that is moved by hand.\n`;
}
