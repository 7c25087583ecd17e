import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';

export type ConsoleOutcome =
  | { readonly kind: 'off' }
  | { readonly kind: 'ready'; readonly built: boolean }
  | { readonly kind: 'missing'; readonly reason: string };

/** What the built console depends on. */
const SOURCES = ['src/console', 'src/api', 'vite.config.ts', 'package-lock.json'];
const STAMP = '.sources';

function filesBelow(at: string): string[] {
  if (!existsSync(at)) return [];
  if (statSync(at).isFile()) return [at];
  return readdirSync(at, { withFileTypes: true, recursive: true })
    .filter(entry => entry.isFile())
    .map(entry => path.join(entry.parentPath, entry.name))
    .sort();
}

/** One hash over names and contents: times say nothing after a git checkout. About 15 ms. */
function sourceHash(root: string): string {
  const hash = createHash('sha256');
  for (const file of SOURCES.flatMap(source => filesBelow(path.join(root, source))))
    hash
      .update(`${path.relative(root, file)}\0`)
      .update(readFileSync(file))
      .update('\0');
  return hash.digest('hex');
}

function runVite(root: string, outDir: string): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(
      process.execPath,
      [path.join(root, 'node_modules', 'vite', 'bin', 'vite.js'), 'build', '--logLevel', 'warn', '--outDir', outDir, '--emptyOutDir'],
      { cwd: root, stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, NODE_ENV: 'production' } },
    );
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => (output = (output + text).slice(-4_000)));
    child.on('error', reject);
    child.on('exit', code => resolve({ code, output }));
  });
}

/** Puts the new console in place of the old one; two servers of one checkout that build at once both end with a whole one. */
function replace(folder: string, fresh: string): void {
  const old = `${folder}.old-${randomBytes(4).toString('hex')}`;
  if (existsSync(folder)) renameSync(folder, old);
  renameSync(fresh, folder);
  rmSync(old, { recursive: true, force: true });
}

/** Builds `dist/console` when it is missing or older than its sources. Never throws: without a console the server still serves API and agents. */
export async function buildConsole(root: string): Promise<ConsoleOutcome> {
  const folder = path.join(root, 'dist', 'console');
  const usable = existsSync(path.join(folder, 'index.html'));
  if (
    !existsSync(path.join(root, 'src', 'console', 'index.html')) ||
    !existsSync(path.join(root, 'node_modules', 'vite', 'bin', 'vite.js'))
  )
    return usable
      ? { kind: 'ready', built: false }
      : { kind: 'missing', reason: 'This checkout has no console sources or no build tools. The API and the command line client work.' };
  const hash = sourceHash(root);
  const stamp = path.join(folder, STAMP);
  if (usable && existsSync(stamp) && readFileSync(stamp, 'utf8') === hash) return { kind: 'ready', built: false };
  const fresh = `${folder}.new-${randomBytes(4).toString('hex')}`;
  try {
    const { code, output } = await runVite(root, fresh);
    if (code !== 0) return { kind: 'missing', reason: `The console could not be built: ${output.trim().split('\n').slice(-5).join(' ')}` };
    writeFileSync(path.join(fresh, STAMP), hash);
    replace(folder, fresh);
    return { kind: 'ready', built: true };
  } catch (error) {
    return usable
      ? { kind: 'ready', built: false }
      : { kind: 'missing', reason: `The console could not be built: ${(error as Error).message}` };
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
}
