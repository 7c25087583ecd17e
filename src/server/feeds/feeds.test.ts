import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createClient, ProblemError } from '../../api/client.ts';
import type { Access } from '../../api/contract.ts';
import type { FeedImport } from '../../api/feeds.ts';
import { api } from '../../api/index.ts';
import type { Claim } from '../../core/advisories/claim.ts';
import { addMs, type Clock, DAY_MS, HOUR_MS } from '../../core/kernel/instants.ts';
import { type TestDatabase, testDatabase } from '../../db/test-database.ts';
import type { Context } from '../context.ts';
import { buildServer } from '../runtime/http.ts';
import { testContext } from '../runtime/test-context.ts';
import { createFeeds, type Feeds } from './feeds.ts';
import { fetchFeed } from './fetch-feed.ts';
import { isPrivateAddress } from './private-addresses.ts';
import { feedText, filesPort } from './test-feeds.ts';

let now = '2026-11-22T12:00:00.000Z';
const clock: Clock = { now: () => now };
const later = (ms: number) => (now = addMs(now, ms));

let database: TestDatabase;
let context: Context;
let feeds: Feeds;
let app: FastifyInstance;
let client: ReturnType<typeof createClient>;
const heard: string[][] = [];
const folder = mkdtempSync(path.join(os.tmpdir(), 'fettle-feeds-'));
const file = (name: string, text: string | Buffer) => {
  writeFileSync(path.join(folder, name), text);
  return path.join(folder, name);
};

beforeAll(async () => {
  database = await testDatabase();
  context = testContext(database.db, { clock, dataDir: mkdtempSync(path.join(os.tmpdir(), 'fettle-feeds-data-')) });
  feeds = createFeeds(context, filesPort, { importAtStart: [], automatic: false });
  feeds.onChange(ids => heard.push([...ids]));
  await feeds.start();
  const person = {
    kind: 'person',
    personId: 'per_1',
    login: 'ada',
    name: 'Ada',
    roles: ['administrator'],
    permissions: new Set<Access>(['setting.read', 'feed.write', 'finding.read']),
    viaToken: false,
  } as const;
  app = buildServer(context, feeds.handlers, {
    readiness: async () => ({ ready: true }),
    authenticators: {
      agents: { authenticate: async () => false },
      people: {
        bySession: async () => null,
        byToken: async () => ({ ...person, roles: [...person.roles], permissions: person.permissions }),
      },
    },
  });
  const url = await app.listen({ port: 0, host: '127.0.0.1' });
  client = createClient(api, { baseUrl: url, headers: () => ({ authorization: 'Bearer fet_01234567890123456789' }) });
});
afterAll(async () => {
  await app.close();
  await feeds.stop();
  await database.close();
  for (const made of [folder, context.installation.dataDir]) rmSync(made, { recursive: true, force: true });
});

/** Follows an import to its end. */
async function settled(started: FeedImport): Promise<FeedImport> {
  for (let told = started; ; told = await client.feedImportGet({ params: { id: started.id } })) {
    if (told.state !== 'running') return told;
    await new Promise(resolve => setTimeout(resolve, 10));
  }
}
/** Fetches a feed and answers with what it is then. */
const synced = async (id: string) => {
  await settled(await client.feedSync({ params: { id } }));
  return (await client.feedList({})).items.find(feed => feed.id === id)!;
};
const imported = async (input: Parameters<typeof client.feedImport>[0]) => settled(await client.feedImport(input));

const alpha = async () => (await client.feedList({})).items.find(feed => feed.id === 'alpha')!;
const inForce = () =>
  database.db.query<{
    vulnerability_id: string;
    state: string;
    fixed_version: string | null;
    known_since: string;
    first_seen_at: string;
    part: string;
  }>(
    'select vulnerability_id, state, fixed_version, known_since, first_seen_at, part from claim where withdrawn_at is null order by vulnerability_id',
  );
const problem = async (work: Promise<unknown>) => {
  const error = await work.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  return error instanceof ProblemError ? error.problem : Promise.reject(new Error(`no problem: ${JSON.stringify(error)}`));
};

