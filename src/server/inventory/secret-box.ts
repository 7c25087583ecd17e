import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { linkSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Fault } from '../../core/kernel/faults.ts';

export const SECRET_KEY_FILE = 'secret.key';

/**
 * Encrypts what must not be read from the database alone: AES-256-GCM, nonce (12) and tag (16) before the text. `place` (table|id) is the
 * additional data, so that a ciphertext cannot be moved to another row.
 */
export interface SecretBox {
  seal(text: string, place: string): Buffer;
  open(sealed: Uint8Array, place: string): string;
}

/** Reads the key file of the data folder, or makes it at the first use. */
export function openSecretBox(dataDir: string): SecretBox {
  let loaded: Buffer | undefined;
  const key = () => (loaded ??= readKey(path.join(dataDir, SECRET_KEY_FILE)));
  return {
    seal(text, place) {
      const nonce = randomBytes(12);
      const cipher = createCipheriv('aes-256-gcm', key(), nonce).setAAD(Buffer.from(place));
      const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
      return Buffer.concat([nonce, cipher.getAuthTag(), body]);
    },
    open(sealed, place) {
      const bytes = Buffer.from(sealed);
      try {
        const decipher = createDecipheriv('aes-256-gcm', key(), bytes.subarray(0, 12))
          .setAAD(Buffer.from(place))
          .setAuthTag(bytes.subarray(12, 28));
        return Buffer.concat([decipher.update(bytes.subarray(28)), decipher.final()]).toString('utf8');
      } catch (error) {
        if (error instanceof Fault) throw error;
        throw new Fault(
          'secret-unreadable',
          `A stored secret (${place}) cannot be decrypted with ${SECRET_KEY_FILE}.`,
          `Restore ${SECRET_KEY_FILE} of the data folder from the backup that belongs to this database, or enter the secret again.`,
          error,
        );
      }
    },
  };
}

function readKey(file: string): Buffer {
  const known = tryRead(file);
  if (known) return known;
  // Written whole and then linked, which fails if another process was first: nobody ever reads half a key.
  const draft = `${file}.${process.pid}.${randomBytes(4).toString('hex')}`;
  writeFileSync(draft, randomBytes(32), { mode: 0o600, flag: 'wx', flush: true });
  try {
    linkSync(draft, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    unlinkSync(draft);
  }
  return tryRead(file)!;
}

function tryRead(file: string): Buffer | null {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  if (bytes.length === 32) return bytes;
  throw new Fault(
    'secret-key-broken',
    `${file} does not hold a key of 32 bytes.`,
    'Restore it from a backup of the data folder; without it the stored SSH secrets must be entered again.',
  );
}
