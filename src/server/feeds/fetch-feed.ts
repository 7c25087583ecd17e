import { createHash } from 'node:crypto';
import { createReadStream, readFileSync, statSync } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { Fault } from '../../core/kernel/faults.ts';
import { type FetchAnswer, type FetchRequest, fetchFile } from './fetch.ts';

/** An index of a repository is small; a larger file of that name is none. */
const INDEX_BYTES_MAX = 1_000_000;

/**
 * Fetches a feed by its URL. The URL of a repository's index (`.../repodata/repomd.xml`) stands for the errata that it names: their file has a new name
 * with every edition, and the index has its checksum.
 */
export async function fetchFeed(request: FetchRequest): Promise<FetchAnswer> {
  const index = await fetchFile(request);
  if (index.kind === 'unchanged' || !/\/repomd\.xml$/.test(new URL(request.url).pathname)) return index;
  const errata = errataOf(index.path, request.url);
  const answer = await fetchFile({ ...request, url: errata.url, etag: null, lastModified: null });
  if (answer.kind === 'unchanged') throw damaged(errata.url, 'the server answered 304 to a request without conditions');
  const hash = createHash(errata.algorithm);
  await pipeline(createReadStream(answer.path), hash);
  if (hash.digest('hex') !== errata.checksum)
    throw damaged(errata.url, 'it is not the file whose checksum the index of the repository states');
  return { ...answer, etag: index.etag, lastModified: index.lastModified };
}

const ALGORITHMS: Readonly<Record<string, string>> = { sha256: 'sha256', sha512: 'sha512', sha: 'sha1', sha1: 'sha1' };

function errataOf(file: string, url: string): { url: string; algorithm: string; checksum: string } {
  const text = statSync(file).size > INDEX_BYTES_MAX ? '' : readFileSync(file, 'utf8');
  const data = /<data\s+type="updateinfo"[^>]*>([\s\S]*?)<\/data>/.exec(text)?.[1];
  if (data === undefined)
    throw new Fault(
      'feed-unknown-format',
      `The repository of ${url} has no errata (updateinfo).`,
      'Give the index of a repository that has them, or another feed of the distribution.',
    );
  const [, type = '', checksum = ''] = /<checksum\s+type="(\w+)"\s*>\s*([0-9a-f]{40,128})\s*</.exec(data) ?? [];
  const href = /<location\s+href="([^"]{1,500})"/.exec(data)?.[1] ?? '';
  const algorithm = ALGORITHMS[type];
  if (algorithm === undefined || href === '') throw damaged(url, 'its entry for errata has no location or no checksum');
  // Locations count from the folder above repodata.
  return { url: new URL(href, new URL('../', url)).href, algorithm, checksum };
}

function damaged(url: string, reason: string): Fault {
  return new Fault('feed-unreadable', `${url}: ${reason}.`, 'Fetch it again later; a mirror may be in the middle of its own update.');
}
