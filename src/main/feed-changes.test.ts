import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addMs, type Clock, DAY_MS } from '../core/kernel/instants.ts';
import { type TestDatabase, testDatabase } from '../db/test-database.ts';
import type { Context } from '../server/context.ts';
import { parseChanges } from '../server/feeds/document-changes.ts';
import { createFeeds, type Feeds } from '../server/feeds/feeds.ts';
import { testContext } from '../server/runtime/test-context.ts';
import { feedThreadsTrusting } from './feed-threads.ts';

let now = '2026-11-22T12:00:00.000Z';
const clock: Clock = { now: () => now };
const work = mkdtempSync(path.join(os.tmpdir(), 'fettle-changes-'));

const LEAP = 'openSUSE Leap 15.6';
/** SUSE's shape: the platform by CPE, builds by their names alone. */
function vex(cve: string, build: string, day: string): string {
  const product = (name: string, more: object = {}) => ({ name, product_id: name, ...more });
  return JSON.stringify({
    document: {
      category: 'csaf_vex',
      csaf_version: '2.0',
      publisher: { category: 'vendor', name: 'SUSE Product Security Team', namespace: 'https://www.suse.com/' },
      title: cve,
      tracking: { id: cve, current_release_date: `${day}T00:00:00Z` },
    },
    product_tree: {
      branches: [
        {
          category: 'vendor',
          name: 'SUSE',
          branches: [
            {
              category: 'product_name',
              name: LEAP,
              product: product(LEAP, { product_identification_helper: { cpe: 'cpe:/o:opensuse:leap:15.6' } }),
            },
            { category: 'product_version', name: build, product: product(build) },
          ],
        },
      ],
      relationships: [
        {
          category: 'default_component_of',
          full_product_name: product(`${LEAP}:${build}`),
          product_reference: build,
          relates_to_product_reference: LEAP,
        },
      ],
    },
    vulnerabilities: [{ cve, product_status: { recommended: [`${LEAP}:${build}`] } }],
  });
}

/** Our own server in the publisher's layout: `csaf-vex.tar.gz`, and beside it `csaf-vex/changes.csv` over the documents. */
const served = new Map<string, string | Buffer>();
let asked: string[] = [];
function publish(documents: Readonly<Record<string, string>>): void {
  const folder = mkdtempSync(path.join(work, 'archive-'));
  mkdirSync(path.join(folder, 'csaf-vex'));
  for (const [name, text] of Object.entries(documents)) writeFileSync(path.join(folder, 'csaf-vex', name), text);
  execFileSync('tar', ['-C', folder, '-czf', path.join(folder, 'out.tar.gz'), 'csaf-vex']);
  const archive = readFileSync(path.join(folder, 'out.tar.gz'));
  served.set('/csaf-vex.tar.gz', archive).set('/csaf-vex.tar.gz.sha256', createHash('sha256').update(archive).digest('hex'));
}
const change = (name: string, text: string) => served.set(`/csaf-vex/${name}`, text);

