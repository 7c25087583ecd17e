import { ROLE_PERMISSIONS, ROLES } from '../src/api/access.ts';
import { ACCESS, type Access, type Route } from '../src/api/contract.ts';
import { api } from '../src/api/index.ts';
import { Environment } from '../src/main/startup/settings.ts';

const routes = Object.entries(api) as [string, Route][];
const MADE = 'Made by `npm run golden` from src/api; a test compares.';
const MADE_FROM_SETTINGS = 'Made by `npm run golden` from `src/main/startup/settings.ts`; a test compares.';

function byPath([, a]: [string, Route], [, b]: [string, Route]): number {
  return a.path === b.path ? a.method.localeCompare(b.method) : a.path < b.path ? -1 : 1;
}

/** One line a route: method, path, what it needs, name. */
export function routesPage(): string {
  const rows = [...routes].sort(byPath).map(([name, route]) => [route.method.toUpperCase(), route.path, route.access, name]);
  const widths = [0, 1, 2].map(column => Math.max(...rows.map(row => row[column]?.length ?? 0)));
  return `${rows
    .map(row =>
      row
        .map((text, column) => text.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')}\n`;
}

/** Does a role open a route? `session` needs no role; `public` and `agent` are no matter of roles. */
export function roleOpens(role: (typeof ROLES)[number], access: Access): boolean {
  return access === 'session' || ROLE_PERMISSIONS[role].includes(access);
}

const PERMISSIONS = ACCESS.filter(access => !['public', 'session', 'agent'].includes(access));

function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  return [header, header.map((_, column) => (column === 0 ? '---' : ':-:')), ...rows].map(row => `| ${row.join(' | ')} |`).join('\n');
}

export function rolesPage(): string {
  const mark = (yes: boolean): string => (yes ? 'x' : '');
  const permissionRows = PERMISSIONS.map(permission => [
    permission,
    ...ROLES.map(role => mark(ROLE_PERMISSIONS[role].includes(permission))),
  ]);
  const routeRows = [...routes]
    .sort(byPath)
    .filter(([, route]) => !['public', 'agent'].includes(route.access))
    .map(([name, route]) => [
      `${route.method.toUpperCase()} ${route.path}<br>${name}, ${route.access}`,
      ...ROLES.map(role => mark(roleOpens(role, route.access))),
    ]);
  const open = (access: Access): string =>
    routes
      .filter(([, route]) => route.access === access)
      .map(([name]) => name)
      .sort()
      .join(', ');
  return `# What each role may do

${MADE} A second test asks every route as every role and finds exactly this.

A person has any number of roles; rights add up. They are read with each request, so a change holds at once. An API token has at most the rights
of its maker at this moment, and never \`rollout.approve\` or \`exception.approve\`. Nobody approves what they asked for themselves, whatever their roles; the one exception
is recorded as such: nobody else enabled could approve (\`src/server/access/single-person.ts\`). The first administrator gets administrator, planner,
approver, operator and risk owner.

## Permissions
${table(['Permission', ...ROLES], permissionRows)}

## Routes
\`rolloutAct\` is open to everybody who may read a rollout, \`exceptionAct\` to everybody who may read findings; each verb then needs its own permission
(\`src/core/rollouts/verbs.ts\`, \`src/core/findings/exceptions/verbs.ts\`).

${table(['Route', ...ROLES], routeRows)}

Without signing in: ${open('public')}.

With an agent's credential, and only with one: ${open('agent')}.
`;
}

/** `yes`, `7430`, or nothing: what holds when the variable is not set. */
function fallbackOf(name: string): string {
  const parsed = Environment.shape[name as keyof typeof Environment.shape].safeParse(undefined);
  return parsed.success && parsed.data !== undefined && parsed.data !== '' ? `\`${parsed.data}\`` : '';
}

export function settingsPage(): string {
  const rows = Object.entries(Environment.shape).map(([name, schema]) => `| \`${name}\` | ${fallbackOf(name)} | ${schema.description} |`);
  return `# Settings of the server

${MADE_FROM_SETTINGS} Environment variables, read at the start; an empty one counts as not set. Everything else is set in
the console and kept in the database.

| Variable | Default | What it does |
| --- | --- | --- |
${rows.join('\n')}

## The data folder
| Path | What | Back it up |
| --- | --- | --- |
| \`postgresql/cluster\` | the database, when it is the embedded one | yes, with the server stopped |
| \`keys/plan-signing.pem\` | signs plans and permits; hosts have pinned it | yes, apart from the database |
| \`keys/\` | the key that closes stored SSH secrets | yes, apart from the database |
| \`feed-keys/FEED.asc\` | OpenPGP key of a feed's publisher, put there by an administrator: from then on that feed is taken in with its good signature only (needs \`gpgv\`) | yes |
| \`feed-files/\` | the publishers' files in force, for bundles and auditors | no |
| \`feed-downloads/\` | what has arrived of feeds whose download broke off, for seven days | no |
| \`logs/server.log\` | JSON lines, five files of 10 MB | no |
| \`ssh-holder\` | what this server calls itself where several share the hosts that are reached by SSH | no |
| \`postgresql/binaries\`, \`postgresql/socket\`, \`server.json\`, \`server.lock\`, \`control.sock\` | made anew | no |
`;
}
