import { createHash } from 'node:crypto';
import { canonicalJson } from '../../core/kernel/canonical-json.ts';

export interface ChainedEntry {
  readonly sequence: number;
  readonly at: string;
  readonly actor: string;
  readonly action: string;
  readonly subject: string;
  readonly detail: unknown;
}

export const FIRST_HASH: Buffer = Buffer.alloc(32);

/**
 * SHA-256(0x00 || previous hash || canonical JSON): the leaf prefix of RFC 6962, so that the same entries can become leaves of a Merkle tree
 * without being written again.
 */
export function entryHash(previous: Uint8Array, entry: ChainedEntry): Buffer {
  const { sequence, at, actor, action, subject, detail } = entry;
  return createHash('sha256')
    .update(Buffer.from([0]))
    .update(previous)
    .update(canonicalJson({ sequence, at, actor, action, subject, detail }))
    .digest();
}
