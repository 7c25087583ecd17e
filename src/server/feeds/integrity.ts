import { createHash } from 'node:crypto';
import { closeSync, createReadStream, mkdirSync, openSync, readFileSync, readSync, statSync } from 'node:fs';
import path from 'node:path';
import { PassThrough, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { besideName, CHECKSUM_SUFFIXES, checksumIn, type FeedIntegrity } from '../../core/advisories/feed-integrity.ts';
import { Fault } from '../../core/kernel/faults.ts';
import { MAX_FEED_BYTES } from '../../core/kernel/limits.ts';
import type { Beside } from '../../plugins/advisory-sources/spec.ts';
import { BESIDE_BYTES_MAX, CHECKSUMS } from './beside.ts';
import { type FetchRequest, fetchFile } from './fetch.ts';
import { verifySignature } from './openpgp.ts';

/** What a publisher puts beside its files (AdvisorySource.beside), and the key to check it with. */
export interface Vouching {
  readonly beside: readonly Beside[];
  /** null: nobody has put a key of the publisher down. */
  readonly keyring: string | null;
}

/**
 * Checks a fetched file by what its publisher puts beside it. A checksum that does not fit refuses the file. With a key put down the signature is
 * demanded: somebody who can exchange a file can leave its signature out.
 */
export async function checkFile(request: FetchRequest, url: string, file: string, vouching: Vouching | null): Promise<FeedIntegrity> {
  const notes: string[] = [];
  let level: FeedIntegrity['level'] = new URL(url).protocol === 'https:' ? 'transport' : 'none';
  const checksum = vouching && (await checkSum(request, url, file, vouching));
  if (checksum !== null) {
    notes.push(checksum.note);
    if (checksum.matches) level = 'checksum';
  }
  const signature = vouching && (await checkSignature(request, url, file, vouching));
  if (signature !== null) {
    notes.push(signature.note);
    if (signature.signedBy !== null) level = 'signature';
  }
  if (notes.length === 0)
    notes.push(vouching === null ? 'neither checksum nor signature was asked for' : 'the publisher offers neither checksum nor signature');
  notes.push(new URL(url).protocol === 'https:' ? 'fetched by HTTPS' : 'fetched without encryption');
  return { level, note: notes.join('; '), signedBy: signature?.signedBy ?? null };
}

async function checkSum(request: FetchRequest, url: string, file: string, { beside }: Vouching) {
  const offered = CHECKSUMS.filter(suffix => beside.includes(suffix));
  for (const suffix of offered) {
    const text = await fetchBeside(request, url, suffix);
    if (text === null) continue;
    return { matches: true, note: `${await compareChecksum(url, file, suffix, readFileSync(text, 'utf8'))} of the publisher matches` };
  }
  return offered.length === 0 ? null : { matches: false, note: 'no checksum beside the file' };
}

/** The algorithm, when the file is the one that the text speaks of. Throws `feed-not-vouched`. */
export async function compareChecksum(name: string, file: string, suffix: (typeof CHECKSUMS)[number], text: string): Promise<string> {
  const algorithm = CHECKSUM_SUFFIXES[suffix];
  const stated = checksumIn(text, algorithm);
  if (stated === null) throw refused(name, `the file ${suffix} beside it holds no checksum`);
  const found = suffix === '.meta' ? await unpackedDigestOf(name, file, algorithm) : await digestOf(file, algorithm);
  if (found !== stated) throw refused(name, `its ${algorithm} is not the one that the publisher states beside it`);
  return algorithm;
}

/** The checksum in NVD's .meta files is that of the JSON, whatever it is packed in. */
async function unpackedDigestOf(name: string, file: string, algorithm: string): Promise<string> {
  const hash = createHash(algorithm);
  let bytes = 0;
  const counted = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      done(bytes > MAX_FEED_BYTES ? refused(name, `it unpacks to more than ${MAX_FEED_BYTES} bytes`) : null, chunk);
    },
  });
  try {
    await pipeline(createReadStream(file), isGzip(file) ? createGunzip() : new PassThrough(), counted, hash);
  } catch (error) {
    throw error instanceof Fault ? error : refused(name, `it cannot be unpacked (${(error as Error).message})`);
  }
  return hash.digest('hex');
}

function isGzip(file: string): boolean {
  const first = Buffer.alloc(2);
  const fd = openSync(file, 'r');
  try {
    return readSync(fd, first, 0, 2, 0) === 2 && first[0] === 0x1f && first[1] === 0x8b;
  } finally {
    closeSync(fd);
  }
}

async function checkSignature(request: FetchRequest, url: string, file: string, { beside, keyring }: Vouching) {
  if (!beside.includes('.asc')) return null;
  if (keyring === null) return { signedBy: null, note: 'signature not verified: no key of the publisher is put down' };
  const signature = await fetchBeside(request, url, '.asc');
  if (signature === null) throw refused(url, 'a key is put down for this feed and there is no signature (.asc) beside the file');
  const verdict = await verifySignature(keyring, signature, file, path.dirname(signature));
  if (verdict.kind === 'bad') throw refused(url, verdict.reason);
  if (verdict.kind === 'no-program') return { signedBy: null, note: 'signature not verified: gpgv is not installed' };
  return { signedBy: verdict.fingerprint, note: `signature by ${verdict.fingerprint} is good` };
}

/** null: there is none. In a folder of its own: the download beside may be gone on with later. */
async function fetchBeside(request: FetchRequest, url: string, suffix: string): Promise<string | null> {
  const folder = path.join(request.folder, 'beside');
  mkdirSync(folder, { recursive: true });
  const beside = new URL(url);
  beside.pathname = besideName(beside.pathname, suffix);
  const answer = await fetchFile({
    ...request,
    url: beside.href,
    folder,
    etag: null,
    lastModified: null,
    onBytes: undefined,
    mayBeAbsent: true,
  });
  if (answer.kind !== 'file') return null;
  if (statSync(answer.path).size > BESIDE_BYTES_MAX) throw refused(url, `what lies beside it as ${suffix} is none`);
  return answer.path;
}

export async function digestOf(file: string, algorithm: string): Promise<string> {
  const hash = createHash(algorithm);
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}

export function refused(url: string, reason: string): Fault {
  return new Fault(
    'feed-not-vouched',
    `${url} is not believed: ${reason}.`,
    'Fetch it again later, a mirror may be in the middle of its own update; if it stays so, ask the publisher before anything else.',
  );
}
