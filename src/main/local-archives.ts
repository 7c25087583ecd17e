import { closeSync, openSync, readdirSync, readSync } from 'node:fs';
import path from 'node:path';
import { isDistributionName } from '../core/inventory/package-origin.ts';

/** Where apt keeps what the archives that are enabled here said at the last update (apt.conf(5), Dir::State::lists). */
const APT_LISTS = '/var/lib/apt/lists';
const RELEASE_FILE = /_(?:In)?Release$/;

/**
 * True when every archive of this machine is the distribution's: then no package of it comes from a third party, and apt need not be asked about each,
 * which takes it a second and more where it has no cache (containers). False where that cannot be told.
 */
export function hasOnlyDistributionArchives(folder = APT_LISTS): boolean {
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch {
    return false;
  }
  const releases = names.filter(name => RELEASE_FILE.test(name));
  const archives = releases.map(name => name.replace(RELEASE_FILE, '_'));
  const indexes = names.filter(name => /_Packages(?:\.[a-z0-9]+)?$/.test(name));
  return (
    releases.length > 0 &&
    indexes.every(index => archives.some(archive => index.startsWith(archive))) &&
    releases.every(name => isDistributionName(originIn(path.join(folder, name))))
  );
}

/** The field stands among the first of a Release file; '' where there is none. */
function originIn(file: string): string {
  const bytes = Buffer.alloc(4_096);
  try {
    const open = openSync(file, 'r');
    try {
      return /^Origin: *(.*?) *$/m.exec(bytes.toString('utf8', 0, readSync(open, bytes)))?.[1] ?? '';
    } finally {
      closeSync(open);
    }
  } catch {
    return '';
  }
}
