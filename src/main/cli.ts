import { enableCompileCache } from 'node:module';
import { homedir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import type { LocalCommand } from '../cli/local/command.ts';

/** Commands that need no server, by their first word. Their code is loaded only when they are called, so that start-up stays short. */
const LOCAL: Readonly<Record<string, { readonly summary: string; load(): Promise<LocalCommand> }>> = {
  link: { summary: 'on the server: a one-time sign-in link', load: () => import('../cli/local/link.ts') },
  'version-order': {
    summary: 'compare versions in the order of dpkg, rpm, npm and others',
    load: () => import('../cli/local/version-order.ts'),
  },
  cvss: { summary: 'scores from CVSS v2, v3 and v4 vectors', load: () => import('../cli/local/cvss.ts') },
  decide: { summary: 'ask a decision table: BOD 26-04, SSVC', load: () => import('../cli/local/decide.ts') },
  sim: { summary: 'play a simulated fleet against the rollout engine', load: () => import('./sim.ts') },
  scan: { summary: 'what is wrong with a package list, without a server', load: () => import('./scan.ts') },
};

async function main(argv: string[]): Promise<number> {
  const [name = '', ...args] = argv;
  if (Object.hasOwn(LOCAL, name)) return (await LOCAL[name]!.load()).run(args, process);
  const { runProgram } = await import('../cli/program.ts');
  const io = {
    out: (text: string) => process.stdout.write(text),
    err: (text: string) => process.stderr.write(text),
    columns: process.stdout.columns ?? 120,
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
