import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { chmodSync, closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import path from 'node:path';

/** An ed25519 private key of ours in the data folder, readable by its owner only. Whole or not there: it is written beside and renamed. */
export function writeSigningKey(file: string): KeyObject {
  const { privateKey } = generateKeyPairSync('ed25519');
  mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
  const fd = openSync(`${file}.new`, 'w', 0o600);
  writeSync(fd, privateKey.export({ format: 'pem', type: 'pkcs8' }));
  fsyncSync(fd);
  closeSync(fd);
  renameSync(`${file}.new`, file);
  return privateKey;
}

/** Throws what the caller says in its own words: which key it is, and what to do without it. */
export function readSigningKey(file: string): KeyObject {
  chmodSync(file, 0o600);
  const key = createPrivateKey(readFileSync(file, 'utf8'));
  if (key.asymmetricKeyType !== 'ed25519') throw new Error(`it is a key of type ${key.asymmetricKeyType}`);
  return key;
}

/** Base64 SPKI: what others pin. */
export function publicKeyText(privateKey: KeyObject): string {
  return createPublicKey(privateKey).export({ format: 'der', type: 'spki' }).toString('base64');
}
