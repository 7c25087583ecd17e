import type { ExceptionDetailView, ExceptionView } from '../../api/exceptions.ts';
import { type Command, type CommandContext, define, type Screen, UsageError } from '../command.ts';
import { counted } from '../screen.ts';
import { hostId, PAGE_OPTIONS, page } from './shared.ts';

const ID = [{ name: 'id', summary: 'exception id' }] as const;
const REASON = { flags: '--reason <text>', summary: 'why; kept in the audit trail' } as const;
const DAY_MS = 86_400_000;

const SCOPE_OPTIONS = [
  { flags: '--vulnerability <id>', summary: 'CVE id (repeat)', repeat: true },
  { flags: '--source <name>', summary: 'only in this source package; alone: everything that is open in it' },
  { flags: '--patch <id>', summary: 'what a patch closes; with --kind operational: the patch that is held back' },
  { flags: '--host <host>', summary: 'host by name or id (repeat)', repeat: true },
  { flags: '--query <query>', summary: 'hosts of this group query now; without hosts: all that have such a finding' },
  {
    flags: '--kind <kind>',
    summary:
      'risk-accepted (default), deferred, mitigated, false-positive, not-affected, no-fix-available, unsupported-eol, operational (hold of one patch)',
  },
] as const;

function needed(c: CommandContext, option: string): string {
  const text = c.text(option);
  if (text === undefined || text.trim() === '') throw new UsageError(`--${option} is needed`);
  return text;
}

const list = (c: CommandContext, option: string): string[] => [...((c.options[option] as readonly string[] | undefined) ?? [])];

async function scopeOf(c: CommandContext) {
  const hosts = list(c, 'host');
  return {
    query: c.text('query') ?? null,
    hostIds: hosts.length === 0 ? null : await Promise.all(hosts.map(host => hostId(c, host))),
    vulnerabilityIds: list(c, 'vulnerability'),
    sourceName: c.text('source') ?? null,
    patchId: c.text('patch') ?? null,
    kind: (c.text('kind') ?? 'risk-accepted') as 'deferred',
  };
}

/** A day ends with it: `--until 2026-12-24` is the last millisecond of Christmas Eve in UTC. */
export function endOf(until: string | undefined, days: number | undefined, nowMs: number): string {
  if ((until === undefined) === (days === undefined)) throw new UsageError('say until when: --until 2026-12-24, or --days 30');
  if (days !== undefined) return new Date(nowMs + days * DAY_MS).toISOString();
  const ms = Date.parse(/^\d{4}-\d{2}-\d{2}$/.test(until!) ? `${until}T23:59:59.999Z` : until!);
  if (Number.isNaN(ms)) throw new UsageError(`--until takes a day or an instant, not "${until}"`);
  return new Date(ms).toISOString();
}

const END_OPTIONS = [
  { flags: '--until <day>', summary: 'last day, or an instant' },
  { flags: '--days <n>', summary: 'days from now' },
] as const;
const CHECKED = { flags: '--checked <day>', summary: 'when its controls were last checked' } as const;

const checkedAt = (c: CommandContext): string | null => {
  const text = c.text('checked');
  if (text === undefined) return null;
  const ms = Date.parse(text);
  if (Number.isNaN(ms)) throw new UsageError(`--checked takes a day or an instant, not "${text}"`);
  return new Date(ms).toISOString();
};

