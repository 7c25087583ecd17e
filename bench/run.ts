import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { cpus, loadavg, totalmem } from 'node:os';
import path from 'node:path';

/** `npm run bench [name ...]`: every file beside this one is a benchmark of its own and prints its figures with their conditions. */
const folder = import.meta.dirname;
const wanted = process.argv.slice(2);
const names = readdirSync(folder)
  .filter(file => file.endsWith('.ts') && file !== 'run.ts' && (wanted.length === 0 || wanted.includes(path.basename(file, '.ts'))))
  .sort();
if (names.length === 0) {
  console.error(
    `no benchmark is called ${wanted.join(' or ')}; there are: ${readdirSync(folder)
      .filter(f => f !== 'run.ts')
      .join(', ')}`,
  );
  process.exit(2);
}
console.log(
  `conditions: ${cpus().length} x ${cpus()[0]?.model ?? 'unknown CPU'}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}, load ${loadavg()[0]?.toFixed(2)}, ${new Date().toISOString()}`,
);
let failed = 0;
for (const name of names) {
  console.log(`\n== ${path.basename(name, '.ts')} (load ${loadavg()[0]?.toFixed(2)})`);
  const code = await new Promise<number>(resolve => {
    spawn(process.execPath, ['--expose-gc', path.join(folder, name)], { stdio: 'inherit' }).on('exit', exit => resolve(exit ?? 1));
  });
  if (code !== 0) failed += 1;
}
process.exit(failed === 0 ? 0 : 1);
