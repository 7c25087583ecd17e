import { hostname } from 'node:os';
import type { Role } from '../../api/access.ts';
import { define } from '../command.ts';
import { askCredentials, forgetConnection, readConnection, sessionClient, storeConnection } from '../connection.ts';
import { ago } from '../screen.ts';

export const peopleCommands = [
  define({
    name: 'login',
    summary: 'Sign in and keep an API token for this user on this machine (30 days)',
    example: 'fettle login --server https://fettle.example.org',
    options: [{ flags: '--link <token>', summary: 'use a one-time sign-in link token instead of a password' }],
    async run(c) {
      const { server } = readConnection(c.text('server'));
      const client = sessionClient(server);
      const link = c.text('link');
      const session =
        link === undefined
          ? await client.sessionCreate({ body: await askCredentials(c.say) })
          : await client.sessionLink({ body: { token: link } });
      const made = await client.tokenCreate({ body: { name: `fettle CLI on ${hostname()}`, days: 30 } });
      const file = storeConnection({ server, token: made.token });
      await client.sessionDelete({});
      return { server, login: session.person.login, expiresAt: made.expiresAt, file };
    },
    render: (value, screen) =>
      screen.line(`Signed in to ${value.server} as ${value.login}; the token in ${value.file} expires at ${value.expiresAt}.`),
  }),
  define({
    name: 'logout',
    summary: 'Forget the stored token',
    async run() {
      forgetConnection();
      return {};
    },
    render: (_value, screen) => screen.line('Signed out.'),
  }),
  define({
    name: 'whoami',
    summary: 'Who am I, and what may I do',
    run: async c => await c.client.sessionGet({}),
    render: (value, screen) =>
      screen.pairs([
        ['person', `${value.person.name} (${value.person.login})`],
        ['roles', value.person.roles.join(', ')],
        ['may', value.permissions.join(' ')],
        ['installation', `${value.installation}${value.singlePerson ? ' (single person: self-approval is allowed and recorded)' : ''}`],
      ]),
  }),
  define({
    name: 'person list',
    summary: 'People and open invitations',
    run: async c => await c.client.peopleList({}),
    render(value, screen) {
      screen.table(
        [{ title: 'login' }, { title: 'name' }, { title: 'roles' }, { title: 'last sign-in' }, { title: 'id' }],
        value.items.map(p => [
          p.login,
          p.disabled ? `${p.name} (disabled)` : p.name,
          p.roles.join(', '),
          ago(p.lastSignInAt, Date.now()),
          p.id,
        ]),
      );
      for (const invitation of value.invitations)
        screen.line(`invited: ${invitation.login} as ${invitation.roles.join(', ')}, until ${invitation.expiresAt}`);
    },
  }),
  define({
    name: 'person invite',
    summary: 'Invite a person; prints a link that works once',
    example: 'fettle person invite ada --role approver',
    arguments: [{ name: 'login', summary: 'their login' }],
    options: [
      { flags: '--role <role>', summary: 'viewer, operator, planner, approver, risk-owner, administrator, auditor (repeat)', repeat: true },
    ],
    run: async c =>
      await c.client.invitationCreate({ body: { login: c.arguments[0]!, roles: (c.options.role as Role[] | undefined) ?? ['viewer'] } }),
    render: (value, screen) => screen.line(`${value.url}\nvalid until ${value.expiresAt}`),
  }),
  define({
    name: 'person update',
    summary: 'Change the roles of a person, or disable them',
    arguments: [{ name: 'id', summary: 'person id' }],
    options: [
      { flags: '--role <role>', summary: 'the roles given replace the old ones (repeat)', repeat: true },
      { flags: '--disable', summary: 'no sign-in from now on' },
      { flags: '--enable', summary: 'sign-in again' },
    ],
    run: async c =>
      await c.client.personUpdate({
        params: { id: c.arguments[0]! },
        body: {
          ...(c.options.role === undefined ? {} : { roles: c.options.role as Role[] }),
          ...(c.options.disable === true ? { disabled: true } : c.options.enable === true ? { disabled: false } : {}),
        },
      }),
    render: (value, screen) => screen.line(`${value.login}: ${value.roles.join(', ')}${value.disabled ? ' (disabled)' : ''}`),
  }),
  define({
    name: 'token list',
    summary: 'My API tokens',
    run: async c => await c.client.tokenList({}),
    render: (value, screen) =>
      screen.table(
        [{ title: 'name' }, { title: 'expires' }, { title: 'last used' }, { title: 'id' }],
        value.items.map(t => [t.name, t.expiresAt, ago(t.lastUsedAt, Date.now()), t.id]),
      ),
  }),
  define({
    name: 'token revoke',
    summary: 'Revoke one of my API tokens',
    arguments: [{ name: 'id', summary: 'token id' }],
    run: async c => await c.client.tokenDelete({ params: { id: c.arguments[0]! } }),
    render: (_value, screen) => screen.line('Revoked.'),
  }),
  define({
    name: 'audit',
    summary: 'The audit trail, newest first',
    options: [
      { flags: '--subject <id>', summary: 'only what concerns this id, or this host, rollout or person by name' },
      { flags: '--page <n>', summary: 'page number' },
    ],
    run: async c => await c.client.auditList({ query: { subject: c.text('subject'), page: c.number('page') } }),
    render: (value, screen) =>
      screen.table(
        [
          { title: '#', align: 'right' },
          { title: 'at' },
          { title: 'who' },
          { title: 'what' },
          { title: 'subject' },
          { title: 'hash', widthMax: 12 },
        ],
        value.items.map(e => [e.sequence, e.at, e.actor, e.action, value.names[e.subject] ?? e.subject, e.hash]),
      ),
  }),
  define({
    name: 'audit verify',
    summary: 'Compute the whole trail anew: was an entry changed, removed, inserted or moved?',
    run: async c => await c.client.auditChain({}),
    isBad: value => value.brokenAt !== null,
    render: (value, screen) =>
      screen.pairs([
        ['chain', value.brokenAt === null ? 'whole' : `broken at entry ${value.brokenAt}: ${value.reason}`],
        ['entries that fit', value.entries],
        ['hash of the last', value.hash],
      ]),
  }),
];