describe('loading a feed', () => {
  const many = Array.from({ length: 10 }, (_, index) => ({
    vulnerabilityId: `CVE-2026-00${10 + index}`,
    note: 'tab\there "quote" \\ back\nline',
  }));

  it('starts with feeds that were never loaded', async () => {
    expect((await client.feedList({})).items.map(feed => [feed.id, feed.state, feed.url])).toEqual([
      ['alpha', 'never-loaded', null],
      ['beta', 'never-loaded', 'http://feeds.invalid/beta'],
    ]);
  });

  it('keeps claims as stated, puts bad records aside, and says what it skipped', async () => {
    const text = feedText(
      'alpha',
      [
        ...many,
        'oops',
        {
          vulnerabilityId: 'CVE-2026-0001',
          state: 'fixed',
          fixedVersion: '3.0.16-1',
          aliases: ['GHSA-a"b,{}'],
          packageKind: 'binary',
          severity: null,
        },
      ],
      'date=2026-11-21',
    );
    file('alpha.txt', text);
    file('readme.md', 'not a feed');
    const answer = await imported({ body: { location: folder } });
    expect(answer.skipped).toEqual([{ file: 'readme.md', reason: 'not a feed' }]);
    expect(answer.items).toMatchObject([
      {
        id: 'alpha',
        state: 'current',
        records: 11,
        quarantined: 1,
        quarantineSample: ['line: no JSON'],
        dataDate: '2026-11-21',
        loadedAt: now,
      },
    ]);
    expect(heard).toEqual([['alpha']]);
    const [row] = await database.db.query('select aliases, detail, state, fixed_version, note from claim where vulnerability_id = $1', [
      'CVE-2026-0001',
    ]);
    expect(row).toEqual({
      aliases: ['GHSA-a"b,{}'],
      detail: { packageKind: 'binary' },
      state: 'fixed',
      fixed_version: '3.0.16-1',
      note: null,
    });
    expect(
      (await database.db.query<{ note: string }>('select distinct note from claim where note is not null')).map(found => found.note),
    ).toEqual([many[0]!.note]);
  });

  it('does nothing for a file that it knows, and replaces part by part otherwise', async () => {
    heard.length = 0;
    const before = await inForce();
    later(HOUR_MS);
    await imported({ body: { location: path.join(folder, 'alpha.txt') } });
    expect(await inForce()).toEqual(before);
    expect(heard).toEqual([]);
    expect((await alpha()).checkedAt).toBe(now);
    await imported({ body: { location: file('other.txt', feedText('alpha', [{ vulnerabilityId: 'CVE-2026-0500' }])) } });
    expect((await inForce()).map(row => row.part)).toEqual([...before.map(() => 'alpha'), 'other']);
    expect(await alpha()).toMatchObject({ records: 12 });
  });

  it('keeps the day on which a vulnerability was first known when its state changes, and withdrawn claims for the record', async () => {
    const [known] = (await inForce()).filter(row => row.vulnerability_id === 'CVE-2026-0010');
    later(DAY_MS);
    const changed = many
      .map((entry, index) =>
        index === 0 ? { ...entry, state: 'fixed' as const, fixedVersion: '3.0.17-1' } : { ...entry, severity: 'high' },
      )
      .slice(0, 9);
    await imported({ body: { location: file('alpha.txt', feedText('alpha', changed)) } });
    const [fixed] = (await inForce()).filter(row => row.vulnerability_id === 'CVE-2026-0010');
    expect(fixed).toMatchObject({ state: 'fixed', known_since: known!.known_since, first_seen_at: now });
    const [load] = await database.db.query(
      'select outcome, added, changed, withdrawn from feed_load where feed_id = $1 order by at desc limit 1',
      ['alpha'],
    );
    expect(load).toEqual({ outcome: 'loaded', added: 1, changed: 8, withdrawn: 3 });
    expect(await database.db.query('select withdrawn_at from claim where vulnerability_id = $1', ['CVE-2026-0001'])).toEqual([
      { withdrawn_at: now },
    ]);
  });

  it('refuses an empty and a shrunken feed, and a broken one, and keeps what it has', async () => {
    const before = await inForce();
    for (const [text, state, message] of [
      [feedText('alpha', many.slice(0, 3)), 'refused', /shrunk from 9 to 3/],
      [feedText('alpha', []), 'refused', /empty/],
      [feedText('alpha', ['oops', 'oops', many[0]!]), 'refused', /unreadable/],
      [feedText('alpha', [...many, 'cut']), 'failed', /ends too early/],
    ] as const) {
      heard.length = 0;
      const answer = await imported({ body: { location: file('alpha.txt', text) } });
      expect(answer.items[0]).toMatchObject({ state, message: expect.stringMatching(message), records: 10 });
      expect(answer.skipped[0]?.file).toBe('alpha.txt');
      expect(await inForce()).toEqual(before);
      expect(heard).toEqual([]);
    }
    const both = path.join(folder, 'both');
    mkdirSync(both);
    writeFileSync(path.join(both, 'alpha.txt'), feedText('alpha', []));
    writeFileSync(path.join(both, 'other.txt'), feedText('alpha', [{ vulnerabilityId: 'CVE-2026-0500' }]));
    expect((await imported({ body: { location: both } })).items[0]).toMatchObject({ state: 'refused' });
  });

  it('is stale when its data is old, whenever it was fetched', async () => {
    await imported({ body: { location: file('alpha.txt', feedText('alpha', many, 'date=2026-11-23')) } });
    expect((await alpha()).state).toBe('current');
    later(40 * DAY_MS);
    await imported({ body: { location: path.join(folder, 'alpha.txt') } });
    expect(await alpha()).toMatchObject({ state: 'stale', message: expect.stringContaining('days old (of 2026-11-23)') });
  });

  it('lets one load at a time into a feed', async () => {
    await database.db.query("update feed set leased_until = $1 where id = 'alpha'", [addMs(now, HOUR_MS)]);
    const answer = await imported({ body: { location: file('busy.txt', feedText('alpha', many)) } });
    expect(answer).toMatchObject({ skipped: [{ reason: expect.stringContaining('being loaded') }], items: [{ state: 'loading' }] });
    await database.db.query("update feed set leased_until = null where id = 'alpha'");
  });

  it('takes an upload, and refuses paths that are no files', async () => {
    const content = feedText('alpha', [{ vulnerabilityId: 'CVE-2026-0600' }]);
    const answer = await settled(await client.feedUpload({ query: { fileName: '../../etc/up.txt' }, body: Buffer.from(content) }));
    expect(answer.items[0]?.id).toBe('alpha');
    expect((await inForce()).find(row => row.vulnerability_id === 'CVE-2026-0600')?.part).toBe('up');
    expect(readdirSync(path.join(context.installation.dataDir, 'tmp'))).toEqual([]);
    expect(await problem(imported({ body: { location: '/dev/zero' } }))).toMatchObject({ code: 'feed-not-found' });
    expect(await problem(imported({ body: { location: path.join(folder, 'nowhere') } }))).toMatchObject({
      code: 'feed-not-found',
    });
    expect(await problem(imported({ body: { location: 'file:///etc/passwd' } }))).toMatchObject({ status: 400 });
  });
});

