import { createReadStream, createWriteStream, existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { FeedFile } from './feed-files.ts';

/**
 * The publishers' files as they came, one for each part in force: what an export carries, and what an auditor compares with the publisher's own. They
 * lie in the data folder of the process that loaded them.
 */
export function keptPath(dataDir: string, feedId: string, digest: Buffer, fileName: string): string {
  return path.join(dataDir, 'feed-files', feedId, digest.toString('hex').slice(0, 32), fileName);
}

/** Any name as one that every file system, tar and header takes. */
export function plainFileName(name: string): string {
  const plain = path
    .basename(name)
    .replace(/[^A-Za-z0-9._+-]/g, '_')
    .slice(-100)
    .replace(/^[.-]+/, '');
  return plain === '' ? 'feed' : plain;
}

export async function keepFile(dataDir: string, feedId: string, digest: Buffer, file: FeedFile): Promise<void> {
  const kept = keptPath(dataDir, feedId, digest, file.head.fileName);
  if (existsSync(kept)) return;
  mkdirSync(path.dirname(kept), { recursive: true, mode: 0o700 });
  const { bundled } = file;
  const content =
    bundled === undefined
      ? createReadStream(file.path)
      : createReadStream(file.path, { start: bundled.offset, end: bundled.offset + bundled.file.bytes - 1 });
  await pipeline(content, createWriteStream(`${kept}.new`, { mode: 0o600 }));
  renameSync(`${kept}.new`, kept);
}

/** Removes copies of what is no longer in force. */
export function removeKeptFiles(dataDir: string, feedId: string, inForce: readonly Buffer[]): void {
  const folder = path.join(dataDir, 'feed-files', feedId);
  if (!existsSync(folder)) return;
  const names = new Set(inForce.map(digest => digest.toString('hex').slice(0, 32)));
  for (const name of readdirSync(folder)) if (!names.has(name)) rmSync(path.join(folder, name), { recursive: true, force: true });
}
