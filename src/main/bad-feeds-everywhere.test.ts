import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FeedImport } from '../api/feeds.ts';
import { makeZip } from '../plugins/advisory-sources/testkit.ts';
import { feedThreads } from './feed-threads.ts';
import { loadFeeds } from './scan-feeds.ts';
import { type FeedSite, openFeedSite } from './test-feed-site.ts';

const osv = (id: string, more: object = {}, fixed = '2.0') =>
  `${JSON.stringify({
    schema_version: '1.6.0',
    id,
    modified: '2026-01-01T00:00:00Z',
    affected: [{ package: { ecosystem: 'PyPI', name: 'x' }, ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }, { fixed }] }] }],
    ...more,
  })}\n`;
const GOOD = ['PYSEC-1-1', 'PYSEC-1-2', 'PYSEC-1-3'];
const good = GOOD.map(id => osv(id)).join('');
const notUtf8 = Buffer.from(good + osv('PYSEC-1-9', { summary: '?' }));
notUtf8[notUtf8.lastIndexOf('?')] = 0xff;
const bomb = Object.fromEntries(
  Array.from({ length: 40 }, (_, n) => [`PYSEC-2-${n}.json`, osv(`PYSEC-2-${n}`, { details: 'x'.repeat(2_000_000) })]),
);
const zip = makeZip({ 'a.json': osv('PYSEC-1-1'), 'b.json': osv('PYSEC-1-2') });

interface Case {
  readonly name: string;
  readonly file: string;
  readonly content: string | Uint8Array;
  /** What a person reads of it. */
  readonly says: RegExp | null;
  /** Ids that are taken from it; null: the file as a whole is not. */
  readonly taken: readonly string[] | null;
}

const CASES: readonly Case[] = [
  {
    name: 'an unparsable version',
    file: 'f.jsonl',
    content: good + osv('PYSEC-1-9', {}, 'not a version'),
    says: /cannot be ordered/,
    taken: GOOD,
  },
  {
    name: 'an unknown release',
    file: 'f.zip',
    content: makeZip({
      ...Object.fromEntries(GOOD.map(id => [`${id}.json`, osv(id)])),
      'PYSEC-1-4.json': osv('PYSEC-1-4', {
        affected: ['PyPI', 'Debian:atlantis'].map(ecosystem => ({
          package: { ecosystem, name: 'x' },
          ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }, { fixed: '2.0' }] }],
        })),
      }),
    }),
    says: /release Debian:atlantis: it is none that Fettle knows/,
    taken: [...GOOD, 'PYSEC-1-4'],
  },
  {
    name: 'a wrong epoch',
    file: 'f.jsonl',
    content: good + osv('PYSEC-1-9', {}, 'one!2.0'),
    says: /version one!2.0 cannot be ordered/,
    taken: GOOD,
  },
  { name: 'a cut archive', file: 'f.zip', content: zip.subarray(0, zip.length - 30), says: /ends before its directory/, taken: null },
  {
    name: 'a cut compressed file',
    file: 'f.jsonl.gz',
    content: gzipSync(good).subarray(0, 80),
    says: /damaged or cut|ends too early/,
    taken: null,
  },
  { name: 'a zip bomb', file: 'f.zip', content: makeZip(bomb), says: /far more than it holds: a zip bomb/, taken: null },
  { name: 'an id that comes twice', file: 'f.jsonl', content: good + osv('PYSEC-1-1'), says: null, taken: GOOD },
  {
    name: 'aliases in a circle',
    file: 'f.jsonl',
    content: good + osv('PYSEC-1-4', { aliases: ['GHSA-aaaa-aaaa-aaaa'] }) + osv('GHSA-aaaa-aaaa-aaaa', { aliases: ['PYSEC-1-4'] }),
    says: null,
    taken: [...GOOD, 'PYSEC-1-4', 'GHSA-aaaa-aaaa-aaaa'],
  },
  {
    name: 'a withdrawn record',
    file: 'f.jsonl',
    content: good + osv('PYSEC-1-9', { withdrawn: '2026-02-01T00:00:00Z' }),
    says: /PYSEC-1-9 was withdrawn on 2026-02-01/,
    taken: GOOD,
  },
  {
    name: 'a date in the future',
    file: 'f.jsonl',
    content: good + osv('PYSEC-1-4', { modified: '2099-01-01T00:00:00Z' }),
    says: /its date 2099-01-01 lies in the future/,
    taken: [...GOOD, 'PYSEC-1-4'],
  },
  { name: 'bytes that are not UTF-8', file: 'f.jsonl', content: notUtf8, says: /line 4: the line is not UTF-8 text/, taken: GOOD },
  { name: 'an empty file', file: 'f.jsonl', content: '', says: /empty/, taken: null },
];

