import { define, labelsOf } from '../command.ts';
import { ago, counted } from '../screen.ts';
import { hostId, PAGE_OPTIONS, page } from './shared.ts';

export const hostCommands = [
  define({
    name: 'host list',
    summary: 'Hosts with their open findings and pending patches',
    example: "fettle host list --query 'os = debian-12 and env = prod' --sort -overdue",
    options: [{ flags: '--query <query>', summary: 'group query' }, ...PAGE_OPTIONS],
    run: async c => await c.client.hostList({ query: { ...page(c), query: c.text('query') } }),
    render(value, screen) {
      const now = Date.now();
      screen.table(
        [
          { title: 'host', widthMax: 40 },
          { title: 'platform' },
          { title: 'reach' },
          { title: 'state' },
          { title: 'findings', align: 'right' },
          { title: 'KEV', align: 'right' },
          { title: 'overdue', align: 'right' },
          { title: 'patches', align: 'right' },
          { title: 'held', align: 'right' },
          { title: 'pending' },
          { title: 'seen' },
          { title: 'id' },
        ],
        value.items.map(h => [
          h.name,
          h.platform,
          h.reach,
          h.state,
          h.openFindings,
          h.knownExploited,
          h.overdue,
          h.securityPatches,
          h.heldPackages,
          [h.restartPending ? 'restart' : '', h.rebootPending ? 'reboot' : ''].filter(Boolean).join('+') || '-',
          ago(h.lastSeenAt, now),
          h.id,
        ]),
      );
      screen.line(`${value.items.length} of ${counted(value.total, 'host')}`);
    },
  }),
  define({
    name: 'host show',
    summary: 'One host: facts with their age',
    arguments: [{ name: 'host', summary: 'name or id' }],
    run: async c => await c.client.hostGet({ params: { id: await hostId(c, c.arguments[0]!) } }),
    render(value, screen) {
      const { host } = value;
      screen.pairs([
        ['host', host.name],
        ['id', host.id],
        ['os', host.osName],
        ['reach', `${host.reach}${value.pathIsSigned ? '' : ' (unsigned path)'}`],
        ['state', host.stateReason === null ? host.state : `${host.state}: ${host.stateReason}`],
        [
          'labels',
          Object.entries(host.labels)
            .map(([k, v]) => `${k}=${v}`)
            .join(' ') || '-',
        ],
        ['criticality', host.criticality],
        ['exposure', host.exposure],
        ['packages', host.packages],
        ['open findings', host.openFindings],
        ['known exploited', host.knownExploited],
        ['overdue', host.overdue],
        [
          'without excepted ones',
          value.excused.findings === 0
            ? null
            : `${host.openFindings - value.excused.findings} open, ${host.knownExploited - value.excused.knownExploited} known exploited, ${host.overdue - value.excused.overdue} overdue`,
        ],
        ['next due', host.earliestDueAt],
        ['security patches', host.securityPatches],
        ['held', host.heldPackages],
        ['restart pending', host.restartPending ? 'yes' : 'no'],
        ['reboot pending', host.rebootPending ? 'yes' : 'no'],
        ['identity', value.identity],
      ]);
      screen.line();
      screen.table(
        [{ title: 'fact' }, { title: 'observed' }, { title: 'not read because' }],
        value.factAges.map(f => [f.name, ago(f.observedAt, Date.now()), f.unread]),
      );
    },
  }),
  define({
    name: 'host packages',
    summary: 'Packages of a host, with what its package manager would install',
    arguments: [{ name: 'host', summary: 'name or id' }],
    options: [{ flags: '--only <which>', summary: 'all, pending, held or vulnerable' }, ...PAGE_OPTIONS],
    run: async c =>
      await c.client.hostPackages({
        params: { id: await hostId(c, c.arguments[0]!) },
        query: { ...page(c), only: (c.text('only') ?? 'all') as 'all' },
      }),
    render(value, screen) {
      screen.table(
        [
          { title: 'package' },
          { title: 'installed' },
          { title: 'candidate' },
          { title: 'offered by' },
          { title: 'state' },
          { title: 'origin' },
          { title: 'findings', align: 'right' },
        ],
        value.items.map(p => [
          `${p.name}:${p.arch}`,
          p.version,
          p.candidate?.version,
          p.candidate?.origins.join(', '),
          p.held ? 'held' : p.state,
          p.origin.kind === 'third-party' ? `third party: ${p.origin.name}` : p.origin.kind,
          p.findings,
        ]),
      );
      screen.line(`${value.items.length} of ${counted(value.total, 'package')}`);
      if (value.items.some(p => p.origin.kind === 'third-party'))
        screen.line("The distribution's statements are not about a third party's packages: no findings there means that nobody was asked.");
    },
  }),
  define({
    name: 'host proof',
    summary: 'What was asked, found before, changed and observed now, and by whom approved',
    arguments: [{ name: 'host', summary: 'name or id' }],
    run: async c => await c.client.hostProof({ params: { id: await hostId(c, c.arguments[0]!) } }),
    render(value, screen) {
      for (const proof of value.items) {
        screen.line(
          `${proof.rolloutName} (${proof.kind}) ${proof.verdict}, asked by ${proof.requestedBy}, approved by ${proof.approvedBy ?? 'nobody'}${proof.selfApproved ? ' (self-approved)' : ''}, plan ${proof.planHash.slice(0, 12)}`,
        );
        const now = new Map(proof.observedNow.map(p => [p.name, p.version]));
        const before = new Map(proof.before.map(p => [p.name, p.version]));
        const after = new Map(proof.after.map(p => [p.name, p]));
        screen.table(
          [{ title: 'package' }, { title: 'asked' }, { title: 'before' }, { title: 'after' }, { title: 'observed now' }],
          proof.asked.map(a => [
            a.name,
            `${a.action} to ${a.toVersion ?? '-'}`,
            before.get(a.name),
            after.get(a.name)?.version,
            now.get(a.name),
          ]),
        );
        screen.line();
      }
      if (value.items.length === 0) screen.line('No rollout has touched this host yet.');
    },
  }),
  define({
    name: 'host update',
    summary: 'Set labels, criticality or exposure of a host',
    example: 'fettle host update web01 --label env=prod --exposure public',
    arguments: [{ name: 'host', summary: 'name or id' }],
    options: [
      { flags: '--label <name=value>', summary: 'a label; the labels given replace the old ones', repeat: true },
      { flags: '--criticality <level>', summary: 'vital, high, normal, low or unset' },
      { flags: '--exposure <level>', summary: 'public, controlled, local or unknown' },
    ],
    run: async c =>
      await c.client.hostUpdate({
        params: { id: await hostId(c, c.arguments[0]!) },
        body: {
          ...(c.options.label === undefined ? {} : { labels: labelsOf(c.options.label as string[]) }),
          ...(c.text('criticality') === undefined ? {} : { criticality: c.text('criticality') as 'high' }),
          ...(c.text('exposure') === undefined ? {} : { exposure: c.text('exposure') as 'public' }),
        },
      }),
    render: (value, screen) =>
      screen.line(`${value.name}: criticality ${value.criticality}, exposure ${value.exposure}, labels ${JSON.stringify(value.labels)}`),
  }),
  define({
    name: 'host refresh',
    summary: 'Ask a host for a fresh inventory now',
    arguments: [{ name: 'host', summary: 'name or id' }],
    run: async c => await c.client.hostRefresh({ params: { id: await hostId(c, c.arguments[0]!) } }),
    render: (value, screen) => screen.line(`Asked at ${value.requestedAt}.`),
  }),
  define({
    name: 'host remove',
    summary: 'Remove a host; its agent is refused from now on, its proof is kept',
    arguments: [{ name: 'host', summary: 'name or id' }],
    run: async c => await c.client.hostDelete({ params: { id: await hostId(c, c.arguments[0]!) } }),
    render: (_value, screen) => screen.line('Removed.'),
  }),
];
