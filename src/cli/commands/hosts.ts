import { readFileSync } from 'node:fs';
import { define, labelsOf, UsageError } from '../command.ts';
import { readInputText } from '../read-input.ts';
import { ago, counted } from '../screen.ts';
import { hostId, PAGE_OPTIONS, page } from './shared.ts';

export const hostCommands = [
  define({
    name: 'host list',
    summary: 'List hosts with their open findings and pending patches',
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
  define({
    name: 'host upload',
    summary: 'Add or refresh a host from dpkg-query output or a dpkg status file',
    example: 'ssh web01 dpkg-query -W | fettle host upload web01 - --release debian:12',
    arguments: [
      { name: 'name', summary: 'the name of the host' },
      { name: 'file', summary: 'a file, or - for standard input' },
    ],
    options: [
      { flags: '--release <release>', summary: 'such as debian:12' },
      { flags: '--kernel <release>', summary: 'what uname -r prints there' },
    ],
    run: async c =>
      await c.client.hostUpload({
        body: { name: c.arguments[0]!, text: readInputText(c.arguments[1]!), release: c.text('release'), kernelRelease: c.text('kernel') },
      }),
    render(value, screen) {
      screen.line(`${counted(value.packages, 'package')} read into ${value.hostId}.`);
      for (const warning of value.warnings) screen.line(`warning: ${warning}`);
    },
  }),
  define({
    name: 'host add-ssh',
    summary: 'Add hosts by SSH without an agent; host keys are shown before they are pinned',
    example: 'fettle host add-ssh hosts.txt --user ops --key ~/.ssh/id_ed25519 --label env=prod --yes',
    arguments: [{ name: 'file', summary: 'addresses, one a line ([user@]host[:port]); - for standard input' }],
    options: [
      { flags: '--user <name>', summary: 'user to sign in as (root)' },
      { flags: '--key <file>', summary: 'private key file; without it the password is read from FETTLE_SSH_PASSWORD' },
      {
        flags: '--sudo <kind>',
        summary: 'none, passwordless or password (read from FETTLE_SUDO_PASSWORD; without it the sign-in password)',
      },
      { flags: '--label <name=value>', summary: 'a label for each host', repeat: true },
      { flags: '--yes', summary: 'pin the keys that the hosts show now without asking' },
    ],
    async run(c) {
      const key = c.text('key');
      const password = process.env.FETTLE_SSH_PASSWORD;
      if (key === undefined && password === undefined) throw new UsageError('give --key FILE, or set FETTLE_SSH_PASSWORD');
      const authentication =
        key === undefined
          ? ({ kind: 'password', password: password! } as const)
          : ({ kind: 'key', privateKey: readFileSync(key, 'utf8') } as const);
      return await c.client.hostSshImport({
        body: {
          addresses: readInputText(c.arguments[0]!),
          user: c.text('user') ?? 'root',
          authentication,
          sudo: (c.text('sudo') ?? 'passwordless') as 'none',
          ...(process.env.FETTLE_SUDO_PASSWORD ? { sudoPassword: process.env.FETTLE_SUDO_PASSWORD } : {}),
          labels: labelsOf(c.options.label as string[]),
          acceptKeys: c.options.yes === true,
        },
      });
    },
    render(value, screen) {
      screen.table(
        [
          { title: 'address' },
          { title: 'port', align: 'right' },
          { title: 'state' },
          { title: 'host key' },
          { title: 'message' },
          { title: 'id' },
        ],
        value.targets.map(t => [t.address, t.port, t.state, t.fingerprint, t.message, t.id]),
      );
      screen.line('Follow with `fettle host ssh-status`; pin shown keys with `fettle host ssh-confirm ID...`.');
    },
  }),
  define({
    name: 'host ssh-status',
    summary: 'Progress of hosts being added by SSH',
    run: async c => await c.client.hostSshTargets({}),
    render: (value, screen) =>
      screen.table(
        [
          { title: 'address' },
          { title: 'port', align: 'right' },
          { title: 'state' },
          { title: 'host key' },
          { title: 'message' },
          { title: 'id' },
        ],
        value.targets.map(t => [t.address, t.port, t.state, t.fingerprint, t.message, t.id]),
      ),
  }),
  define({
    name: 'host ssh-confirm',
    summary: 'Pin the shown host keys and connect',
    arguments: [{ name: 'id', summary: 'ids from ssh-status', many: true }],
    run: async c => await c.client.hostSshConfirm({ body: { ids: [...c.many] } }),
    render: (value, screen) => screen.line(`${counted(value.targets.length, 'host is', 'hosts are')} being connected.`),
  }),
  define({
    name: 'enrol',
    summary: 'Make a one-time token and the command to run on a new host',
    example: 'fettle enrol --label env=prod --wait',
    options: [
      { flags: '--label <name=value>', summary: 'a label for the host', repeat: true },
      { flags: '--uses <n>', summary: 'how many hosts may use it (1)' },
      { flags: '--wait', summary: 'wait until the inventory has arrived' },
    ],
    async run(c) {
      const made = await c.client.enrolmentCreate({ body: { labels: labelsOf(c.options.label as string[]), uses: c.number('uses') ?? 1 } });
      c.say(`Run on the host:\n\n  ${made.command}\n`);
      if (c.options.wait !== true) return made;
      let enrolment = made.enrolment;
      while (enrolment.state === 'waiting' || enrolment.state === 'connected') {
        c.say(`${enrolment.state} ...`);
        await new Promise(resolve => setTimeout(resolve, 2000));
        enrolment = await c.client.enrolmentGet({ params: { id: made.enrolment.id } });
      }
      return { ...made, enrolment };
    },
    render: (value, screen) =>
      screen.line(
        `${value.enrolment.state}${value.enrolment.hostName === null ? '' : `: ${value.enrolment.hostName}, ${value.enrolment.packages ?? 0} packages`}; the token expires at ${value.enrolment.expiresAt}`,
      ),
  }),
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
