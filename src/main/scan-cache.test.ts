import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { FeedRequest, LoadedFeeds } from '../cli/local/scan-ports.ts';
import { matchPackage } from '../core/findings/match.ts';
import { SCAN_CACHE_FILES_MAX } from '../core/kernel/limits.ts';
import { codeOfThisProgram, ScanCache } from './scan-cache.ts';
import { loadFeeds } from './scan-feeds.ts';

const RELEASE = 'debian:12';
const SOURCES = ['openssl', 'zlib', 'tar', 'linux'];
const VERSIONS = ['1.0-1', '1.0-1+deb12u1', '1.0-2', '1:0.9-1', 'not a version!'];

let folder: string;
let feeds: string;
let cacheFolder: string;
let reads: FeedRequest[];
let cache: ScanCache;
const load = (request: FeedRequest): Promise<LoadedFeeds> => {
  reads.push(request);
  return loadFeeds(request);
};

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'fettle-scan-cache-'));
  feeds = path.join(folder, 'feeds');
  cacheFolder = path.join(folder, 'cache/feeds');
  mkdirSync(feeds);
  reads = [];
  olderHost = requestOf(['1.0-1', '1.0-1', '1.0-1', '1.0-1']);
  cache = new ScanCache(cacheFolder, 'code', load);
  writeFileSync(path.join(feeds, 'fixed.jsonl'), fixed(1, 'openssl', '1.0-2'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const fixed = (cve: number, source: string, version: string) =>
  `{"cve":"CVE-2026-${1000 + cve}","src":"${source}","fixed":"${version}","suite":"bookworm-security","date":"2026-08-01"}\n`;
const open = (cve: number, source: string) =>
  `{"cve":"CVE-2026-${1000 + cve}","src":"${source}","status":"open","severity":"low","as_of":"2026-02-18"}\n`;
const kept = () => (existsSync(cacheFolder) ? readdirSync(cacheFolder).filter(name => name.endsWith('.feeds')) : []);

/** A host with one version of each source. */
const requestOf = (versions: readonly (string | undefined)[], more: Partial<FeedRequest> = {}): FeedRequest => ({
  locations: [feeds],
  today: '2026-11-22',
  releases: new Set([RELEASE]),
  packages: new Set(SOURCES),
  installed: new Map(SOURCES.flatMap((source, at) => (versions[at] === undefined ? [] : [[source, [versions[at]]]]))),
  wantsSourceNames: false,
  ...more,
});
let olderHost: FeedRequest;

/** Everything that a scan says of the host. */
const findingsOf = ({ index }: LoadedFeeds, { installed }: FeedRequest) =>
  Array.from(installed!, ([sourceName, [sourceVersion]]) =>
    matchPackage(index, { release: RELEASE, sourceName, sourceVersion: sourceVersion!, packageName: sourceName, originTrusted: true }),
  );
const idsFound = async (request = olderHost) =>
  findingsOf(await cache.loadFeeds(request), request).flatMap(matches => matches.map(match => match.vulnerabilityId));

/** As often as it takes until the file is there. */
async function warm(request = olderHost): Promise<void> {
  await cache.loadFeeds(request);
  await cache.loadFeeds(request);
  reads = [];
}

describe('ScanCache', () => {
  it('reads the feeds twice, and then no more', async () => {
    expect(await idsFound()).toEqual(['CVE-2026-1001']);
    expect(kept()).toEqual([]);
    expect(await idsFound()).toEqual(['CVE-2026-1001']);
    expect(kept()).toHaveLength(1);
    reads = [];
    expect(await idsFound()).toEqual(['CVE-2026-1001']);
    expect(reads).toEqual([]);
    expect(statSync(cacheFolder).mode & 0o777).toBe(0o700);
  });

  it('says what the feeds themselves say, of any host', async () => {
    const claim = fc.record({
      cve: fc.integer({ min: 1, max: 9 }),
      source: fc.constantFrom(...SOURCES),
      version: fc.option(fc.constantFrom(...VERSIONS), { nil: null }),
    });
    const line = ({ cve, source, version }: { cve: number; source: string; version: string | null }) =>
      version === null ? open(cve, source) : fixed(cve, source, version);
    await fc.assert(
      fc.asyncProperty(
        fc.array(claim, { minLength: 1, maxLength: 25 }),
        fc.array(fc.option(fc.constantFrom(...VERSIONS), { nil: undefined }), { minLength: 4, maxLength: 4 }),
        async (claims, versions) => {
          rmSync(cacheFolder, { recursive: true, force: true });
          writeFileSync(
            path.join(feeds, 'fixed.jsonl'),
            claims
              .filter(one => one.version !== null)
              .map(line)
              .join('') || fixed(99, 'bash', '1'),
          );
          writeFileSync(
            path.join(feeds, 'open.jsonl'),
            claims
              .filter(one => one.version === null)
              .map(line)
              .join('') || open(99, 'bash'),
          );
          await warm();
          const request = requestOf(versions);
          const answer = await cache.loadFeeds(request);
          expect(reads).toEqual([]);
          const plain = await loadFeeds({ ...request, packages: null, installed: null });
          expect(findingsOf(answer, request)).toEqual(findingsOf(plain, request));
          expect({ ...answer, index: null }).toEqual({ ...plain, index: null });
        },
      ),
      { numRuns: 60 },
    );
  });

  it('is never out of date: a feed with other contents, whatever its size and time, is another one', async () => {
    await warm();
    const file = path.join(feeds, 'fixed.jsonl');
    const { atime, mtime } = statSync(file);
    writeFileSync(file, readFileSync(file, 'utf8').replace('1001', '1002'));
    utimesSync(file, atime, mtime);
    expect(await idsFound()).toEqual(['CVE-2026-1002']);
    writeFileSync(path.join(feeds, 'another.jsonl'), fixed(3, 'zlib', '1.0-2'));
    expect(await idsFound()).toEqual(['CVE-2026-1003', 'CVE-2026-1002'].sort());
  });

  it('belongs to the day, the trusted authors and the code that made it', async () => {
    await warm();
    await cache.loadFeeds({ ...olderHost, today: '2026-11-23' });
    await cache.loadFeeds({ ...olderHost, trustedAuthors: ['Somebody'] });
    await new ScanCache(cacheFolder, 'newer code', load).loadFeeds(olderHost);
    expect(reads).toHaveLength(3);
    expect(codeOfThisProgram(import.meta.url)).toMatch(/^[0-9a-f]{64}$/);
    expect(codeOfThisProgram('file:///somewhere/dist/cli/scan-ABC.mjs')).toBe('scan-ABC.mjs');
  });

  it('reads the feeds where its file is damaged, and where a problem could go away', async () => {
    await warm();
    const file = path.join(cacheFolder, kept()[0]!);
    for (const content of [readFileSync(file).subarray(0, 300), Buffer.alloc(statSync(file).size), Buffer.from('')]) {
      writeFileSync(file, content);
      expect(await idsFound()).toEqual(['CVE-2026-1001']);
    }
    rmSync(cacheFolder, { recursive: true });
    writeFileSync(path.join(feeds, 'cut.json.gz'), Buffer.from('1f8b08000000000000', 'hex'));
    for (let time = 0; time < 3; time++) expect((await cache.loadFeeds(olderHost)).problems).toHaveLength(1);
    expect(kept()).toEqual([]);
  });

  it('leaves a folder alone that others can write, and works where there can be none', async () => {
    await warm();
    chmodSync(cacheFolder, 0o777);
    await cache.loadFeeds(olderHost);
    expect(reads).toHaveLength(1);
    rmSync(cacheFolder, { recursive: true });
    writeFileSync(cacheFolder, 'a file is in the way');
    for (let time = 0; time < 3; time++) expect(await idsFound()).toEqual(['CVE-2026-1001']);
    expect(readFileSync(cacheFolder, 'utf8')).toBe('a file is in the way');
  });

  it('counts what a host says of itself beside what was passed over for it', async () => {
    writeFileSync(path.join(feeds, 'fixed.jsonl'), fixed(1, 'openssl', '1.0-1'));
    const own = {
      source: 'changelog',
      vulnerabilityId: 'CVE-2026-1001',
      aliases: [],
      release: RELEASE,
      packageName: 'openssl',
      state: 'fixed' as const,
      fixedVersion: '1:0.9-1',
      severity: null,
      statedOn: null,
      note: null,
    };
    const request = { ...olderHost, claims: [own] };
    await warm(request);
    const whole = findingsOf(await loadFeeds({ ...request, packages: null, installed: null }), request);
    expect(findingsOf(await cache.loadFeeds(request), request)).toEqual(whole);
    expect(findingsOf(await loadFeeds(request), request)).toEqual(whole);
    expect(reads).toEqual([]);
  });

  it('is bounded', async () => {
    for (let day = 10; day < 10 + SCAN_CACHE_FILES_MAX + 4; day++) await warm({ ...olderHost, today: `2026-11-${day}` });
    expect(kept().length).toBeLessThanOrEqual(SCAN_CACHE_FILES_MAX);
    expect(kept().length).toBeGreaterThan(SCAN_CACHE_FILES_MAX / 2);
    await cache.loadFeeds({ ...olderHost, today: `2026-11-${10 + SCAN_CACHE_FILES_MAX + 3}` });
    expect(reads).toEqual([]);
  });
});

it('finds what its advisory writes in another case', async () => {
  const affected = [
    {
      package: { ecosystem: 'Go', name: 'github.com/Masterminds/goutils' },
      ranges: [{ type: 'SEMVER', events: [{ introduced: '0' }, { fixed: '1.1.1' }] }],
    },
  ];
  writeFileSync(
    path.join(feeds, 'go.json'),
    JSON.stringify({ schema_version: '1.6.0', id: 'GO-2022-0411', modified: '2024-01-01T00:00:00Z', affected }),
  );
  const request: FeedRequest = {
    ...olderHost,
    releases: new Set(['Go']),
    packages: new Set(['github.com/Masterminds/goutils', 'github.com/masterminds/goutils']),
    installed: new Map(),
  };
  await warm(request);
  for (const name of request.packages!) {
    const one = { ...request, packages: new Set([name]) };
    const { index } = await cache.loadFeeds(one);
    expect(index.packageClaims('Go', 'binary', name)?.vulnerabilities.flatMap(({ claims }) => claims)).toHaveLength(1);
  }
  expect(reads).toEqual([]);
});
