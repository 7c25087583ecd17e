import type { PolicySpecInput, PolicyView } from '../../api/policies.ts';
import { type Command, type CommandContext, define, type Screen, UsageError } from '../command.ts';
import { readInputJson } from '../read-input.ts';
import { counted } from '../screen.ts';
import { clockChanges, clockChangesOf, lengthOf } from './window-options.ts';

const ID = [{ name: 'id', summary: 'policy id' }] as const;

const SPEC_OPTIONS = [
  { flags: '--query <query>', summary: 'its hosts, as a group query' },
  { flags: '--start <wall clock>', summary: 'first start in the zone: 2026-11-26T22:00' },
  { flags: '--minutes <n>', summary: 'length of the window (240)' },
  { flags: '--zone <zone>', summary: 'IANA zone (UTC)' },
  { flags: '--repeat <rule>', summary: 'RFC 5545 rule, or PATCH-TUESDAY+3' },
  { flags: '--until-clock', summary: 'each window closes at the same time on the clock, whatever the clock does meanwhile' },
  ...clockChanges(),
  { flags: '--cutoff <minutes>', summary: 'nothing starts that could still run in the last minutes (0)' },
  { flags: '--lead <hours>', summary: 'its rollouts are made so long before their window (48)' },
  { flags: '--zone-label <label>', summary: 'hosts keep the clock of their value of this label' },
  { flags: '--zone-of <value=zone>', summary: 'zone of one value of that label (repeat)', repeat: true },
  { flags: '--min-age <days>', summary: 'approval delay: days that a patch has to be known (3)' },
  { flags: '--all-updates', summary: 'not only security updates' },
  { flags: '--kev-waits', summary: 'known exploited ones wait like all others' },
  { flags: '--canary <n>', summary: 'hosts in the first ring (1)' },
  { flags: '--soak <minutes>', summary: 'after the last canary (30)' },
  { flags: '--concurrency <n>', summary: 'hosts at once in the rest (5)' },
  { flags: '--reboot <policy>', summary: 'never (default), if-needed or always' },
  { flags: '--spec <file>', summary: 'the whole specification as JSON instead' },
] as const;

function needed(c: CommandContext, option: string): string {
  const text = c.text(option);
  if (text === undefined || text.trim() === '') throw new UsageError(`--${option} is needed`);
  return text;
}

function specOf(c: CommandContext, name: string): PolicySpecInput {
  const file = c.text('spec');
  if (file !== undefined) return readInputJson(file) as PolicySpecInput;
  const zones = ((c.options.zoneOf as string[] | undefined) ?? []).map(text => text.split('=', 2) as [string, string]);
  const label = c.text('zoneLabel');
  if ((label === undefined) !== (zones.length === 0)) throw new UsageError('--zone-label and --zone-of go together');
  return {
    name,
    query: c.text('query') ?? 'all',
    schedule: {
      timeZone: c.text('zone') ?? 'UTC',
      firstStart: needed(c, 'start'),
      minutes: c.number('minutes') ?? 240,
      repeat: needed(c, 'repeat'),
      length: lengthOf(c),
      ...clockChangesOf(c),
    },
    cutoffMinutes: c.number('cutoff') ?? 0,
    leadHours: c.number('lead') ?? 48,
    ...(label === undefined ? {} : { zones: { label, values: Object.fromEntries(zones) } }),
    patches: {
      minAgeDays: c.number('minAge') ?? 3,
      securityOnly: c.options.allUpdates !== true,
      knownExploitedAtOnce: c.options.kevWaits !== true,
    },
    rings: [
      { name: 'canary', hosts: c.number('canary') ?? 1, soakMinutes: c.number('soak') ?? 30, concurrency: 1 },
      { name: 'rest', percent: 100, soakMinutes: 0, concurrency: c.number('concurrency') ?? 5 },
    ],
    reboot: (c.text('reboot') ?? 'never') as 'never',
  };
}

function show(policy: PolicyView, screen: Screen): void {
  const { spec } = policy;
  screen.pairs([
    ['policy', spec.name],
    ['id', policy.id],
    ['state', policy.enabled ? 'on' : 'off'],
    ['hosts', spec.query],
    [
      'starts',
      `${spec.schedule.firstStart.slice(11)} ${spec.schedule.timeZone}, ${spec.schedule.repeat}, for ${counted(spec.schedule.minutes, 'minute')}${spec.schedule.length === 'wall-clock' ? ' on the clock' : ''}`,
    ],
    [
      'zones',
      spec.zones === null
        ? '-'
        : Object.entries(spec.zones.values)
            .map(([value, zone]) => `${spec.zones!.label} ${value}: ${zone}`)
            .join(', '),
    ],
    [
      'patches',
      `${spec.patches.securityOnly ? 'security updates' : 'all updates'} known for ${counted(spec.patches.minAgeDays, 'day')}${spec.patches.knownExploitedAtOnce ? '; known exploited ones at once' : ''}`,
    ],
    ['next', policy.nextStartsAt],
    ['written by', policy.updatedBy],
  ]);
  for (const one of policy.occurrences)
    screen.line(
      `${one.startsAt} ${one.lane}: ${one.rolloutId === null ? `skipped: ${one.text}` : `${one.rolloutId} (${one.rolloutState})`}`,
    );
}

