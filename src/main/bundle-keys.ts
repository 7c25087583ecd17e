import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import type { BundleTrust } from '../server/feeds/bundle-file.ts';

/**
 * Whose bundles `fettle scan` opens without a server: the keys that somebody wrote down with `fettle feed trust KEY --local`, or an administrator for
 * everybody in /etc. One key a line, base64, then a name; a `#` begins a remark.
 */
function bundleKeyFiles(env: Readonly<Record<string, string | undefined>>): readonly string[] {
  if (env.FETTLE_FEED_KEYS) return [env.FETTLE_FEED_KEYS];
  return [path.join(env.XDG_CONFIG_HOME ?? path.join(homedir(), '.config'), 'fettle', 'feed-keys'), '/etc/fettle/feed-keys'];
}

export function localBundleTrust(): BundleTrust {
  const files = bundleKeyFiles(process.env).filter(file => existsSync(file));
  return { keys: files.flatMap(file => keysIn(readFileSync(file, 'utf8'))), now: new Date().toISOString() };
}

function keysIn(text: string): string[] {
  return text
    .split('\n')
    .map(line => line.trim().split(/\s+/)[0] ?? '')
    .filter(key => key !== '' && !key.startsWith('#'));
}
