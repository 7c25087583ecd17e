import { ROLE_PERMISSIONS, ROLES } from '../src/api/access.ts';
import { ACCESS, type Access, type Route } from '../src/api/contract.ts';
import { api } from '../src/api/index.ts';

const routes = Object.entries(api) as [string, Route][];
const MADE = 'Made by `npm run golden` from src/api; a test compares.';

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
of its maker at this moment, and never \`rollout.approve\`. Nobody approves what they asked for themselves, whatever their roles; the one exception
is recorded as such: nobody else enabled could approve (\`src/server/access/single-person.ts\`). The first administrator gets administrator, planner,
approver and operator.

## Permissions
${table(['Permission', ...ROLES], permissionRows)}

## Routes
\`rolloutAct\` is open to everybody who may read a rollout; each verb then needs its own permission (\`src/core/rollouts/verbs.ts\`).

${table(['Route', ...ROLES], routeRows)}

Without signing in: ${open('public')}.

With an agent's credential, and only with one: ${open('agent')}.
`;
}
