import { deflateRawSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { parseRelease } from '../../core/advisories/releases.ts';
import { Fault } from '../../core/kernel/faults.ts';
import { advisorySources, recogniseFeed } from './catalog.ts';
import type { AdvisorySource, FeedContext, FeedItem } from './spec.ts';
import { HEAD_BYTES } from './text-reader.ts';

/** A real or published-format sample, already unpacked. */
export interface FeedSample {
  readonly fileName: string;
  readonly content: string;
}

export const TODAY = '2026-11-22';

export function contextFor(fileName: string, overrides: Partial<FeedContext> = {}): FeedContext {
  return { fileName, today: TODAY, releases: null, packages: null, ...overrides };
}

export function readAll(
  source: AdvisorySource,
  fileName: string,
  content: string | Uint8Array,
  chunkBytes = Number.MAX_SAFE_INTEGER,
  overrides: Partial<FeedContext> = {},
): FeedItem[] {
  const bytes = typeof content === 'string' ? Buffer.from(content) : content;
  const reader = source.reader(contextFor(fileName, overrides));
  const items: FeedItem[] = [];
  for (let at = 0; at < bytes.length; at += chunkBytes) items.push(...reader.push(bytes.subarray(at, at + chunkBytes)));
  items.push(...reader.end());
  return items;
}

export function claimsIn(items: readonly FeedItem[]) {
  return items.flatMap(item => (item.kind === 'claim' ? [item.claim] : []));
}

export function quarantinedIn(items: readonly FeedItem[]) {
  return items.flatMap(item => (item.kind === 'quarantined' ? [item] : []));
}

/** What every member owes, shown on its sample. Call it from the member's own test file. */
export function contractTests(source: AdvisorySource, sample: FeedSample): void {
  describe(`${source.id}: what every advisory source owes`, () => {
    const whole = () => readAll(source, sample.fileName, sample.content);

    it('stands in the catalog and is the one that recognises its sample', () => {
      expect(advisorySources).toContain(source);
      expect(recogniseFeed({ fileName: 'no-hint', text: Buffer.from(sample.content).toString('latin1').slice(0, HEAD_BYTES) })?.id).toBe(
        source.id,
      );
    });

    it('reads its sample without putting anything aside', () => {
      expect(quarantinedIn(whole())).toEqual([]);
      expect(whole().length).toBeGreaterThan(0);
      const kinds = new Set(whole().map(item => item.kind));
      // A publisher of claims may add what it knows of the vulnerability itself.
      expect([...kinds].filter(kind => kind !== 'enrichment' || source.provides === 'enrichment')).toEqual([
        source.provides === 'claims' ? 'claim' : source.provides,
      ]);
    });

    it('reads alike, whatever the chunks', () => {
      for (const chunkBytes of [1, 7, 1000]) expect(readAll(source, sample.fileName, sample.content, chunkBytes)).toEqual(whole());
    });

    it('finds out a cut file, or reads whole records only', () => {
      const bytes = Buffer.from(sample.content);
      const wholeItems = new Set(whole().map(item => JSON.stringify(item)));
      for (const share of [0.35, 0.6, 0.95]) {
        const cut = bytes.subarray(0, Math.floor(bytes.length * share));
        try {
          for (const item of readAll(source, sample.fileName, cut))
            if (item.kind !== 'quarantined') expect(wholeItems).toContain(JSON.stringify(item));
        } catch (problem) {
          expect(problem).toBeInstanceOf(Fault);
          expect((problem as Fault).code).toMatch(/^feed-(truncated|unreadable)$/);
        }
      }
    });

    it('loses one record, not the feed, to bytes that are not UTF-8', () => {
      const bytes = Buffer.from(sample.content);
      const at = bytes.lastIndexOf('"') > 0 ? bytes.lastIndexOf('CVE-') + 4 : Math.floor(bytes.length / 2);
      bytes[at] = 0xff;
      const before = whole().length;
      const items = readAll(source, sample.fileName, bytes);
      expect(items.length).toBeGreaterThanOrEqual(1);
      expect(items.filter(item => item.kind !== 'quarantined').length).toBeLessThanOrEqual(before);
    });

    it('hands out claims under its own name, with releases as they are written everywhere', () => {
      for (const claim of claimsIn(whole())) {
        expect(claim.source).toBe(source.id);
        expect(parseRelease(claim.release)).toEqual({ ok: true, release: claim.release });
        expect(claim.state === 'fixed' ? claim.fixedVersion !== null || claim.affected !== undefined : true).toBe(true);
      }
    });
  });
}

/** A zip archive of these files, deflated. */
export function makeZip(files: Readonly<Record<string, string>>): Uint8Array {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const [name, content] of Object.entries(files)) {
    const packed = deflateRawSync(content);
    const local = Buffer.alloc(30 + name.length);
    local.writeUInt32LE(0x04034b50, 0);
    local.writeUInt16LE(8, 8);
    local.writeUInt32LE(packed.length, 18);
    local.writeUInt32LE(content.length, 22);
    local.writeUInt16LE(name.length, 26);
    local.write(name, 30);
    const entry = Buffer.alloc(46 + name.length);
    entry.writeUInt32LE(0x02014b50, 0);
    entry.writeUInt16LE(8, 10);
    entry.writeUInt32LE(packed.length, 20);
    entry.writeUInt32LE(content.length, 24);
    entry.writeUInt16LE(name.length, 28);
    entry.writeUInt32LE(offset, 42);
    entry.write(name, 46);
    parts.push(local, packed);
    directory.push(entry);
    offset += local.length + packed.length;
  }
  const listing = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(directory.length, 8);
  end.writeUInt16LE(directory.length, 10);
  end.writeUInt32LE(listing.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...parts, listing, end]);
}
