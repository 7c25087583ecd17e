import { closeSync, createReadStream, openSync, readdirSync, readFileSync, readSync, statSync } from 'node:fs';
import path from 'node:path';
import { Fault } from '../core/kernel/faults.ts';
import { MAX_FEED_BYTES_AT_ONCE } from '../core/kernel/limits.ts';
import { recogniseFeed } from '../plugins/advisory-sources/catalog.ts';
import type { AdvisorySource, FeedContext, FeedFaultCode, FeedHead, FeedItem } from '../plugins/advisory-sources/spec.ts';
import { feedFault } from '../plugins/advisory-sources/text-reader.ts';
import { unpackAtOnce, unpackHead, unpackStream } from '../plugins/advisory-sources/unpack.ts';

/** A file of a feed folder: recognised by content, or skipped with a word. */
export interface FeedFile {
  readonly path: string;
  readonly sizeBytes: number;
  readonly head: FeedHead;
  readonly source: AdvisorySource;
}

export interface SkippedFile {
  readonly path: string;
  readonly reason: string;
  /** True for what may well be a feed, and cannot be opened: more than company. */
  readonly damaged: boolean;
}

/** What happens to a path, in order. `failed` voids the items of its file that came before. */
export type FeedEvent =
  | { readonly kind: 'skipped'; readonly path: string; readonly reason: string }
  | { readonly kind: 'items'; readonly file: FeedFile; readonly items: readonly FeedItem[] }
  | {
      readonly kind: 'finished';
      readonly file: FeedFile;
      readonly records: number;
      readonly quarantined: number;
      readonly dataDate: string | null;
      /** Releases spoken of, also where only packages that nobody asked for are. */
      readonly covers: readonly string[];
    }
  | { readonly kind: 'failed'; readonly file: FeedFile; readonly fault: Fault<FeedFaultCode> };

export interface FeedOptions {
  readonly today: string;
  /** null for every release. */
  readonly releases: ReadonlySet<string> | null;
  /** null for every package. */
  readonly packages: ReadonlySet<string> | null;
}

/** A feed file, or a folder of them (not its subfolders), whatever their names. */
export async function* readFeedPath(location: string, options: FeedOptions): AsyncIterable<FeedEvent> {
  const { files, skipped } = findFeedFiles(location);
  for (const { path: skippedPath, reason } of skipped) yield { kind: 'skipped', path: skippedPath, reason };
  for (const file of files) yield* readFeedFile(file, options);
}

export function findFeedFiles(location: string): { files: FeedFile[]; skipped: SkippedFile[] } {
  const files: FeedFile[] = [];
  const skipped: SkippedFile[] = [];
  for (const filePath of filesAt(location)) {
    const sizeBytes = statSync(filePath).size;
    const head = readHead(filePath);
    const source = recogniseFeed(head);
    const damaged = source === null && sizeBytes > 0 && (head.text === '' || isCutShort(filePath, sizeBytes));
    const reason =
      sizeBytes === 0
        ? 'the file is empty'
        : damaged
          ? 'the compressed file is damaged or cut'
          : 'not a feed in a format that Fettle knows';
    if (source === null) skipped.push({ path: filePath, reason, damaged });
    else files.push({ path: filePath, sizeBytes, head, source });
  }
  return { files, skipped };
}

/** A packed file that is cut within its first records shows too little to be recognised, and is no company of feeds either. */
function isCutShort(filePath: string, sizeBytes: number): boolean {
  if (sizeBytes > PACKED_HEAD_BYTES) return false;
  try {
    unpackAtOnce(readFileSync(filePath));
    return false;
  } catch {
    return true;
  }
}

function filesAt(location: string): string[] {
  try {
    if (!statSync(location).isDirectory()) return [location];
    return readdirSync(location, { withFileTypes: true })
      .filter(entry => entry.isFile() || entry.isSymbolicLink())
      .map(entry => path.join(location, entry.name))
      .filter(filePath => statSync(filePath).isFile())
      .sort();
  } catch (problem) {
    throw new Fault<FeedFaultCode>(
      'feed-not-found',
      `${location} cannot be read (${(problem as Error).message})`,
      'Check the path and its permissions.',
      problem,
    );
  }
}

/** Enough packed bytes for the first records of every format. */
const PACKED_HEAD_BYTES = 4_096;

function readHead(filePath: string): FeedHead {
  const file = openSync(filePath, 'r');
  try {
    const bytes = Buffer.alloc(PACKED_HEAD_BYTES);
    const count = readSync(file, bytes, 0, PACKED_HEAD_BYTES, 0);
    return { fileName: path.basename(filePath), text: Buffer.from(unpackHead(bytes.subarray(0, count))).toString('latin1') };
  } finally {
    closeSync(file);
  }
}

export async function* readFeedFile(file: FeedFile, options: FeedOptions): AsyncIterable<FeedEvent> {
  try {
    const reader = file.source.reader(contextOf(file, options));
    let count = 0;
    for await (const chunk of contentOf(file)) {
      const items = reader.push(chunk);
      count += items.length;
      yield { kind: 'items', file, items };
    }
    const items = reader.end();
    count += items.length;
    yield { kind: 'items', file, items };
    const quarantined = reader.quarantined();
    yield {
      kind: 'finished',
      file,
      records: count - quarantined,
      quarantined,
      dataDate: reader.dataDate(),
      covers: [...(reader.covers?.() ?? [])],
    };
  } catch (problem) {
    const fault = problem instanceof Fault ? problem : feedFault('feed-unreadable', `${file.path}: ${(problem as Error).message}`, problem);
    yield { kind: 'failed', file, fault };
  }
}

/** A small file in one piece, which is faster; a large one as a stream, so that memory stays bounded. */
async function* contentOf(file: FeedFile): AsyncIterable<Uint8Array> {
  const whole = file.sizeBytes > MAX_FEED_BYTES_AT_ONCE ? null : unpackAtOnce(readFileSync(file.path));
  if (whole === null) yield* unpackStream(createReadStream(file.path, { highWaterMark: 1 << 20 }));
  else yield whole;
}

function contextOf(file: FeedFile, options: FeedOptions): FeedContext {
  return { fileName: path.basename(file.path), today: options.today, releases: options.releases, packages: options.packages };
}
