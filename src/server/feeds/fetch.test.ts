import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { fetchFeed } from './fetch-feed.ts';

const BYTES = Buffer.from(Array.from({ length: 200_000 }, (_, n) => n % 251));
const ERRATA = '<updates></updates>';
const CHECKSUM = createHash('sha256').update(ERRATA).digest('hex');

describe('a download', () => {
  let server: http.Server;
  let base = '';
  let bytesSent = 0;
  let asked: { range: string | undefined; ifRange: string | undefined }[] = [];
  /** Bytes after which each answer breaks off, in order; then whole. */
  let breaks: number[] = [];
  let etag = '"one"';
  /** The file is another one from the moment an answer breaks off. */
  let etagAfterBreak: string | null = null;
  let ranges = true;
  let checksum = CHECKSUM;
  const folder = mkdtempSync(path.join(os.tmpdir(), 'fettle-fetch-'));

  beforeAll(async () => {
    server = http.createServer((request, response) => {
      if (request.url?.endsWith('repomd.xml'))
        return response.end(
          `<repomd><data type="primary"><location href="repodata/p.xml"/></data><data type="updateinfo"><checksum type="sha256">${checksum}</checksum><open-checksum type="sha256">00</open-checksum><location href="repodata/abc-updateinfo.xml"/></data></repomd>`,
        );
      if (request.url?.endsWith('abc-updateinfo.xml')) return response.end(ERRATA);
      if (request.url === '/endless')
        return void (async () => {
          for (let sent = 0; sent < 10_000_000 && !response.destroyed; sent += BYTES.length) {
            response.write(BYTES);
            bytesSent += BYTES.length;
            await setTimeout(5);
          }
          response.end();
        })();
      if (request.url === '/nothing-new') return response.writeHead(304).end();
      if (request.url === '/asked-too-often') return response.writeHead(429, { 'retry-after': '7200' }).end();
      if (request.url === '/under-repair')
        return response.writeHead(503, { date: 'Sun, 22 Nov 2026 16:00:00 GMT', 'retry-after': 'Sun, 22 Nov 2026 16:45:00 GMT' }).end();
      if (request.url === '/gone-for-a-year') return response.writeHead(503, { 'retry-after': '31536000' }).end();
      if (request.url === '/silent') return response.writeHead(200, { 'content-length': 1_000 }).flushHeaders();
      if (request.url === '/slow')
        return void (async () => {
          for (let n = 0; n < 100 && !response.destroyed; n++) {
            response.write('x');
            await setTimeout(50);
          }
          response.end();
        })();
      const range = request.headers.range;
      asked.push({ range, ifRange: request.headers['if-range'] as string | undefined });
      const from = range !== undefined && ranges && request.headers['if-range'] === etag ? Number(/\d+/.exec(range)![0]) : 0;
      const rest = BYTES.subarray(from);
      const headers = { etag, 'content-length': rest.length, ...(ranges ? { 'accept-ranges': 'bytes' } : {}) };
      if (from > 0) response.writeHead(206, { ...headers, 'content-range': `bytes ${from}-${BYTES.length - 1}/${BYTES.length}` });
      else response.writeHead(200, headers);
      const stop = breaks.shift();
      if (stop === undefined) return response.end(rest);
      // A clean end of the connection, after what was sent has arrived: it is less than was announced.
      response.write(rest.subarray(0, stop), () => void setTimeout(400).then(() => request.socket.end()));
      etag = etagAfterBreak ?? etag;
    });
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => {
    server.close();
    rmSync(folder, { recursive: true });
  });
  beforeEach(() => {
    [asked, breaks, etag, ranges, checksum] = [[], [], '"one"', true, CHECKSUM];
    etagAfterBreak = null;
  });
  const get = (url: string) =>
    fetchFeed({ url: base + url, folder, etag: null, lastModified: null, privateAllowed: true, signal: new AbortController().signal });
  const LIMITS = { bytesMax: 100_000, idleMs: 5_000, totalMs: 60_000 };
  const within = (url: string, limits: Partial<typeof LIMITS>) =>
    fetchFeed({
      url: base + url,
      folder,
      etag: null,
      lastModified: null,
      privateAllowed: true,
      signal: new AbortController().signal,
      limits: { ...LIMITS, ...limits },
    });
  const content = async (url: string) => {
    const answer = await get(url);
    return answer.kind === 'file' ? readFileSync(answer.path) : null;
  };

  it('goes on where it broke off, and asks for the same file', async () => {
    breaks = [50_000, 30_000];
    expect((await content('/feed.bin'))?.equals(BYTES)).toBe(true);
    expect(asked.length).toBe(3);
    expect(asked[0]).toEqual({ range: undefined, ifRange: undefined });
    expect(asked[1]).toEqual({ range: expect.stringMatching(/^bytes=[1-9]\d*-$/), ifRange: '"one"' });
  });

  it('begins again where the server has no ranges, or only a weak name for the file', async () => {
    breaks = [50_000];
    ranges = false;
    expect((await content('/feed.bin'))?.equals(BYTES)).toBe(true);
    [breaks, ranges, etag] = [[50_000], true, 'W/"one"'];
    expect((await content('/feed.bin'))?.equals(BYTES)).toBe(true);
    expect(asked.map(one => one.range)).toEqual([undefined, undefined, undefined, undefined]);
  });

  it('takes the whole of another file that is there by now', async () => {
    breaks = [50_000];
    etagAfterBreak = '"two"';
    expect(await get('/feed.bin')).toMatchObject({ kind: 'file', bytes: BYTES.length, etag: '"two"' });
  });

  it('gives up after some tries, with the reason', async () => {
    breaks = Array.from({ length: 9 }, () => 1_000);
    await expect(get('/feed.bin')).rejects.toMatchObject({ code: 'feed-unreachable' });
    expect(asked.length).toBe(5);
  }, 30_000);

  it('goes on another day where it stopped, and says how much has arrived', async () => {
    const kept = mkdtempSync(path.join(folder, 'kept-'));
    const fetching = (signal: AbortSignal) =>
      fetchFeed({ url: `${base}/large.bin`, folder: kept, etag: null, lastModified: null, privateAllowed: true, signal });
    breaks = Array.from({ length: 5 }, () => 20_000);
    await expect(fetching(new AbortController().signal)).rejects.toMatchObject({
      code: 'feed-unreachable',
      message: expect.stringContaining('bytes have arrived and are kept'),
    });
    const [had] = [asked.length];
    breaks = [];
    const answer = await fetching(new AbortController().signal);
    expect(asked.length).toBe(had + 1);
    expect(asked.at(-1)).toEqual({ range: expect.stringMatching(/^bytes=[1-9]\d{4,}-$/), ifRange: '"one"' });
    expect(answer.kind === 'file' && readFileSync(answer.path).equals(BYTES)).toBe(true);
  }, 30_000);

  it('that is announced as too large is not begun, and one that does not say so is stopped', async () => {
    await expect(within('/file', {})).rejects.toMatchObject({
      code: 'feed-too-large',
      message: expect.stringMatching(/sends more than 100000 bytes/),
    });
    expect(readdirSync(folder)).not.toContain('file');
    await expect(within('/endless', {})).rejects.toMatchObject({ code: 'feed-too-large' });
    expect(bytesSent).toBeLessThan(5_000_000);
  });

  it('ends when nothing comes any more, and when it takes too long as a whole', { timeout: 30_000 }, async () => {
    await expect(within('/silent', { idleMs: 100 })).rejects.toMatchObject({
      code: 'feed-unreachable',
      message: expect.stringContaining('no data for 0.1 s'),
    });
    await expect(within('/slow', { totalMs: 600 })).rejects.toMatchObject({
      code: 'feed-unreachable',
      message: expect.stringContaining('it took longer than 0.01 minutes'),
    });
  });

  it.each([
    ['/asked-too-often', 120],
    ['/under-repair', 45],
    ['/gone-for-a-year', 1_440],
  ])('of a publisher that wants to be left alone waits as long: %s, %i minutes', async (name, minutes) => {
    await expect(within(name, {})).rejects.toMatchObject({
      waitMs: minutes * 60_000,
      message: expect.stringContaining(`asks to be left alone for ${minutes} minutes`),
    });
  });

  it('takes "not modified" for an answer only where something is known', async () => {
    await expect(within('/nothing-new', {})).rejects.toMatchObject({
      code: 'feed-unreachable',
      message: expect.stringContaining('304 to a request without conditions'),
    });
  });

  it('finds the errata of a repository by its index, and believes them by their checksum', async () => {
    expect((await content('/rocky/9/BaseOS/repodata/repomd.xml'))?.toString()).toBe(ERRATA);
    checksum = 'ab'.repeat(32);
    await expect(get('/rocky/9/BaseOS/repodata/repomd.xml')).rejects.toMatchObject({
      code: 'feed-not-vouched',
      message: expect.stringContaining('checksum'),
    });
  });
});
