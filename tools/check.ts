import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { ROOT } from './golden-files.ts';

/** `npm run check`: types, then format and lint. Fast enough to run before every commit. */
const STEPS: readonly (readonly [string, readonly string[]])[] = [
  ['types', ['node_modules/typescript/bin/tsc', '-p', '.']],
  ['format and lint', ['node_modules/@biomejs/biome/bin/biome', 'check', '.']],
];

let failed = false;
for (const [name, args] of STEPS) {
  const started = performance.now();
  const done = spawnSync(process.execPath, [...args], { cwd: ROOT, stdio: 'inherit' });
  failed ||= done.status !== 0;
  process.stdout.write(
    `${done.status === 0 ? 'passed' : 'FAILED'} ${name}, ${((performance.now() - started) / 1000).toFixed(1)} s (${path.basename(args[0] ?? '')})\n`,
  );
}
process.exitCode = failed ? 1 : 0;
