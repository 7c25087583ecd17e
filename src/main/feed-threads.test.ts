import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { BY_HAND } from '../core/advisories/trusted-authors.ts';
import { feedThreads } from './feed-threads.ts';

const TRUST = { keys: [], now: '2026-11-22T00:00:00.000Z' };
const OPTIONS = { today: '2026-11-22', prefix: [], origin: BY_HAND };
const folder = mkdtempSync(path.join(tmpdir(), 'fettle-threads-'));
afterAll(() => rmSync(folder, { recursive: true }));

const line = (n: number) =>
  `{"cve":"CVE-2024-${100_000 + n}","src":"package-${n % 500}","fixed":"1.${n}-1","suite":"bookworm","date":"2024-10-18"}\n`;
function feed(name: string, records: number): string {
  const file = path.join(folder, name);
  writeFileSync(file, Array.from({ length: records }, (_, n) => line(n)).join(''));
  return file;
}

describe('reading feeds in a thread', () => {
  it('leaves the caller’s thread free: no 50 ms of its processor at a stretch, however long the feed', { timeout: 120_000 }, async () => {
    const files = feedThreads.open();
    const { files: found } = await files.find(feed('large.jsonl', 150_000), TRUST);
    let last = process.threadCpuUsage();
    let longestMs = 0;
    // Processor time between two ticks, not time on the wall: a busy machine must not fail the test.
    const ticks = setInterval(() => {
      const { user, system } = process.threadCpuUsage(last);
      last = process.threadCpuUsage();
      longestMs = Math.max(longestMs, (user + system) / 1_000);
    }, 1);
    let [bytes, records] = [0, 0];
    for await (const event of files.stage(found[0]!, OPTIONS)) {
      if (event.kind === 'rows') bytes += event.copy.length;
      if (event.kind === 'finished') records = event.records;
    }
    clearInterval(ticks);
    await files.close();
    expect(records).toBe(150_000);
    expect(bytes).toBeGreaterThan(10_000_000);
    expect(longestMs).toBeLessThan(50);
  });

  it('hands over faults with their advice, and goes on with the next file', async () => {
    const files = feedThreads.open();
    await expect(files.find(path.join(folder, 'missing'), TRUST)).rejects.toMatchObject({
      code: 'feed-not-found',
      advice: expect.stringMatching(/path/),
    });
    const cut = path.join(folder, 'cut.jsonl');
    writeFileSync(cut, `${line(1).repeat(3)}{"cve":"CVE-20`);
    const kinds = async (file: string) => {
      const found = (await files.find(file, TRUST)).files[0]!;
      const told: string[] = [];
      for await (const event of files.stage(found, OPTIONS)) told.push(event.kind === 'failed' ? event.fault.code : event.kind);
      return told;
    };
    expect(await kinds(cut)).toEqual(['feed-truncated']);
    expect(await kinds(feed('good.jsonl', 10))).toEqual(['rows', 'finished']);
    await files.close();
  });

  it('ends a reading that is closed while it runs, without a word about the feed', async () => {
    const files = feedThreads.open();
    const { files: found } = await files.find(feed('long.jsonl', 100_000), TRUST);
    const reading = files.stage(found[0]!, OPTIONS)[Symbol.asyncIterator]();
    expect((await reading.next()).value.kind).toBe('rows');
    await files.close();
    await expect(
      (async () => {
        for (;;) if ((await reading.next()).done) return;
      })(),
    ).rejects.toMatchObject({ code: 'feed-interrupted' });
    await expect(files.find(folder, TRUST)).rejects.toMatchObject({ code: 'feed-interrupted' });
  });
});
