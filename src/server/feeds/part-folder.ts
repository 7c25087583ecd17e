import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { DAY_MS } from '../../core/kernel/instants.ts';

/** A file of which some has arrived, with the name that the server gave to exactly these bytes. */
export interface Part {
  readonly path: string;
  readonly etag: string | null;
  readonly lastModified: string | null;
}

/** After this a publisher has another file for certain, and the disk its room back. */
const KEPT_MS = 7 * DAY_MS;
const NOTE = '.part.json';

/** A folder for the download of one URL. It outlives a failed or killed download, so that the next goes on where that one stopped. */
export function partFolder(dataDir: string, url: string): { readonly path: string; readonly remove: () => void } {
  const folder = path.join(dataDir, 'feed-downloads', createHash('sha256').update(url).digest('hex').slice(0, 32));
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return { path: folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

export function sizeOf({ path: file }: Part): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}

/** Written before the first byte: a process that is killed leaves a part that is known. null: the rest cannot be asked for. */
export function notePart(folder: string, url: string, part: Part | null): void {
  if (part === null) forgetPart(folder);
  else writeFileSync(path.join(folder, NOTE), JSON.stringify({ url, ...part, path: path.basename(part.path) }), { mode: 0o600 });
}

export function forgetPart(folder: string): void {
  rmSync(path.join(folder, NOTE), { force: true });
}

/** null: nothing of this URL has arrived, or nothing that could be gone on with. */
export function knownPart(folder: string, url: string): Part | null {
  const note = path.join(folder, NOTE);
  if (!existsSync(note)) return null;
  try {
    const { url: of, path: name, etag, lastModified } = JSON.parse(readFileSync(note, 'utf8')) as Part & { readonly url: string };
    const part = { path: path.join(folder, path.basename(name)), etag, lastModified };
    return of === url && sizeOf(part) > 0 ? part : null;
  } catch {
    // Written half when the machine went down: from the beginning, then.
    return null;
  }
}

/** Call at the start: parts that nobody came back for, and folders without one. */
export function removeOldParts(dataDir: string, nowMs: number): void {
  const parent = path.join(dataDir, 'feed-downloads');
  if (!existsSync(parent)) return;
  for (const name of readdirSync(parent)) {
    const note = statSync(path.join(parent, name, NOTE), { throwIfNoEntry: false });
    if (note === undefined || nowMs - note.mtimeMs > KEPT_MS) rmSync(path.join(parent, name), { recursive: true, force: true });
  }
}
