import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ROLE_PERMISSIONS } from '../../api/access.ts';
import { api } from '../../api/index.ts';
import type { Db } from '../../db/db.ts';
import type { Handlers } from '../context.ts';
import { type Person, sessionCookieName } from './callers.ts';
import { buildServer } from './http.ts';
import { conflict, notFound } from './problems.ts';
import { testContext } from './test-context.ts';

const viewer: Person = {
  kind: 'person',
  personId: 'per_1',
  login: 'vera',
  name: 'Vera',
  roles: ['viewer'],
  permissions: new Set(ROLE_PERMISSIONS.viewer),
  viaToken: false,
};
const planner: Person = { ...viewer, login: 'paul', roles: ['planner'], permissions: new Set(ROLE_PERMISSIONS.planner) };
const sessions: Readonly<Record<string, Person>> = { vera: viewer, paul: planner };
const noDatabase = { query: () => Promise.reject(new Error('no database in this test')) } as unknown as Db;
const context = testContext(noDatabase, { log: { info() {}, warn() {}, error() {} } });
const cookie = (who: string): { cookie: string } => ({ cookie: `${sessionCookieName(context.installation.id, false)}=${who}` });

const seen: unknown[] = [];
const handlers: Partial<Handlers> = {
  setupGet: async () => ({ needsAdministrator: true, version: '1' }),
  sessionCreate: async () => Promise.reject(conflict('wrong-password', 'no', 'try again')),
  hostList: async ({ query }) => {
    seen.push(query);
    return { items: [], total: 0, page: query.page, pageSize: query.pageSize };
  },
  hostGet: async ({ params }) => Promise.reject(notFound('host', params.id)),
  hostExport: async () =>
    (async function* () {
      yield 'name\r\n';
      yield 'a\r\n';
    })(),
  rolloutCreate: async ({ body }) => {
    seen.push(body);
    throw new Error('secret inner text');
  },
  rolloutStream: async ({ query }) =>
    (async function* () {
      yield {
        id: query.after + 1,
        data: {
          sequence: query.after + 1,
          at: '2026-01-01T00:00:00Z',
          kind: 'rollout' as const,
          ringIndex: null,
          jobId: null,
          hostName: null,
          text: 'a\nb',
        },
      };
    })(),
  agentReport: async ({ body }, caller) => {
    seen.push([body.packages?.length, caller]);
    return { accepted: true, missing: [] };
  },
  agentCheckIn: async (_input, _caller, request) => {
    await new Promise<void>(resolve => request.signal.addEventListener('abort', () => resolve()));
    return { tasks: [], serverTime: '2026-01-01T00:00:00Z', nextCheckInSeconds: 60 };
  },
};

