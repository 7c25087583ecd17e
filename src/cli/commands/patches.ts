import { type CommandContext, define } from '../command.ts';
import { counted } from '../screen.ts';
import { day, hostId, PAGE_OPTIONS, page } from './shared.ts';

/** Of the queue and of its export alike. */
export const PATCH_FILTER = [
  { flags: '--platform <platform>', summary: 'such as debian-12' },
  { flags: '--security', summary: 'security patches only' },
  { flags: '--host <host>', summary: 'only what this host needs, by name or id' },
  { flags: '--query <query>', summary: 'only what hosts of this group query need' },
] as const;

export async function patchFilter(c: CommandContext) {
  const host = c.text('host');
  return {
    platform: c.text('platform'),
    query: c.text('query'),
    ...(c.options.security === true ? { security: 'true' as const } : {}),
    ...(host === undefined ? {} : { host: await hostId(c, host) }),
  };
}

export const patchCommands = [
  define({
    name: 'patch list',
    summary: 'The queue of patches, ranked by the risk that each removes',
    example: 'fettle patch list --platform debian-12 --security',
    options: [...PATCH_FILTER, ...PAGE_OPTIONS],
    run: async c => await c.client.patchList({ query: { ...page(c), ...(await patchFilter(c)) } }),
    render(value, screen) {
      screen.table(
        [
          { title: '#', align: 'right' },
          { title: 'patch' },
          { title: 'to' },
          { title: 'platform' },
          { title: 'hosts', align: 'right' },
          { title: 'held', align: 'right' },
          { title: 'closes', align: 'right' },
          { title: 'KEV', align: 'right' },
          { title: 'due' },
          { title: 'restart' },
          { title: 'undo' },
          { title: 'id' },
        ],
        value.items.map(p => [
          p.rank,
          p.sourceName,
          p.targetVersion,
          p.platform,
          p.hosts,
          p.hostsHeld,
          p.closes,
          p.knownExploited.length,
          day(p.decision?.dueAt),
          p.restart,
          p.reversible,
          p.id,
        ]),
      );
      screen.line(`${value.items.length} of ${counted(value.total, 'patch', 'patches')}`);
    },
  }),
  define({
    name: 'patch show',
    summary: 'One patch: why it ranks where it does, and what it closes',
    arguments: [{ name: 'id', summary: 'patch id' }],
    run: async c => await c.client.patchGet({ params: { id: c.arguments[0]! } }),
    render({ patch, vulnerabilities }, screen) {
      screen.pairs([
        ['patch', `${patch.sourceName} ${patch.targetVersion} (${patch.platform})`],
        ['rank', patch.rank],
        ['why', patch.reason],
        ['from', patch.fromVersions.join(', ')],
        ['packages', patch.packages.join(' ')],
        ['hosts', `${patch.hosts}, held on ${patch.hostsHeld}, not offered on ${patch.hostsNotOffered}`],
        [
          'due',
          patch.decision === null
            ? '-'
            : `${day(patch.decision.dueAt)} (${patch.decision.table}, row ${patch.decision.row}: ${patch.decision.outcome})`,
        ],
        ['restart', `${patch.restart}: ${patch.restartReason}`],
        ['undo', `${patch.reversible}: ${patch.reversibleReason}`],
        ['evidence', patch.evidenceBasis],
      ]);
      screen.line();
      screen.table(
        [
          { title: 'vulnerability' },
          { title: 'KEV' },
          { title: 'CVSS', align: 'right' },
          { title: 'hosts', align: 'right' },
          { title: 'due' },
          { title: 'evidence', widthMax: 80 },
        ],
        vulnerabilities.map(v => [
          v.id,
          v.knownExploited ? 'yes' : '',
          v.cvssScore,
          v.hosts,
          day(v.decision.dueAt),
          v.evidence[0]?.comparison,
        ]),
      );
    },
  }),
  define({
    name: 'patch hosts',
    summary: 'Hosts that need a patch, and how it is offered to them',
    arguments: [{ name: 'id', summary: 'patch id' }],
    options: PAGE_OPTIONS,
    run: async c => await c.client.patchHosts({ params: { id: c.arguments[0]! }, query: page(c) }),
    render: (value, screen) =>
      screen.table(
        [{ title: 'host' }, { title: 'availability' }, { title: 'packages', widthMax: 80 }, { title: 'due' }, { title: 'restarts' }],
        value.items.map(h => [
          h.hostName,
          h.availability,
          h.packages.map(p => `${p.name} ${p.fromVersion}`).join(', '),
          day(h.dueAt),
          h.restartUnits.join(' '),
        ]),
      ),
  }),
];
