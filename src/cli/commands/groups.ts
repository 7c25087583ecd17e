import { define } from '../command.ts';
import { counted } from '../screen.ts';

export const groupCommands = [
  define({
    name: 'group list',
    summary: 'Saved group queries with their present size',
    run: async c => await c.client.groupList({}),
    render: (value, screen) =>
      screen.table(
        [{ title: 'group' }, { title: 'hosts', align: 'right' }, { title: 'query' }, { title: 'id' }],
        value.items.map(g => [g.name, g.hosts, g.query, g.id]),
      ),
  }),
  define({
    name: 'group create',
    summary: 'Save a group query',
    example: "fettle group create prod-web 'os = debian-12 and env = prod'",
    arguments: [
      { name: 'name', summary: 'name' },
      { name: 'query', summary: 'group query' },
    ],
    run: async c => await c.client.groupCreate({ body: { name: c.arguments[0]!, query: c.arguments[1]! } }),
    render: (value, screen) => screen.line(`${value.name} has ${counted(value.hosts, 'host')} now (${value.id}).`),
  }),
  define({
    name: 'group delete',
    summary: 'Delete a group; rollouts keep the hosts they froze',
    arguments: [{ name: 'id', summary: 'group id' }],
    run: async c => await c.client.groupDelete({ params: { id: c.arguments[0]! } }),
    render: (_value, screen) => screen.line('Deleted.'),
  }),
  define({
    name: 'group preview',
    summary: 'How many hosts a query matches now',
    arguments: [{ name: 'query', summary: 'group query' }],
    run: async c => await c.client.groupPreview({ body: { query: c.arguments[0]! } }),
    render: (value, screen) =>
      screen.line(
        value.problem === null
          ? `${counted(value.hosts, 'host')}: ${value.sample.join(', ')}`
          : `${value.problem.message} (at character ${value.problem.position + 1})`,
      ),
  }),
];
