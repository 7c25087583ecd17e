import { type CommandContext, define } from '../command.ts';
import { counted } from '../screen.ts';
import { day, hostId, PAGE_OPTIONS, page } from './shared.ts';

type Said = readonly { readonly source: string; readonly disagreement: string | null }[];
const isDisputed = (evidence: Said) => evidence.some(one => one.disagreement !== null);
/** The source that was followed, how many others speak, and a mark where they say something else. */
const saidBy = (evidence: Said) =>
  `${evidence[0]?.source ?? '-'}${evidence.length > 1 ? ` +${evidence.length - 1}` : ''}${isDisputed(evidence) ? ' !' : ''}`;

/** Of the list and of its export alike. */
export const FINDING_FILTER = [
  { flags: '--host <host>', summary: 'name or id' },
  { flags: '--vulnerability <id>', summary: 'CVE id' },
  { flags: '--source <name>', summary: 'source package' },
  { flags: '--state <state>', summary: 'fixable, held, restart-pending, ...' },
  { flags: '--due <when>', summary: 'overdue, week, month, later or none' },
  { flags: '--exception <id>', summary: 'only what an exception in force covers: its id, any, or excused (what net numbers leave out)' },
] as const;

export async function findingFilter(c: CommandContext) {
  const host = c.text('host');
  return {
    vulnerability: c.text('vulnerability'),
    source: c.text('source'),
    state: c.text('state') as 'fixable',
    due: c.text('due') as 'overdue',
    exception: c.text('exception'),
    ...(host === undefined ? {} : { host: await hostId(c, host) }),
  };
}

export const findingCommands = [
  define({
    name: 'finding list',
    summary: 'Findings with their evidence',
    example: 'fettle finding list --host web01 --due overdue',
    options: [...FINDING_FILTER, ...PAGE_OPTIONS],
    run: async c => await c.client.findingList({ query: { ...page(c), ...(await findingFilter(c)) } }),
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
];
