import type { ExceptionDetailView, ExceptionView } from '../../api/exceptions.ts';
import { type Command, define, type Screen } from '../command.ts';
import { counted } from '../screen.ts';
import {
  CHECKED,
  checkedAt,
  END_OPTIONS,
  editedBody,
  endOf,
  list,
  needed,
  REASON,
  SCOPE_OPTIONS,
  scopeOf,
  WHAT_OPTIONS,
} from './exception-body.ts';
import { hostId, PAGE_OPTIONS, page } from './shared.ts';

const ID = [{ name: 'id', summary: 'exception id' }] as const;
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
    name: 'exception figures',
    summary: 'Exceptions in force by kind, their median age, the share that was renewed, and what has run out and is still open',
    run: async c => await c.client.exceptionFigures({}),
    render: (value, screen) =>
      screen.pairs([
        ['in force', value.inForce],
        ['by kind', value.byKind.length === 0 ? null : value.byKind.map(one => `${one.kind} ${one.count}`).join(', ')],
        ['median age', value.medianAgeDays === null ? null : `${counted(value.medianAgeDays, 'day')} since the first of each chain`],
        ['renewed', value.renewedPercent === null ? null : `${value.renewed} of ${value.inForce} (${value.renewedPercent} %)`],
        ['expired, still open', value.expiredOpen],
      ]),
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
    options: [...SCOPE_OPTIONS, ...WHAT_OPTIONS, { flags: '--draft', summary: 'keep it, ask nobody yet' }],
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
  define({
    name: 'exception edit',
    summary: 'Change a draft of your own: what is not named stays as it is',
    example: 'fettle exception edit exc_0123456789abcdef --days 30 --submit',
    arguments: ID,
    options: [
      { flags: '--title <text>', summary: 'what people call it' },
      ...SCOPE_OPTIONS,
      ...WHAT_OPTIONS,
      { flags: '--submit', summary: 'ask for it at once' },
    ],
    run: async c => {
      const params = { id: c.arguments[0]! };
      const body = await editedBody(c, await c.client.exceptionGet({ params }));
      return await c.client.exceptionUpdate({ params, body });
    },
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
