import type { RolloutDetailView, RolloutEventView } from '../../api/rollouts.ts';
import { type Command, type CommandContext, define, UsageError } from '../command.ts';
import { ago, counted } from '../screen.ts';
import { showPlan } from './plan-screen.ts';
import { rolloutCreate } from './rollout-create.ts';
import { showDetail, showRehearsal } from './rollout-screens.ts';
import { hostId, PAGE_OPTIONS, page } from './shared.ts';

const ID = [{ name: 'id', summary: 'rollout id' }] as const;

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

/** A log is followed until nothing more comes by itself. */
const AT_REST: ReadonlySet<string> = new Set([
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
    if (AT_REST.has(rollout.state)) return all;
    await new Promise(resolve => setTimeout(resolve, 1000));
  }
}

/** With its day and zone: a rollout may last for weeks. */
const line = ({ at, hostName, kind, text }: RolloutEventView) =>
  `${at.slice(0, 10)} ${at.slice(11, 19)}Z ${hostName ?? kind}: ${text.trimEnd()}`;

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
  rolloutCreate,
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
      screen.line(
        `plan ${plan.planHash}, prepared ${plan.preparedAt}, closes ${counted(plan.closesVulnerabilities, 'vulnerability', 'vulnerabilities')}`,
      );
      showPlan(plan, screen);
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
          j.failure === null
            ? j.waitingOn
            : `${j.failureClass}${j.infrastructure ? ' (infrastructure)' : ''}: ${j.failure}${j.remedy === null ? '' : ` -> ${j.remedy}`}`,
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
    render: (value, screen) => screen.document(value.csv),
  }),
];
