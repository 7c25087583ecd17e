import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeZip } from '../plugins/advisory-sources/testkit.ts';
import { type FeedEvent, findFeedFiles, readFeedPath } from './feed-files.ts';

const OPTIONS = { today: '2026-11-22', releases: null, packages: null };
const OPEN = '{"cve":"CVE-2023-45853","src":"zlib","status":"open","severity":"critical","as_of":"2026-02-18"}\n';
const FIXED = '{"cve":"CVE-2023-52168","src":"7zip","fixed":"22.01","suite":"bookworm","date":"2024-10-18"}\n';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'fettle-feeds-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

async function read(location: string): Promise<FeedEvent[]> {
  const events: FeedEvent[] = [];
  for await (const event of readFeedPath(location, OPTIONS)) events.push(event);
  return events;
}

describe('readFeedPath', () => {
  it('reads a folder by content, whatever the names, and says what it passes over', async () => {
    writeFileSync(path.join(folder, 'a.bin'), gzipSync(OPEN));
    writeFileSync(path.join(folder, 'b.txt'), FIXED);
    writeFileSync(path.join(folder, 'README.md'), '# feeds');
    writeFileSync(path.join(folder, 'empty.json'), '');
    const events = await read(folder);
    expect(events.filter(event => event.kind === 'skipped').map(event => [path.basename(event.path), event.reason])).toEqual([
      ['README.md', 'not a feed in a format that Fettle knows'],
      ['empty.json', 'the file is empty'],
    ]);
    expect(
      events
        .filter(event => event.kind === 'finished')
        .map(event => [event.file.source.id, event.records, event.quarantined, event.dataDate]),
    ).toEqual([
      ['debian-open', 1, 0, '2026-02-18'],
      ['debian-changelogs', 1, 0, '2024-10-18'],
    ]);
  });

  it('one damaged file does not touch the others', async () => {
    writeFileSync(path.join(folder, 'a.gz'), gzipSync(OPEN.repeat(5000)).subarray(0, 200));
    writeFileSync(path.join(folder, 'b.jsonl'), FIXED);
    const events = await read(folder);
    expect(events.filter(event => event.kind === 'failed')).toMatchObject([{ fault: { code: 'feed-truncated' } }]);
    expect(events.filter(event => event.kind === 'finished')).toMatchObject([{ records: 1 }]);
  });

  it('reads an archive of records, puts its damaged files aside, and tells a cut one', async () => {
    const record = (id: string) =>
      JSON.stringify({
        id,
        modified: '2026-01-01T00:00:00Z',
        schema_version: '1.6.0',
        affected: [
          { package: { ecosystem: 'PyPI', name: 'x' }, ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }, { fixed: '2' }] }] },
        ],
      });
    const zip = Buffer.from(
      makeZip({
        'README.md': 'hello',
        'a/PYSEC-1-1.json': record('PYSEC-1-1'),
        'PYSEC-1-2.json': record('PYSEC-1-2'),
        'PYSEC-1-3.json': record('PYSEC-1-3'),
      }),
    );
    zip.fill(
      0x55,
      zip.lastIndexOf('PYSEC-1-2.json', zip.indexOf('PK\x01\x02', 0, 'latin1')) + 14,
      zip.lastIndexOf('PYSEC-1-2.json', zip.indexOf('PK\x01\x02', 0, 'latin1')) + 40,
    );
    writeFileSync(path.join(folder, 'all.zip'), zip);
    writeFileSync(path.join(folder, 'cut.zip'), zip.subarray(0, zip.length - 30));
    const events = await read(folder);
    expect(events.filter(event => event.kind === 'skipped')).toMatchObject([{ reason: 'the archive ends before its directory' }]);
    expect(events.filter(event => event.kind === 'finished')).toMatchObject([{ records: 2, quarantined: 1 }]);
    expect(events.flatMap(event => (event.kind === 'items' ? event.items : [])).filter(item => item.kind === 'quarantined')).toMatchObject([
      { record: 'PYSEC-1-2.json' },
    ]);
  });

  it('an archive that unpacks to far more than it holds is refused', async () => {
    writeFileSync(
      path.join(folder, 'bomb.zip'),
      makeZip(
        Object.fromEntries(
          Array.from({ length: 40 }, (_, n) => [
            `PYSEC-1-${n}.json`,
            `{"id":"PYSEC-1-${n}","modified":"2026-01-01T00:00:00Z","affected":[],"details":"${'x'.repeat(2_000_000)}"}`,
          ]),
        ),
      ),
    );
    expect((await read(folder)).filter(event => event.kind === 'failed')).toMatchObject([{ fault: { code: 'feed-too-large' } }]);
  });

  describe('tar archives', () => {
    const record = (id: string) =>
      JSON.stringify({
        id,
        modified: '2026-01-01T00:00:00Z',
        schema_version: '1.6.0',
        affected: [
          { package: { ecosystem: 'PyPI', name: 'x' }, ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }, { fixed: '2' }] }] },
        ],
      });
    const LONG = `${'a-folder-with-a-long-name/'.repeat(6)}PYSEC-1-2.json`;
    /** As GNU tar writes it: a folder, a file that is no feed, and a name that does not fit into a header. */
    const tar = () =>
      Buffer.concat([
        member('x/', '', '5'),
        member('x/README.md', 'hello'),
        member('x/PYSEC-1-1.json', record('PYSEC-1-1')),
        member('././@LongLink', `${LONG}\0`, 'L'),
        member(LONG.slice(0, 100), record('PYSEC-1-2')),
        member('x/PYSEC-1-3.json', record('PYSEC-1-3').slice(0, 40)),
        member('x/PYSEC-1-4.json', record('PYSEC-1-4')),
        Buffer.alloc(1_024),
      ]);

    it.each([
      ['plain', (bytes: Buffer) => bytes],
      ['gzip', gzipSync],
      ['zstd', zstdCompressSync],
    ] as const)('are read file by file, packed as %s; a damaged file is put aside', async (_packing, pack) => {
      writeFileSync(path.join(folder, 'records.tar.any'), pack(tar()));
      const events = await read(folder);
      const ids = events
        .flatMap(event => (event.kind === 'items' ? event.items : []))
        .flatMap(item => (item.kind === 'claim' ? [item.claim.vulnerabilityId] : []));
      expect(ids).toEqual(['PYSEC-1-1', 'PYSEC-1-2', 'PYSEC-1-4']);
      expect(events.filter(event => event.kind === 'failed')).toEqual([]);
    });

    it('say of a file that is no record that it is none, without loss for the others', async () => {
      const good = {
        schema_version: '1.7.0',
        id: 'PYSEC-1-1',
        modified: '2026-01-01T00:00:00Z',
        affected: [{ package: { ecosystem: 'PyPI', name: 'x' }, versions: ['1.0'] }],
      };
      const bad = { ...good, id: 12345 };
      writeFileSync(
        path.join(folder, 'all.zip'),
        makeZip({ 'PYSEC-1-1.json': JSON.stringify(good), 'PYSEC-1-2.json': JSON.stringify(bad) }),
      );
      const events = await read(folder);
      expect(events.flatMap(event => (event.kind === 'items' ? event.items : []))).toMatchObject([
        { kind: 'claim', claim: { vulnerabilityId: 'PYSEC-1-1' } },
        { kind: 'quarantined', record: 'PYSEC-1-2.json', reason: 'not a feed in a format that Fettle knows', isRemark: true },
      ]);
      expect(events.find(event => event.kind === 'finished')).toMatchObject({ records: 1, quarantined: 1 });
    });

    it('in UTF-16 is said to be that', () => {
      writeFileSync(path.join(folder, 'kev.json'), Buffer.from('\ufeff{"catalogVersion":"1","vulnerabilities":[]}', 'utf16le'));
      expect(findFeedFiles(folder).skipped).toMatchObject([{ reason: 'it is UTF-16 text, and feeds are UTF-8: convert it first' }]);
    });

    it('are of the publisher whom their document names behind long notes', async () => {
      const document = {
        document: {
          csaf_version: '2.0',
          notes: [{ text: 'x'.repeat(20_000) }],
          publisher: { name: 'Red Hat Product Security', namespace: 'https://www.redhat.com' },
        },
      };
      writeFileSync(path.join(folder, 'rhsa-2024_1.json'), JSON.stringify(document));
      writeFileSync(path.join(folder, 'rhsa-2024_2.json.gz'), gzipSync(JSON.stringify(document)));
      expect(findFeedFiles(folder).files.map(file => file.source.id)).toEqual(['redhat-csaf', 'redhat-csaf']);
    });

    it('are told when they are cut or damaged', async () => {
      const whole = tar();
      writeFileSync(path.join(folder, 'cut.tar'), whole.subarray(0, whole.length - 1_500));
      const damaged = Buffer.from(whole);
      damaged[whole.indexOf('x/PYSEC-1-4.json')] = 0x79;
      writeFileSync(path.join(folder, 'damaged.tar'), damaged);
      expect((await read(folder)).flatMap(event => (event.kind === 'failed' ? [event.fault.message] : []))).toEqual([
        'the archive ends before its end mark',
        'the archive is damaged: a header has a wrong checksum',
      ]);
    });
  });

  it('a path that is not there is a fault that says so', async () => {
    await expect(read(path.join(folder, 'missing'))).rejects.toMatchObject({
      code: 'feed-not-found',
      message: expect.stringContaining('missing'),
    });
  });

  it('a feed that is too large to be read at once is streamed', { timeout: 120_000 }, async () => {
    // 80 MB of lines, 200 KB packed would be a bomb: every line differs.
    const lines: string[] = [];
    for (let n = 0; lines.length < 300_000; n++)
      lines.push(
        `{"cve":"CVE-2024-${100_000 + n}","src":"package-${n}","fixed":"1.${n}-1+deb12u${n % 97}","suite":"bookworm","date":"2024-10-18","also":["1.${n}-2","2.${n * 7}-3", "3.${n * 13}-4+a-longer-one-${n * 31}-to-fill-the-file-with-text-that-does-not-repeat-${n * 1237}"]}`,
      );
    writeFileSync(path.join(folder, 'large.jsonl.gz'), gzipSync(`${lines.join('\n')}\n`, { level: 1 }));
    const events = await read(folder);
    expect(events.find(event => event.kind === 'finished')).toMatchObject({ records: 300_000, quarantined: 0 });
    expect(events.filter(event => event.kind === 'items').length).toBeGreaterThan(20);
  });
});

function member(name: string, content: string, type = '0'): Buffer {
  const header = Buffer.alloc(512);
  header.write(name, 0, 100);
  header.write(`${Buffer.byteLength(content).toString(8).padStart(11, '0')}\0`, 124);
  header.write('        ', 148);
  header.write(type, 156);
  header.write('ustar\u000000', 257);
  header.write(
    `${header
      .reduce((sum, byte) => sum + byte, 0)
      .toString(8)
      .padStart(6, '0')}\0 `,
    148,
  );
  return Buffer.concat([header, Buffer.from(content), Buffer.alloc((512 - (Buffer.byteLength(content) % 512)) % 512)]);
}
