import type { EngineView, FreezeView } from '../../api/safety.ts';
import { type Command, type CommandContext, define, type Screen, UsageError } from '../command.ts';
import { readInputText } from '../read-input.ts';
import { WINDOW_OPTIONS, windowOf } from './window-options.ts';

function showEngine({ killSwitch, concurrencyMax, disrupting, siteCap, prometheusUrl }: EngineView, screen: Screen): void {
  screen.pairs([
    ['kill switch', killSwitch.engaged ? `ENGAGED by ${killSwitch.by} at ${killSwitch.at}: ${killSwitch.reason}` : 'off'],
    ['hosts at work', `${disrupting} of at most ${concurrencyMax}`],
    ['of each site', siteCap === null ? 'as many' : `${siteCap.hosts} at most (label ${siteCap.label})`],
    ['prometheus', prometheusUrl],
  ]);
}

function showFreezes(freezes: readonly FreezeView[], screen: Screen): void {
  screen.table(
    [
      { title: 'freeze', widthMax: 40 },
      { title: 'state' },
      { title: 'kind' },
      { title: 'from' },
      { title: 'to' },
      { title: 'hosts', widthMax: 30 },
      { title: 'owner' },
      { title: 'id' },
    ],
    freezes.map(one => [one.name, one.state, one.kind, one.startsAt, one.endsAt, one.query ?? 'all', one.owner, one.id]),
  );
}

function killSwitch(engaged: boolean, name: string, summary: string): Command {
  return define({
    name,
    summary,
    options: [{ flags: '--reason <text>', summary: 'why; kept in the audit trail' }],
    ...(engaged ? {} : { signIn: true }),
    run: async c => await c.client.killSwitchSet({ body: { engaged, reason: required(c, 'reason') } }),
    render: showEngine,
  });
}

function required(c: CommandContext, option: string): string {
  const text = c.text(option);
  if (text === undefined || text.trim() === '') throw new UsageError(`--${option} is needed`);
  return text;
}

const FREEZE_OPTIONS = [
  { flags: '--owner <who>', summary: 'who answers for it' },
  { flags: '--query <query>', summary: 'only hosts of this group query (all)' },
  { flags: '--reboots-only', summary: 'packages may change, reboots wait' },
  { flags: '--soft', summary: 'emergencies may start' },
] as const;

const freezeScope = (c: CommandContext) => ({
  owner: required(c, 'owner'),
  query: c.text('query') ?? null,
  kind: c.options.rebootsOnly === true ? ('reboot-only' as const) : c.options.soft === true ? ('soft' as const) : ('hard' as const),
});

