import { createHash, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';

/**
 * DSSE envelope (secure-systems-lab/dsse v1): the signature covers PAE(type, bytes), the exact bytes are verified before they are parsed,
 * so no canonical form is needed. Keys are raw ed25519, pinned at enrolment; there are no chains to walk.
 */
export interface Envelope {
  readonly payloadType: string;
  /** Base64 of the exact signed bytes. */
  readonly payload: string;
  readonly signatures: readonly { readonly keyid: string; readonly sig: string }[];
}

type EnvelopeProblem = 'wrong-type' | 'too-large' | 'unknown-key' | 'bad-signature' | 'not-json';

/** DSSE pre-authentication encoding: "DSSEv1" SP len(type) SP type SP len(body) SP body. */
function preAuthEncoding(type: string, body: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from(`DSSEv1 ${Buffer.byteLength(type)} ${type} ${body.length} `), body]);
}

/** SHA-256 of the key's SPKI bytes: a name for the key, never a proof of it. */
export function keyId(publicKeySpkiBase64: string): string {
  return createHash('sha256').update(Buffer.from(publicKeySpkiBase64, 'base64')).digest('hex');
}

/** Deriving the name takes longer than signing does; a key has one for life. */
const NAMES = new WeakMap<KeyObject, string>();

function nameOf(privateKey: KeyObject): string {
  const known = NAMES.get(privateKey);
  if (known !== undefined) return known;
  const name = keyId(createPublicKey(privateKey).export({ format: 'der', type: 'spki' }).toString('base64'));
  NAMES.set(privateKey, name);
  return name;
}

export function signEnvelope(type: string, value: unknown, privateKey: KeyObject): Envelope {
  const body = Buffer.from(JSON.stringify(value));
  return {
    payloadType: type,
    payload: body.toString('base64'),
    signatures: [{ keyid: nameOf(privateKey), sig: sign(null, preAuthEncoding(type, body), privateKey).toString('base64') }],
  };
}

/** 256 KiB (security.md 2.2): a plan for one host with 2,000 packages is under 200 KiB. */
export const ENVELOPE_BYTES_MAX = 256 * 1024;

/** `trustedKeys`: base64 SPKI keys pinned on the verifying side. One valid signature suffices while `policyRoot` is 1. */
export function openEnvelope(
  envelope: Envelope,
  type: string,
  trustedKeys: readonly string[],
): { readonly ok: true; readonly value: unknown; readonly keyid: string } | { readonly ok: false; readonly problem: EnvelopeProblem } {
  if (envelope.payloadType !== type) return { ok: false, problem: 'wrong-type' };
  if (envelope.payload.length > (ENVELOPE_BYTES_MAX * 4) / 3) return { ok: false, problem: 'too-large' };
  const body = Buffer.from(envelope.payload, 'base64');
  const trusted = new Map(trustedKeys.map(key => [keyId(key), key]));
  let known = false;
  for (const signature of envelope.signatures) {
    const key = trusted.get(signature.keyid);
    if (key === undefined) continue;
    known = true;
    const publicKey = createPublicKey({ key: Buffer.from(key, 'base64'), format: 'der', type: 'spki' });
    if (!verify(null, preAuthEncoding(type, body), publicKey, Buffer.from(signature.sig, 'base64'))) continue;
    try {
      return { ok: true, value: JSON.parse(body.toString('utf8')), keyid: signature.keyid };
    } catch {
      return { ok: false, problem: 'not-json' };
    }
  }
  return { ok: false, problem: known ? 'bad-signature' : 'unknown-key' };
}
