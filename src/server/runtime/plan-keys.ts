import { createPublicKey, type KeyObject } from 'node:crypto';
import { signEnvelope } from '../../core/evidence/envelope.ts';
import type { Context } from '../context.ts';

/** The signer of plans and permits, and what hosts pin of it. */
export function planKeysOf(privateKey: KeyObject): Context['planKeys'] {
  const spki = createPublicKey(privateKey).export({ format: 'der', type: 'spki' }).toString('base64');
  return { trusted: [spki], sign: (type, value) => signEnvelope(type, value, privateKey) };
}