function showDetail(one: ExceptionDetailView, screen: Screen): void {
  screen.pairs([
    ['exception', one.title],
    ['id', one.id],
    ['state', one.stateReason === null ? one.state : `${one.state}: ${one.stateReason}`],
    ['kind', one.justification === null ? one.kind : `${one.kind} (${one.justification})`],
    ['covers', one.about],
    ['open now', `${counted(one.openFindings, 'finding')}${one.excuses ? '; counted gross, left out of net' : '; counted gross and net'}`],
    ['valid', `${one.startsAt} to ${one.endsAt}${one.inForce ? ' (in force)' : ''}`],
    ['at most', `${counted(one.life.days, 'day')}: ${one.life.meaning}`],
    ['reason', one.reason],
    ['controls', one.controls.length === 0 ? null : `${one.controls.join('; ')} (checked ${one.controlsCheckedAt})`],
    ['owner', one.owner],
    ['asked by', one.requestedBy],
    ['approved by', one.approvedBy === null ? null : `${one.approvedBy}${one.selfApproved ? ' (self-approved: one risk owner)' : ''}`],
    ['approvals', one.approvalsNeeded > 1 ? `${one.approvals.length} of ${one.approvalsNeeded}` : null],
    ['renewals', one.renewals === 0 ? null : one.renewals],
    ['scope', `${one.scope.hash}${one.scope.frozenAt === null ? ' (not frozen yet)' : ` frozen at ${one.scope.frozenAt}`}`],
  ]);
  screen.line();
  screen.table(
    [{ title: 'at' }, { title: 'who' }, { title: 'what' }, { title: 'state' }, { title: 'why', widthMax: 80 }],
    one.events.map(event => [event.at, event.actor, event.event, event.to, event.reason]),
  );
  screen.line();
  for (const verb of one.verbs) screen.line(`${verb.verb.padEnd(9)} ${verb.enabled ? 'possible' : `no: ${verb.disabledReason}`}`);
}

type Verb = 'submit' | 'review' | 'approve' | 'reject' | 'withdraw' | 'reopen' | 'revoke';

function verb(name: Verb, summary: string, options: { readonly signIn?: boolean } = {}): Command {
  return define({
    name: `exception ${name}`,
    summary,
    arguments: ID,
    options:
      name === 'approve'
        ? [REASON, { flags: '--scope <hash>', summary: 'the scope that you have read (the one of now when left out)' }]
        : [REASON],
    ...options,
    run: async c => {
      const id = c.arguments[0]!;
      // Whoever names no hash approves what the server shows at this moment, and sees it printed.
      const scopeHash = name === 'approve' ? (c.text('scope') ?? (await c.client.exceptionGet({ params: { id } })).scope.hash) : undefined;
      return await c.client.exceptionAct({ params: { id }, body: { verb: name, reason: c.text('reason') ?? '', scopeHash } });
    },
    render: showDetail,
  });
}

function showList(items: readonly ExceptionView[], screen: Screen): void {
  screen.table(
    [
      { title: 'exception', widthMax: 40 },
      { title: 'state' },
      { title: 'kind' },
      { title: 'covers', widthMax: 50 },
      { title: 'open', align: 'right' },
      { title: 'until' },
      { title: 'owner' },
      { title: 'approved by' },
      { title: 'id' },
    ],
    items.map(one => [
      one.title,
      one.state,
      one.kind,
      one.about,
      one.openFindings,
      one.endsAt.slice(0, 10),
      one.owner,
      one.approvedBy,
      one.id,
    ]),
  );
}