describe('a publisher with an archive and a list of changes', () => {
  let server: http.Server;
  let base = '';
  let database: TestDatabase;
  let context: Context;
  let feeds: Feeds;
  const heard: string[][] = [];

  beforeAll(async () => {
    server = http.createServer((request, response) => {
      asked.push(request.url ?? '');
      const content = served.get(request.url ?? '');
      if (content === undefined) return response.writeHead(404).end();
      const etag = `"${createHash('sha256').update(content).digest('hex').slice(0, 8)}"`;
      if (request.headers['if-none-match'] === etag) return response.writeHead(304).end();
      return response.writeHead(200, { etag }).end(content);
    });
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    database = await testDatabase();
    context = testContext(database.db, { clock, dataDir: mkdtempSync(path.join(work, 'data-')) });
    feeds = createFeeds(context, feedThreadsTrusting([`SUSE Product Security Team @ ${base}/`]), { importAtStart: [], automatic: false });
    feeds.onChange(ids => heard.push([...ids]));
    await feeds.start();
    await database.db.query("update feed set url = $1, url_by_person = true, enabled = true where id = 'suse-csaf'", [
      `${base}/csaf-vex.tar.gz`,
    ]);
  });
  afterAll(async () => {
    await feeds.stop();
    await database.close();
    server.close();
    rmSync(work, { recursive: true });
  });

  const person = { kind: 'person', personId: 'per_1', login: 'ada', name: 'Ada', roles: [], permissions: new Set(), viaToken: false };
  async function sync() {
    asked = [];
    const input = { params: { id: 'suse-csaf' }, query: {}, body: undefined };
    const started = await feeds.handlers.feedSync(input as never, person as never, undefined as never);
    for (;;) {
      const told = await feeds.handlers.feedImportGet({ params: { id: started.id } } as never, person as never, undefined as never);
      if (told.state !== 'running') return told;
      await new Promise(resolve => setTimeout(resolve, 20));
    }
  }
  const inForce = async () =>
    (
      await database.db.query<{ line: string }>(
        "select vulnerability_id || ' ' || fixed_version || ' ' || part as line from claim where feed_id = 'suse-csaf' and withdrawn_at is null order by 1",
      )
    ).map(row => row.line);

  it('is read whole first, and nothing of its folder that is no news', async () => {
    publish({
      'cve-2026-1001.json': vex('CVE-2026-1001', 'openssl-3-3.1.4-150600.5.1', '2026-11-01'),
      'cve-2026-1002.json': vex('CVE-2026-1002', 'zlib-1.2.13-150500.4.3.1', '2026-11-01'),
    });
    served.set('/csaf-vex/changes.csv', '"cve-2026-1001.json","2026-11-01T00:00:00Z"\n');
    expect(await sync()).toMatchObject({ state: 'done', message: null });
    expect(await inForce()).toEqual(['CVE-2026-1001 3.1.4-150600.5.1 csaf-vex', 'CVE-2026-1002 1.2.13-150500.4.3.1 csaf-vex']);
    expect(asked.filter(url => url.endsWith('.json'))).toEqual([]);
  });

  it('a changed document stands in the stead of what the archive said, a new one beside it, and each is fetched once', async () => {
    now = addMs(now, DAY_MS);
    change('cve-2026-1001.json', vex('CVE-2026-1001', 'openssl-3-3.1.4-150600.5.9', '2026-11-23'));
    change('cve-2026-1003.json', vex('CVE-2026-1003', 'curl-8.6.0-150600.4.2', '2026-11-23'));
    served.set(
      '/csaf-vex/changes.csv',
      '"cve-2026-1003.json","2026-11-23T06:00:00+00:00"\n"cve-2026-1001.json","2026-11-23T05:00:00+00:00"\n"../../etc/passwd.json","2026-11-23T05:00:00+00:00"\n"cve-2026-1002.json","2026-11-01T00:00:00Z"\n',
    );
    heard.length = 0;
    expect(await sync()).toMatchObject({ state: 'done' });
    expect(await inForce()).toEqual([
      'CVE-2026-1001 3.1.4-150600.5.9 cve-2026-1001',
      'CVE-2026-1002 1.2.13-150500.4.3.1 csaf-vex',
      'CVE-2026-1003 8.6.0-150600.4.2 cve-2026-1003',
    ]);
    expect(asked.filter(url => url.endsWith('.json')).sort()).toEqual(['/csaf-vex/cve-2026-1001.json', '/csaf-vex/cve-2026-1003.json']);
    expect(heard).toContainEqual(['suse-csaf']);
    await sync();
    expect(asked.filter(url => url.endsWith('.json'))).toEqual([]);
  });

  it('a document whose checksum does not fit ends the walk, and the next one goes on', async () => {
    now = addMs(now, DAY_MS);
    change('cve-2026-1004.json', vex('CVE-2026-1004', 'bash-5.2-150600.1.1', '2026-11-24'));
    served.set('/csaf-vex/cve-2026-1004.json.sha256', 'ab'.repeat(32));
    served.set('/csaf-vex/changes.csv', '"cve-2026-1004.json","2026-11-24T05:00:00Z"\n');
    expect(await sync()).toMatchObject({ state: 'failed', message: expect.stringContaining('is not believed') });
    expect(await inForce()).toHaveLength(3);
    served.delete('/csaf-vex/cve-2026-1004.json.sha256');
    await sync();
    expect(await inForce()).toContain('CVE-2026-1004 5.2-150600.1.1 cve-2026-1004');
  });

  it('a new archive takes the place of all documents', async () => {
    now = addMs(now, DAY_MS);
    publish({
      'cve-2026-1001.json': vex('CVE-2026-1001', 'openssl-3-3.1.4-150600.5.9', '2026-11-23'),
      'cve-2026-1002.json': vex('CVE-2026-1002', 'zlib-1.2.13-150500.4.3.1', '2026-11-01'),
      'cve-2026-1003.json': vex('CVE-2026-1003', 'curl-8.6.0-150600.4.2', '2026-11-23'),
    });
    served.set('/csaf-vex/changes.csv', '"cve-2026-1003.json","2026-11-23T06:00:00Z"\n');
    expect(await sync()).toMatchObject({ state: 'done' });
    expect(await inForce()).toEqual([
      'CVE-2026-1001 3.1.4-150600.5.9 csaf-vex',
      'CVE-2026-1002 1.2.13-150500.4.3.1 csaf-vex',
      'CVE-2026-1003 8.6.0-150600.4.2 csaf-vex',
    ]);
    const [known] = await database.db.query<{ day: string }>(
      "select min(known_since)::date::text as day from claim where feed_id = 'suse-csaf' and vulnerability_id = 'CVE-2026-1003' and withdrawn_at is null",
    );
    expect(known!.day).toBe('2026-11-23');
  });

  it('a folder of documents without an archive is in order again when its list is there again and names nothing new', async () => {
    now = addMs(now, DAY_MS);
    await database.db.query("update feed set url = $1 where id = 'suse-csaf'", [`${base}/csaf-vex/changes.csv`]);
    expect(await sync()).toMatchObject({ state: 'done' });
    const list = served.get('/csaf-vex/changes.csv')!;
    served.delete('/csaf-vex/changes.csv');
    expect(await sync()).toMatchObject({ state: 'failed' });
    expect((await feeds.list()).find(feed => feed.id === 'suse-csaf')).toMatchObject({ state: 'failed' });

    now = addMs(now, DAY_MS);
    served.set('/csaf-vex/changes.csv', list);
    expect(await sync()).toMatchObject({ state: 'done' });
    expect((await feeds.list()).find(feed => feed.id === 'suse-csaf')).toMatchObject({ state: 'current', message: null, checkedAt: now });
  });
});

describe('parseChanges', () => {
  it('takes the lines of the standard, oldest first, and no path that leads out', () => {
    expect(
      parseChanges(
        '"2026/b.json","2026-11-02T00:00:00Z"\r\n2026/a.json,2026-11-01T00:00:00+00:00\n"/etc/x.json","2026-11-01T00:00:00Z"\n"../x.json","2026-11-01T00:00:00Z"\n"https://x/y.json","2026-11-01T00:00:00Z"\n"2026/c.txt","2026-11-01T00:00:00Z"\n"2026/d.json","soon"\n\n',
      ).map(one => one.document),
    ).toEqual(['2026/a.json', '2026/b.json']);
  });
});