describe('the HTTP kernel', () => {
  let app: FastifyInstance;
  const folder = mkdtempSync(path.join(os.tmpdir(), 'fettle-http-'));
  beforeAll(async () => {
    mkdirSync(path.join(folder, 'assets'));
    writeFileSync(path.join(folder, 'index.html'), '<html><meta nonce="__CSP_NONCE__"></html>');
    writeFileSync(path.join(folder, 'assets', 'main-abc.js'), 'console.log(1)');
    app = buildServer(context, handlers, {
      authenticators: {
        people: {
          bySession: async secret => sessions[secret] ?? null,
          byToken: async secret => (secret.includes('paul') ? { ...planner, viaToken: true } : null),
        },
        agents: { authenticate: async (_host, secret) => secret === 's'.repeat(32) },
      },
      readiness: async () => ({ ready: false, reason: 'migrating' }),
      console: { folder, missing: () => 'not built' },
      agentFile: async name => (name === 'fettle-agent.cjs' ? { content: Buffer.from('agent'), type: 'text/javascript' } : null),
    });
    await app.ready();
  });
  afterAll(async () => {
    await app.close();
    rmSync(folder, { recursive: true });
  });

  it('answers public routes to anybody and says 503 with the reason while it is not ready', async () => {
    expect((await app.inject('/api/v1/setup')).json()).toEqual({ needsAdministrator: true, version: '1' });
    const health = await app.inject('/healthz');
    expect([health.statusCode, health.json()]).toEqual([503, { ready: false, reason: 'migrating' }]);
  });

  it('asks for a sign-in, then for the permission', async () => {
    expect((await app.inject('/api/v1/hosts')).statusCode).toBe(401);
    expect((await app.inject({ url: '/api/v1/hosts', headers: cookie('nobody') })).statusCode).toBe(401);
    expect((await app.inject({ url: '/api/v1/hosts', headers: cookie('vera') })).statusCode).toBe(200);
    const refused = await app.inject({ method: 'POST', url: '/api/v1/rollouts', headers: cookie('vera'), payload: {} });
    expect(refused.statusCode).toBe(403);
    expect(refused.headers['content-type']).toContain('application/problem+json');
    expect(refused.json()).toMatchObject({ code: 'not-permitted', detail: expect.stringContaining('rollout.plan') });
  });

  it('turns query text into numbers, fills defaults, and drops what the contract does not name', async () => {
    await app.inject({ url: '/api/v1/hosts?pageSize=7&nonsense=1&search=x', headers: cookie('vera') });
    expect(seen.at(-1)).toEqual({ page: 1, pageSize: 7, search: 'x' });
  });

  it('names the bad field', async () => {
    const answer = await app.inject({ url: '/api/v1/hosts?state=asleep', headers: cookie('vera') });
    expect(answer.statusCode).toBe(400);
    expect(answer.json().fields).toEqual([{ path: 'query/state', message: expect.stringContaining('waiting-for-inventory') }]);
  });

  it('fills defaults inside a union as zod does, and hides the text of a defect', async () => {
    const spec = {
      name: 'r',
      patchIds: [],
      selector: {},
      smokeTests: [
        { kind: 'tcp-port', port: 80, extra: 1 },
        { kind: 'http', url: 'http://127.0.0.1/' },
      ],
      admin: true,
    };
    const answer = await app.inject({ method: 'POST', url: '/api/v1/rollouts', headers: cookie('paul'), payload: spec });
    expect(seen.at(-1)).toEqual(api.rolloutCreate.body.parse(spec));
    expect(answer.statusCode).toBe(500);
    expect(answer.body).not.toContain('secret inner text');
  });

  it.each([
    ['__proto__', '{"__proto__":{"a":1}}', 400],
    ['broken JSON', '{"a":', 400],
    ['deep nesting', `${'['.repeat(5000)}${']'.repeat(5000)}`, 400],
    ['invalid UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), 400],
    ['NUL', '{"name":"a\\u0000"}', 400],
    ['too large', JSON.stringify({ name: 'x'.repeat(2_000_000) }), 413],
  ])('refuses a body with %s', async (_what, payload, status) => {
    const answer = await app.inject({
      method: 'POST',
      url: '/api/v1/rollouts',
      headers: { ...cookie('paul'), 'content-type': 'application/json' },
      payload,
    });
    expect([answer.statusCode, typeof answer.json().advice]).toEqual([status, 'string']);
  });

  it('refuses form posts and unknown paths as problems', async () => {
    const form = await app.inject({
      method: 'POST',
      url: '/api/v1/session',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      payload: 'login=a',
    });
    expect(form.statusCode).toBe(415);
    const lost = await app.inject('/api/v1/nowhere');
    expect([lost.statusCode, lost.json().code]).toEqual([404, 'not-found']);
    expect(
      (
        await app.inject({
          method: 'POST',
          url: '/api/v1/invitations/accept',
          payload: { token: 'x', name: 'n', password: 'p'.repeat(12) },
        })
      ).statusCode,
    ).toBe(501);
  });

  it.each([
    ['cross-site', { 'sec-fetch-site': 'cross-site' }, 403],
    ['same-site', { 'sec-fetch-site': 'same-site' }, 403],
    ['foreign origin', { origin: 'https://evil.example' }, 403],
    ['null origin', { origin: 'null' }, 403],
    ['own origin', { origin: 'http://localhost:80' }, 403],
    ['own page', { 'sec-fetch-site': 'same-origin' }, 409],
    ['own origin without the port it hides', { origin: 'http://localhost', host: 'localhost' }, 409],
    ['no browser', {}, 409],
  ])('a sign-in from %s', async (_what, headers, status) => {
    const answer = await app.inject({
      method: 'POST',
      url: '/api/v1/session',
      headers: { host: 'other.example', ...headers },
      payload: { login: `user-${status}-${_what}`, password: 'x' },
    });
    expect(answer.statusCode).toBe(status);
  });

  it('limits sign-ins per account and per real address, whatever X-Forwarded-For says', async () => {
    const attempt = (login: string, remoteAddress: string, forwarded: string) =>
      app.inject({
        method: 'POST',
        url: '/api/v1/session',
        remoteAddress,
        headers: { 'x-forwarded-for': forwarded },
        payload: { login, password: 'x' },
      });
    const perAccount = [];
    for (let index = 0; index < 7; index += 1) perAccount.push((await attempt('target', `10.0.0.${index}`, '1.1.1.1')).statusCode);
    expect(perAccount).toEqual([409, 409, 409, 409, 409, 429, 429]);
    const perAddress = [];
    for (let index = 0; index < 22; index += 1)
      perAddress.push((await attempt(`someone-${index}`, '10.9.9.9', `9.9.9.${index}`)).statusCode);
    expect(perAddress.filter(status => status === 429)).toHaveLength(2);
    const last = await attempt('someone', '10.9.9.9', '8.8.8.8');
    expect(Number(last.headers['retry-after'])).toBeGreaterThan(0);
  });

  it('knows an agent by its header alone and unpacks its report, up to the limit', async () => {
    const report = {
      observedAt: '2026-11-22T00:00:00Z',
      digests: { facts: '0'.repeat(64), packages: '0'.repeat(64), candidates: '0'.repeat(64) },
      packages: [['a', 'amd64', '1', 'a', '1', 'installed', 0]],
    };
    const send = (secret: string, payload: Buffer, encoding = 'gzip') =>
      app.inject({
        method: 'POST',
        url: '/api/agent/v1/report',
        headers: {
          authorization: `FettleAgent host_0123456789abcdef.${secret}`,
          'content-type': 'application/json',
          'content-encoding': encoding,
        },
        payload,
      });
    expect((await send('s'.repeat(32), gzipSync(JSON.stringify(report)))).json()).toEqual({ accepted: true, missing: [] });
    expect(seen.at(-1)).toEqual([1, { kind: 'agent', hostId: 'host_0123456789abcdef' }]);
    expect((await send('t'.repeat(32), gzipSync('{}'))).statusCode).toBe(401);
    expect((await send('s'.repeat(32), Buffer.from('not gzip at all'))).statusCode).toBe(400);
    expect((await send('s'.repeat(32), gzipSync('{}'), 'br')).statusCode).toBe(415);
    const bomb = await send('s'.repeat(32), gzipSync(Buffer.alloc(64_000_000, 0x20)));
    expect(bomb.statusCode).toBe(413);
    expect((await app.inject({ method: 'POST', url: '/api/agent/v1/report', headers: cookie('paul'), payload: report })).statusCode).toBe(
      401,
    );
  });

  it('lets an API token read, and refuses an unknown one', async () => {
    expect((await app.inject({ url: '/api/v1/hosts', headers: { authorization: `Bearer fet_paul${'x'.repeat(20)}` } })).statusCode).toBe(
      200,
    );
    expect(
      (await app.inject({ url: '/api/v1/hosts', headers: { authorization: `Bearer fet_${'x'.repeat(24)}`, ...cookie('paul') } }))
        .statusCode,
    ).toBe(401);
  });

  it('sends CSV as a download and events as server-sent events', async () => {
    const csv = await app.inject({ url: '/api/v1/hosts.csv', headers: cookie('vera') });
    expect([csv.body, csv.headers['content-disposition']]).toEqual(['name\r\na\r\n', 'attachment; filename="hosts.csv"']);
    const events = await app.inject({ url: '/api/v1/rollouts/rol_1/stream', headers: { ...cookie('vera'), 'last-event-id': '41' } });
    expect(events.headers['content-type']).toContain('text/event-stream');
    expect(events.body).toContain('id: 42\ndata: {"sequence":42,');
    expect(events.body).toContain('a\\nb');
  });

  it('serves the console with a fresh nonce, its hashed files for a year, and agent files', async () => {
    const page = await app.inject('/hosts/host_1?tab=proof');
    const nonce = /nonce="([^"]+)"/.exec(page.body)?.[1] ?? '';
    expect(page.headers['content-security-policy']).toContain(`'nonce-${nonce}'`);
    expect(nonce.length).toBeGreaterThan(20);
    expect((await app.inject('/')).body).not.toContain(nonce);
    expect((await app.inject('/index.html')).body).not.toContain('__CSP_NONCE__');
    const script = await app.inject('/assets/main-abc.js');
    expect([script.body, script.headers['cache-control']]).toEqual(['console.log(1)', 'public, max-age=31536000, immutable']);
    expect((await app.inject('/assets/main-older.js')).statusCode).toBe(404);
    expect((await app.inject('/../../etc/passwd')).body).not.toContain('root:');
    expect((await app.inject('/..%2f..%2fetc%2fpasswd')).body).not.toContain('root:');
    expect((await app.inject('/agent/fettle-agent.cjs')).body).toBe('agent');
    expect((await app.inject('/agent/other')).statusCode).toBe(404);
  });

  it('sends the security headers with every kind of answer', async () => {
    for (const url of ['/', '/healthz', '/api/v1/setup', '/api/v1/nowhere', '/api/v1/hosts']) {
      const { headers } = await app.inject(url);
      expect([
        url,
        headers['x-content-type-options'],
        headers['referrer-policy'],
        String(headers['content-security-policy']).startsWith("default-src 'none'"),
      ]).toEqual([url, 'nosniff', 'no-referrer', true]);
    }
  });

  it('ends long polls when it stops', async () => {
    const other = buildServer(context, handlers, {
      authenticators: { people: { bySession: async () => null, byToken: async () => null }, agents: { authenticate: async () => true } },
      readiness: async () => ({ ready: true }),
    });
    const address = await other.listen({ port: 0, host: '127.0.0.1' });
    const poll = fetch(`${address}/api/agent/v1/check-in`, {
      method: 'POST',
      headers: { authorization: `FettleAgent host_0123456789abcdef.${'s'.repeat(32)}`, 'content-type': 'application/json' },
      body: JSON.stringify({ agentVersion: '1', bootId: null, digests: null, openJobs: [], waitSeconds: 50 }),
    }).then(
      answer => answer.status,
      () => 'cut',
    );
    await new Promise(resolve => setTimeout(resolve, 100));
    const started = performance.now();
    await other.close();
    expect(performance.now() - started).toBeLessThan(2_000);
    expect([200, 'cut']).toContain(await poll);
  });
});
