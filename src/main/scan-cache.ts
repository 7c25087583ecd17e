import { createHash, hash } from 'node:crypto';
import {
  closeSync,
  existsSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { FeedRequest, LoadedFeeds } from '../cli/local/scan-ports.ts';
import { besideName } from '../core/advisories/feed-integrity.ts';
import { SCAN_CACHE_BYTES_MAX, SCAN_CACHE_FILES_MAX } from '../core/kernel/limits.ts';
import { decodeFeeds, encodeFeeds, type HostRequest } from './scan-cache-file.ts';

export type LoadFeeds = (request: FeedRequest) => Promise<LoadedFeeds>;

/**
 * What feeds say of a release, ready to be looked up, for scans of one host: reading the feeds takes longer than the scan. A file is named by the contents of
 * everything that it was made of and by the code that made it, so it is never out of date, only unused. The first scan with a set of feeds leaves a mark, the
 * second pays for the file: a container that scans once pays nothing. Whatever goes wrong with the folder, the feeds are read.
 */
export class ScanCache {
  readonly #folder: string;
  readonly #code: string;
  readonly #load: LoadFeeds;

  /** `code` stands for the program that reads feeds. */
  constructor(folder: string, code: string, load: LoadFeeds) {
    this.#folder = folder;
    this.#code = code;
    this.#load = load;
  }

  async loadFeeds(request: FeedRequest): Promise<LoadedFeeds> {
    const { packages, installed } = request;
    // A fleet is read once for all of its hosts.
    if (packages === null || installed === null || request.wantsSourceNames || !this.#isOurs()) return this.#load(request);
    const key = this.#keyOf(request);
    if (key === null) return this.#load(request);
    const file = path.join(this.#folder, `${key}.feeds`);
    const mark = path.join(this.#folder, `${key}.seen`);
    const known = this.#read(file, { ...request, packages, installed });
    if (known !== null) return known;
    if (!existsSync(mark)) {
      this.#write(mark, Buffer.alloc(0));
      return this.#load(request);
    }
    if (statSync(mark).size > 0) return this.#load(request);
    const whole = await this.#load({ ...request, packages: null, installed: null, claims: [] });
    // A bundle's files count as long as its key is trusted, and a problem may be gone the next time.
    const isLasting = whole.problems.length === 0 && !whole.feeds.some(feed => feed.isBundled);
    const bytes = isLasting ? encodeFeeds(whole, SCAN_CACHE_BYTES_MAX / 2) : null;
    // The feeds may have changed while they were read.
    if (bytes === null || this.#keyOf(request) !== key || !this.#write(file, bytes)) {
      this.#write(mark, Buffer.from('not kept\n'));
      return this.#load(request);
    }
    this.#prune();
    return decodeFeeds(bytes, { ...request, packages, installed });
  }

  /** Somebody else's folder could hold anything. */
  #isOurs(): boolean {
    try {
      mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
      const { uid, mode } = lstatSync(this.#folder);
      return uid === process.getuid?.() && (mode & 0o022) === 0 && lstatSync(this.#folder).isDirectory();
    } catch {
      return false;
    }
  }

  #read(file: string, request: HostRequest): LoadedFeeds | null {
    if (!existsSync(file)) return null;
    try {
      const loaded = decodeFeeds(readFileSync(file), request);
      const now = new Date();
      utimesSync(file, now, now);
      return loaded;
    } catch {
      // A disk that was full, or a machine that went down.
      rmSync(file, { force: true });
      return null;
    }
  }

  #write(file: string, bytes: Buffer): boolean {
    const fresh = `${file}.new-${process.pid}`;
    try {
      writeFileSync(fresh, bytes, { mode: 0o600 });
      renameSync(fresh, file);
      return true;
    } catch {
      rmSync(fresh, { force: true });
      return false;
    }
  }

  /** The files used last stay. */
  #prune(): void {
    const files = readdirSync(this.#folder)
      .map(name => path.join(this.#folder, name))
      .map(file => ({ file, ...sizeAndTime(file) }))
      .sort((a, b) => b.timeMs - a.timeMs);
    let bytes = 0;
    let kept = 0;
    let marks = 0;
    for (const { file, size } of files) {
      bytes += size;
      const place = file.endsWith('.feeds') ? ++kept : ++marks;
      if (bytes > SCAN_CACHE_BYTES_MAX || place > SCAN_CACHE_FILES_MAX) rmSync(file, { force: true });
    }
  }

  /** null: something cannot be read, and whoever loads the feeds will say what. */
  #keyOf({ locations, today, releases, trustedAuthors = [], cpeProducts }: FeedRequest): string | null {
    const all = createHash('sha256');
    all.update(
      JSON.stringify([
        this.#code,
        today,
        [...releases].sort(),
        trustedAuthors,
        Array.from(cpeProducts ?? [], ([product, stated]) => `${product} ${[...stated].sort()}`).sort(),
        locations.map(one => path.resolve(one)),
      ]),
    );
    try {
      for (const location of locations) for (const file of filesOf(location)) all.update(`${file}\n${contentHash(file)}\n`);
    } catch {
      return null;
    }
    return all.digest('hex').slice(0, 40);
  }
}

function sizeAndTime(file: string): { readonly size: number; readonly timeMs: number } {
  const { size, mtimeMs: timeMs } = statSync(file, { throwIfNoEntry: false }) ?? { size: 0, mtimeMs: 0 };
  return { size, timeMs };
}

/** A file with the checksums beside it, or the files of a folder. */
function filesOf(location: string): string[] {
  if (statSync(location).isDirectory())
    return readdirSync(location)
      .sort()
      .map(name => path.join(location, name))
      .filter(file => statSync(file).isFile());
  const beside = BESIDE.map(suffix => path.join(path.dirname(location), besideName(path.basename(location), suffix)));
  return [location, ...beside.filter(file => file !== location && existsSync(file))];
}

const BESIDE = ['.sha512', '.sha256', '.meta'] as const;
const PIECE_BYTES = 1 << 20;

function contentHash(file: string): string {
  const descriptor = openSync(file, 'r');
  try {
    const piece = Buffer.allocUnsafe(PIECE_BYTES);
    const first = readSync(descriptor, piece, 0, PIECE_BYTES, null);
    if (first < PIECE_BYTES) return hash('sha256', piece.subarray(0, first));
    const whole = createHash('sha256').update(piece);
    for (let read = first; read > 0; ) {
      read = readSync(descriptor, piece, 0, PIECE_BYTES, null);
      whole.update(piece.subarray(0, read));
    }
    return whole.digest('hex');
  } finally {
    closeSync(descriptor);
  }
}

/** Bundled, a file's name holds a hash of all that it loads; from the sources, what reads feeds is told by the times of its files. */
export function codeOfThisProgram(moduleUrl: string): string {
  const self = fileURLToPath(moduleUrl);
  if (!self.endsWith('.ts')) return path.basename(self);
  const root = path.join(path.dirname(self), '..');
  const times = createHash('sha256');
  for (const folder of ['main', 'core/advisories', 'core/kernel', 'core/versions', 'plugins/advisory-sources', 'server/feeds'])
    for (const entry of readdirSync(path.join(root, folder), { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const file = path.join(entry.parentPath, entry.name);
      const { size, mtimeMs } = statSync(file);
      times.update(`${file} ${size} ${mtimeMs}\n`);
    }
  return times.digest('hex');
}
