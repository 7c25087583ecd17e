import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';

/** A folder for one download or upload. It lies in the data folder: /tmp may be small, and may be memory. */
export function scratchFolder(dataDir: string): { readonly path: string; readonly remove: () => void } {
  const parent = path.join(dataDir, 'tmp');
  mkdirSync(parent, { recursive: true, mode: 0o700 });
  const folder = mkdtempSync(path.join(parent, 'feed-'));
  return { path: folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** The same, gone when the work is done. */
export async function withScratchFolder<T>(dataDir: string, work: (folder: string) => Promise<T>): Promise<T> {
  const folder = scratchFolder(dataDir);
  try {
    return await work(folder.path);
  } finally {
    folder.remove();
  }
}

/** What a killed process left behind. Call at the start, when nothing is being loaded. */
export function removeScratchFolders(dataDir: string): void {
  const parent = path.join(dataDir, 'tmp');
  if (!existsSync(parent)) return;
  for (const name of readdirSync(parent)) if (name.startsWith('feed-')) rmSync(path.join(parent, name), { recursive: true, force: true });
}
