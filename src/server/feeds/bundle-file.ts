import { createHash } from 'node:crypto';
import { closeSync, createReadStream, fstatSync, openSync, readSync } from 'node:fs';
import { BUNDLE_TYPE, type BundledFile, type BundleManifest, judgeBundle, readManifest } from '../../core/advisories/feed-bundle.ts';
import { ENVELOPE_BYTES_MAX, type Envelope, openEnvelope } from '../../core/evidence/envelope.ts';
import { Fault } from '../../core/kernel/faults.ts';
import type { Instant } from '../../core/kernel/instants.ts';

/**
 * A bundle is a tar archive (POSIX ustar), so that any tool lists and unpacks it: first the signed manifest, then the files in its order. Reading is
 * stricter than tar: every header must be, byte for byte, the one that the signed manifest implies, so nothing unsigned is ever looked at.
 */
export const MANIFEST_NAME = 'fettle-feeds.json';
const BLOCK = 512;
/** An archive ends with two blocks of zeroes. */
export const END_BYTES = 2 * BLOCK;
/** The envelope is base64 of the manifest and a few hundred bytes. */
const MANIFEST_BYTES_MAX = Math.ceil((ENVELOPE_BYTES_MAX * 4) / 3) + 2_000;

export type BundleFaultCode =
  | 'bundle-unsigned'
  | 'bundle-key-unknown'
  | 'bundle-tampered'
  | 'bundle-truncated'
  | 'bundle-unreadable'
  | 'bundle-expired'
  | 'bundle-from-the-future'
  | 'bundle-older';

const ADVICE: Readonly<Record<BundleFaultCode, string>> = {
  'bundle-unsigned': 'Export it again with `fettle feed export`; an unsigned bundle is never read.',
  'bundle-key-unknown':
    'If you know where it is from: run `fettle feed key` there, compare, and trust that key here with `fettle feed trust KEY` (with --local for `fettle scan`).',
  'bundle-tampered': 'Do not use it. Export it again, and find out who changed it on the way.',
  'bundle-truncated': 'Copy it again: it ends too early.',
  'bundle-unreadable': 'Export it again, with a version of Fettle that is no newer than this one.',
  'bundle-expired': 'Export a new one: data this old would look fresh.',
  'bundle-from-the-future': 'Set the clock of this machine, or of the one that made the bundle.',
  'bundle-older': 'Import the newest bundle of that installation.',
};

export function bundleFault(code: BundleFaultCode, message: string, cause?: unknown): Fault<BundleFaultCode> {
  return new Fault(code, message, ADVICE[code], cause);
}

/** A header as GNU and POSIX tar read it; time, owner and mode are constants, so that equal content makes equal bytes. */
export function header(name: string, bytes: number): Buffer {
  const block = Buffer.alloc(BLOCK);
  block.write(name, 0, 100, 'utf8');
  block.write('0000644\0', 100);
  block.write('0000000\0', 108);
  block.write('0000000\0', 116);
  block.write(`${bytes.toString(8).padStart(11, '0')}\0`, 124);
  block.write('00000000000\0', 136);
  block.write('        ', 148);
  block.write('0', 156);
  block.write('ustar\u000000', 257);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return block;
}

/** `03-known_exploited_vulnerabilities.json`: the number keeps files of one name apart, and the whole below ustar's 100 bytes for names. */
function memberName(index: number, file: BundledFile): string {
  return `feeds/${String(index + 1).padStart(2, '0')}-${file.fileName.slice(-80)}`;
}

export const padded = (bytes: number): number => Math.ceil(bytes / BLOCK) * BLOCK;

export function bundleBytes(envelope: Envelope, manifest: BundleManifest): number {
  const head = BLOCK + padded(Buffer.byteLength(JSON.stringify(envelope)));
  return manifest.files.reduce((total, file) => total + BLOCK + padded(file.bytes), head) + END_BYTES;
}

/** The bytes of a bundle. `pathOf` names where each file of the manifest lies; a file that is no longer what the manifest says ends the stream with a fault. */
export async function* writeBundle(
  envelope: Envelope,
  manifest: BundleManifest,
  pathOf: (file: BundledFile) => string,
): AsyncIterable<Buffer> {
  const signed = Buffer.from(JSON.stringify(envelope));
  yield Buffer.concat([header(MANIFEST_NAME, signed.length), signed, Buffer.alloc(padded(signed.length) - signed.length)]);
  for (const [index, file] of manifest.files.entries()) {
    yield header(memberName(index, file), file.bytes);
    const hash = createHash('sha256');
    let bytes = 0;
    for await (const chunk of createReadStream(pathOf(file), { highWaterMark: 1 << 18 }) as AsyncIterable<Buffer>) {
      hash.update(chunk);
      bytes += chunk.length;
      yield chunk;
    }
    if (bytes !== file.bytes || hash.digest('hex') !== file.sha256)
      throw bundleFault('bundle-unreadable', `The kept copy of ${file.fileName} (${file.feedId}) is not what was loaded.`);
    yield Buffer.alloc(padded(bytes) - bytes);
  }
  yield Buffer.alloc(END_BYTES);
}

export interface OpenedBundle {
  readonly manifest: BundleManifest;
  /** Of the key that signed it. */
  readonly keyId: string;
  readonly files: readonly { readonly file: BundledFile; readonly offset: number }[];
}

export interface BundleTrust {
  /** Base64 SPKI, pinned by a person. */
  readonly keys: readonly string[];
  readonly now: Instant;
}

