import { createPublicKey, type KeyObject } from 'node:crypto';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { keyId } from '../../core/evidence/envelope.ts';
import { Fault } from '../../core/kernel/faults.ts';
import { publicKeyText, readSigningKey, writeSigningKey } from '../runtime/signing-key-file.ts';

export interface BundleKey {
  readonly privateKey: KeyObject;
  /** Base64 SPKI: what the importing side pins. */
  readonly publicKey: string;
  readonly keyId: string;
}

/** The key that signs feed bundles, made when it is first needed. It is not the plan-signing key: whom a site believes about feeds may not change its hosts. */
export function openBundleKey(dataDir: string): BundleKey {
  const file = path.join(dataDir, 'keys', 'feed-bundle.pem');
  const privateKey = existsSync(file) ? readKey(file) : writeSigningKey(file);
  const publicKey = publicKeyText(privateKey);
  return { privateKey, publicKey, keyId: keyId(publicKey) };
}

function readKey(file: string): KeyObject {
  try {
    return readSigningKey(file);
  } catch (error) {
    throw new Fault(
      'bundle-key-unreadable',
      `The key ${file} that signs feed bundles cannot be read: ${(error as Error).message}.`,
      'Restore it from the backup of the data folder, or remove it: a new one is made, and the sites that import bundles must trust that one.',
      error,
    );
  }
}

/** Null when it is fit to be pinned: an ed25519 public key in base64 SPKI, as `fettle feed key` prints it. */
export function whyNoBundleKey(publicKey: string): string | null {
  try {
    const key = createPublicKey({ key: Buffer.from(publicKey, 'base64'), format: 'der', type: 'spki' });
    if (key.asymmetricKeyType !== 'ed25519') return `it is a key of type ${key.asymmetricKeyType}, not ed25519`;
    return key.export({ format: 'der', type: 'spki' }).toString('base64') === publicKey
      ? null
      : 'it is not written as `fettle feed key` prints it';
  } catch {
    return 'it is no public key as `fettle feed key` prints it';
  }
}
