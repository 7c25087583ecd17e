import { createHash } from 'node:crypto';
import { deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { headBytesOf, packingOf, unpackAtOnce, unpackHead, unpackStream } from './unpack.ts';

const text = 'VERSION 1\nCVE-2026-0001,,\n'.repeat(500);
const PACKERS = { gzip: gzipSync, zlib: deflateSync, zstd: zstdCompressSync, plain: (data: string) => Buffer.from(data) } as const;

async function unpacked(bytes: Uint8Array, chunkBytes = 100): Promise<string> {
  const chunks: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += chunkBytes) chunks.push(bytes.subarray(at, at + chunkBytes));
  const out: Uint8Array[] = [];
  for await (const chunk of unpackStream(chunks)) out.push(chunk);
  return Buffer.concat(out).toString();
}

describe.each(Object.entries(PACKERS))('%s', (packing, pack) => {
  const bytes = pack(text);

  it('is told by its magic bytes and unpacked at once, as a stream and in its head', async () => {
    expect(packingOf(bytes)).toBe(packing);
    expect(Buffer.from(unpackAtOnce(bytes)!).toString()).toBe(text);
    expect(await unpacked(bytes)).toBe(text);
    expect(await unpacked(bytes, 1)).toBe(text);
    expect(Buffer.from(unpackHead(bytes.subarray(0, 4096))).toString()).toMatch(/^VERSION 1\n/);
  });

  it('shows the beginning of a large file by the bytes that are looked at, also where it packs badly', () => {
    const digests = Array.from({ length: 8_000 }, (_, n) => createHash('sha256').update(String(n)).digest('hex'));
    const large = pack(`VERSION 1\n${digests.join('\n')}`);
    const head = unpackHead(large.subarray(0, headBytesOf(large)));
    expect(Buffer.from(head).toString()).toMatch(/^VERSION 1\n/);
    expect(head.length).toBeGreaterThan(20_000);
  });

  it.skipIf(packing === 'plain')('a cut one is told, at once and as a stream', async () => {
    const cut = bytes.subarray(0, bytes.length - 12);
    expect(() => unpackAtOnce(cut)).toThrow(expect.objectContaining({ code: expect.stringMatching(/^feed-(truncated|unreadable)$/) }));
    await expect(unpacked(cut)).rejects.toMatchObject({ code: expect.stringMatching(/^feed-(truncated|unreadable)$/) });
  });

  it.skipIf(packing === 'plain')('a damaged one is told', async () => {
    const damaged = Buffer.from(bytes);
    damaged.fill(0x55, 10, 40);
    expect(() => unpackAtOnce(damaged)).toThrow(expect.objectContaining({ name: 'Fault' }));
    await expect(unpacked(damaged)).rejects.toMatchObject({ name: 'Fault' });
  });
});

describe('bombs', () => {
  // 300 MB of zeros in 300 KB: over the share that real feeds reach, and larger than is unpacked at once.
  const bomb = gzipSync(Buffer.alloc(300_000_000));

  it('are not unpacked at once, and stopped as a stream', async () => {
    expect(unpackAtOnce(bomb)).toBeNull();
    await expect(unpacked(bomb, 65_536)).rejects.toMatchObject({ code: 'feed-too-large', message: expect.stringContaining('zip bomb') });
  });
});

describe('packingOf', () => {
  it('takes no text for zlib', () => {
    for (const start of ['x', 'xy', 'x\n', '{"a"', 'VERSION 1']) expect(packingOf(Buffer.from(start))).toBe('plain');
    expect(packingOf(new Uint8Array(0))).toBe('plain');
  });
});
