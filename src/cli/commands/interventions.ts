import type { RetractionView, SafeguardHoldView } from '../../api/safety.ts';
import { type Command, type CommandContext, define, type Screen, UsageError } from '../command.ts';
import { showDetail } from './rollout-screens.ts';
import { hostId } from './shared.ts';

const ID = [{ name: 'id', summary: 'rollout id' }] as const;
const HOSTS = { flags: '--host <host>', summary: 'host by name or id (repeat)', repeat: true } as const;
const REASON = { flags: '--reason <text>', summary: 'why; kept in the audit trail' } as const;

function needed(c: CommandContext, option: string): string {
  const text = c.text(option);
  if (text === undefined || text.trim() === '') throw new UsageError(`--${option} is needed`);
  return text;
}

async function hosts(c: CommandContext): Promise<string[]> {
  const ids = await Promise.all(((c.options.host as string[] | undefined) ?? []).map(host => hostId(c, host)));
  if (ids.length === 0) throw new UsageError('name hosts: --host NAME');
  return ids;
}

function showRetractions(retractions: readonly RetractionView[], screen: Screen): void {
  screen.table(
    [
      { title: 'package' },
      { title: 'version' },
      { title: 'hosts', align: 'right' },
      { title: 'state' },
      { title: 'reason', widthMax: 60 },
      { title: 'id' },
    ],
    retractions.map(one => [
      one.sourceName,
      one.sourceVersion,
      one.hosts,
      one.liftedAt === null ? 'in force' : `lifted by ${one.liftedBy}`,
      one.reason,
      one.id,
    ]),
  );
  for (const one of retractions) for (const id of one.pausedRollouts) screen.line(`paused: ${id}`);
}

function showHolds(holds: readonly SafeguardHoldView[], screen: Screen): void {
  screen.table(
    [
      { title: 'hold', widthMax: 40 },
      { title: 'state' },
      { title: 'package' },
      { title: 'hosts', widthMax: 40 },
      { title: 'until' },
      { title: 'owner' },
      { title: 'reason', widthMax: 60 },
      { title: 'id' },
    ],
    holds.map(one => [one.name, one.state, one.sourceName ?? 'all', one.query ?? 'all', one.endsAt, one.owner, one.reason, one.id]),
  );
}

export const interventionCommands: readonly Command[] = [
  define({
    name: 'rollout skip',
    summary: 'Leave waiting hosts out, with a reason',
    arguments: ID,
    options: [HOSTS, REASON],
    run: async c =>
      await c.client.rolloutSkip({ params: { id: c.arguments[0]! }, body: { hostIds: await hosts(c), reason: needed(c, 'reason') } }),
    render: showDetail,
  }),
  define({
    name: 'rollout retry',
    summary: 'Fresh attempts for hosts that wait for a person; all of them without --host',
    arguments: ID,
    options: [HOSTS, REASON],
    run: async c =>
      await c.client.rolloutRetry({
        params: { id: c.arguments[0]! },
        body: { reason: c.text('reason') ?? '', ...(c.options.host === undefined ? {} : { hostIds: await hosts(c) }) },
      }),
    render: showDetail,
  }),
  define({
    name: 'rollout evidence',
    summary: 'Record that the evidence of hosts was collected, so that they may be patched',
    arguments: ID,
    options: [HOSTS, { flags: '--reason <text>', summary: 'where it is kept' }],
    run: async c =>
      await c.client.rolloutForensic({ params: { id: c.arguments[0]! }, body: { hostIds: await hosts(c), reason: needed(c, 'reason') } }),
    render: showDetail,
  }),
  define({
    name: 'rollout supersede',
    summary: 'Draft the same rollout with the newer patches; this one ends',
    arguments: ID,
    options: [REASON],
    run: async c => await c.client.rolloutSupersede({ params: { id: c.arguments[0]! }, body: { reason: c.text('reason') ?? '' } }),
    render: showDetail,
  }),
  define({
    name: 'hold list',
    summary: 'Safeguard holds: hosts of a kind that a kind of update must not reach for now',
    run: async c => await c.client.holdList({}),
    render: (value, screen) => showHolds(value.items, screen),
  }),
  define({
    name: 'hold create',
    summary: 'Hold updates back from hosts that a query names; thirty days at most',
    example:
      "fettle hold create 'old driver' --query 'package nvidia-driver < 550' --package linux --until 2026-12-10T00:00:00Z --owner gpu --reason 'crashes at boot'",
    arguments: [{ name: 'name', summary: 'what people will call it' }],
    options: [
      { flags: '--query <query>', summary: 'hosts by group query (all)' },
      { flags: '--package <source>', summary: 'source package (every change)' },
      { flags: '--until <instant>', summary: 'UTC instant' },
      { flags: '--owner <who>', summary: 'who answers for it' },
      REASON,
    ],
    run: async c =>
      await c.client.holdCreate({
        body: {
          name: c.arguments[0]!,
          query: c.text('query') ?? null,
          sourceName: c.text('package') ?? null,
          endsAt: needed(c, 'until'),
          owner: needed(c, 'owner'),
          reason: needed(c, 'reason'),
        },
      }),
    render: (value, screen) => showHolds([value], screen),
  }),
  define({
    name: 'hold lift',
    summary: 'Lift a hold before its time; signs you in, because it takes an approver',
    arguments: [{ name: 'id', summary: 'hold id' }],
    signIn: true,
    run: async c => await c.client.holdLift({ params: { id: c.arguments[0]! } }),
    render: (_value, screen) => screen.line('Lifted.'),
  }),
  define({
    name: 'retraction list',
    summary: 'Updates that nobody may install, and how many hosts have them',
    run: async c => await c.client.retractionList({}),
    render: (value, screen) => showRetractions(value.items, screen),
  }),
  define({
    name: 'retraction create',
    summary: 'Retract a bad update: blocked fleet-wide at once, rollouts that hold it are paused',
    example: "fettle retraction create openssl 3.0.22-1~deb12u1 --reason 'breaks TLS 1.2 clients'",
    arguments: [
      { name: 'package', summary: 'source package' },
      { name: 'version', summary: 'source version' },
    ],
    options: [REASON],
    run: async c =>
      await c.client.retractionCreate({
        body: { sourceName: c.arguments[0]!, sourceVersion: c.arguments[1]!, reason: needed(c, 'reason') },
      }),
    render: (value, screen) => showRetractions([value], screen),
  }),
  define({
    name: 'retraction hosts',
    summary: 'Who has a retracted update, and which rollout put it there',
    arguments: [{ name: 'id', summary: 'retraction id' }],
    run: async c => await c.client.retractionHosts({ params: { id: c.arguments[0]! } }),
    render: (value, screen) =>
      screen.table(
        [{ title: 'host' }, { title: 'by rollout' }, { title: 'id' }],
        value.items.map(one => [one.hostName, one.rolloutId, one.hostId]),
      ),
  }),
  define({
    name: 'retraction lift',
    summary: 'Allow an update again; signs you in, because it takes an approver',
    arguments: [{ name: 'id', summary: 'retraction id' }],
    options: [REASON],
    signIn: true,
    run: async c => await c.client.retractionLift({ params: { id: c.arguments[0]! }, body: { reason: needed(c, 'reason') } }),
    render: (_value, screen) => screen.line('Lifted.'),
  }),
];