export const exceptionCommands: readonly Command[] = [
  define({
    name: 'exception list',
    summary: 'Exceptions: what waits for a decision first, then what ends first',
    example: 'fettle exception list --show waiting',
    options: [
      { flags: '--show <which>', summary: 'open (default), in-force, waiting, ended or all' },
      { flags: '--state <state>', summary: 'requested, active, expiring, expired, ...' },
      { flags: '--kind <kind>', summary: 'risk-accepted, mitigated, operational, ...' },
      { flags: '--host <host>', summary: 'name or id' },
      { flags: '--vulnerability <id>', summary: 'CVE id' },
      ...PAGE_OPTIONS,
    ],
    run: async c =>
      await c.client.exceptionList({
        query: {
          ...page(c),
          show: (c.text('show') ?? 'open') as 'open',
          state: c.text('state') as 'active',
          kind: c.text('kind') as 'deferred',
          vulnerability: c.text('vulnerability'),
          ...(c.text('host') === undefined ? {} : { host: await hostId(c, c.text('host')!) }),
        },
      }),
    render(value, screen) {
      showList(value.items, screen);
      screen.line(`${value.items.length} of ${counted(value.total, 'exception')}`);
    },
  }),
  define({
    name: 'exception show',
    summary: 'One exception: scope, who decided, what happened, and what can be done now',
    arguments: ID,
    run: async c => await c.client.exceptionGet({ params: { id: c.arguments[0]! } }),
    render: showDetail,
  }),
  define({
    name: 'exception preview',
    summary: 'What a request would cover now, and how long it may last',
    example: 'fettle exception preview --vulnerability CVE-2026-1234 --query "env = prod"',
    options: SCOPE_OPTIONS,
    run: async c => await c.client.exceptionPreview({ body: await scopeOf(c) }),
    render: (value, screen) =>
      screen.pairs([
        ['problem', value.problem],
        ['covers', `${counted(value.openFindings, 'open finding')} on ${counted(value.hosts, 'host')}`],
        ['hosts', value.hostNames.join(', ')],
        ['vulnerabilities', value.vulnerabilities.join(', ')],
        ['at most', `${counted(value.life.days, 'day')}, until ${value.latestEnd} (${value.life.meaning})`],
        ['covered already', value.covered],
      ]),
  }),
  define({
    name: 'exception request',
    summary: 'Ask for leave to keep findings for a while: scope, reason, owner, end. A risk owner who is not you decides',
    example:
      'fettle exception request "Legacy ERP until the move" --vulnerability CVE-2026-1234 --host erp1 --owner grace --days 60 --reason "Vendor certifies openssl 3.0.20 only; behind WAF rule 7"',
    arguments: [{ name: 'title', summary: 'what people call it' }],
    options: [
      ...SCOPE_OPTIONS,
      REASON,
      { flags: '--owner <login>', summary: 'who answers for the risk' },
      ...END_OPTIONS,
      { flags: '--from <instant>', summary: 'not before this instant (from the approval on)' },
      { flags: '--justification <word>', summary: 'of not-affected, as OpenVEX has them: vulnerable_code_not_in_execute_path, ...' },
      { flags: '--control <text>', summary: 'of mitigated: a compensating control (repeat)', repeat: true },
      CHECKED,
      { flags: '--draft', summary: 'keep it, ask nobody yet' },
    ],
    run: async c =>
      await c.client.exceptionCreate({
        body: {
          ...(await scopeOf(c)),
          title: c.arguments[0]!,
          reason: needed(c, 'reason'),
          owner: needed(c, 'owner'),
          startsAt: c.text('from') ?? null,
          endsAt: endOf(c.text('until'), c.number('days'), Date.now()),
          justification: (c.text('justification') ?? null) as 'component_not_present' | null,
          controls: list(c, 'control'),
          controlsCheckedAt: checkedAt(c),
          draft: c.options.draft === true,
        },
      }),
    render: showDetail,
  }),
  verb('submit', 'Ask for an exception that was kept as a draft'),
  verb('review', 'Take a request up', { signIn: true }),
  verb('approve', 'Grant an exception; freezes its scope. Never by an API token, never by whoever asked', { signIn: true }),
  verb('reject', 'Say no, with a reason', { signIn: true }),
  verb('withdraw', 'Take a request back'),
  define({
    name: 'exception renew',
    summary:
      'Ask for the next of its chain: the findings that are still open, decided on anew. After the second renewal two risk owners decide',
    arguments: ID,
    options: [REASON, ...END_OPTIONS, CHECKED],
    run: async c => {
      const checked = checkedAt(c);
      return await c.client.exceptionAct({
        params: { id: c.arguments[0]! },
        body: {
          verb: 'renew',
          reason: c.text('reason') ?? '',
          endsAt: endOf(c.text('until'), c.number('days'), Date.now()),
          ...(checked === null ? {} : { controlsCheckedAt: checked }),
        },
      });
    },
    render: showDetail,
  }),
  verb('reopen', 'Have it looked at again: a control has failed, or something else has changed. It excuses nothing until it is decided'),
  verb('revoke', 'Take granted leave back, with a reason', { signIn: true }),
];
