import { enableCompileCache } from 'node:module';
import { homedir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import type { LocalCommand } from '../cli/local/command.ts';

/** Commands that need no server, by their first word. Their code is loaded only when they are called, so that start-up stays short. */
const LOCAL: Readonly<Record<string, { readonly summary: string; load(): Promise<LocalCommand> }>> = {
  link: { summary: 'On the server: a one-time sign-in link', load: () => import('../cli/local/link.ts') },
  'version-order': {
    summary: 'Compare versions in the order of dpkg, rpm, npm and others',
    load: () => import('../cli/local/version-order.ts'),
  },
  cvss: { summary: 'Scores from CVSS v2, v3 and v4 vectors', load: () => import('../cli/local/cvss.ts') },
  decide: { summary: 'Ask a decision table: BOD 26-04, SSVC', load: () => import('../cli/local/decide.ts') },
  sim: { summary: 'Play a simulated fleet against the rollout engine', load: () => import('./sim.ts') },
  scan: { summary: 'What is wrong with a package list, without a server', load: () => import('./scan.ts') },
};

async function main(argv: string[]): Promise<number> {
  const [name = '', ...args] = argv;
  if (Object.hasOwn(LOCAL, name)) return (await LOCAL[name]!.load()).run(args, process);
  const { runProgram } = await import('../cli/program.ts');
  const io = {
    out: (text: string) => process.stdout.write(text),
    err: (text: string) => process.stderr.write(text),
    // What reads a pipe wants whole values; only a terminal has an edge.
    columns: process.stdout.columns ?? Number.POSITIVE_INFINITY,
  };
  return runProgram(
    argv,
    io,
    Object.entries(LOCAL).map(([word, { summary }]) => ({ name: word, summary })),
  );
}

// In the user's own folder: a shared one (the default is below /tmp) could be filled by somebody else with code that we would then run.
enableCompileCache(path.join(process.env.XDG_CACHE_HOME ?? path.join(homedir(), '.cache'), 'fettle', 'compile'));

// A reader that has seen enough (`| head`) is no failure.
process.stdout.on('error', (fault: NodeJS.ErrnoException) => process.exit(fault.code === 'EPIPE' ? 0 : 1));

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (fault) {
  process.stderr.write(`fettle: ${(fault as Error).message}\n`);
  process.exitCode = 1;
}
