import { existsSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

/**
 * The command line client as a few files instead of hundreds: loading its ninety modules takes a scan of one host a quarter of its time. bin/fettle
 * uses it for `scan` as long as no source is newer, else the sources; nothing depends on it.
 */
export async function bundleCli(root: string): Promise<'made' | 'fresh'> {
  const folder = path.join(root, 'dist/cli');
  const entry = path.join(folder, 'cli.mjs');
  if (existsSync(entry) && newestChange(path.join(root, 'src')) < statSync(entry).mtimeMs) return 'fresh';
  // Two servers of one checkout may start at the same moment.
  const fresh = `${folder}.new-${process.pid}`;
  try {
    await build({
      absWorkingDir: root,
      entryPoints: ['src/main/cli.ts'],
      outdir: fresh,
      outExtension: { '.js': '.mjs' },
      bundle: true,
      splitting: true,
      packages: 'external',
      platform: 'node',
      format: 'esm',
      target: 'node26',
      charset: 'utf8',
      logLevel: 'silent',
    });
    rmSync(folder, { recursive: true, force: true });
    renameSync(fresh, folder);
    return 'made';
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
}

function newestChange(folder: string): number {
  let newest = 0;
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true }))
    if (entry.isFile()) newest = Math.max(newest, statSync(path.join(entry.parentPath, entry.name)).mtimeMs);
  return newest;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
  console.log(`dist/cli: ${await bundleCli(root)}`);
}
