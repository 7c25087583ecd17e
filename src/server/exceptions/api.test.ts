import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Role } from '../../api/access.ts';
import type { ExceptionDetailView } from '../../api/exceptions.ts';
import { callerOf } from '../access/person-rows.ts';
import type { Handlers } from '../context.ts';
import { fixedClaim } from '../fleet/test-fleet.ts';
import { candidateRecord, hostFactsOf, packageRecord } from '../inventory/test-inventory.ts';
import { type Person, sessionCookieName } from '../runtime/callers.ts';
import { buildServer } from '../runtime/http.ts';
import { ExceptionBench } from './test-exceptions.ts';

// Over HTTP, as a client sees it: what the schemas refuse, what roles open, what tokens cannot.
let bench: ExceptionBench;
let app: FastifyInstance;

const person = (login: string, roles: readonly Role[], viaToken: boolean): Person =>
  callerOf(
    {
      id: `per_${Buffer.from(login).toString('hex').padEnd(16, '0')}`,
      login,
      name: login,
      password_hash: null,
      roles: [...roles],
      disabled: false,
      created_at: '',
      last_sign_in_at: null,
    },
    viaToken ? ['finding.read', 'exception.request', 'exception.approve'] : null,
  );
const PEOPLE: Readonly<Record<string, readonly Role[]>> = { ada: ['operator'], grace: ['risk-owner'], victor: ['viewer'] };

beforeAll(async () => {
  bench = await ExceptionBench.start();
  await bench.fleet.loadClaims('debian', [fixedClaim('CVE-2026-1', 'nginx', '1.22.1-10')]);
  const id = await bench.fleet.addHost('web1');
  await bench.fleet.report(id, hostFactsOf('web1'), [packageRecord('nginx', '1.22.1-9')], [candidateRecord('nginx', '1.22.1-10')]);
  app = buildServer(bench.fleet.context, { ...bench.fleet.fleet.handlers, ...bench.exceptions.handlers } as unknown as Handlers, {
    authenticators: {
      people: {
        bySession: async login => person(login, PEOPLE[login] ?? [], false),
        byToken: async text => person(text.replace(/^fet_|-.*$/g, ''), ['risk-owner'], true),
      },
      agents: { authenticate: async () => false },
    },
    readiness: async () => ({ ready: true }),
  });
  await app.ready();
});
afterAll(async () => {
  await app.close();
  await bench.close();
});

async function send(login: string, method: 'GET' | 'POST', url: string, payload?: object) {
  const answer = await app.inject({
    method,
    url: `/api/v1/exceptions${url}`,
    headers: { cookie: `${sessionCookieName(bench.fleet.context.installation.id, false)}=${login}` },
    ...(payload === undefined ? {} : { payload }),
  });
  return {
    status: answer.statusCode,
    body: answer.json() as ExceptionDetailView & { code?: string; detail?: string; fields?: { path: string }[] },
  };
}

const asked = () => ({
  title: 'ERP',
  kind: 'risk-accepted',
  reason: 'certified',
  owner: 'grace',
  vulnerabilityIds: ['CVE-2026-1'],
  endsAt: bench.inDays(20),
});

it('refuses what the contract does not know, and who may not ask', async () => {
  expect(await send('ada', 'POST', '', { ...asked(), kind: 'because' })).toMatchObject({
    status: 400,
    body: { fields: [{ path: 'body/kind' }] },
  });
  expect(await send('ada', 'POST', '', { ...asked(), endsAt: 'tomorrow' })).toMatchObject({ status: 400 });
  expect(await send('victor', 'POST', '', asked())).toMatchObject({ status: 403 });
  expect(await send('victor', 'GET', '/exc_0000000000000000')).toMatchObject({ status: 404, body: { code: 'not-found' } });
});

it('previews, asks, decides and lists; the reason why not is the same in the verbs and in the refusal', async () => {
  expect(await send('victor', 'POST', '/preview', { kind: 'deferred', vulnerabilityIds: ['CVE-2026-1'] })).toMatchObject({
    status: 200,
    body: { problem: null, hosts: 1, openFindings: 1, hostNames: ['web1'], life: { name: 'high', days: 90 } },
  });
  const { status, body } = await send('ada', 'POST', '', asked());
  expect([status, body.state]).toEqual([200, 'requested']);
  const why = body.verbs.find(one => one.verb === 'approve')!.disabledReason!;
  const action = { verb: 'approve', scopeHash: body.scope.hash };
  expect((await send('ada', 'POST', `/${body.id}/actions`, action)).body.detail).toContain(why);
  const token = await app.inject({
    method: 'POST',
    url: `/api/v1/exceptions/${body.id}/actions`,
    headers: { authorization: `Bearer fet_grace-${'x'.repeat(30)}` },
    payload: action,
  });
  expect([token.statusCode, token.json().detail]).toEqual([
    409,
    'Approve is not possible: an API token cannot approve: sign in as a person.',
  ]);
  expect(await send('grace', 'POST', `/${body.id}/actions`, { verb: 'approve' })).toMatchObject({
    status: 400,
    body: { fields: [{ path: 'body/scopeHash' }] },
  });
  expect(await send('grace', 'POST', `/${body.id}/actions`, action)).toMatchObject({
    status: 200,
    body: { inForce: true, approvedBy: 'grace' },
  });
  expect(await send('victor', 'GET', '?show=in-force&vulnerability=CVE-2026-1')).toMatchObject({
    status: 200,
    body: { total: 1, items: [{ title: 'ERP' }] },
  });
  expect(await send('victor', 'GET', '?search=100%25')).toMatchObject({ body: { total: 0 } });
  expect(await send('grace', 'POST', `/${body.id}/actions`, { verb: 'revoke' })).toMatchObject({
    status: 400,
    body: { fields: [{ path: 'body/reason' }] },
  });
});