function turn(enabled: boolean, name: string, summary: string): Command {
  return define({
    name,
    summary,
    arguments: ID,
    options: [{ flags: '--reason <text>', summary: 'why; kept in the audit trail' }],
    run: async c => await c.client.policySwitch({ params: { id: c.arguments[0]! }, body: { enabled, reason: c.text('reason') ?? '' } }),
    render: show,
  });
}

export const policyCommands: readonly Command[] = [
  define({
    name: 'policy list',
    summary: 'Policies that make rollouts by themselves',
    run: async c => await c.client.policyList({}),
    render: (value, screen) =>
      screen.table(
        [
          { title: 'policy', widthMax: 40 },
          { title: 'state' },
          { title: 'next' },
          { title: 'last occurrence', widthMax: 70 },
          { title: 'id' },
        ],
        value.items.map(one => {
          const [last] = one.occurrences;
          return [
            one.spec.name,
            one.enabled ? 'on' : 'off',
            one.nextStartsAt,
            last === undefined ? null : (last.rolloutId ?? `skipped: ${last.text}`),
            one.id,
          ];
        }),
      ),
  }),
  define({
    name: 'policy show',
    summary: 'One policy: when, which hosts, which patches, and what each occurrence did',
    arguments: ID,
    run: async c => await c.client.policyGet({ params: { id: c.arguments[0]! } }),
    render: show,
  }),
  define({
    name: 'policy create',
    summary: 'Write a policy; it is off until `fettle policy on`',
    example:
      "fettle policy create fortnightly --query 'env = prod' --start 2026-11-26T22:00 --zone Europe/Berlin --repeat 'FREQ=WEEKLY;INTERVAL=2;BYDAY=TH' --zone-label site --zone-of tokyo=Asia/Tokyo",
    arguments: [{ name: 'name', summary: 'what people will call it' }],
    options: SPEC_OPTIONS,
    run: async c => await c.client.policyCreate({ body: specOf(c, c.arguments[0]!) }),
    render: show,
  }),
  define({
    name: 'policy edit',
    summary: 'Rewrite a policy from a file; rollouts that it has made stay',
    arguments: ID,
    options: [{ flags: '--spec <file>', summary: 'the specification as JSON, - for standard input' }],
    run: async c => {
      needed(c, 'spec');
      return await c.client.policyUpdate({ params: { id: c.arguments[0]! }, body: specOf(c, '') });
    },
    render: show,
  }),
  define({
    name: 'policy preview',
    summary: 'The next occurrences in every zone, and which hosts and patches they would take',
    arguments: [{ name: 'name', summary: 'of the policy as it would be' }],
    options: SPEC_OPTIONS,
    run: async c => await c.client.policyPreview({ body: specOf(c, c.arguments[0]!) }),
    render(value, screen) {
      if (value.problem !== null) return screen.line(value.problem);
      for (const lane of value.lanes) {
        screen.line(
          `${lane.title} (${lane.timeZone}): ${counted(lane.hosts, 'host')}, ${counted(lane.patchesReady, 'patch', 'patches')} ready`,
        );
        for (const one of lane.next)
          screen.line(
            `  ${one.startsAt} to ${one.endsAt}, ${counted(one.freeMinutes, 'minute')} free${one.note === null ? '' : `: ${one.note}`}`,
          );
        for (const one of lane.patchesLater)
          screen.line(`  later: ${one.title}: ${one.reason}${one.eligibleAt === null ? '' : `, from ${one.eligibleAt}`}`);
      }
    },
  }),
  turn(true, 'policy on', 'Turn a policy on'),
  turn(false, 'policy off', 'Turn a policy off; rollouts that it has made go on'),
  define({
    name: 'policy delete',
    summary: 'Remove a policy; its rollouts and their history stay',
    arguments: ID,
    run: async c => await c.client.policyDelete({ params: { id: c.arguments[0]! } }),
    render: (_value, screen) => screen.line('Deleted.'),
  }),
];
