import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { FastifyInstance } from 'fastify';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Client, createClient, ProblemError } from '../api/client.ts';
import type { Access } from '../api/contract.ts';
import type { FeedImport } from '../api/feeds.ts';
import { api } from '../api/index.ts';
import type { LoadedFeeds } from '../cli/local/scan-ports.ts';
import { BUNDLE_TYPE, type BundleManifest } from '../core/advisories/feed-bundle.ts';
import { type Envelope, signEnvelope } from '../core/evidence/envelope.ts';
import { addMs, type Clock, DAY_MS, HOUR_MS } from '../core/kernel/instants.ts';
import { type TestDatabase, testDatabase } from '../db/test-database.ts';
import type { Context } from '../server/context.ts';
import { createFeeds, type Feeds } from '../server/feeds/feeds.ts';
import { buildServer } from '../server/runtime/http.ts';
import { testContext } from '../server/runtime/test-context.ts';
import { feedThreads } from './feed-threads.ts';
import { loadFeeds } from './scan-feeds.ts';

let now = '2026-11-22T12:00:00.000Z';
const clock: Clock = { now: () => now };
const work = mkdtempSync(path.join(os.tmpdir(), 'fettle-bundles-'));
const at = (name: string) => path.join(work, name);

/** A whole server's feeds, over HTTP. */
interface Site {
  readonly client: Client;
  readonly context: Context;
  readonly feeds: Feeds;
  readonly database: TestDatabase;
  readonly app: FastifyInstance;
}

async function site(name: string): Promise<Site> {
  const database = await testDatabase();
  const made = testContext(database.db, { clock, dataDir: mkdtempSync(path.join(os.tmpdir(), 'fettle-site-')) });
  const context: Context = { ...made, installation: { ...made.installation, id: name, name } };
  const feeds = createFeeds(context, feedThreads, { importAtStart: [], automatic: false });
  await feeds.start();
  const permissions = new Set<Access>(['setting.read', 'feed.write']);
  const person = { kind: 'person', personId: 'per_1', login: 'ada', name: 'Ada', roles: [], permissions, viaToken: false } as const;
  const app = buildServer(context, feeds.handlers, {
    readiness: async () => ({ ready: true }),
    authenticators: {
      agents: { authenticate: async () => false },
      people: { bySession: async () => null, byToken: async () => ({ ...person, roles: [...person.roles] }) },
    },
  });
  const baseUrl = await app.listen({ port: 0, host: '127.0.0.1' });
  const client = createClient(api, { baseUrl, headers: () => ({ authorization: 'Bearer fet_01234567890123456789' }) });
  return { client, context, feeds, database, app };
}

async function settled({ client }: Site, started: FeedImport): Promise<FeedImport> {
  for (let told = started; ; told = await client.feedImportGet({ params: { id: started.id } })) {
    if (told.state !== 'running') return told;
    await new Promise(resolve => setTimeout(resolve, 20));
  }
}
const importing = async (to: Site, location: string) => settled(to, await to.client.feedImport({ body: { location } }));
const uploading = async (to: Site, file: string) =>
  settled(to, await to.client.feedUpload({ query: { fileName: path.basename(file) }, body: new Blob([readFileSync(file)]) }));
const claimsOf = ({ database }: Site) =>
  database.db.query(
    'select feed_id, part, vulnerability_id, release, package_name, state, fixed_version, stated_on from claim where withdrawn_at is null order by 1, 2, 3, 5',
  );

async function exported(from: Site, name: string, query: { feeds?: string; validDays?: number } = {}): Promise<string> {
  const response = await from.client.feedExport({ query });
  const bytes = Buffer.from(await response.arrayBuffer());
  expect(bytes.length).toBe(Number(response.headers.get('content-length')));
  writeFileSync(at(name), bytes);
  return at(name);
}

const OPEN = (day: string, more = '') =>
  `{"cve":"CVE-2023-45853","src":"zlib","status":"open","severity":"critical","as_of":"${day}"}\n${more}`;
