import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { unpackStream } from '../plugins/advisory-sources/unpack.ts';
import { findFeedFiles, readFeedPath } from './feed-files.ts';
import { hasProgram, unpackByProgram } from './feed-programs.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'fettle-programs-'));
afterAll(() => rmSync(folder, { recursive: true }));

const KEV = JSON.stringify({
  title: 'CISA Catalog of Known Exploited Vulnerabilities',
  catalogVersion: '2026.11.20',
  dateReleased: '2026-11-20T00:00:00.000Z',
  count: 400,
  vulnerabilities: Array.from({ length: 400 }, (_, n) => ({
    cveID: `CVE-2025-${10_000 + n}`,
    dateAdded: '2026-01-02',
    dueDate: '2026-01-23',
    requiredAction: 'Apply updates.',
    knownRansomwareCampaignUse: 'Unknown',
  })),
});

async function read(name: string, bytes: Uint8Array) {
  const file = path.join(folder, name);
  writeFileSync(file, bytes);
  const events = [];
  for await (const event of readFeedPath(file, { today: '2026-11-22', releases: null, packages: null })) events.push(event);
  return events.at(-1)!;
}

describe.skipIf(!hasProgram('xz'))('a feed packed by xz (skipped where xz is not installed)', () => {
  const packed = hasProgram('xz') ? execFileSync('xz', ['-c'], { input: KEV }) : Buffer.alloc(0);

  it('is recognised and read', async () => {
    expect(await read('kev.json.xz', packed)).toMatchObject({ kind: 'finished', records: 400, dataDate: '2026-11-20' });
  });
  it('is read in a tar archive too', async () => {
    writeFileSync(path.join(folder, 'kev.json'), KEV);
    const tar = execFileSync('tar', ['-C', folder, '-cf', '-', 'kev.json']);
    expect(await read('feeds.tar.xz', execFileSync('xz', ['-c'], { input: tar }))).toMatchObject({ kind: 'finished', records: 400 });
  });
  it.each([
    ['cut', packed.subarray(0, packed.length - 40), 'feed-truncated'],
    ['damaged', Buffer.from(packed).fill(0x55, 200, 260), 'feed-unreadable'],
  ])('that is %s is told by its own words', async (_, bytes, code) => {
    expect(await read('bad.json.xz', bytes)).toMatchObject({
      kind: 'failed',
      fault: { code, message: expect.stringContaining('xz could not') },
    });
  });
  it('that is a bomb is stopped, and its program with it', async () => {
    const bomb = execFileSync('xz', ['-0', '-c'], { input: Buffer.alloc(300_000_000), maxBuffer: 10_000_000 });
    await expect(async () => {
      for await (const _ of unpackStream([bomb], unpackByProgram));
    }).rejects.toMatchObject({ code: 'feed-too-large' });
  }, 60_000);
  it('is named as such where no program unpacks it', async () => {
    await expect(async () => {
      for await (const _ of unpackStream([packed]));
    }).rejects.toMatchObject({ code: 'feed-unreadable', message: expect.stringContaining('install xz') });
    const before = process.env.PATH;
    process.env.PATH = folder;
    try {
      expect(findFeedFiles(path.join(folder, 'kev.json.xz')).skipped).toMatchObject([{ reason: expect.stringContaining('xz') }]);
    } finally {
      process.env.PATH = before;
    }
  });
});

describe.skipIf(!hasProgram('bzip2'))('bzip2 (skipped where it is not installed)', () => {
  it('of the system gives the same as our own', async () => {
    const packed = execFileSync('bzip2', ['-c'], { input: KEV });
    const read = async (...more: [typeof unpackByProgram?]) => {
      const chunks: Uint8Array[] = [];
      for await (const chunk of unpackStream([packed], ...more)) chunks.push(chunk);
      return Buffer.concat(chunks).toString();
    };
    expect(await read(unpackByProgram)).toBe(KEV);
    expect(await read()).toBe(KEV);
  });
});
