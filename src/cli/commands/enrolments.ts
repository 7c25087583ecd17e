import { readFileSync } from 'node:fs';
import type { Client } from '../../api/client.ts';
import { define, labelsOf, type Screen, UsageError } from '../command.ts';
import { readInputText } from '../read-input.ts';
import { counted } from '../screen.ts';

export const enrolmentCommands = [
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
      targetTable(screen, value);
      screen.line('Follow with `fettle host ssh-status`; pin shown keys with `fettle host ssh-confirm ID...`.');
    },
  }),
  define({
    name: 'host ssh-status',
    summary: 'Progress of hosts being added by SSH',
    run: async c => await c.client.hostSshTargets({}),
    render: (value, screen) => targetTable(screen, value),
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
];

function targetTable(screen: Screen, { targets }: Awaited<ReturnType<Client['hostSshTargets']>>): void {
  screen.table(
    [
      { title: 'address' },
      { title: 'port', align: 'right' },
      { title: 'state' },
      { title: 'host key' },
      { title: 'message' },
      { title: 'id' },
    ],
    targets.map(t => [t.address, t.port, t.state, t.fingerprint, t.message, t.id]),
  );
}
