import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Claim } from '../core/advisories/claim.ts';
import { indexClaims } from '../core/advisories/claim-index.ts';
import { matchPackage } from '../core/findings/match.ts';
import { makeZip } from '../plugins/advisory-sources/testkit.ts';
import { stageItems } from '../server/feeds/stage.ts';
import { findFeedFiles, readFeedFile, readFeedPath } from './feed-files.ts';

const OPTIONS = { today: '2026-11-22', releases: null, packages: null };
const GOOD = '{"cve":"CVE-2023-45853","src":"zlib","status":"open","severity":"critical","as_of":"2026-02-18"}\n';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'fettle-bad-feeds-'));
  writeFileSync(path.join(folder, 'good.jsonl'), GOOD);
});
afterEach(() => rmSync(folder, { recursive: true }));

const osv = (id: string, more: object = {}, fixed = '2.0') => ({
  schema_version: '1.6.0',
  id,
  modified: '2026-01-01T00:00:00Z',
  affected: [{ package: { ecosystem: 'PyPI', name: 'x' }, ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }, { fixed }] }] }],
  ...more,
});
const lines = (...records: readonly object[]) => records.map(record => `${JSON.stringify(record)}\n`).join('');

/** What a folder with a bad file beside a good one gives; the good one must be whole, whatever the other is. */
async function readBeside(name: string, content: string | Uint8Array) {
  writeFileSync(path.join(folder, name), content);
  const claims: Claim[] = [];
  const reasons: string[] = [];
  for await (const event of readFeedPath(folder, OPTIONS)) {
    if (event.kind === 'skipped') reasons.push(event.reason);
    if (event.kind === 'failed') reasons.push(event.fault.message);
    if (event.kind !== 'items') continue;
    for (const item of event.items) {
      if (item.kind === 'claim') claims.push(item.claim);
      if (item.kind === 'quarantined') reasons.push(`${item.record}: ${item.reason}`);
    }
  }
  expect(claims.filter(claim => claim.vulnerabilityId === 'CVE-2023-45853')).toHaveLength(1);
  return { claims: claims.filter(claim => claim.vulnerabilityId !== 'CVE-2023-45853'), reasons };
}
const ids = (claims: readonly Claim[]) => claims.map(claim => claim.vulnerabilityId);

