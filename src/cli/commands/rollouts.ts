import { readFileSync } from 'node:fs';
import type { RehearsalRow, RolloutDetailView, RolloutEventView, RolloutSpecInput } from '../../api/rollouts.ts';
import { type Command, type CommandContext, define, type Screen, UsageError } from '../command.ts';
import { ago } from '../screen.ts';
import { hostId, PAGE_OPTIONS, page } from './shared.ts';

const ID = [{ name: 'id', summary: 'rollout id' }] as const;

export function showDetail({ rollout, rings, waitingOn, verbs, plan }: RolloutDetailView, screen: Screen): void {
  screen.pairs([
    ['rollout', `${rollout.name} (${rollout.kind})`],
    ['id', rollout.id],
    ['state', rollout.stateReason === null ? rollout.state : `${rollout.state}: ${rollout.stateReason}`],
    ['plan', rollout.planHash],
    ['requested by', rollout.requestedBy],
    [
      'approved by',
      rollout.approvedBy === null
        ? '-'
        : `${rollout.approvedBy}${rollout.selfApproved ? ' (self-approved: single-person installation)' : ''}`,
    ],
    [
      'hosts',
      `${rollout.hosts}: ${rollout.succeeded} succeeded, ${rollout.failed} failed, ${rollout.active} active, ${rollout.waiting} waiting`,
    ],
  ]);
  screen.line();
  screen.table(
    [
      { title: 'ring' },
      { title: 'state' },
      { title: 'hosts', align: 'right' },
      { title: 'ok', align: 'right' },
      { title: 'failed', align: 'right' },
      { title: 'active', align: 'right' },
      { title: 'gate', widthMax: 80 },
    ],
    rings.map(r => [r.name, r.state, r.hosts, r.succeeded, r.failed, r.active, r.gates.at(-1)?.statement ?? r.stateReason]),
  );
  for (const finding of plan?.lint ?? []) screen.line(`${finding.level}: ${finding.message}`);
  for (const excluded of plan?.excluded ?? []) screen.line(`left out: ${excluded.hostName}: ${excluded.reason}`);
  for (const reason of waitingOn) screen.line(`waiting: ${reason.text}${reason.changesAt === null ? '' : ` (until ${reason.changesAt})`}`);
  screen.line(
    `next: ${
      verbs
        .filter(v => v.enabled)
        .map(v => v.verb)
        .join(', ') || 'nothing to do'
    }`,
  );
}

/** One host's rehearsal: what it shows, and what it could not. */
function showRehearsal({ hostName, verdict, report, expiresAt, acceptedBy }: RehearsalRow, screen: Screen): void {
  if (report === null) {
    screen.line(
      `${hostName}: not answered yet (asked until ${expiresAt})${acceptedBy === null ? '' : `; ${acceptedBy} goes on without it`}`,
    );
    return;
  }
  screen.line(
    `${hostName}: ${verdict}${report.failure === null ? '' : `: ${report.failure.message}`}${acceptedBy === null ? '' : `; accepted by ${acceptedBy}`}`,
  );
  const { rollback, untouched, checks } = report;
  const figures = [
    ...(report.applySeconds === null ? [] : [`installed in ${report.applySeconds} s`]),
    ...(report.writtenBytes === null ? [] : [`${Math.ceil(report.writtenBytes / 1e6)} MB written`]),
    ...(rollback === null
      ? []
      : [rollback.outcome === 'restored' ? `undone in ${rollback.seconds} s` : `the way back: ${rollback.outcome}: ${rollback.reason}`]),
    ...(checks.length === 0 ? [] : [`${checks.filter(check => check.passed).length} of ${checks.length} checks passed`]),
  ];
  if (figures.length > 0) screen.line(`  ${figures.join('; ')}`);
  for (const check of checks) if (!check.passed) screen.line(`  FAILED ${check.kind} ${check.subject}: ${check.detail}`);
  if (report.withheld.length > 0) screen.line(`  withheld from the copy: ${report.withheld.join(', ')}`);
  if (untouched !== null) screen.line(`  the host itself: ${untouchedWords(untouched)}`);
}

function untouchedWords({ packages, etc, services }: NonNullable<NonNullable<RehearsalRow['report']>['untouched']>): string {
  const lists = [
    packages === null ? 'package database not compared' : packages ? 'package database unchanged' : 'PACKAGE DATABASE CHANGED',
    etc === null ? '/etc not compared' : etc.length === 0 ? '/etc unchanged' : `changed meanwhile: ${etc.join(', ')}`,
    services === null
      ? 'services not compared'
      : services.length === 0
        ? 'services unchanged'
        : `services that changed meanwhile: ${services.join(', ')}`,
  ];
  return lists.join('; ');
}

