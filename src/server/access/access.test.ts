import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createClient, ProblemError } from '../../api/client.ts';
import { api } from '../../api/index.ts';
import { addMs, type Clock, HOUR_MS, MINUTE_MS, systemClock } from '../../core/kernel/instants.ts';
import { type TestDatabase, testDatabase } from '../../db/test-database.ts';
import { auditHandlers } from '../audit/handlers.ts';
import { verifyChain } from '../audit/verify.ts';
import type { Context } from '../context.ts';
import { buildServer } from '../runtime/http.ts';
import { testContext } from '../runtime/test-context.ts';
import { createAccess } from './access.ts';
import { makeOneTimeLink } from './links.ts';

const PASSWORD = 'correct horse battery';

/** A browser: keeps its cookie. */
function browser(url: string, bearer?: string) {
  let cookie = '';
  const client = createClient(api, {
    baseUrl: url,
    headers: () => ({ ...(cookie === '' ? {} : { cookie }), ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }) }),
    fetch: async (input, init) => {
      const answer = await fetch(input, init);
      for (const set of answer.headers.getSetCookie()) cookie = set.split(';')[0] ?? '';
      return answer;
    },
  });
  return {
    ...client,
    cookie: () => cookie,
    take: (other: string) => {
      cookie = other;
    },
  };
}

const tokenOf = (path: string): string => path.split('token=')[1] ?? '';
async function problemOf(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  return error instanceof ProblemError ? `${error.problem.status} ${error.problem.code}` : String(error);
}

