import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import path from 'node:path';
import { Fault } from '../core/kernel/faults.ts';
import { MAX_ARCHIVE_BYTES } from '../core/kernel/limits.ts';
import { recogniseFeed } from '../plugins/advisory-sources/catalog.ts';
import type { AdvisorySource, FeedHead } from '../plugins/advisory-sources/spec.ts';
import { looksLikeTar } from '../plugins/advisory-sources/tar.ts';
import { HEAD_BYTES } from '../plugins/advisory-sources/text-reader.ts';
import { headBytesOf, packingOf, unpackAtOnce, unpackHead } from '../plugins/advisory-sources/unpack.ts';
import { readZip } from '../plugins/advisory-sources/zip.ts';
import { FEED_ENTRY, headOf, headsInTar } from './feed-archives.ts';
import { hasProgram, headByProgram } from './feed-programs.ts';

/** What a file is, by its first bytes. */
export interface Look {
  readonly head: FeedHead | null;
  readonly source: AdvisorySource | null;
  /** Why a packed file could not be looked into. */
  readonly damage: string | null;
}

export function lookInto(filePath: string, sizeBytes: number, preferred: AdvisorySource | null = null): Look {
  const bytes = firstBytes(filePath);
  const name = path.basename(filePath);
  if (packingOf(bytes) !== 'zip') return lookIntoFile(name, bytes, filePath, () => isCutShort(filePath, sizeBytes), preferred);
  if (sizeBytes > MAX_ARCHIVE_BYTES) return { head: null, source: null, damage: `the archive is larger than ${MAX_ARCHIVE_BYTES} bytes` };
  return lookIntoArchive(name, readFileSync(filePath), preferred);
}

export function lookIntoBytes(name: string, content: Uint8Array, preferred: AdvisorySource | null = null): Look {
  return packingOf(content) === 'zip'
    ? lookIntoArchive(name, content, preferred)
    : lookIntoFile(name, content.subarray(0, headBytesOf(content)), content, () => false, preferred);
}

function lookIntoFile(
  name: string,
  bytes: Uint8Array,
  all: string | Uint8Array,
  isCut: () => boolean,
  preferred: AdvisorySource | null,
): Look {
  if (packingOf(bytes) === 'xz' && !hasProgram('xz'))
    return { head: null, source: null, damage: 'it is packed by xz, which is not installed here' };
  const content = headContent(bytes, all);
  if ((content[0] === 0xff && content[1] === 0xfe) || (content[0] === 0xfe && content[1] === 0xff))
    return { head: null, source: null, damage: 'it is UTF-16 text, and feeds are UTF-8: convert it first' };
  const heads = looksLikeTar(content) ? headsInTar(name, content) : [headOf(name, content)];
  const head = heads.find(one => recogniseFeed(one, preferred) !== null) ?? headOf(name, content);
  const source = recogniseFeed(head, preferred);
  const damaged = source === null && (head.text === '' || isCut());
  return { head, source, damage: damaged ? 'the compressed file is damaged or cut' : null };
}

/** An archive is of the kind of its first file that is a feed; each file is recognised again when it is read. */
function lookIntoArchive(name: string, content: Uint8Array, preferred: AdvisorySource | null): Look {
  try {
    let looked = 0;
    for (const entry of readZip(content)) {
      if (!FEED_ENTRY.test(entry.name)) continue;
      const head = headOf(name, entry.content());
      const source = recogniseFeed(head, preferred);
      if (source !== null) return { head, source, damage: null };
      if (++looked >= ENTRIES_LOOKED_INTO) break;
    }
    return { head: null, source: null, damage: null };
  } catch (problem) {
    if (problem instanceof Fault) return { head: null, source: null, damage: problem.message };
    throw problem;
  }
}

const ENTRIES_LOOKED_INTO = 20;

/** A packed file that is cut within its first records shows too little to be recognised, and is no company of feeds either. */
function isCutShort(filePath: string, sizeBytes: number): boolean {
  if (sizeBytes > FIRST_BYTES) return false;
  try {
    unpackAtOnce(readFileSync(filePath));
    return false;
  } catch {
    return true;
  }
}

/** The beginning of the content; `all` is the whole file, for what takes a program to unpack. */
export function headContent(first: Uint8Array, all: string | Uint8Array): Uint8Array {
  return packingOf(first) === 'xz' ? headByProgram('xz', all, HEAD_BYTES) : unpackHead(first);
}

const FIRST_BYTES = 4_096;

/** Enough packed bytes for the first records of every format. */
export function firstBytes(filePath: string): Uint8Array {
  const file = openSync(filePath, 'r');
  try {
    const read = (length: number): Buffer => {
      const bytes = Buffer.alloc(length);
      return bytes.subarray(0, readSync(file, bytes, 0, length, 0));
    };
    const first = read(FIRST_BYTES);
    return headBytesOf(first) > FIRST_BYTES ? read(headBytesOf(first)) : first;
  } finally {
    closeSync(file);
  }
}