/** Until every rehearsal has an answer or has run out. */
async function rehearsed(c: CommandContext, id: string): Promise<RolloutDetailView> {
  for (;;) {
    const detail = await c.client.rolloutGet({ params: { id } });
    const open = detail.rehearsals.filter(one => one.verdict === null && one.expiresAt > new Date().toISOString());
    if (open.length === 0) return detail;
    await new Promise(resolve => setTimeout(resolve, 2000));
  }
}

function act(
  verb: 'submit' | 'request-approval' | 'approve' | 'reject' | 'start' | 'pause' | 'resume' | 'halt' | 'cancel',
  summary: string,
): Command {
  return define({
    name: `rollout ${verb}`,
    summary,
    arguments: ID,
    options: [
      { flags: '--reason <text>', summary: 'why; kept in the audit trail' },
      ...(verb === 'approve' ? [{ flags: '--plan <hash>', summary: 'the plan hash that you have read (`fettle rollout plan`)' }] : []),
    ],
    ...(verb === 'approve' || verb === 'reject' ? { signIn: true } : {}),
    async run(c) {
      const id = c.arguments[0]!;
      if (verb === 'approve' && c.text('plan') === undefined)
        throw new UsageError('name the plan that you have read: --plan HASH (see `fettle rollout plan ID`)');
      return await c.client.rolloutAct({ params: { id }, body: { verb, reason: c.text('reason') ?? '', planHash: c.text('plan') } });
    },
    render: showDetail,
  });
}

const HALF_DONE = new Set([
  'succeeded',
  'already-compliant',
  'completed',
  'completed-partial',
  'halted',
  'rejected',
  'expired',
  'superseded',
  'cancelled',
  'paused',
]);

async function follow(c: CommandContext, id: string): Promise<RolloutEventView[]> {
  const all: RolloutEventView[] = [];
  for (;;) {
    const after = all.at(-1)?.sequence ?? 0;
    const { items } = await c.client.rolloutEvents({ params: { id }, query: { after, limit: 2000 } });
    for (const event of items) c.say(line(event));
    all.push(...items);
    if (items.length > 0) continue;
    const { rollout } = await c.client.rolloutGet({ params: { id } });
    if (HALF_DONE.has(rollout.state)) return all;
    await new Promise(resolve => setTimeout(resolve, 1000));
  }
}

const line = (event: RolloutEventView) => `${event.at.slice(11, 19)} ${event.hostName ?? event.kind}: ${event.text}`;

