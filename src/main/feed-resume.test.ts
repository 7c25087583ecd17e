import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Client, createClient } from '../api/client.ts';
import { api } from '../api/index.ts';
import { databaseProcesses, type ServerProcess, startServer } from './test-server.ts';

/** KEV in CISA's form, large enough that a slow line takes its time. */
const CATALOG = Buffer.from(
  JSON.stringify({
    title: 'CISA Catalog of Known Exploited Vulnerabilities',
    catalogVersion: '2026.11.20',
    dateReleased: '2026-11-20T00:00:00.000Z',
    count: 4_000,
    vulnerabilities: Array.from({ length: 4_000 }, (_, n) => ({
      cveID: `CVE-2025-${10_000 + n}`,
      dateAdded: '2026-01-02',
      dueDate: '2026-01-23',
      requiredAction: 'Apply updates as the vendor says, or stop using the product where there are none.',
      knownRansomwareCampaignUse: 'Unknown',
    })),
  }),
);

const base = realpathSync(mkdtempSync(path.join(os.tmpdir(), 'fettle-resume-')));
const data = path.join(base, 'data');
const running: ServerProcess[] = [];
let publisher: http.Server;
let feedUrl = '';
const ranges: (string | undefined)[] = [];
let isSlow = true;

async function open(): Promise<Client> {
  const server = startServer(data, { FETTLE_FETCH_FEEDS: 'no' });
  running.push(server);
  const { url } = await server.ready();
  let cookie = '';
  const client = createClient(api, {
    baseUrl: url,
    headers: () => ({ cookie, origin: url }),
    fetch: async (input, init) => {
      const answer = await fetch(input, init);
      cookie = answer.headers.getSetCookie()[0]?.split(';')[0] ?? cookie;
      return answer;
    },
  });
  const token = /setup#token=([\w-]+)/.exec(server.output())?.[1];
  if (token) await client.setupAdministrator({ body: { token, login: 'ada', name: 'Ada', password: 'a long enough password' } });
  else await client.sessionCreate({ body: { login: 'ada', password: 'a long enough password' } });
  return client;
}

beforeAll(async () => {
  publisher = http.createServer((request, response) => {
    ranges.push(request.headers.range);
    const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
    const rest = CATALOG.subarray(from);
    const headers = { etag: '"kev"', 'accept-ranges': 'bytes', 'content-length': rest.length };
    response.writeHead(from > 0 ? 206 : 200, {
      ...headers,
      ...(from > 0 ? { 'content-range': `bytes ${from}-${CATALOG.length - 1}/${CATALOG.length}` } : {}),
    });
    // Half of it, and then nothing: a line that has gone quiet.
    if (isSlow) response.write(rest.subarray(0, CATALOG.length / 2));
    else response.end(rest);
  });
  await new Promise<void>(resolve => publisher.listen(0, '127.0.0.1', resolve));
  feedUrl = `http://127.0.0.1:${(publisher.address() as AddressInfo).port}/known_exploited_vulnerabilities.json`;
});
afterAll(async () => {
  publisher.closeAllConnections();
  publisher.close();
  for (const { child, ended } of running) {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
    await ended;
  }
  for (let waited = 0; process.platform === 'linux' && waited < 50 && databaseProcesses(base).length > 0; waited += 1)
    await new Promise(resolve => setTimeout(resolve, 100));
  rmSync(base, { recursive: true, force: true });
});

describe('a server that is killed while it fetches a feed', () => {
  it('tells how far a fetch is while it runs, and goes on there after it has started again', { timeout: 180_000 }, async () => {
    const before = await open();
    await before.feedUpdate({ params: { id: 'kev' }, body: { url: feedUrl, enabled: true } });
    const started = await before.feedSync({ params: { id: 'kev' } });
    expect(started).toMatchObject({ state: 'running', location: feedUrl });
    for (;;) {
      const told = await before.feedImportGet({ params: { id: started.id } });
      if (told.files[0]?.state === 'downloading' && told.files[0].sizeBytes >= CATALOG.length / 2 - 1) {
        expect(told.files[0]).toMatchObject({ file: 'known_exploited_vulnerabilities.json', message: `50 % of ${CATALOG.length} bytes` });
        break;
      }
      await new Promise(resolve => setTimeout(resolve, 50));
    }
    running[0]!.child.kill('SIGKILL');
    await running[0]!.ended;

    isSlow = false;
    const after = await open();
    const again = await after.feedSync({ params: { id: 'kev' } });
    let told = again;
    while (told.state === 'running') {
      await new Promise(resolve => setTimeout(resolve, 50));
      told = await after.feedImportGet({ params: { id: again.id } });
    }
    expect(told).toMatchObject({ state: 'done', items: [{ id: 'kev', state: 'current', records: 4_000, integrity: { level: 'none' } }] });
    expect(ranges).toEqual([undefined, `bytes=${Math.floor(CATALOG.length / 2)}-`]);
  });
});