/** By its first bytes: the name of its first member. */
export function looksLikeBundle(head: Uint8Array): boolean {
  return Buffer.from(head.buffer, head.byteOffset, Math.min(head.length, MANIFEST_NAME.length)).toString('latin1') === MANIFEST_NAME;
}

/** Checks everything but the content of the files, which `readBundled` checks. Throws Fault<BundleFaultCode>. */
export function openBundle(path: string, trust: BundleTrust): OpenedBundle {
  const fd = openSync(path, 'r');
  try {
    const size = fstatSync(fd).size;
    const { envelope, end } = readEnvelope(fd, size);
    const { manifest, keyId } = opened(envelope, trust.keys);
    const problem = judgeBundle(manifest, trust.now, null);
    if (problem !== null) throw bundleFault(problem.code, `${sentence(problem.reason)}.`);
    return { manifest, keyId, files: layout(fd, size, end, manifest) };
  } finally {
    closeSync(fd);
  }
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function readEnvelope(fd: number, size: number): { envelope: Envelope; end: number } {
  const first = readAt(fd, 0, BLOCK, size);
  const bytes = Number.parseInt(first.toString('latin1', 124, 135), 8);
  if (!Number.isSafeInteger(bytes) || bytes < 2 || bytes > MANIFEST_BYTES_MAX || !first.equals(header(MANIFEST_NAME, bytes)))
    throw bundleFault('bundle-unreadable', 'The bundle does not begin with a manifest.');
  const text = readAt(fd, BLOCK, bytes, size).toString('utf8');
  let value: Partial<Envelope>;
  try {
    value = JSON.parse(text) as Partial<Envelope>;
  } catch (problem) {
    throw bundleFault('bundle-unreadable', "The bundle's manifest is not JSON.", problem);
  }
  if (typeof value.payload !== 'string' || typeof value.payloadType !== 'string')
    throw bundleFault('bundle-unreadable', "The bundle's manifest is no signed envelope.");
  const signatures = (Array.isArray(value.signatures) ? value.signatures : []).filter(isSignature);
  if (signatures.length === 0) throw bundleFault('bundle-unsigned', 'The bundle is not signed.');
  return { envelope: { payload: value.payload, payloadType: value.payloadType, signatures }, end: BLOCK + padded(bytes) };
}

function isSignature(value: unknown): value is Envelope['signatures'][number] {
  const one = value as Partial<Envelope['signatures'][number]> | null;
  return typeof one?.keyid === 'string' && typeof one.sig === 'string';
}

function opened(envelope: Envelope, keys: readonly string[]): { manifest: BundleManifest; keyId: string } {
  const answer = openEnvelope(envelope, BUNDLE_TYPE, keys);
  if (!answer.ok) {
    const named = envelope.signatures.map(one => one.keyid.slice(0, 16)).join(', ');
    if (answer.problem === 'unknown-key')
      throw bundleFault('bundle-key-unknown', `The bundle is signed with a key that nobody has trusted here (${named}).`);
    if (answer.problem === 'bad-signature')
      throw bundleFault('bundle-tampered', 'The manifest of the bundle is not the one that was signed.');
    throw bundleFault('bundle-unreadable', `The bundle's manifest cannot be read (${answer.problem}).`);
  }
  const reading = readManifest(answer.value);
  if (!reading.ok) throw bundleFault('bundle-unreadable', `The bundle's manifest is not one that this version reads (${reading.field}).`);
  return { manifest: reading.manifest, keyId: answer.keyid };
}

function layout(fd: number, size: number, start: number, manifest: BundleManifest): OpenedBundle['files'] {
  let at = start;
  const files = manifest.files.map((file, index) => {
    if (!readAt(fd, at, BLOCK, size).equals(header(memberName(index, file), file.bytes)))
      throw bundleFault('bundle-tampered', `The bundle does not hold ${file.fileName} where its manifest says.`);
    const offset = at + BLOCK;
    at = offset + padded(file.bytes);
    return { file, offset };
  });
  if (size < at + END_BYTES) throw cut(size, at + END_BYTES);
  if (size > at + END_BYTES) throw bundleFault('bundle-tampered', 'The bundle holds more than its manifest names.');
  return files;
}

/** The content of one file, checked: what is returned is what was signed, whatever happens to the bundle meanwhile. */
export function readBundled(path: string, file: BundledFile, offset: number): Buffer {
  const fd = openSync(path, 'r');
  try {
    const content = readAt(fd, offset, file.bytes, fstatSync(fd).size);
    if (createHash('sha256').update(content).digest('hex') !== file.sha256)
      throw bundleFault('bundle-tampered', `${file.fileName} in the bundle is not the file that was signed.`);
    return content;
  } finally {
    closeSync(fd);
  }
}

function readAt(fd: number, offset: number, bytes: number, size: number): Buffer {
  if (offset + bytes > size) throw cut(size, offset + bytes);
  const buffer = Buffer.allocUnsafe(bytes);
  for (let done = 0; done < bytes; ) {
    const read = readSync(fd, buffer, done, bytes - done, offset + done);
    if (read === 0) throw cut(offset + done, offset + bytes);
    done += read;
  }
  return buffer;
}

function cut(size: number, wanted: number): Fault<BundleFaultCode> {
  return bundleFault('bundle-truncated', `The bundle ends after ${size} bytes; it should have at least ${wanted}.`);
}