describe('people and their ways in', () => {
  let database: TestDatabase;
  let context: Context;
  let app: FastifyInstance;
  let url = '';
  let aheadMs = 0;
  const clock: Clock = { now: () => addMs(systemClock.now(), aheadMs) };
  /** A minute later, so that the limit of sign-in attempts does not end a test that signs in often. */
  const later = (): void => {
    aheadMs += MINUTE_MS;
  };

  beforeAll(async () => {
    database = await testDatabase();
    context = testContext(database.db, {
      clock,
      log: { info() {}, warn() {}, error: (fields, message) => console.error(message, fields) },
    });
    await database.db.query("insert into installation (id, name, created_at) values ('test', 'Test', now())");
    const access = createAccess(context);
    app = buildServer(
      context,
      {
        ...access.handlers,
        ...auditHandlers(context),
        hostList: async () => ({ items: [], total: 0, page: 1, pageSize: 50 }),
        rolloutAct: async (_input, caller) => Promise.reject(new Error(caller.kind)),
      },
      {
        authenticators: { people: access.authenticator, agents: { authenticate: async () => false } },
        readiness: async () => ({ ready: true }),
      },
    );
    url = await app.listen({ port: 0, host: '127.0.0.1' });
  });
  afterAll(async () => {
    await app.close();
    await database.close();
  });

  const ada = () => browser(url);
  let first: ReturnType<typeof browser>;
  let firstId = '';

  it('makes the first administrator by the newest setup link, once', async () => {
    first = ada();
    expect((await first.setupGet({})).needsAdministrator).toBe(true);
    const old = await makeOneTimeLink(context);
    const link = await makeOneTimeLink(context);
    expect(link).toMatchObject({ purpose: 'setup', path: expect.stringMatching(/^\/setup#token=[\w-]{43}$/) });
    const body = { token: tokenOf(link?.path ?? ''), login: 'ada', name: 'Ada', password: PASSWORD };
    expect(await problemOf(first.setupAdministrator({ body: { ...body, token: tokenOf(old?.path ?? '') } }))).toBe('403 link-not-valid');
    expect(await problemOf(first.setupAdministrator({ body: { ...body, password: 'aaaaaaaaaaaa' } }))).toBe('400 invalid-input');
    expect(await problemOf(first.setupAdministrator({ body: { ...body, login: '<b>' } }))).toBe('400 invalid-input');
    const rival = ada();
    const answers = await Promise.all([first, rival].map(who => problemOf(who.setupAdministrator({ body }))));
    expect(answers.filter(answer => answer === 'null')).toHaveLength(1);
    if (answers[0] !== 'null') first = rival;
    expect(await database.db.query('select login from person')).toEqual([{ login: 'ada' }]);
    expect(await problemOf(ada().setupAdministrator({ body }))).toBe('409 already-set-up');
    const session = await first.sessionGet({});
    firstId = session.person.id;
    expect(session).toMatchObject({
      singlePerson: true,
      installation: 'Test',
      person: { login: 'ada', name: 'Ada', roles: ['operator', 'planner', 'approver', 'risk-owner', 'administrator'] },
    });
    expect(session.permissions).toContain('rollout.approve');
  });

  it('signs in with login and password; refuses both mistakes alike; a new session has a new secret', async () => {
    const other = ada();
    const refused = [
      problemOf(other.sessionCreate({ body: { login: 'ada', password: 'wrong' } })),
      problemOf(other.sessionCreate({ body: { login: 'nobody', password: PASSWORD } })),
    ];
    expect(await Promise.all(refused)).toEqual(['401 wrong-credentials', '401 wrong-credentials']);
    await other.sessionCreate({ body: { login: ' ADA ', password: PASSWORD } });
    const before = other.cookie();
    await other.sessionCreate({ body: { login: 'ada', password: PASSWORD } });
    expect(other.cookie()).not.toBe(before);
    expect((await other.sessionGet({})).person.lastSignInAt).not.toBeNull();
  });

  it('takes as long for an unknown login as for a wrong password', async () => {
    later();
    const ms = async (login: string): Promise<number> => {
      const started = performance.now();
      await problemOf(ada().sessionCreate({ body: { login, password: 'wrong password' } }));
      return performance.now() - started;
    };
    await ms('warm-up');
    const [known, unknown] = [await ms('ada'), await ms('unknown')];
    expect(Math.max(known, unknown) / Math.min(known, unknown)).toBeLessThan(3);
  });

  it('ends a session at sign-out, after 30 idle minutes, and after 12 hours of use', async () => {
    later();
    const other = ada();
    await other.sessionCreate({ body: { login: 'ada', password: PASSWORD } });
    const old = other.cookie();
    await other.sessionDelete({});
    other.take(old);
    expect(await problemOf(other.sessionGet({}))).toBe('401 not-signed-in');

    await other.sessionCreate({ body: { login: 'ada', password: PASSWORD } });
    for (let used = 0; used < 23; used += 1) {
      aheadMs += 29 * MINUTE_MS;
      await other.sessionGet({});
    }
    aheadMs += 31 * MINUTE_MS;
    expect(await problemOf(other.sessionGet({}))).toBe('401 not-signed-in');

    await other.sessionCreate({ body: { login: 'ada', password: PASSWORD } });
    for (let used = 0; used < 24; used += 1) {
      aheadMs += 29 * MINUTE_MS;
      await other.sessionGet({});
    }
    aheadMs += 25 * MINUTE_MS;
    expect(await problemOf(other.sessionGet({}))).toBe('401 not-signed-in');
    await first.sessionCreate({ body: { login: 'ada', password: PASSWORD } });
  });

  it('signs in by a one-time link for 15 minutes, once, and lets its bearer set a new password', async () => {
    later();
    const link = await makeOneTimeLink(context);
    expect(link).toMatchObject({ purpose: 'sign-in', login: 'ada' });
    const other = ada();
    const body = { token: tokenOf(link?.path ?? '') };
    const twice = await Promise.all([problemOf(other.sessionLink({ body })), problemOf(ada().sessionLink({ body }))]);
    expect(twice.filter(answer => answer === '403 link-not-valid')).toHaveLength(1);
    const second = await makeOneTimeLink(context, 'Ada');
    aheadMs += 16 * MINUTE_MS;
    expect(await problemOf(ada().sessionLink({ body: { token: tokenOf(second?.path ?? '') } }))).toBe('403 link-not-valid');
    expect(await makeOneTimeLink(context, 'nobody')).toBeNull();

    const third = await makeOneTimeLink(context);
    await other.sessionLink({ body: { token: tokenOf(third?.path ?? '') } });
    await other.passwordChange({ body: { current: '', next: `${PASSWORD} two` } });
    expect(await problemOf(first.sessionGet({}))).toBe('401 not-signed-in');
    expect((await other.sessionGet({})).person.login).toBe('ada');
    later();
    await first.sessionCreate({ body: { login: 'ada', password: `${PASSWORD} two` } });
    expect(await problemOf(first.passwordChange({ body: { current: 'wrong', next: PASSWORD } }))).toBe('400 invalid-input');
    await first.passwordChange({ body: { current: `${PASSWORD} two`, next: PASSWORD } });
  });

  it('API tokens do what their maker may, never approve, never make tokens or change credentials, and die with him', async () => {
    later();
    const made = await first.tokenCreate({ body: { name: 'cli' } });
    expect(made.token).toMatch(/^fet_[\w-]{43}$/);
    const cli = browser(url, made.token);
    const session = await cli.sessionGet({});
    expect(session.permissions).not.toContain('rollout.approve');
    expect(session.permissions).toContain('rollout.plan');
    expect((await cli.hostList({})).total).toBe(0);
    expect(await problemOf(cli.tokenCreate({ body: { name: 'more' } }))).toBe('403 token-not-enough');
    expect(await problemOf(cli.passwordChange({ body: { current: PASSWORD, next: 'something quite different' } }))).toBe(
      '403 token-not-enough',
    );
    expect((await first.tokenList({})).items).toMatchObject([{ name: 'cli' }]);
    const spare = await first.tokenCreate({ body: { name: 'spare' } });
    await first.tokenDelete({ params: { id: spare.id } });
    expect(await problemOf(browser(url, spare.token).hostList({}))).toBe('401 not-signed-in');
    aheadMs += 24 * 31 * HOUR_MS;
    expect(await problemOf(cli.hostList({}))).toBe('401 not-signed-in');
    await first.sessionCreate({ body: { login: 'ada', password: PASSWORD } });
  });

  it('invites a second person, once; a second approver ends the single-person rule at once', async () => {
    later();
    const invitation = await first.invitationCreate({ body: { login: 'bob', roles: ['viewer'] } });
    expect(invitation.url).toMatch(/^http:\/\/127\.0\.0\.1:7430\/invitation#token=/);
    expect((await first.peopleList({})).invitations).toMatchObject([{ login: 'bob', invitedBy: 'ada', roles: ['viewer'] }]);
    const bob = ada();
    await bob.invitationAccept({ body: { token: tokenOf(invitation.url), name: 'Bob', password: PASSWORD } });
    expect(await problemOf(ada().invitationAccept({ body: { token: tokenOf(invitation.url), name: 'Bob 2', password: PASSWORD } }))).toBe(
      '403 link-not-valid',
    );
    expect(await problemOf(bob.peopleList({}))).toBe('403 not-permitted');
    expect((await first.sessionGet({})).singlePerson).toBe(true);

    const bobId = (await bob.sessionGet({})).person.id;
    await first.personUpdate({ params: { id: bobId }, body: { roles: ['approver'] } });
    expect((await first.sessionGet({})).singlePerson).toBe(false);
    expect((await bob.sessionGet({})).permissions).toContain('rollout.approve');

    const token = await bob.tokenCreate({ body: { name: 'bob' } });
    await first.personUpdate({ params: { id: bobId }, body: { disabled: true } });
    expect(await problemOf(bob.sessionGet({}))).toBe('401 not-signed-in');
    expect(await problemOf(browser(url, token.token).hostList({}))).toBe('401 not-signed-in');
    expect(await problemOf(ada().sessionCreate({ body: { login: 'bob', password: PASSWORD } }))).toBe('401 wrong-credentials');
    expect((await first.sessionGet({})).singlePerson).toBe(true);

    const withdrawn = await first.invitationCreate({ body: { login: 'carol', roles: ['auditor'] } });
    await first.invitationDelete({ params: { id: withdrawn.id } });
    expect(await problemOf(ada().invitationAccept({ body: { token: tokenOf(withdrawn.url), name: 'Carol', password: PASSWORD } }))).toBe(
      '403 link-not-valid',
    );
    expect(await problemOf(first.invitationCreate({ body: { login: 'ADA', roles: ['viewer'] } }))).toBe('409 login-taken');
  });

  it('keeps one enabled administrator', async () => {
    expect(await problemOf(first.personUpdate({ params: { id: firstId }, body: { roles: ['viewer'] } }))).toBe('409 last-administrator');
    expect(await problemOf(first.personUpdate({ params: { id: firstId }, body: { disabled: true } }))).toBe('409 last-administrator');
    expect((await first.sessionGet({})).person.roles).toContain('administrator');
  });

  it('has written all of it into an unbroken trail, and no secret', async () => {
    const trail = await first.auditList({ query: { pageSize: 500 } });
    const actions = new Set(trail.items.map(entry => entry.action));
    expect([...actions].sort()).toEqual([
      'invitation.accept',
      'invitation.create',
      'invitation.delete',
      'link.create',
      'person.password',
      'person.update',
      'session.create',
      'setup.administrator',
      'token.create',
      'token.delete',
    ]);
    expect(await verifyChain(database.db)).toMatchObject({ entries: trail.total, brokenAt: null });
    // What people read is names; what the hash covers are ids.
    const { person } = await first.sessionGet({});
    expect(trail.names[person.id]).toBe(person.name);
    const about = await first.auditList({ query: { subject: person.name } });
    expect(about.total).toBeGreaterThan(0);
    expect(about.items.every(entry => entry.subject === person.id)).toBe(true);
    const stored = JSON.stringify(
      await database.db.query(
        'select (select json_agg(audit_entry) from audit_entry) as trail, (select json_agg(session) from session) as sessions, (select json_agg(person) from person) as people',
      ),
    );
    expect(stored).not.toContain(PASSWORD);
    expect(stored).not.toContain(first.cookie().split('=')[1]);
  });
});