export const rolloutCommands: readonly Command[] = [
  define({
    name: 'rollout list',
    summary: 'Rollouts, newest first',
    options: [{ flags: '--state <state>', summary: 'running, paused, ...' }, ...PAGE_OPTIONS],
    run: async c => await c.client.rolloutList({ query: { ...page(c), state: c.text('state') as 'running' } }),
    render: (value, screen) =>
      screen.table(
        [
          { title: 'rollout', widthMax: 50 },
          { title: 'kind' },
          { title: 'state' },
          { title: 'hosts', align: 'right' },
          { title: 'ok', align: 'right' },
          { title: 'failed', align: 'right' },
          { title: 'requested by' },
          { title: 'approved by' },
          { title: 'made' },
          { title: 'id' },
        ],
        value.items.map(r => [
          r.name,
          r.kind,
          r.state,
          r.hosts,
          r.succeeded,
          r.failed,
          r.requestedBy,
          r.approvedBy,
          ago(r.createdAt, Date.now()),
          r.id,
        ]),
      ),
  }),
  define({
    name: 'rollout create',
    summary: 'Draft a rollout: which patches, which hosts, canary first',
    example: "fettle rollout create 'openssl on prod' --patch pat_0123... --query 'env = prod' --canary 2 --reboot never",
    arguments: [{ name: 'name', summary: 'what people will call it' }],
    options: [
      { flags: '--patch <id>', summary: 'patch id (repeat)', repeat: true },
      { flags: '--query <query>', summary: 'hosts by group query' },
      { flags: '--group <id>', summary: 'hosts by saved group' },
      { flags: '--host <host>', summary: 'host by name or id (repeat)', repeat: true },
      { flags: '--canary <n>', summary: 'hosts in the first ring (1)' },
      { flags: '--soak <minutes>', summary: 'minutes between the last canary and the rest (0)' },
      { flags: '--concurrency <n>', summary: 'hosts at once in the rest (5)' },
      { flags: '--restart <policy>', summary: 'affected-services or never' },
      { flags: '--reboot <policy>', summary: 'never, if-needed or always' },
      { flags: '--starts <instant>', summary: 'window opens (UTC instant)' },
      { flags: '--ends <instant>', summary: 'window closes' },
      { flags: '--zone <zone>', summary: 'IANA zone of the window (UTC)' },
      { flags: '--repeat <rule>', summary: 'the window repeats: RFC 5545 rule, or PATCH-TUESDAY+3' },
      { flags: '--rehearse <hosts>', summary: 'canaries (run it in a copy of their system first) or none' },
      { flags: '--smoke <test>', summary: 'unit:nginx.service, tcp:443 or http:URL (repeat)', repeat: true },
      { flags: '--spec <file>', summary: 'the whole specification as JSON instead' },
    ],
    async run(c) {
      const file = c.text('spec');
      if (file !== undefined)
        return await c.client.rolloutCreate({ body: JSON.parse(readFileSync(file === '-' ? 0 : file, 'utf8')) as RolloutSpecInput });
      const hostIds = await Promise.all(((c.options.host as string[] | undefined) ?? []).map(host => hostId(c, host)));
      if (hostIds.length === 0 && c.text('query') === undefined && c.text('group') === undefined)
        throw new UsageError("choose hosts: --query 'env = prod', --group ID or --host NAME");
      const canary = c.number('canary') ?? 1;
      const body: RolloutSpecInput = {
        name: c.arguments[0]!,
        patchIds: (c.options.patch as string[] | undefined) ?? [],
        selector: { ...(hostIds.length > 0 ? { hostIds } : {}), query: c.text('query'), groupId: c.text('group') },
        rings: [
          { name: 'canary', hosts: canary, soakMinutes: c.number('soak') ?? 0, concurrency: Math.max(1, Math.min(canary, 5)) },
          { name: 'rest', percent: 100, soakMinutes: 0, concurrency: c.number('concurrency') ?? 5 },
        ],
        window: {
          startsAt: c.text('starts') ?? null,
          endsAt: c.text('ends') ?? null,
          timeZone: c.text('zone') ?? 'UTC',
          repeat: c.text('repeat') ?? null,
        },
        restart: (c.text('restart') ?? 'affected-services') as 'never',
        reboot: (c.text('reboot') ?? 'never') as 'never',
        rehearse: (c.text('rehearse') ?? 'canaries') as 'none',
        smokeTests: ((c.options.smoke as string[] | undefined) ?? []).map(smokeTest),
      };
      return await c.client.rolloutCreate({ body });
    },
    render: showDetail,
  }),
  define({
    name: 'rollout show',
    summary: 'One rollout: rings, gates, what it waits for',
    arguments: ID,
    run: async c => await c.client.rolloutGet({ params: { id: c.arguments[0]! } }),
    render: showDetail,
  }),
  define({
    name: 'rollout plan',
    summary: 'What will happen, host by host, before anybody approves it',
    arguments: ID,
    run: async c => await c.client.rolloutGet({ params: { id: c.arguments[0]! } }),
    render({ plan, rollout, rehearsals }, screen) {
      if (plan === null) return screen.line(`${rollout.name} has no plan yet: fettle rollout submit ${rollout.id}`);
      screen.line(`plan ${plan.planHash}, prepared ${plan.preparedAt}, closes ${plan.closesVulnerabilities} vulnerabilities`);
      for (const ring of plan.rings) {
        screen.line(`\nring ${ring.name}`);
        for (const host of ring.hosts) {
          screen.line(
            `  ${host.hostName} (${host.rehearsed}, ${host.reversible}${host.rebootExpected ? ', reboot expected' : ''})${host.problem === null ? '' : ` PROBLEM: ${host.problem}`}`,
          );
          for (const item of host.transaction)
            screen.line(`    ${item.action} ${item.name}:${item.arch} ${item.fromVersion ?? '-'} -> ${item.toVersion ?? '-'}`);
        }
      }
      for (const ring of plan.forecast)
        screen.line(`ring ${ring.name}: from ${ring.startsAt}, through by ${ring.endsAt ?? 'no window that it fits'}`);
      for (const finding of plan.lint) screen.line(`${finding.level} ${finding.rule}: ${finding.message}`);
      if (rehearsals.length > 0) screen.line('\nrehearsed in a copy of the host');
      for (const rehearsal of rehearsals) showRehearsal(rehearsal, screen);
    },
  }),
  act('submit', 'Rehearse on every host and make the plan'),
  act('request-approval', 'Ask for approval of the plan'),
  act('approve', 'Approve one plan, by its hash; signs you in, because no token may approve'),
  act('reject', 'Reject the plan, with a reason'),
  act('start', 'Start an approved rollout now'),
  act('pause', 'No new host is touched; hosts past the point of no return finish'),
  act('resume', 'Go on with the same ring'),
  act('halt', 'Stop for good: jobs before the point of no return are cancelled, others are brought to a safe end'),
  act('cancel', 'Withdraw a rollout that has not started'),
  define({
    name: 'rollout rehearse',
    summary: 'Run the planned transaction in a throw-away copy of the canaries (or of the hosts that you name); nothing on them is changed',
    arguments: ID,
    options: [
      { flags: '--host <host>', summary: 'these hosts of the plan instead (repeat)', repeat: true },
      { flags: '--wait', summary: 'until they have answered' },
    ],
    async run(c) {
      const id = c.arguments[0]!;
      const hostIds = await Promise.all(((c.options.host as string[] | undefined) ?? []).map(host => hostId(c, host)));
      const asked = await c.client.rolloutRehearse({ params: { id }, body: hostIds.length > 0 ? { hostIds } : {} });
      return c.options.wait === true ? await rehearsed(c, id) : asked;
    },
    render({ rehearsals }, screen) {
      for (const rehearsal of rehearsals) showRehearsal(rehearsal, screen);
    },
  }),
  define({
    name: 'rollout rollback',
    summary: 'Draft the rollout that restores the exact previous versions',
    arguments: ID,
    options: [
      { flags: '--host <host>', summary: 'only these hosts (repeat)', repeat: true },
      { flags: '--reason <text>', summary: 'why' },
    ],
    async run(c) {
      const hostIds = await Promise.all(((c.options.host as string[] | undefined) ?? []).map(host => hostId(c, host)));
      return await c.client.rolloutRollback({
        params: { id: c.arguments[0]! },
        body: { reason: c.text('reason') ?? '', ...(hostIds.length > 0 ? { hostIds } : {}) },
      });
    },
    render: showDetail,
  }),
  define({
    name: 'rollout jobs',
    summary: 'Each host of a rollout',
    arguments: ID,
    options: PAGE_OPTIONS,
    run: async c => await c.client.rolloutJobs({ params: { id: c.arguments[0]! }, query: page(c) }),
    render: (value, screen) =>
      screen.table(
        [
          { title: 'host' },
          { title: 'ring', align: 'right' },
          { title: 'state' },
          { title: 'phase' },
          { title: 'try', align: 'right' },
          { title: 'touched' },
          { title: 'why', widthMax: 90 },
        ],
        value.items.map(j => [
          j.hostName,
          j.ringIndex,
          j.state,
          j.phase,
          j.attempt,
          j.touched ? 'yes' : 'no',
          j.failure === null ? j.waitingOn : `${j.failureClass}${j.infrastructure ? ' (infrastructure)' : ''}: ${j.failure}`,
        ]),
      ),
  }),
  define({
    name: 'rollout log',
    summary: 'The log of a rollout; --follow stays until it ends or pauses',
    arguments: ID,
    options: [{ flags: '--follow', summary: 'print new lines as they come' }],
    async run(c) {
      const id = c.arguments[0]!;
      if (c.options.follow === true) return { followed: true, items: await follow(c, id) };
      return { followed: false, items: (await c.client.rolloutEvents({ params: { id }, query: { limit: 2000 } })).items };
    },
    render(value, screen) {
      if (!value.followed) for (const event of value.items) screen.line(line(event));
    },
  }),
  define({
    name: 'rollout explain',
    summary: 'Why it is not moving, in plain words',
    arguments: ID,
    run: async c => await c.client.rolloutExplain({ params: { id: c.arguments[0]! } }),
    render: (value, screen) => {
      for (const text of value.text) screen.line(text);
    },
  }),
  define({
    name: 'rollout proof',
    summary: 'Host by host: asked, before, after, observed now, approved by (CSV)',
    arguments: ID,
    run: async c => ({ csv: await c.client.rolloutProof({ params: { id: c.arguments[0]! } }) }),
    render: (value, screen) => screen.line(value.csv.trimEnd()),
  }),
];

function smokeTest(text: string): NonNullable<RolloutSpecInput['smokeTests']>[number] {
  const at = text.indexOf(':');
  const [kind, value] = [text.slice(0, at), text.slice(at + 1)];
  if (kind === 'unit') return { kind: 'unit-active', unit: value };
  if (kind === 'tcp' && /^\d+$/.test(value)) return { kind: 'tcp-port', port: Number(value) };
  if (kind === 'http') return { kind: 'http', url: value };
  throw new UsageError(`"${text}" is no smoke test: write unit:nginx.service, tcp:443 or http:http://127.0.0.1/`);
}
