import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NEVER_BY_TOKEN, ROLE_PERMISSIONS, ROLES, type Role } from '../src/api/access.ts';
import type { Route } from '../src/api/contract.ts';
import { api, type RouteName } from '../src/api/index.ts';
import type { Db } from '../src/db/db.ts';
import type { Handlers } from '../src/server/context.ts';
import { type Person, sessionCookieName } from '../src/server/runtime/callers.ts';
import { buildServer } from '../src/server/runtime/http.ts';
import { RequestFault } from '../src/server/runtime/problems.ts';
import { testContext } from '../src/server/runtime/test-context.ts';
import { ROOT } from './golden-files.ts';

const routes = Object.entries(api) as [RouteName, Route][];
const REACHED = 418;
/** Every handler only says that it was reached; whatever the body, the answer before it is about the right to ask. */
const handlers = Object.fromEntries(
  routes.map(([name]) => [name, () => Promise.reject(new RequestFault(REACHED, 'reached', name, ''))]),
) as unknown as Handlers;

function personWith(roles: readonly Role[], viaToken: boolean): Person {
  const permissions = roles.flatMap(role => ROLE_PERMISSIONS[role]).filter(permission => !viaToken || !NEVER_BY_TOKEN.includes(permission));
  return { kind: 'person', personId: 'per_0123456789abcdef', login: 'x', name: 'X', roles, permissions: new Set(permissions), viaToken };
}

const context = testContext({} as Db);
const AGENT = { authorization: `FettleAgent host_0123456789abcdef.${'s'.repeat(32)}` };

describe('every route, asked by everybody', () => {
  let app: FastifyInstance;
  beforeAll(async () => {
    app = buildServer(context, handlers, {
      authenticators: {
        people: {
          bySession: async role => personWith([role as Role], false),
          byToken: async token =>
            personWith(
              ROLES.filter(role => token.includes(`${role}-`)),
              true,
            ),
        },
        agents: { authenticate: async () => true },
      },
      readiness: async () => ({ ready: true }),
    });
    await app.ready();
  });
  afterAll(() => app.close());

  /** Was the request let through to the checks of its content or to the handler? */
  async function opens(route: Route, headers: Record<string, string>): Promise<boolean> {
    const url = route.path.replace(/\{attempt\}/g, '1').replace(/\{\w+\}/g, 'abc');
    const { statusCode } = await app.inject({
      method: route.method.toUpperCase() as 'GET',
      url,
      headers: { ...headers, ...(route.consumes === undefined ? {} : { 'content-type': route.consumes }) },
      ...(route.body === undefined ? {} : { payload: route.consumes === undefined ? {} : Buffer.from('x') }),
    });
    if (![REACHED, 400, 401, 403, 429].includes(statusCode)) throw new Error(`${route.method} ${url} answered ${statusCode}`);
    return statusCode === REACHED || statusCode === 400 || statusCode === 429;
  }
  const cookie = (role: Role) => ({ cookie: `${sessionCookieName(context.installation.id, false)}=${role}` });

  it('opens to each role exactly what docs/reference/roles.md says', async () => {
    const page = readFileSync(path.join(ROOT, 'docs/reference/roles.md'), 'utf8');
    const rows = [...page.matchAll(/^\| (?:GET|POST|PUT|PATCH|DELETE) \S+?<br>(\w+), [\w.]+ \| (.*) \|$/gm)];
    const written = new Map(
      rows.map(([, name, cells]) => [name as RouteName, (cells ?? '').split(' | ').map(cell => cell.trim() === 'x')]),
    );
    const asked = routes.filter(([, route]) => !['public', 'agent'].includes(route.access));
    expect([...written.keys()].sort()).toEqual(asked.map(([name]) => name).sort());
    let cases = 0;
    for (const [name, route] of asked) {
      const observed: boolean[] = [];
      for (const role of ROLES) observed.push(await opens(route, cookie(role)));
      cases += observed.length;
      expect([name, observed]).toEqual([name, written.get(name)]);
    }
    expect(cases).toBe(asked.length * ROLES.length);
  }, 60_000);

  it('opens nothing but public routes to nobody, and nothing but agent and public routes to an agent', async () => {
    for (const [name, route] of routes) {
      expect([name, await opens(route, {})]).toEqual([name, route.access === 'public']);
      expect([name, await opens(route, AGENT)]).toEqual([name, route.access === 'public' || route.access === 'agent']);
      if (route.access === 'agent') expect([name, await opens(route, cookie('administrator'))]).toEqual([name, false]);
    }
  }, 60_000);

  it('lets no API token approve, whoever made it', async () => {
    const token = { authorization: `Bearer fet_${ROLES.map(role => `${role}-`).join('')}${'x'.repeat(20)}` };
    for (const [name, route] of routes) {
      if (route.access === 'public' || route.access === 'agent') continue;
      expect([name, await opens(route, token)]).toEqual([name, !NEVER_BY_TOKEN.includes(route.access)]);
    }
  }, 60_000);
});
