import { type Command, define } from '../command.ts';
import { trustLocally } from './feed-keys.ts';
import { dayOf } from './feed-times.ts';

/** Whose bundles are believed, here and elsewhere. */
export const signerCommands: readonly Command[] = [
  define({
    name: 'feed key',
    summary: 'The public key that signs bundles of this installation',
    run: async c => await c.client.feedKey({}),
    render(value, screen) {
      screen.line(value.publicKey);
      screen.line(`key ${value.id} of ${value.installation}`);
    },
  }),
  define({
    name: 'feed trust',
    summary: 'Believe bundles signed with a key, as `fettle feed key` prints it on the installation that exports',
    example: 'fettle feed trust MCowBQYDK2VwAyEA... --name "Head office"',
    arguments: [{ name: 'key', summary: 'public key' }],
    options: [
      { flags: '--name <name>', summary: 'whose it is' },
      { flags: '--local', summary: 'for `fettle scan` on this machine, without a server' },
    ],
    async run(c) {
      const publicKey = c.arguments[0]!;
      const name = c.text('name') ?? 'unnamed';
      if (c.options.local === true) return { name, where: trustLocally(publicKey, name) };
      return { ...(await c.client.feedSignerTrust({ body: { publicKey, name } })), where: 'the server' };
    },
    render: (value, screen) => screen.line(`${value.where} believes bundles of ${value.name} from now on`),
  }),
  define({
    name: 'feed signers',
    summary: 'Installations whose bundles are believed',
    run: async c => await c.client.feedSignerList({}),
    render(value, screen) {
      if (value.items.length === 0) return screen.line('none but this installation itself; `fettle feed trust KEY` adds one');
      screen.table(
        [{ title: 'name' }, { title: 'key' }, { title: 'trusted' }, { title: 'by' }, { title: 'newest bundle' }],
        value.items.map(s => [s.name, s.id, dayOf(s.trustedAt), s.trustedBy, dayOf(s.lastBundleAt)]),
      );
    },
  }),
  define({
    name: 'feed distrust',
    summary: 'Believe a key no longer; what its bundles brought stays in force',
    arguments: [{ name: 'key-id', summary: 'see `fettle feed signers`' }],
    run: async c => await c.client.feedSignerDelete({ params: { id: c.arguments[0]! } }),
    render: (_value, screen) => screen.line('Its bundles are refused from now on.'),
  }),
];
