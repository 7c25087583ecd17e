import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { Fault } from '../../core/kernel/faults.ts';
import { bunzip2 } from './bzip2.ts';
import { packingOf, unpackAtOnce, unpackHead } from './unpack.ts';

const TEXT = 'The quick brown fox jumps over the lazy dog. The quick brown fox.\n';
const PACKED = Buffer.from(
  'QlpoOTFBWSZTWckLmBYAAAfTgAAQQAEEAD////AgAFCgAAAAAlTRAA0ZDJmkacCwF2mhN3OenaERIsq0lToqXeCNUk55Mo4h8Vcor2Frfi7kinChIZIXMCw=',
  'base64',
);
const whole = (bytes: Uint8Array) => Buffer.concat([...bunzip2(bytes)]);

describe('bzip2', () => {
  it('is known by its beginning, and unpacked', () => {
    expect(packingOf(PACKED)).toBe('bzip2');
    expect(packingOf(Buffer.from('BZh is how a text may begin'))).toBe('plain');
    expect(whole(PACKED).toString()).toBe(TEXT);
    expect(Buffer.from(unpackHead(PACKED)).toString()).toBe(TEXT);
    expect(Buffer.from(unpackAtOnce(PACKED)!).toString()).toBe(TEXT);
    expect(whole(Buffer.concat([PACKED, PACKED])).toString()).toBe(TEXT + TEXT);
  });

  it('is told when it is cut or changed, whatever the byte: never read wrongly, never without end', () => {
    for (let length = 4; length < PACKED.length; length++)
      expect(() => whole(PACKED.subarray(0, length)), `${length} bytes`).toThrow(/ends too early|damaged/);
    let wrong = 0;
    for (let at = 4; at < PACKED.length; at++)
      for (const flip of [1, 0x80, 0xff]) {
        const changed = Buffer.from(PACKED);
        changed[at] = changed[at]! ^ flip;
        try {
          // The checksum of the whole and the padding behind it are not looked at; each block has its own.
          if (whole(changed).toString() !== TEXT) wrong++;
        } catch (problem) {
          expect(problem).toBeInstanceOf(Fault);
        }
      }
    expect(wrong).toBe(0);
  });

  const tool = spawnSync('bzip2', ['--help']).error === undefined;
  it.skipIf(!tool)('unpacks what the tool packs: runs, noise, text, several blocks (needs bzip2)', () => {
    const runs = Buffer.concat(Array.from({ length: 3_000 }, (_, n) => Buffer.alloc((n * 7) % 300, n % 256)));
    const text = Buffer.from(Array.from({ length: 40_000 }, (_, n) => `CVE-2024-${n} package-${n % 97} 1.${n}\n`).join(''));
    for (const content of [Buffer.alloc(0), Buffer.alloc(300_000, 97), randomBytes(120_000), runs, text])
      for (const level of ['-1', '-9']) {
        const { stdout } = spawnSync('bzip2', [level, '-c'], { input: content, maxBuffer: 10_000_000 });
        expect(whole(stdout).equals(content)).toBe(true);
      }
  });
});
