import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';

/** Where feeds are when nobody names them. Empty: none was found. */
export function defaultFeedLocations(env: Readonly<Record<string, string | undefined>>): readonly string[] {
  if (env.FETTLE_FEEDS) return env.FETTLE_FEEDS.split(path.delimiter).filter(Boolean);
  const folders = [
    env.FETTLE_DATA ? path.join(env.FETTLE_DATA, 'feeds') : null,
    path.join(env.XDG_DATA_HOME ?? path.join(homedir(), '.local/share'), 'fettle/feeds'),
    '/var/lib/fettle/feeds',
  ];
  const found = folders.find(folder => folder !== null && existsSync(folder));
  return found == null ? [] : [found];
}

/** Where a scan may keep what it made of feeds; null where nobody has a home. */
export function scanCacheFolder(env: Readonly<Record<string, string | undefined>>): string | null {
  const cache = env.XDG_CACHE_HOME || (env.HOME ? path.join(env.HOME, '.cache') : null);
  return cache === null ? null : path.join(cache, 'fettle/feeds');
}