const KEPT = '{"cve":"CVE-2023-45853","src":"zlib","status":"open","severity":"critical","as_of":"2026-02-18"}\n';
const work = mkdtempSync(path.join(os.tmpdir(), 'fettle-bad-everywhere-'));

/** A folder with the bad file, and a good one of another feed that sorts behind it. */
function folderOf(one: Case): string {
  const folder = mkdtempSync(path.join(work, 'in-'));
  writeFileSync(path.join(folder, one.file), one.content);
  writeFileSync(path.join(folder, 'kept.jsonl'), KEPT);
  return folder;
}

describe('bad input, wherever it comes in', () => {
  let site: FeedSite;
  beforeAll(async () => {
    site = await openFeedSite(() => feedThreads);
  });
  afterAll(async () => {
    await site.close();
    rmSync(work, { recursive: true });
  });

  const ids = async (feed: string) => (await site.claims(feed)).map(line => line.split(' ')[0]).sort();
  const forget = () => site.database.db.query('truncate claim, feed_part, quarantine');
  const allThatIsSaid = async (told: FeedImport) => {
    const rows = await site.feeds.list();
    return [...told.skipped.map(one => one.reason), told.message, ...rows.flatMap(row => [row.message, ...row.quarantineSample])].join(
      '\n',
    );
  };

  it.each(CASES)('$name: by import, with nothing of the rest harmed', async one => {
    await forget();
    const told = await site.importing(folderOf(one));
    expect(await ids('debian-open')).toEqual(['CVE-2023-45853']);
    expect(await ids('osv-pypi')).toEqual([...(one.taken ?? [])].sort());
    if (one.says !== null) expect(await allThatIsSaid(told)).toMatch(one.says);
  });

  it.each(CASES)('$name: by a sync, after which what was loaded before is in force or the new', async one => {
    await forget();
    await site.setUrl('osv-pypi', one.file);
    const zipped = () => makeZip(Object.fromEntries(GOOD.map(id => [`${id}.json`, osv(id)])));
    site.publish(one.file, one.file.endsWith('.gz') ? gzipSync(good) : one.file.endsWith('.zip') ? zipped() : good);
    expect(await site.syncing('osv-pypi')).toMatchObject({ state: 'done', message: null });
    expect(await ids('osv-pypi')).toEqual(GOOD);
    site.publish(one.file, one.content);
    const told = await site.syncing('osv-pypi');
    expect(await ids('osv-pypi')).toEqual([...(one.taken ?? GOOD)].sort());
    if (one.says !== null) expect(await allThatIsSaid(told)).toMatch(one.says);
    const feed = (await site.feeds.list()).find(row => row.id === 'osv-pypi')!;
    expect(feed.state).toBe(one.taken === null ? 'failed' : 'current');
  });

  it.each(CASES)('$name: by a scan', async one => {
    const loaded = await loadFeeds({
      locations: [folderOf(one)],
      today: '2026-11-22',
      releases: new Set(['debian:12', 'PyPI']),
      packages: null,
      installed: null,
    });
    const said = [...loaded.problems, ...loaded.quarantineSample].join('\n');
    expect(loaded.index.packageClaims('debian:12', 'source', 'zlib')?.vulnerabilities).toHaveLength(1);
    const found = loaded.index.packageClaims('PyPI', 'binary', 'x')?.vulnerabilities ?? [];
    expect(new Set(found.flatMap(each => [each.vulnerabilityId, ...each.aliases]))).toEqual(new Set(one.taken ?? []));
    // A scan is of releases that somebody asked for: what it leaves out of others is nobody's question.
    if (one.says !== null && one.name !== 'an unknown release') expect(said).toMatch(one.says);
  });
});