export const safetyCommands: readonly Command[] = [
  define({
    name: 'engine show',
    summary: 'Kill switch and the cap over all rollouts',
    run: async c => await c.client.engineGet({}),
    render: showEngine,
  }),
  define({
    name: 'engine limit',
    summary: 'Change how many hosts may be at work at once over all rollouts',
    arguments: [{ name: 'hosts', summary: 'the cap' }],
    run: async c => await c.client.engineUpdate({ body: { concurrencyMax: Number(c.arguments[0]) } }),
    render: showEngine,
  }),
  define({
    name: 'engine site-limit',
    summary: 'Change how many hosts of one site may be at work at once over all rollouts; `none` lifts it',
    arguments: [{ name: 'hosts', summary: 'the cap of each site' }],
    options: [{ flags: '--label <name>', summary: 'the label that names a host’s site (site)' }],
    run: async c => {
      const hosts = c.arguments[0]!;
      return await c.client.engineUpdate({
        body: { siteCap: hosts === 'none' ? null : { hosts: Number(hosts), label: c.text('label') ?? 'site' } },
      });
    },
    render: showEngine,
  }),
  define({
    name: 'engine prometheus',
    summary: 'Name the Prometheus that gates with health metrics ask; `none` forgets it',
    arguments: [{ name: 'url', summary: 'its base address' }],
    run: async c => await c.client.engineUpdate({ body: { prometheusUrl: c.arguments[0] === 'none' ? null : c.arguments[0]! } }),
    render: showEngine,
  }),
  killSwitch(true, 'engine stop', 'Engage the kill switch: nothing starts anywhere, at once'),
  killSwitch(false, 'engine release', 'Release the kill switch; signs you in, because no token may do it'),
  define({
    name: 'freeze list',
    summary: 'Freezes: when no change may start',
    run: async c => await c.client.freezeList({}),
    render: (value, screen) => showFreezes(value.items, screen),
  }),
  define({
    name: 'freeze create',
    summary: 'Declare a freeze',
    example:
      "fettle freeze create 'quarter end' --from 2026-12-28T17:00:00Z --to 2027-01-02T05:00:00Z --owner finance --reason 'closing the books'",
    arguments: [{ name: 'name', summary: 'what people will call it' }],
    options: [
      { flags: '--from <instant>', summary: 'UTC instant' },
      { flags: '--to <instant>', summary: 'UTC instant' },
      { flags: '--reason <text>', summary: 'why' },
      ...FREEZE_OPTIONS,
    ],
    run: async c =>
      await c.client.freezeCreate({
        body: {
          name: c.arguments[0]!,
          startsAt: required(c, 'from'),
          endsAt: required(c, 'to'),
          reason: required(c, 'reason'),
          ...freezeScope(c),
        },
      }),
    render: (value, screen) => showFreezes([value], screen),
  }),
  define({
    name: 'freeze import',
    summary: 'Declare freezes from an iCalendar file',
    arguments: [{ name: 'file', summary: 'an .ics file, - for standard input' }],
    options: [{ flags: '--zone <zone>', summary: 'for times without a zone (UTC)' }, ...FREEZE_OPTIONS],
    run: async c => {
      const [file] = c.arguments;
      return await c.client.freezeImport({
        body: { calendar: readInputText(file!), timeZone: c.text('zone') ?? 'UTC', ...freezeScope(c) },
      });
    },
    render(value, screen) {
      showFreezes(value.items, screen);
      for (const one of value.skipped) screen.line(`left out: ${one.event}: ${one.reason}`);
    },
  }),
  define({
    name: 'freeze end',
    summary: 'End a freeze before its time; signs you in, because it takes an approver',
    arguments: [{ name: 'id', summary: 'freeze id' }],
    signIn: true,
    run: async c => await c.client.freezeEnd({ params: { id: c.arguments[0]! } }),
    render: (_value, screen) => screen.line('Ended.'),
  }),
  define({
    name: 'availability list',
    summary: 'Hosts that serve together, and how many of them are well now',
    run: async c => await c.client.availabilityGroupList({}),
    render: (value, screen) =>
      screen.table(
        [
          { title: 'group' },
          { title: 'hosts', align: 'right' },
          { title: 'well', align: 'right' },
          { title: 'must stay', align: 'right' },
          { title: 'query', widthMax: 40 },
          { title: 'problem', widthMax: 60 },
          { title: 'id' },
        ],
        value.items.map(one => [one.name, one.members, one.available, one.minAvailable, one.query, one.problem, one.id]),
      ),
  }),
  define({
    name: 'availability create',
    summary: 'Protect a quorum: so many members stay untouched and well',
    example: "fettle availability create 'db pair' --query 'role = db' --stay 1",
    arguments: [{ name: 'name', summary: 'what people will call it' }],
    options: [
      { flags: '--query <query>', summary: 'its hosts, as a group query' },
      { flags: '--stay <n>', summary: 'members that have to stay available' },
      { flags: '--down <n>', summary: 'instead: members that may be down at once' },
      { flags: '--down-percent <n>', summary: 'instead: the same as a share, rounded down, at least one' },
      { flags: '--soak <minutes>', summary: 'after one member before the next (5)' },
    ],
    async run(c) {
      return await c.client.availabilityGroupCreate({
        body: {
          name: c.arguments[0]!,
          query: required(c, 'query'),
          minAvailable: c.number('stay') ?? null,
          maxUnavailable: c.number('down') ?? null,
          maxUnavailablePercent: c.number('downPercent') ?? null,
          ...(c.number('soak') === undefined ? {} : { memberSoakMinutes: c.number('soak')! }),
        },
      });
    },
    render: (value, screen) =>
      screen.line(
        `${value.name}: ${value.available} of ${value.members} are well, ${value.minAvailable} have to stay${value.problem === null ? '' : `. ${value.problem}`}`,
      ),
  }),
  define({
    name: 'availability delete',
    summary: 'Give up the protection of a group',
    arguments: [{ name: 'id', summary: 'availability group id' }],
    run: async c => await c.client.availabilityGroupDelete({ params: { id: c.arguments[0]! } }),
    render: (_value, screen) => screen.line('Deleted.'),
  }),
  define({
    name: 'window preview',
    summary: 'The next occurrences of a maintenance window, with what clock changes and freezes do to them',
    example:
      "fettle window preview --starts 2026-11-26T21:00:00Z --ends 2026-11-27T01:00:00Z --zone Europe/Berlin --repeat 'FREQ=WEEKLY;INTERVAL=2;BYDAY=TH'",
    options: WINDOW_OPTIONS,
    run: async c =>
      await c.client.windowPreview({ body: { ...windowOf(c), startsAt: required(c, 'starts'), endsAt: required(c, 'ends') } }),
    render(value, screen) {
      if (value.problem !== null) return screen.line(value.problem);
      screen.table(
        [{ title: 'from' }, { title: 'to' }, { title: 'free minutes', align: 'right' }, { title: 'note', widthMax: 70 }],
        value.occurrences.map(one => [one.startsAt, one.endsAt, one.freeMinutes, one.note]),
      );
    },
  }),
];
