import { createReadStream, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { Fault, messageWithAdvice } from '../core/kernel/faults.ts';
import { MAX_FEED_BYTES_AT_ONCE, MAX_TAR_BYTES } from '../core/kernel/limits.ts';
import { advisorySources, recogniseFeed } from '../plugins/advisory-sources/catalog.ts';
import { printable } from '../plugins/advisory-sources/records.ts';
import type { AdvisorySource, FeedContext, FeedFaultCode, FeedHead, FeedItem } from '../plugins/advisory-sources/spec.ts';
import { looksLikeTar } from '../plugins/advisory-sources/tar.ts';
import { feedFault } from '../plugins/advisory-sources/text-reader.ts';
import { headBytesOf, packingOf, unpackAtOnce, unpackStream } from '../plugins/advisory-sources/unpack.ts';
import { isBesideAFeed } from '../server/feeds/beside.ts';
import { type BundleTrust, looksLikeBundle, openBundle, readBundled } from '../server/feeds/bundle-file.ts';
import type { FromBundle } from '../server/feeds/feed-files.ts';
import { localBundleTrust } from './bundle-keys.ts';
import { type ArchiveEntry, headOf, tarEntries, withoutMark, zipEntries } from './feed-archives.ts';
import { firstBytes, headContent, lookInto, lookIntoBytes } from './feed-look.ts';
import { unpackByProgram } from './feed-programs.ts';

/** A file of a feed folder: recognised by content, or skipped with a word. */
export interface FeedFile {
  readonly path: string;
  readonly sizeBytes: number;
  readonly head: FeedHead;
  readonly source: AdvisorySource;
  /** Where it lies in the bundle that `path` is. Absent: `path` is the file itself. */
  readonly bundled?: FromBundle;
}

interface SkippedFile {
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
  /** See FeedContext. */
  readonly settled?: NonNullable<FeedContext['settled']>;
  /** See FeedContext. */
  readonly binaries?: NonNullable<FeedContext['binaries']>;
  /** Whose exploitability statements count; absent: everybody's whose file is read. */
  readonly trustedAuthors?: ReadonlySet<string>;
  readonly cameFrom?: string;
  /** See FeedContext. */
  readonly cpeProducts?: ReadonlySet<string>;
  readonly cpeRecord?: NonNullable<FeedContext['cpeRecord']>;
  /** See FeedContext. */
  readonly isForHosts?: true;
}

/** A feed file, or a folder of them (not its subfolders), whatever their names. */
export async function* readFeedPath(location: string, options: FeedOptions): AsyncIterable<FeedEvent> {
  const { files, skipped } = findFeedFiles(location);
  for (const { path: skippedPath, reason } of skipped) yield { kind: 'skipped', path: skippedPath, reason };
  for (const file of files) yield* readFeedFile(file, options);
}

/** `preferred`: whose feed it was fetched for. `trust`: whose bundles are opened, asked for when there is one; by default the keys that `fettle feed trust --local` wrote down. */
export function findFeedFiles(
  location: string,
  trust: () => BundleTrust = localBundleTrust,
  preferred: AdvisorySource | null = null,
): { files: FeedFile[]; skipped: SkippedFile[] } {
  const files: FeedFile[] = [];
  const skipped: SkippedFile[] = [];
  for (const filePath of filesAt(location)) {
    const sizeBytes = statSync(filePath).size;
    // What was to be a feed and came to nothing is no company; a hidden file (.gitkeep) is.
    if (sizeBytes === 0) skipped.push({ path: filePath, reason: 'the file is empty', damaged: !path.basename(filePath).startsWith('.') });
    else if (looksLikeBundle(firstBytes(filePath))) {
      const found = filesInBundle(filePath, trust());
      files.push(...found.files);
      skipped.push(...found.skipped);
    } else {
      const found = lookInto(filePath, sizeBytes, preferred);
      if (found.head !== null && found.source !== null) files.push({ path: filePath, sizeBytes, head: found.head, source: found.source });
      else
        skipped.push({
          path: filePath,
          reason: found.damage ?? UNKNOWN_FORMAT,
          damaged: found.damage !== null,
        });
    }
  }
  return { files, skipped };
}

/** A bundle that cannot be believed is skipped as a whole, with what is wrong and what to do. */
function filesInBundle(filePath: string, trust: BundleTrust): { files: FeedFile[]; skipped: SkippedFile[] } {
  const files: FeedFile[] = [];
  const skipped: SkippedFile[] = [];
  try {
    const bundle = openBundle(filePath, trust);
    for (const { file, offset } of bundle.files) {
      const content = readBundled(filePath, file, offset);
      const look = lookIntoBytes(file.fileName, content, advisorySources.find(source => source.id === file.feedId) ?? null);
      const bundled = {
        keyId: bundle.keyId,
        installation: bundle.manifest.installation,
        createdAt: bundle.manifest.createdAt,
        file,
        offset,
      };
      if (look.head !== null && look.source !== null)
        files.push({ path: filePath, sizeBytes: file.bytes, head: look.head, source: look.source, bundled });
      else skipped.push({ path: file.fileName, reason: look.damage ?? UNKNOWN_FORMAT, damaged: true });
    }
    return { files, skipped };
  } catch (problem) {
    if (!(problem instanceof Fault)) throw problem;
    return { files: [], skipped: [{ path: filePath, reason: messageWithAdvice(problem), damaged: true }] };
  }
}

function filesAt(location: string): string[] {
  try {
    if (!statSync(location).isDirectory()) return [location];
    return readdirSync(location, { withFileTypes: true })
      .filter(entry => entry.isFile() || entry.isSymbolicLink())
      .map(entry => path.join(location, entry.name))
      .filter(filePath => statSync(filePath).isFile() && !isBesideAFeed(filePath))
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

export async function* readFeedFile(file: FeedFile, options: FeedOptions): AsyncIterable<FeedEvent> {
  try {
    const held = file.bundled === undefined ? null : readBundled(file.path, file.bundled.file, file.bundled.offset);
    const first = held ?? firstBytes(file.path);
    if (packingOf(first) === 'zip') {
      yield* readArchive(file, zipEntries(held ?? readFileSync(file.path)), options);
      return;
    }
    const packed = () => (held === null ? createReadStream(file.path, { highWaterMark: CHUNK_BYTES }) : piecesOf(held));
    if (looksLikeTar(headContent(first.subarray(0, headBytesOf(first)), held ?? file.path))) {
      yield* readArchive(file, tarEntries(unpackStream(packed(), unpackByProgram, MAX_TAR_BYTES)), options);
      return;
    }
    // A small file in one piece, which is faster; a large one as a stream, so that memory stays bounded.
    const isLarge = file.sizeBytes > (packingOf(first) === 'bzip2' ? MAX_BZIP2_BYTES_BY_OURSELVES : MAX_FEED_BYTES_AT_ONCE);
    const whole = isLarge ? null : unpackAtOnce(held ?? readFileSync(file.path));
    if (whole !== null && options.releases !== null && file.source.concerns?.(whole, options.releases) === false) {
      yield { kind: 'finished', file, records: 0, quarantined: 0, dataDate: null, covers: [] };
      return;
    }
    const reader = file.source.reader(contextOf(file, options));
    let count = 0;
    let isFirst = true;
    for await (const chunk of whole === null ? unpackStream(packed(), unpackByProgram) : [whole]) {
      const items = reader.push(isFirst ? withoutMark(chunk) : chunk);
      isFirst = false;
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

const UNKNOWN_FORMAT = 'not a feed in a format that Fettle knows';
const CHUNK_BYTES = 1 << 20;
/** From here on the program of the system is the faster one, its start included. */
const MAX_BZIP2_BYTES_BY_OURSELVES = 500_000;

function* piecesOf(content: Uint8Array): Iterable<Uint8Array> {
  for (let at = 0; at < content.length; at += CHUNK_BYTES) yield content.subarray(at, at + CHUNK_BYTES);
}

/** Every feed file of an archive; a damaged one is put aside like a bad record. */
async function* readArchive(
  file: FeedFile,
  entries: AsyncIterable<ArchiveEntry> | Iterable<ArchiveEntry>,
  options: FeedOptions,
): AsyncIterable<FeedEvent> {
  let records = 0;
  let quarantined = 0;
  let dataDate: string | null = null;
  const covers = new Set<string>();
  for await (const entry of entries) {
    try {
      const bytes = entry.content();
      const source = recogniseFeed(headOf(path.basename(entry.name), bytes), file.source);
      if (source === null) {
        // Company of the records, or one whose form is wrong: nobody can tell, so it is said.
        quarantined++;
        yield {
          kind: 'items',
          file,
          items: [{ kind: 'quarantined', record: printable(entry.name), reason: UNKNOWN_FORMAT, isRemark: true }],
        };
        continue;
      }
      const reader = source.reader({ ...contextOf(file, options), fileName: path.basename(entry.name) });
      const items = [...reader.push(withoutMark(bytes)), ...reader.end()];
      quarantined += reader.quarantined();
      records += items.length - reader.quarantined();
      const date = reader.dataDate();
      if (date !== null && (dataDate === null || date > dataDate)) dataDate = date;
      for (const release of reader.covers?.() ?? []) covers.add(release);
      yield { kind: 'items', file, items };
    } catch (problem) {
      if (!(problem instanceof Fault) || problem.code === 'feed-too-large') throw problem;
      quarantined++;
      yield { kind: 'items', file, items: [{ kind: 'quarantined', record: printable(entry.name), reason: problem.message }] };
    }
  }
  yield { kind: 'finished', file, records, quarantined, dataDate, covers: [...covers] };
}

function contextOf(file: FeedFile, options: FeedOptions): FeedContext {
  return {
    fileName: file.head.fileName,
    today: options.today,
    releases: options.releases,
    packages: options.packages,
    ...(options.settled === undefined ? {} : { settled: options.settled }),
    ...(options.binaries === undefined ? {} : { binaries: options.binaries }),
    ...(options.trustedAuthors === undefined ? {} : { trustedAuthors: options.trustedAuthors }),
    ...(options.cpeProducts === undefined ? {} : { cpeProducts: options.cpeProducts }),
    ...(options.cpeRecord === undefined ? {} : { cpeRecord: options.cpeRecord }),
    ...(options.cameFrom === undefined ? {} : { cameFrom: options.cameFrom }),
    ...(options.isForHosts === undefined ? {} : { isForHosts: options.isForHosts }),
  };
}
