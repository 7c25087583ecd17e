import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { feedThreads } from './feed-threads.ts';
import { FORMS } from './hostile-forms.testkit.ts';
import { type FeedSite, openFeedSite } from './test-feed-site.ts';

const WORDS = {
  'U+0000': 'a\0b',
  'half a surrogate pair': 'x\ud800y',
  'a whole pair where a message is cut': `${'a'.repeat(76)}😀😀`,
  'the name of a property of every object': 'constructor',
  'the name of another': '__proto__',
  'and of a function': 'toString',
  'a very long text': 'z'.repeat(1_000_000),
};

describe('one record with words that nobody expects costs itself at most', { timeout: 120_000 }, () => {
  const work = mkdtempSync(path.join(os.tmpdir(), 'fettle-hostile-'));
  let site: FeedSite;
  beforeAll(async () => {
    site = await openFeedSite(() => feedThreads);
  });
  afterAll(async () => {
    await site.close();
    rmSync(work, { recursive: true });
  });

  describe.each(FORMS)('$feed', ({ feed, file, of }) => {
    it.each([
      ['with a byte order mark', (text: string) => `\ufeff${text}`],
      ['with lines that end as in DOS', (text: string) => text.replaceAll('\n', '\r\n')],
    ])('%s', async (_, written) => {
      await site.database.db.query('truncate claim, enrichment, lifecycle, feed_part, quarantine');
      writeFileSync(path.join(work, file), written(of(Array.from({ length: 3 }, () => 'plain'))));
      const told = await site.importing(path.join(work, file));
      expect(told.files.map(one => [one.feedId, one.state, one.message])).toEqual([[feed, 'loaded', null]]);
    });

    it.each(Object.entries(WORDS))('%s', async (_, word) => {
      await site.database.db.query('truncate claim, enrichment, lifecycle, feed_part, quarantine');
      writeFileSync(path.join(work, file), of([...Array.from({ length: 8 }, () => 'plain'), word]));
      const told = await site.importing(path.join(work, file));
      expect([told.message, told.files.map(one => [one.feedId, one.state, one.message])]).toEqual([null, [[feed, 'loaded', null]]]);
      // All but that one, and no more of it than a list can carry.
      const table =
        { kev: 'enrichment', nvd: 'enrichment', vulnrichment: 'enrichment', epss: 'enrichment', endoflife: 'lifecycle' }[feed] ?? 'claim';
      const [kept] = await site.database.db.query<{ rows: number; longest: number }>(
        `select count(*)::int as rows, max(length(${table}::text)) as longest from ${table}`,
      );
      expect(kept!.rows).toBeGreaterThanOrEqual(8);
      expect(kept!.longest).toBeLessThan(20_000);
    });
  });
});
