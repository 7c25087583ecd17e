import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { type Envelope, keyId, signEnvelope } from '../core/evidence/envelope.ts';

/** PKCS #8 header of an ed25519 private key (RFC 8410); 32 bytes of key follow. */
const PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex');

/** A real ed25519 key pair that is the same in every run: signatures and stories can be repeated. */
export class SimKeys {
  readonly publicKey: string;
  readonly keyid: string;
  readonly #privateKey: KeyObject;

  constructor(name: number) {
    this.#privateKey = createPrivateKey({ key: Buffer.concat([PKCS8, Buffer.alloc(32, name)]), format: 'der', type: 'pkcs8' });
    this.publicKey = createPublicKey(this.#privateKey).export({ format: 'der', type: 'spki' }).toString('base64');
    this.keyid = keyId(this.publicKey);
  }

  sign(type: string, value: unknown): Envelope {
    return signEnvelope(type, value, this.#privateKey);
  }

  /** Signed with this key under another one's name: what somebody sends who knows only the public half. */
  forge(type: string, value: unknown, keyid: string): Envelope {
    const own = this.sign(type, value);
    return { ...own, signatures: own.signatures.map(({ sig }) => ({ keyid, sig })) };
  }
}