describe('bad input costs itself only, and says what is wrong', () => {
  it('versions that cannot be ordered', async () => {
    const { claims, reasons } = await readBeside(
      'bad.jsonl',
      lines(osv('PYSEC-1-1'), osv('PYSEC-1-2', {}, 'not a version'), osv('PYSEC-1-3')),
    );
    expect(ids(claims)).toEqual(['PYSEC-1-1', 'PYSEC-1-3']);
    expect(reasons).toEqual([expect.stringMatching(/PYSEC-1-2 x: version .*not a version.* cannot be ordered \(.+\)/)]);
  });

  const update = (id: string, release: string, version: string) =>
    `<update type="security"><id>${id}</id><release>${release}</release><references><reference id="CVE-2026-1" type="cve"/></references><pkglist><collection><name>x</name><package name="p" ${version} arch="x86_64"/></collection></pkglist></update>`;

  it('releases that nobody knows', async () => {
    const good = update('RLSA-1', 'Rocky Linux 9', 'version="1" release="1.el9"');
    const bad = update('RLSA-2', 'Atlantis Linux 7', 'version="1" release="1"');
    const { claims, reasons } = await readBeside('bad.xml', `<updates>${good}${bad}</updates>`);
    expect(claims.map(claim => claim.release)).toEqual(['rocky:9']);
    expect(reasons).toEqual(['RLSA-2 p: it does not say for which release it is']);
    // A publisher's next release stands in every record: it is said once.
    const tracker = (codename: string) => ({ releases: { bookworm: { status: 'open' }, [codename]: { status: 'open' } } });
    const debian = await readBeside(
      'bad.xml',
      JSON.stringify({ p: { 'CVE-2026-1': tracker('atlantis'), 'CVE-2026-2': tracker('atlantis') } }),
    );
    expect(debian.claims.map(claim => claim.release)).toEqual(['debian:12', 'debian:12']);
    expect(debian.reasons).toEqual(['release atlantis: it is none that Fettle knows; statements about it that are left out: 2']);
    const ubuntu = osv('UBUNTU-CVE-2026-1', {
      affected: ['Ubuntu:atlantis', 'Ubuntu:22.04:LTS', 'Android'].map(ecosystem => ({
        package: { ecosystem, name: 'p' },
        ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }, { fixed: '1' }] }],
      })),
    });
    expect((await readBeside('bad.xml', lines(ubuntu))).reasons).toEqual([
      'release Ubuntu:atlantis: it is none that Fettle knows; statements about it that are left out: 1',
    ]);
  });

  it('wrong epochs', async () => {
    const bad = update('RLSA-1', 'Rocky Linux 9', 'version="1" release="1.el9" epoch="-1"');
    const good = update('RLSA-2', 'Rocky Linux 9', 'version="1" release="1.el9" epoch="2"');
    const { claims, reasons } = await readBeside('bad.xml', `<updates>${bad}${good}</updates>`);
    expect(claims.map(claim => claim.fixedVersion)).toEqual(['2:1-1.el9']);
    expect(reasons).toEqual(['RLSA-1 p: its epoch -1 is no number']);
    const debian = '{"cve":"CVE-2023-52168","src":"7zip","fixed":"one:22.01","suite":"bookworm","date":"2024-10-18"}\n';
    expect((await readBeside('bad.xml', debian)).reasons[0]).toMatch(/version one:22.01 cannot be ordered \(.*epoch/);
  });

  it('a feed of 300 MB, in memory that does not grow with it', { timeout: 300_000 }, async () => {
    const file = openSync(path.join(folder, 'large.jsonl'), 'w');
    const padding = 'x'.repeat(30_000);
    const records = 10_000;
    for (let n = 0; n < records; n++)
      writeSync(file, n === 5_000 ? '{"broken\n' : `${JSON.stringify(osv(`PYSEC-1-${n}`, { details: padding }))}\n`);
    closeSync(file);
    const before = process.memoryUsage().rss;
    let [claims, peak] = [0, 0];
    const reasons: string[] = [];
    for await (const event of readFeedPath(folder, OPTIONS)) {
      if (event.kind !== 'items') continue;
      claims += event.items.filter(item => item.kind === 'claim').length;
      for (const item of event.items) if (item.kind === 'quarantined') reasons.push(item.reason);
      peak = Math.max(peak, process.memoryUsage().rss - before);
    }
    expect(claims).toBe(records);
    expect(reasons).toEqual(['the line is not JSON']);
    expect(peak).toBeLessThan(250_000_000);
  });

  it('cut archives', async () => {
    const zip = makeZip({ 'a.json': JSON.stringify(osv('PYSEC-1-1')), 'b.json': JSON.stringify(osv('PYSEC-1-2')) });
    expect(await readBeside('cut.zip', zip.subarray(0, zip.length - 30))).toEqual({
      claims: [],
      reasons: ['the archive ends before its directory'],
    });
    expect((await readBeside('cut.zip', gzipSync(lines(osv('PYSEC-1-1'))).subarray(0, 60))).reasons).toEqual([
      'the compressed file is damaged or cut',
    ]);
  });

  it('archives that unpack to far more than they hold', async () => {
    const bomb = Object.fromEntries(
      Array.from({ length: 40 }, (_, n) => [`PYSEC-1-${n}.json`, JSON.stringify(osv(`PYSEC-1-${n}`, { details: 'x'.repeat(2_000_000) }))]),
    );
    expect((await readBeside('bomb.zip', makeZip(bomb))).reasons).toEqual(['the archive unpacks to far more than it holds: a zip bomb']);
  });

  it('an archive within an archive is no feed', async () => {
    const inner = Buffer.from(makeZip({ 'a.json': JSON.stringify(osv('PYSEC-1-1')) })).toString('latin1');
    expect((await readBeside('nested.zip', makeZip({ 'inner.zip': inner }))).reasons).toEqual(['not a feed in a format that Fettle knows']);
  });

  it('the same id twice: one statement, once', async () => {
    writeFileSync(path.join(folder, 'twice.jsonl'), lines(osv('PYSEC-1-1'), osv('PYSEC-1-1'), osv('PYSEC-1-1', {}, '3.0')));
    const file = findFeedFiles(path.join(folder, 'twice.jsonl')).files[0]!;
    let [rows, records] = ['', 0];
    for await (const event of stageItems(readFeedFile(file, OPTIONS), file.source, [])) {
      if (event.kind === 'rows') rows += Buffer.from(event.copy).toString();
      if (event.kind === 'finished') records = event.records;
    }
    expect([records, rows.trim().split('\n').length]).toEqual([3, 2]);
  });

  it('aliases in a circle', async () => {
    const { claims, reasons } = await readBeside(
      'circle.jsonl',
      lines(
        osv('PYSEC-1-1', { aliases: ['GHSA-aaaa-aaaa-aaaa'] }),
        osv('GHSA-aaaa-aaaa-aaaa', { aliases: ['CVE-2026-7'] }),
        osv('CVE-2026-7', { aliases: ['PYSEC-1-1', 'CVE-2026-7'] }),
      ),
    );
    expect(reasons).toEqual([]);
    const found = matchPackage(indexClaims(claims), {
      release: 'PyPI',
      sourceName: 'x',
      sourceVersion: '1.0',
      packageName: 'x',
      originTrusted: true,
    });
    expect(found.map(finding => finding.vulnerabilityId)).toEqual(['CVE-2026-7']);
  });

  it('withdrawn records', async () => {
    const { claims, reasons } = await readBeside(
      'bad.jsonl',
      lines(osv('PYSEC-1-1', { withdrawn: '2026-02-01T00:00:00Z' }), osv('PYSEC-1-2')),
    );
    expect(ids(claims)).toEqual(['PYSEC-1-2']);
    expect(reasons).toEqual([expect.stringContaining('PYSEC-1-1 was withdrawn on 2026-02-01')]);
  });

  it('dates in the future are no dates', async () => {
    const { claims, reasons } = await readBeside(
      'bad.jsonl',
      lines(osv('PYSEC-1-1', { modified: '2031-01-01T00:00:00Z' }), osv('PYSEC-1-2')),
    );
    expect(claims.map(claim => claim.statedOn)).toEqual([null, '2026-01-01']);
    expect(reasons).toEqual(['PYSEC-1-1 x: its date 2031-01-01 lies in the future: the statement is taken without a date']);
  });

  it('bytes that are not UTF-8', async () => {
    const content = Buffer.from(lines(osv('PYSEC-1-1'), osv('PYSEC-1-2', { summary: '?' }), osv('PYSEC-1-3')));
    content[content.indexOf('?')] = 0xff;
    const { claims, reasons } = await readBeside('bad.jsonl', content);
    expect(ids(claims)).toEqual(['PYSEC-1-1', 'PYSEC-1-3']);
    expect(reasons).toEqual(['line 2: the line is not UTF-8 text']);
  });

  it('a feed that is nothing but white space, and one that is not there', async () => {
    expect((await readBeside('blank.json', '   \n\n')).reasons).toEqual(['not a feed in a format that Fettle knows']);
    await expect(readFeedPath(path.join(folder, 'missing'), OPTIONS)[Symbol.asyncIterator]().next()).rejects.toMatchObject({
      code: 'feed-not-found',
    });
  });
});
