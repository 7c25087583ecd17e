import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import type { FeedImport } from '../api/feeds.ts';
import { type Clock, systemClock } from '../core/kernel/instants.ts';
import { type TestDatabase, testDatabase } from '../db/test-database.ts';
import type { FeedFilesPort } from '../server/feeds/feed-files.ts';
import { createFeeds, type Feeds } from '../server/feeds/feeds.ts';
import { testContext } from '../server/runtime/test-context.ts';

/** A server's feeds with a database of their own, and a publisher on the loopback address whose files are what `publish` last said. For tests. */
export interface FeedSite {
  readonly feeds: Feeds;
  readonly database: TestDatabase;
  readonly folder: string;
  readonly dataDir: string;
  readonly base: string;
  /** null takes a file away. */
  publish(name: string, content: string | Uint8Array | null, headers?: Readonly<Record<string, string>>): void;
  /** Of contents, since the site was opened. */
  bytesSent(): number;
  /** Names asked for since the last call. */
  asked(): string[];
  importing(location: string, more?: object): Promise<FeedImport>;
  syncing(feedId: string, query?: object): Promise<FeedImport>;
  setUrl(feedId: string, ...names: readonly string[]): Promise<void>;
  /** `CVE-2026-1 1.2.3` of what is in force. */
  claims(feedId: string): Promise<string[]>;
  close(): Promise<void>;
}

/** Who does it all. */
export const PERSON = {
  kind: 'person',
  personId: 'per_1',
  login: 'ada',
  name: 'Ada',
  roles: [],
  permissions: new Set(),
  viaToken: false,
} as never;

export async function openFeedSite(files: (base: string) => FeedFilesPort, clock: Clock = systemClock): Promise<FeedSite> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'fettle-feed-site-'));
  const dataDir = mkdtempSync(path.join(folder, 'data-'));
  const served = new Map<string, { readonly content: Buffer; readonly headers: Readonly<Record<string, string>> }>();
  let log: string[] = [];
  let bytesSent = 0;
  const publisher = http.createServer((request, response) => {
    const name = (request.url ?? '').slice(1);
    log.push(name);
    const { content, headers } = served.get(name) ?? {};
    if (content === undefined) return response.writeHead(404).end();
    const etag = `"${createHash('sha256').update(content).digest('hex').slice(0, 16)}"`;
    if (request.headers['if-none-match'] === etag) return response.writeHead(304).end();
    bytesSent += content.length;
    return response.writeHead(200, { ...headers, etag, 'content-length': content.length }).end(content);
  });
  await new Promise<void>(resolve => publisher.listen(0, '127.0.0.1', resolve));
  const base = `http://127.0.0.1:${(publisher.address() as AddressInfo).port}`;
  const database = await testDatabase();
  const feeds = createFeeds(testContext(database.db, { clock, dataDir }), files(base), { importAtStart: [], automatic: false });
  await feeds.start();

  async function settled(started: FeedImport): Promise<FeedImport> {
    for (let told = started; ; ) {
      if (told.state !== 'running') return told;
      await new Promise(resolve => setTimeout(resolve, 20));
      told = await feeds.handlers.feedImportGet({ params: { id: started.id } } as never, PERSON, undefined as never);
    }
  }

  return {
    feeds,
    database,
    folder,
    dataDir,
    base,
    publish(name, content, headers = {}) {
      if (content === null) served.delete(name);
      else served.set(name, { content: Buffer.from(content as string), headers });
    },
    bytesSent: () => bytesSent,
    asked() {
      const names = log;
      log = [];
      return names;
    },
    importing: async (location, more = {}) =>
      settled(await feeds.handlers.feedImport({ body: { location, ...more } } as never, PERSON, undefined as never)),
    syncing: async (id, query = {}) =>
      settled(await feeds.handlers.feedSync({ params: { id }, query, body: undefined } as never, PERSON, undefined as never)),
    async setUrl(id, ...names) {
      const url = names.map(name => `${base}/${name}`).join(' ');
      await database.db.query('update feed set url = $2, url_by_person = true, enabled = true where id = $1', [id, url]);
    },
    claims: async id =>
      (
        await database.db.query<{ line: string }>(
          "select distinct concat_ws(' ', vulnerability_id, fixed_version) as line from claim where feed_id = $1 and withdrawn_at is null order by 1",
          [id],
        )
      ).map(row => row.line),
    async close() {
      await feeds.stop();
      await database.close();
      publisher.close();
      rmSync(folder, { recursive: true });
    },
  };
}
