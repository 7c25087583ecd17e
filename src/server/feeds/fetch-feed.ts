import { mkdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import type { FeedIntegrity } from '../../core/advisories/feed-integrity.ts';
import { Fault } from '../../core/kernel/faults.ts';
import { lookup } from '../../core/kernel/lookup.ts';
import { type FetchAnswer, type FetchRequest, fetchFile } from './fetch.ts';
import { checkFile, digestOf, refused, type Vouching } from './integrity.ts';

export interface FeedRequest extends FetchRequest {
  /** Absent: the URL of nobody in particular, whose publisher is not asked for anything. */
  readonly vouching?: Vouching;
}

export type FeedAnswer =
  | { readonly kind: 'unchanged' }
  | (Extract<FetchAnswer, { readonly kind: 'file' }> & { /** What vouches for these bytes. */ readonly integrity: FeedIntegrity });

/** An index of a repository is small; a larger file of that name is none. */
const INDEX_BYTES_MAX = 1_000_000;

/** What an index says of the feed that it stands for. */
interface Named {
  readonly url: string;
  readonly checksum: { readonly algorithm: string; readonly hex: string } | null;
}

/**
 * URLs that stand for another file, whose name changes with every edition: the index of an rpm repository, which has the checksum of its errata, and the
 * `archive_latest.txt` of Red Hat's security data, which is the name of the newest archive.
 */
const INDEXES: readonly { readonly name: RegExp; readonly read: (text: string, url: string) => Named }[] = [
  { name: /\/repomd\.xml$/, read: errataOf },
  { name: /\/archive_latest\.txt$/, read: archiveOf },
];

/** Amazon Linux: the mirror list is one line, the repository under an id that every release of the distribution changes (its index says the rest). */
const MIRROR_LIST = /\/mirror\.list$/;

/** Fetches a feed by its URL and checks it by what its publisher offers. Faults: those of `fetchFile`, `feed-not-vouched`, `feed-unreadable`, `feed-unknown-format`. */
export async function fetchFeed(asked: FeedRequest): Promise<FeedAnswer> {
  const vouching = asked.vouching ?? null;
  const request = { ...asked, asItIs: asked.asItIs === true || (vouching !== null && vouching.beside.length > 0) };
  if (MIRROR_LIST.test(new URL(request.url).pathname)) return fetchFromMirror(request);
  const index = INDEXES.find(({ name }) => name.test(new URL(request.url).pathname));
  if (index === undefined) {
    const answer = await fetchFile(request);
    if (answer.kind !== 'file') return { kind: 'unchanged' };
    return { ...answer, integrity: await checkFile(request, request.url, answer.path, vouching) };
  }
  // In a folder of its own: the large file may have been begun the last time.
  const folder = path.join(request.folder, 'index');
  mkdirSync(folder, { recursive: true });
  const found = await fetchFile({ ...request, folder, onBytes: undefined });
  if (found.kind !== 'file') return { kind: 'unchanged' };
  const named = index.read(statSync(found.path).size > INDEX_BYTES_MAX ? '' : readFileSync(found.path, 'utf8'), request.url);
  const answer = await fetchFile({ ...request, url: named.url, etag: null, lastModified: null });
  if (answer.kind !== 'file') throw damaged(named.url, 'the server answered 304 to a request without conditions');
  const conditions = { etag: found.etag, lastModified: found.lastModified };
  if (named.checksum === null) return { ...answer, ...conditions, integrity: await checkFile(request, named.url, answer.path, vouching) };
  if ((await digestOf(answer.path, named.checksum.algorithm)) !== named.checksum.hex)
    throw refused(named.url, 'it is not the file whose checksum the index of the repository states');
  const ofIndex = await checkFile(request, request.url, found.path, vouching);
  const level = ofIndex.level === 'signature' ? 'signature' : 'checksum';
  const note = `${named.checksum.algorithm} of the index matches; index: ${ofIndex.note}`;
  return { ...answer, ...conditions, integrity: { level, note, signedBy: ofIndex.signedBy } };
}

async function fetchFromMirror(request: FeedRequest): Promise<FeedAnswer> {
  const folder = path.join(request.folder, 'mirrors');
  mkdirSync(folder, { recursive: true });
  const list = await fetchFile({ ...request, folder, onBytes: undefined });
  if (list.kind !== 'file') return { kind: 'unchanged' };
  const text = statSync(list.path).size > INDEX_BYTES_MAX ? '' : readFileSync(list.path, 'utf8');
  const first = text.split('\n').find(line => /^https?:\/\//.test(line)) ?? '';
  const mirror = URL.parse(`${first.trim().replace('$basearch', 'x86_64').replace(/\/+$/, '')}/repodata/repomd.xml`);
  if (first === '' || mirror === null) throw damaged(request.url, 'it names no mirror');
  const privateAllowed = request.privateAllowed && mirror.hostname === new URL(request.url).hostname;
  const answer = await fetchFeed({ ...request, url: mirror.href, etag: null, lastModified: null, privateAllowed });
  // The list changes with every edition, and it is what is asked for the next time.
  return answer.kind === 'file' ? { ...answer, etag: list.etag, lastModified: list.lastModified } : answer;
}

const ALGORITHMS: Readonly<Record<string, string>> = lookup({ sha256: 'sha256', sha512: 'sha512', sha: 'sha1', sha1: 'sha1' });

function errataOf(text: string, url: string): Named {
  const data = /<data\s+type="updateinfo"[^>]*>([\s\S]*?)<\/data>/.exec(text)?.[1];
  if (data === undefined)
    throw new Fault(
      'feed-unknown-format',
      `The repository of ${url} has no errata (updateinfo).`,
      'Give the index of a repository that has them, or another feed of the distribution.',
    );
  const [, type = '', hex = ''] = /<checksum\s+type="(\w+)"\s*>\s*([0-9a-f]{40,128})\s*</.exec(data) ?? [];
  const href = /<location\s+href="([^"]{1,500})"/.exec(data)?.[1] ?? '';
  const algorithm = ALGORITHMS[type];
  if (algorithm === undefined || href === '') throw damaged(url, 'its entry for errata has no location or no checksum');
  // Locations count from the folder above repodata.
  return { url: new URL(href, new URL('../', url)).href, checksum: { algorithm, hex } };
}

function archiveOf(text: string, url: string): Named {
  const name = text.trim();
  if (!/^[A-Za-z0-9._-]{1,200}$/.test(name)) throw damaged(url, 'it is not the name of an archive');
  return { url: new URL(name, url).href, checksum: null };
}

function damaged(url: string, reason: string): Fault {
  return new Fault('feed-unreadable', `${url}: ${reason}.`, 'Fetch it again later; a mirror may be in the middle of its own update.');
}