const ONE_MORE = '{"cve":"CVE-2023-6246","src":"glibc","status":"open","severity":"high","as_of":"2026-11-21"}\n';
const KEV = JSON.stringify({
  title: 'CISA Catalog of Known Exploited Vulnerabilities',
  catalogVersion: '2026.11.20',
  dateReleased: '2026-11-20T00:00:00.000Z',
  count: 1,
  vulnerabilities: [
    {
      cveID: 'CVE-2023-45853',
      vendorProject: 'zlib',
      product: 'zlib',
      vulnerabilityName: 'x',
      dateAdded: '2026-11-20',
      dueDate: '2026-12-11',
      knownRansomwareCampaignUse: 'Unknown',
    },
  ],
});

describe('a signed bundle from one server to another', () => {
  let head: Site;
  let branch: Site;
  let bundle: string;
  beforeAll(async () => {
    [head, branch] = [await site('head office'), await site('branch')];
    writeFileSync(at('debian12-open.jsonl'), OPEN('2026-11-20'));
    writeFileSync(at('kev.json'), KEV);
    await importing(head, at('debian12-open.jsonl'));
    await importing(head, at('kev.json'));
    now = addMs(now, HOUR_MS);
    bundle = await exported(head, 'first.tar');
  });
  afterAll(async () => {
    for (const one of [head, branch]) {
      await one.app.close();
      await one.feeds.stop();
      await one.database.close();
      rmSync(one.context.installation.dataDir, { recursive: true, force: true });
    }
    rmSync(work, { recursive: true, force: true });
  });

  it('is refused until somebody has trusted its key, and says whose key and how to trust it', async () => {
    const answer = await importing(branch, bundle);
    expect(answer).toMatchObject({ state: 'done', items: [] });
    expect(answer.skipped[0]).toMatchObject({
      file: 'first.tar',
      reason: expect.stringMatching(/nobody has trusted here .*fettle feed trust/),
    });
    expect(await claimsOf(branch)).toEqual([]);
  });

  it('takes no key that is none, and pins one by an explicit step that stands in the audit trail', async () => {
    const { publicKey, id } = await head.client.feedKey({});
    await expect(branch.client.feedSignerTrust({ body: { publicKey: 'no key at all but long enough', name: 'x' } })).rejects.toBeInstanceOf(
      ProblemError,
    );
    expect(await branch.client.feedSignerTrust({ body: { publicKey, name: 'Head' } })).toMatchObject({
      id,
      name: 'Head',
      lastBundleAt: null,
    });
    await expect(branch.client.feedSignerTrust({ body: { publicKey, name: 'Again' } })).rejects.toMatchObject({
      problem: { code: 'signer-known' },
    });
    expect(await branch.database.db.query("select subject from audit_entry where action = 'feed.signer.trust'")).toEqual([{ subject: id }]);
  });

  it('brings the same claims, with the dates and places of the publishers and not of the import', async () => {
    now = addMs(now, HOUR_MS);
    const answer = await uploading(branch, bundle);
    expect(answer).toMatchObject({ state: 'done', skipped: [] });
    expect(answer.files.map(file => [file.feedId, file.state, file.records])).toEqual(
      expect.arrayContaining([
        ['debian-open', 'loaded', 1],
        ['kev', 'loaded', 1],
      ]),
    );
    expect(await claimsOf(branch)).toEqual(await claimsOf(head));
    const parts = await branch.database.db.query(
      "select location, confirmed_at, bundle_key_id is not null as signed from feed_part where feed_id = 'kev'",
    );
    expect(parts).toEqual([
      {
        location: expect.stringMatching(/^bundle of head office \(2026-11-22\): file kev\.json$/),
        confirmed_at: addMs(now, -2 * HOUR_MS),
        signed: true,
      },
    ]);
  });

  it('may be taken in again, and be passed on as it is', async () => {
    expect((await importing(branch, bundle)).files.map(file => file.state)).toEqual(['unchanged', 'unchanged']);
    const onward = await exported(branch, 'onward.tar', { feeds: 'kev' });
    expect((await importing(branch, onward)).files.map(file => file.state)).toEqual(['unchanged']);
  });

  it('is refused with one byte changed, in a file, in a header or in the manifest', async () => {
    const whole = readFileSync(bundle);
    const before = await claimsOf(branch);
    const content = whole.lastIndexOf('CVE-2023-45853');
    const payload = whole.indexOf('"payload":"') + 11;
    const header = whole.indexOf('feeds/01-');
    for (const [offset, reason] of [
      [content, /is not the file that was signed/],
      [payload + 40, /is not the one that was signed|cannot be read/],
      [header + 10, /does not hold .* where its manifest says/],
    ] as const) {
      const changed = Buffer.from(whole);
      changed[offset] = changed[offset]! ^ 1;
      writeFileSync(at('tampered.tar'), changed);
      const answer = await importing(branch, at('tampered.tar'));
      expect(answer.skipped.map(one => one.reason).join(), `byte ${offset}`).toMatch(reason);
      expect(answer.items).toEqual([]);
    }
    expect(await claimsOf(branch)).toEqual(before);
  });

  it('is refused with another manifest: unsigned, signed by a stranger, or of files that are not there', async () => {
    const whole = readFileSync(bundle);
    const size = Number.parseInt(whole.toString('latin1', 124, 135), 8);
    const envelope = JSON.parse(whole.toString('utf8', 512, 512 + size)) as Envelope;
    const manifest = JSON.parse(Buffer.from(envelope.payload, 'base64').toString()) as BundleManifest;
    const stranger = generateKeyPairSync('ed25519').privateKey;
    const later = { ...manifest, createdAt: addMs(now, HOUR_MS) };
    for (const [put, reason] of [
      [{ ...envelope, signatures: [] }, /not signed/],
      [signEnvelope(BUNDLE_TYPE, later, stranger), /nobody has trusted here/],
      [{ ...envelope, payload: Buffer.from(JSON.stringify(later)).toString('base64') }, /not the one that was signed/],
      [{ ...envelope, payloadType: 'application/vnd.fettle.plan+json' }, /cannot be read/],
    ] as const) {
      writeFileSync(at('replaced.tar'), withManifest(whole, put));
      expect((await importing(branch, at('replaced.tar'))).skipped.map(one => one.reason).join()).toMatch(reason);
    }
  });

  it('is refused when it is cut, or when something was put behind it', async () => {
    for (const bytes of [100, 600, 2_000, readFileSync(bundle).length - 512]) {
      writeFileSync(at('cut.tar'), readFileSync(bundle));
      truncateSync(at('cut.tar'), bytes);
      const [skipped] = (await importing(branch, at('cut.tar'))).skipped;
      expect(skipped?.reason, `${bytes} bytes`).toMatch(/ends after \d+ bytes.*Copy it again/);
    }
    writeFileSync(at('long.tar'), Buffer.concat([readFileSync(bundle), Buffer.alloc(512, 1)]));
    expect((await importing(branch, at('long.tar'))).skipped[0]?.reason).toMatch(/more than its manifest names/);
  });

  it('never takes the place of a younger one, as a whole or file by file', async () => {
    now = addMs(now, DAY_MS);
    writeFileSync(at('debian12-open.jsonl'), OPEN('2026-11-21', ONE_MORE));
    await importing(head, at('debian12-open.jsonl'));
    const second = await exported(head, 'second.tar');
    expect((await importing(branch, second)).files.map(file => [file.feedId, file.state])).toEqual(
      expect.arrayContaining([
        ['debian-open', 'loaded'],
        ['kev', 'unchanged'],
      ]),
    );
    const rolledBack = await importing(branch, bundle);
    expect(rolledBack.items).toEqual([]);
    expect(rolledBack.skipped[0]?.reason).toMatch(/older than the last one taken in from there.*newest bundle/);
    expect(await claimsOf(branch)).toHaveLength(2);

    // Another installation, trusted too, whose data is older.
    const other = await site('other office');
    writeFileSync(at('old-open.jsonl'), OPEN('2026-11-19'));
    writeFileSync(at('debian12-open.jsonl'), OPEN('2026-11-19', ONE_MORE.replace('11-21', '11-19')));
    await importing(other, at('debian12-open.jsonl'));
    await branch.client.feedSignerTrust({ body: { publicKey: (await other.client.feedKey({})).publicKey, name: 'Other' } });
    const older = await importing(branch, await exported(other, 'older.tar'));
    expect(older.skipped[0]?.reason).toMatch(/its data is of 2026-11-19, older than that in force, of 2026-11-21/);
    expect((await claimsOf(branch)).map(row => row.stated_on)).toEqual(['2026-11-20', '2026-11-21'].map(() => expect.anything()));
    await other.app.close();
    await other.feeds.stop();
    await other.database.close();
  });

  it('expires, and comes from no future', async () => {
    const short = await exported(head, 'short.tar', { validDays: 1, feeds: 'kev' });
    now = addMs(now, 2 * DAY_MS);
    expect((await importing(branch, short)).skipped[0]?.reason).toMatch(/that head office made on .* expired on .*Export a new one/);
    now = addMs(now, -10 * DAY_MS);
    expect((await importing(branch, short)).skipped[0]?.reason).toMatch(/dated after today .* clock/);
    now = addMs(now, 8 * DAY_MS);
  });

  it('is believed no longer when its key is not', async () => {
    const { id } = await head.client.feedKey({});
    const fresh = await exported(head, 'third.tar', { feeds: 'kev' });
    await branch.client.feedSignerDelete({ params: { id } });
    expect((await importing(branch, fresh)).skipped[0]?.reason).toMatch(/nobody has trusted/);
    expect((await branch.client.feedSignerList({})).items.map(signer => signer.name)).toEqual(['Other']);
    expect((await claimsOf(branch)).length).toBeGreaterThan(0);
  });

  it('says which feeds cannot be exported', async () => {
    await expect(head.client.feedExport({ query: { feeds: 'nonsense' } })).rejects.toMatchObject({ problem: { status: 404 } });
    await expect(head.client.feedExport({ query: { feeds: 'epss' } })).rejects.toMatchObject({ problem: { code: 'nothing-to-export' } });
  });

  describe('read by a scan, without a server', () => {
    afterEach(() => {
      delete process.env.FETTLE_FEED_KEYS;
    });
    const scan = (location: string): Promise<LoadedFeeds> =>
      loadFeeds({ locations: [location], today: '2026-11-22', releases: new Set(['debian:12']), packages: null, installed: null });

    it('gives the claims when its key was trusted on this machine, and a word otherwise', async () => {
      // A scan looks at the clock on the wall.
      now = new Date().toISOString();
      const real = await exported(head, 'scan.tar');
      process.env.FETTLE_FEED_KEYS = at('keys');
      expect((await scan(real)).problems.join()).toMatch(/nobody has trusted here/);
      writeFileSync(at('keys'), `# head office\n${(await head.client.feedKey({})).publicKey} Head office\n`);
      const loaded = await scan(real);
      expect(loaded.problems).toEqual([]);
      expect(loaded.index.claimCount).toBe(2);
      expect(loaded.knownExploited).toEqual(new Set(['CVE-2023-45853']));
      const changed = readFileSync(real);
      changed[changed.lastIndexOf('CVE-2023-45853')] = 0x44;
      writeFileSync(at('scan-tampered.tar'), changed);
      const refused = await scan(at('scan-tampered.tar'));
      expect(refused.problems.join()).toMatch(/is not the file that was signed/);
      expect(refused.index.claimCount).toBe(0);
    });
  });
});

/** The same archive with another envelope in front. */
function withManifest(whole: Buffer, envelope: object): Buffer {
  const size = Number.parseInt(whole.toString('latin1', 124, 135), 8);
  const rest = whole.subarray(512 + Math.ceil(size / 512) * 512);
  const text = Buffer.from(JSON.stringify(envelope));
  const header = Buffer.from(whole.subarray(0, 512));
  header.write(`${text.length.toString(8).padStart(11, '0')}\0`, 124);
  header.write('        ', 148);
  header.write(
    `${header
      .reduce((sum, byte) => sum + byte, 0)
      .toString(8)
      .padStart(6, '0')}\0 `,
    148,
  );
  return Buffer.concat([header, text, Buffer.alloc(Math.ceil(text.length / 512) * 512 - text.length), rest]);
}