describe('claims', () => {
  it('are shown side by side, with the one that is followed, the reason, and what was withdrawn', async () => {
    const id = 'CVE-2026-0800';
    await database.db.query("update feed set state = 'current' where id = 'alpha'");
    const say = (name: string, claims: readonly Partial<Claim>[]) =>
      imported({ body: { location: file(name, feedText('alpha', claims)) } });
    const open: Partial<Claim> = { vulnerabilityId: id, source: 'debian-tracker', state: 'open', statedOn: '2026-08-01' };
    await say('tracker.txt', [open, { ...open, packageName: 'curl', state: 'deferred' }]);
    await say('tracker.txt', [open, { ...open, packageName: 'curl', state: 'wont-fix' }]);
    await say('uploads.txt', [
      { vulnerabilityId: id, source: 'debian-changelogs', state: 'fixed', fixedVersion: '3.0.17-1', statedOn: '2026-04-01' },
    ]);
    await say('vex.txt', [
      { vulnerabilityId: id, source: 'openvex', state: 'not-affected', fixedVersion: '0', onlyVersions: ['3.0.15-1'] },
    ]);
    const { items } = await client.claimList({ query: { vulnerability: id } });
    expect(items.map(group => [group.packageName, group.verdict])).toEqual([
      ['curl', { state: 'wont-fix', fixedVersion: null, followed: 'debian-tracker', rule: 'no-fix' }],
      ['openssl', { state: 'fixed', fixedVersion: '3.0.17-1', followed: 'debian-changelogs', rule: 'changelog-closes-open' }],
    ]);
    expect(items[0]!.claims.map(claim => [claim.state, claim.withdrawnAt !== null])).toEqual([
      ['wont-fix', false],
      ['deferred', true],
    ]);
    expect(items[1]!.claims.map(claim => claim.source).sort()).toEqual(['debian-changelogs', 'debian-tracker', 'openvex']);
    expect(items[1]!.disagreement).toMatch(/debian-tracker \(2026-08-01\) says open\. Followed: debian-changelogs, because .*changelog/);
    expect((await client.claimList({ query: { vulnerability: id, package: 'curl', release: 'debian:13' } })).items).toEqual([]);
  });
});

