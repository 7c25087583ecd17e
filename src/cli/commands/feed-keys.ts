import { createPublicKey } from 'node:crypto';
import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { UsageError } from '../command.ts';

/** Writes a key down for `fettle scan` of this user (src/main/bundle-keys.ts reads it) and returns the file. */
export function trustLocally(publicKey: string, name: string): string {
  refuseNoKey(publicKey);
  const file =
    process.env.FETTLE_FEED_KEYS ?? path.join(process.env.XDG_CONFIG_HOME ?? path.join(homedir(), '.config'), 'fettle', 'feed-keys');
  if (
    existsSync(file) &&
    readFileSync(file, 'utf8')
      .split('\n')
      .some(line => line.startsWith(publicKey))
  )
    return file;
  mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
  appendFileSync(file, `${publicKey} ${name.replace(/\s+/g, ' ')}\n`, { mode: 0o600 });
  return file;
}

function refuseNoKey(publicKey: string): void {
  try {
    const key = createPublicKey({ key: Buffer.from(publicKey, 'base64'), format: 'der', type: 'spki' });
    if (key.asymmetricKeyType === 'ed25519') return;
  } catch {
    // The sentence below says it.
  }
  throw new UsageError('this is no key as `fettle feed key` prints it');
}
