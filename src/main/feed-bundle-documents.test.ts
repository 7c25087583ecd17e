import { execFileSync } from 'node:child_process';
import { createWriteStream, readdirSync } from 'node:fs';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { feedThreadsTrusting } from './feed-threads.ts';
import { redhatDocument as redhat, tarOf } from './test-csaf.ts';
import { type FeedSite, openFeedSite, PERSON } from './test-feed-site.ts';

describe('a bundle of an archive and the documents that changed since', () => {
  let head: FeedSite;
  let branch: FeedSite;
  beforeAll(async () => {
    head = await openFeedSite(base => feedThreadsTrusting([`Red Hat Product Security @ ${base}/`]));
    branch = await openFeedSite(() => feedThreadsTrusting([`Red Hat Product Security @ ${head.base}/`]));
    const key = await head.feeds.handlers.feedKey(undefined as never, PERSON, undefined as never);
    const body = { publicKey: key.publicKey, name: 'head' };
    await branch.feeds.handlers.feedSignerTrust({ body } as never, PERSON, undefined as never);
    await head.setUrl('redhat-csaf', 'vex/archive_latest.txt', 'adv/archive_latest.txt');
  });
  afterAll(async () => {
    await head.close();
    await branch.close();
  });

  const publish = (day: string, documents: Readonly<Record<string, string>>) => {
    head.publish('vex/archive_latest.txt', `csaf_vex_${day}.tar.gz\n`);
    head.publish(`vex/csaf_vex_${day}.tar.gz`, tarOf(head, documents));
  };
  const vex = (number: number, version: string) => {
    const cve = `CVE-2026-${number}`;
    return { [`2026/${cve.toLowerCase()}.json`]: redhat(cve, cve, version) };
  };
  const change = (number: number, version: string) => {
    for (const [name, text] of Object.entries(vex(number, version))) head.publish(`vex/${name}`, text);
  };
  const changes = (day: string, ...numbers: readonly number[]) =>
    numbers.map(number => `"2026/cve-2026-${number}.json","${day}T12:00:00+00:00"\n`).join('');

  async function carry(name: string): Promise<string[]> {
    const file = path.join(branch.folder, name);
    const answer = await head.feeds.handlers.feedExport({ query: { validDays: 30 } } as never, PERSON, undefined as never);
    await pipeline(Readable.from((answer as unknown as { content: AsyncIterable<Buffer> }).content), createWriteStream(file));
    expect(await branch.importing(file)).toMatchObject({ state: 'done', skipped: [] });
    expect(readdirSync(path.join(head.dataDir, 'tmp'))).toEqual([]);
    return branch.claims('redhat-csaf');
  }

  it('says there what it says here: a changed document stands in the stead of what the archive said', async () => {
    publish('2026-11-01', { ...vex(1001, '1.0-1.el9'), ...vex(1002, '1.0-1.el9') });
    const many = Array.from({ length: 20 }, (_, n) => 2000 + n);
    for (const number of [1002, ...many]) change(number, '1.0-2.el9');
    head.publish('vex/changes.csv', changes('2026-11-03', 1002, ...many));
    head.publish('adv/archive_latest.txt', 'csaf_advisories_2026-11-01.tar.gz\n');
    head.publish(
      'adv/csaf_advisories_2026-11-01.tar.gz',
      tarOf(head, { '2026/rhsa-2026_0001.json': redhat('RHSA-2026:0001', 'CVE-2026-1002', '0.9-1.el9') }),
    );
    head.publish('adv/changes.csv', '"2026/rhsa-2026_0002.json","2026-11-03T12:00:00+00:00"\n');
    head.publish('adv/2026/rhsa-2026_0002.json', redhat('RHSA-2026:0002', 'CVE-2026-1001', '0.9-2.el9'));
    expect(await head.syncing('redhat-csaf')).toMatchObject({ state: 'done', message: null });
    const here = await head.claims('redhat-csaf');
    expect(here.filter(line => line.startsWith('CVE-2026-1'))).toEqual([
      'CVE-2026-1001 0.9-2.el9',
      'CVE-2026-1001 1.0-1.el9',
      'CVE-2026-1002 0.9-1.el9',
      'CVE-2026-1002 1.0-2.el9',
    ]);
    expect(await carry('first.tar')).toEqual(here);
    // Thousands of documents are more than a manifest could name: each list's go together.
    const members = execFileSync('tar', ['-tf', path.join(branch.folder, 'first.tar')], { encoding: 'utf8' })
      .trim()
      .split('\n');
    expect(members.slice(1).map(name => name.replace(/-[0-9a-f]{8}\.tar$/, '.tar'))).toEqual([
      'feeds/01-csaf_advisories_2026-11-01.tar.gz',
      'feeds/02-csaf_vex_2026-11-01.tar.gz',
      'feeds/03-redhat-csaf-documents.tar',
      'feeds/04-redhat-csaf-documents.tar',
    ]);
  });

  it('and forgets documents that a newer archive has', async () => {
    publish('2026-11-10', { ...vex(1001, '1.0-1.el9'), ...vex(1002, '1.0-3.el9') });
    head.publish('vex/changes.csv', '');
    await head.syncing('redhat-csaf');
    const here = await head.claims('redhat-csaf');
    expect(here).toContain('CVE-2026-1002 1.0-3.el9');
    expect(here.length).toBeLessThan(10);
    expect(await carry('second.tar')).toEqual(here);
  });
});
