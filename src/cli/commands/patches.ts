import { define } from '../command.ts';
import { counted } from '../screen.ts';
import { hostId, PAGE_OPTIONS, page } from './shared.ts';

const day = (instant: string | null | undefined) => instant?.slice(0, 10) ?? '-';

type Said = readonly { readonly source: string; readonly disagreement: string | null }[];
const isDisputed = (evidence: Said) => evidence.some(one => one.disagreement !== null);
/** The source that was followed, how many others speak, and a mark where they say something else. */
const saidBy = (evidence: Said) =>
  `${evidence[0]?.source ?? '-'}${evidence.length > 1 ? ` +${evidence.length - 1}` : ''}${isDisputed(evidence) ? ' !' : ''}`;

export const patchCommands = [
  define({
    name: 'overview',
    summary: 'What to do next, and how the fleet stands',
    run: async c => await c.client.overview({}),
    render(value, screen) {
      for (const banner of value.banners) screen.line(`! ${banner.title}: ${banner.text}`);
      if (value.banners.length > 0) screen.line();
      for (const [i, next] of value.next.entries()) screen.line(`${i + 1}. [${next.urgency}] ${next.title}\n   ${next.reason}`);
      if (value.next.length === 0) screen.line('Nothing is waiting.');
      screen.line();
      screen.pairs([
        [
          'hosts',
          `${value.hosts.total} (${value.hosts.current} current, ${value.hosts.stale} stale, ${value.hosts.unreachable} unreachable, ${value.hosts.waiting} waiting)`,
        ],
        [
          'coverage',
          `${value.coverage.patchedHosts} of ${counted(value.coverage.ofHosts, 'host')} ${value.coverage.patchedHosts === 1 ? 'has' : 'have'} no missing security patch`,
        ],
        ['findings by due date', value.findingsByDue.map(d => `${d.label} ${d.count}`).join(', ')],
        [
          'without excepted ones',
          value.exceptions.excused === 0
            ? null
            : value.findingsByDue.map((d, at) => `${d.label} ${d.count - (value.exceptions.excusedByDue[at]?.count ?? 0)}`).join(', '),
        ],
        [
          'exceptions',
          `${value.exceptions.inForce} in force (${value.exceptions.expiring} of them near the end), ${value.exceptions.waiting} waiting for a decision`,
        ],
        [
          'time to patch',
          value.timeToPatch === null
            ? 'too little history'
            : `median ${value.timeToPatch.medianDays ?? 'not reached'} days over ${value.timeToPatch.events} events`,
        ],
      ]);
    },
  }),
  define({
    name: 'patch list',
    summary: 'The queue of patches, ranked by the risk that each removes',
    example: 'fettle patch list --platform debian-12 --security',
    options: [
      { flags: '--platform <platform>', summary: 'such as debian-12' },
      { flags: '--security', summary: 'security patches only' },
      { flags: '--host <host>', summary: 'only what this host needs' },
      { flags: '--query <query>', summary: 'only hosts of this group query' },
      ...PAGE_OPTIONS,
    ],
    run: async c =>
      await c.client.patchList({
        query: {
          ...page(c),
          platform: c.text('platform'),
          query: c.text('query'),
          ...(c.options.security === true ? { security: 'true' as const } : {}),
          ...(c.text('host') === undefined ? {} : { host: await hostId(c, c.text('host')!) }),
        },
      }),
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
  define({
    name: 'finding list',
    summary: 'Findings with their evidence',
    example: 'fettle finding list --host web01 --due overdue',
    options: [
      { flags: '--host <host>', summary: 'name or id' },
      { flags: '--vulnerability <id>', summary: 'CVE id' },
      { flags: '--source <name>', summary: 'source package' },
      { flags: '--state <state>', summary: 'fixable, held, restart-pending, ...' },
      { flags: '--due <when>', summary: 'overdue, week, month, later or none' },
      { flags: '--exception <id>', summary: 'only what an exception in force covers: its id, or any' },
      ...PAGE_OPTIONS,
    ],
    run: async c =>
      await c.client.findingList({
        query: {
          ...page(c),
          vulnerability: c.text('vulnerability'),
          source: c.text('source'),
          state: c.text('state') as 'fixable',
          due: c.text('due') as 'overdue',
          exception: c.text('exception'),
          ...(c.text('host') === undefined ? {} : { host: await hostId(c, c.text('host')!) }),
        },
      }),
    render(value, screen) {
      screen.table(
        [
          { title: 'vulnerability' },
          { title: 'host' },
          { title: 'source' },
          { title: 'state' },
          { title: 'KEV' },
          { title: 'due' },
          { title: 'said by', widthMax: 40 },
          { title: 'evidence', widthMax: 90 },
        ],
        value.items.map(f => [
          f.vulnerabilityId,
          f.hostName,
          f.sourceName,
          f.exception === null ? f.state : `${f.state}, ${f.exception.excuses ? 'excepted' : 'held back'}`,
          f.knownExploited ? 'yes' : '',
          day(f.decision.dueAt),
          saidBy(f.evidence),
          f.evidence[0]?.comparison,
        ]),
      );
      const disputed = value.items.filter(f => isDisputed(f.evidence)).length;
      screen.line(
        `${value.items.length} of ${counted(value.total, 'finding')}${disputed === 0 ? '' : `; of ${disputed} (!) the sources disagree: \`fettle finding show ID\``}`,
      );
    },
  }),
  define({
    name: 'finding show',
    summary:
      'Everything that is said of a vulnerability: each source with its date, the comparison, and why one was followed where they disagree',
    example: 'fettle finding show CVE-2024-6387 --host web01',
    arguments: [{ name: 'vulnerability', summary: 'CVE id' }],
    options: [{ flags: '--host <host>', summary: 'name or id; the first host that has it when left out' }],
    run: async c => {
      const host = c.text('host');
      const query = { vulnerability: c.arguments[0]!, ...(host === undefined ? {} : { host: await hostId(c, host) }), pageSize: 50 };
      return await c.client.findingList({ query });
    },
    render(value, screen) {
      const first = value.items[0];
      if (first === undefined) return screen.line('no host has a finding of it');
      for (const f of value.items.filter(one => one.hostId === first.hostId)) {
        screen.line(
          `${f.vulnerabilityId} in ${f.sourceName} ${f.installedVersion} on ${f.hostName}: ${f.state}${f.title === null ? '' : ` (${f.title})`}`,
        );
        if (f.exception !== null)
          screen.line(
            `  ${f.exception.kind} until ${f.exception.endsAt}, approved by ${f.exception.approvedBy}: ${f.exception.reason} (${f.exception.id})`,
          );
        screen.table(
          [
            { title: 'source' },
            { title: 'of' },
            { title: 'says' },
            { title: 'fixed in' },
            { title: 'rule' },
            { title: 'comparison', widthMax: 90 },
          ],
          f.evidence.map(e => [e.source, e.statedOn, e.claimState, e.fixedVersion, e.rule, e.comparison]),
        );
        if (f.mitigation !== null) screen.line(f.mitigation);
        for (const text of new Set(f.evidence.map(e => e.disagreement))) if (text !== null) screen.line(`Sources disagree: ${text}`);
      }
      screen.line(`${counted(value.total, 'finding')} of it in all`);
    },
  }),
  define({
    name: 'export vex',
    summary: 'What Fettle says of the packages of the fleet, as OpenVEX or CSAF VEX on standard output',
    example: 'fettle export vex --format csaf --source openssl > openssl.json',
    options: [
      { flags: '--format <format>', summary: 'openvex (default) or csaf' },
      { flags: '--host <host>', summary: 'only what this host has, by name or id' },
      { flags: '--vulnerability <id>', summary: 'only this vulnerability' },
      { flags: '--source <name>', summary: 'only this source package' },
    ],
    run: async c => ({
      document: await c.client.findingVex({
        query: {
          format: c.text('format') as 'openvex',
          host: c.text('host'),
          vulnerability: c.text('vulnerability'),
          source: c.text('source'),
        },
      }),
    }),
    render: (value, screen) => screen.line(value.document.trimEnd()),
  }),
  ...(['hosts', 'findings', 'patches'] as const).map(noun =>
    define({
      name: `export ${noun}`,
      summary: `All ${noun} as CSV on standard output`,
      run: async c => ({
        csv: await (noun === 'hosts'
          ? c.client.hostExport({})
          : noun === 'findings'
            ? c.client.findingExport({})
            : c.client.patchExport({})),
      }),
      render: (value, screen) => screen.line(value.csv.trimEnd()),
    }),
  ),
];