describe('fetching a feed', () => {
  let server: http.Server;
  let base = '';
  const requests: http.IncomingMessage[] = [];
  let content = '';
  beforeAll(async () => {
    server = http.createServer((request, response) => {
      requests.push(request);
      if (request.url === '/redirect') return response.writeHead(302, { location: '/beta' }).end();
      if (request.url === '/loop') return response.writeHead(302, { location: '/loop' }).end();
      if (request.url === '/inside') return response.writeHead(302, { location: 'http://localhost:1/metadata' }).end();
      if (request.url === '/short')
        return response.writeHead(200, { 'content-length': '1000' }).end('too little', () => response.destroy());
      if (request.headers['if-none-match'] === '"1"' && content === '') return response.writeHead(304).end();
      if (content.startsWith('#')) return response.writeHead(200, { etag: '"1"' }).end(content);
      const body = gzipSync(content);
      return response.writeHead(200, { etag: '"1"', 'content-encoding': 'gzip', 'content-length': body.length }).end(body);
    });
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => server.close());
  const scratch = () => {
    const made = path.join(folder, `fetch-${Math.random().toString(36).slice(2)}`);
    mkdirSync(made);
    return made;
  };
  const fetching = (url: string, privateAllowed: boolean) =>
    fetchFeed({ url, folder: scratch(), etag: null, lastModified: null, privateAllowed, signal: new AbortController().signal });

  it('goes to private addresses only where a person typed them, and never by a redirect', async () => {
    await expect(fetching(`${base}/beta`, false)).rejects.toMatchObject({ code: 'feed-url-refused' });
    await expect(fetching(`http://localhost:${new URL(base).port}/beta`, false)).rejects.toMatchObject({ code: 'feed-url-refused' });
    await expect(fetching(`${base}/inside`, true)).rejects.toMatchObject({ code: 'feed-url-refused' });
    await expect(fetching('file:///etc/passwd', true)).rejects.toMatchObject({ code: 'feed-url-refused' });
    expect(
      ['10.1.2.3', '127.0.0.1', '::1', '::ffff:10.0.0.1', '169.254.169.254', 'fd00::1', 'fe80::1', '0.0.0.0'].filter(
        address => !isPrivateAddress(address),
      ),
    ).toEqual([]);
    expect(['1.1.1.1', '2606:4700::1111', '151.101.2.132'].filter(isPrivateAddress)).toEqual([]);
  });

  it('follows redirects to an end and notices a transfer that broke off', async () => {
    content = 'x';
    expect(await fetching(`${base}/redirect`, true)).toMatchObject({ kind: 'file', etag: '"1"' });
    await expect(fetching(`${base}/loop`, true)).rejects.toMatchObject({ code: 'feed-unreachable' });
    await expect(fetching(`${base}/short`, true)).rejects.toMatchObject({ code: 'feed-unreachable' });
  });

  it('asks again with what it knows, and says so when a publisher cannot be reached', async () => {
    expect(await synced('beta')).toMatchObject({
      state: 'failed',
      message: expect.stringContaining('feeds.invalid could not be fetched'),
    });
    expect(await problem(client.feedSync({ params: { id: 'alpha' } }))).toMatchObject({ code: 'feed-has-no-url' });
    await client.feedUpdate({ params: { id: 'beta' }, body: { url: `${base}/beta`, enabled: true } });
    content = feedText('beta', [{ vulnerabilityId: 'CVE-2026-0700' }]);
    heard.length = 0;
    expect(await synced('beta')).toMatchObject({ state: 'current', message: null, records: 1 });
    content = '';
    expect(await synced('beta')).toMatchObject({ state: 'current', records: 1 });
    expect(requests.at(-1)?.headers['if-none-match']).toBe('"1"');
    expect(heard).toEqual([['beta']]);
    content = 'no feed at all';
    expect(await synced('beta')).toMatchObject({
      state: 'failed',
      message: expect.stringContaining('is not Source beta'),
    });
  });
});

it('fetches what is due by itself, six hours apart, and stands in the audit trail', async () => {
  await database.db.query("update feed set enabled = false where id = 'alpha'");
  const automatic = createFeeds(context, filesPort, { importAtStart: [], automatic: true });
  later(10 * DAY_MS);
  const due = await database.db.query<{ id: string }>(
    "select id from feed where id = 'beta' and enabled and (next_sync_at is null or next_sync_at < $1)",
    [now],
  );
  expect(due).toHaveLength(1);
  await automatic.start();
  for (let tries = 0; tries < 100; tries += 1) {
    const [row] = await database.db.query<{ checked_at: string | null }>("select checked_at from feed where id = 'beta'");
    if (row?.checked_at === now) break;
    await new Promise(resolve => setTimeout(resolve, 20));
  }
  await automatic.stop();
  const [row] = await database.db.query<{ checked_at: string; next_sync_at: string }>(
    "select checked_at, next_sync_at from feed where id = 'beta'",
  );
  expect(row?.checked_at).toBe(now);
  expect(row!.next_sync_at > now && row!.next_sync_at < addMs(now, HOUR_MS)).toBe(true);
  expect((await database.db.query<{ action: string }>('select distinct action from audit_entry')).map(entry => entry.action)).toEqual(
    expect.arrayContaining(['feed.import', 'feed.upload', 'feed.sync', 'feed.update']),
  );
});
