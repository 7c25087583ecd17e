import type { RolloutSpecInput } from '../../api/rollout-spec.ts';
import { type CommandContext, define, UsageError } from '../command.ts';
import { readInputJson } from '../read-input.ts';
import { showDetail } from './rollout-screens.ts';
import { hostId } from './shared.ts';
import { WINDOW_OPTIONS, windowOf } from './window-options.ts';

export const rolloutCreate = define({
  name: 'rollout create',
  summary: 'Draft a rollout: which patches, which hosts, canary first',
  example: "fettle rollout create 'openssl on prod' --patch patch_0123... --query 'env = prod' --canary 2 --reboot never",
  arguments: [{ name: 'name', summary: 'what people will call it' }],
  options: [
    { flags: '--patch <id>', summary: 'patch id (repeat)', repeat: true },
    { flags: '--query <query>', summary: 'hosts by group query' },
    { flags: '--group <id>', summary: 'hosts by saved group' },
    { flags: '--host <host>', summary: 'host by name or id (repeat)', repeat: true },
    { flags: '--canary <n>', summary: 'hosts in the first ring (1)' },
    { flags: '--soak <minutes>', summary: 'minutes between the last canary and the rest (0)' },
    { flags: '--concurrency <n>', summary: 'hosts at once in the rest (5)' },
    { flags: '--restart <policy>', summary: 'affected-services (default) or never' },
    { flags: '--reboot <policy>', summary: 'never (default), if-needed or always' },
    ...WINDOW_OPTIONS,
    { flags: '--emergency', summary: 'goes first, and soft freezes do not hold it; caps, groups and hard freezes do' },
    { flags: '--at-once <n>', summary: 'hosts at work at once over all its rings (as each ring says)' },
    { flags: '--catch-up <days>', summary: 'hosts that were not reached get so many days more (0)' },
    { flags: '--show <percent>', summary: 'the canary is as large as it takes to show that fewer fail (instead of --canary)' },
    { flags: '--confidence <percent>', summary: 'how sure it has to be of that (90)' },
    { flags: '--rehearse <hosts>', summary: 'canaries (default: they run it in a copy of their system first) or none' },
    { flags: '--smoke <test>', summary: 'unit:nginx.service, tcp:443 or http:URL (repeat)', repeat: true },
    {
      flags: '--pre-hook <name>',
      summary: 'run this hook of the host before anything is touched; name or name:seconds (repeat)',
      repeat: true,
    },
    { flags: '--post-hook <name>', summary: 'and this one when it is verified (repeat)', repeat: true },
    { flags: '--spec <file>', summary: 'the whole specification as JSON instead' },
  ],
  async run(c) {
    const file = c.text('spec');
    if (file !== undefined) return await c.client.rolloutCreate({ body: readInputJson(file) as RolloutSpecInput });
    const hostIds = await Promise.all(((c.options.host as string[] | undefined) ?? []).map(host => hostId(c, host)));
    if (hostIds.length === 0 && c.text('query') === undefined && c.text('group') === undefined)
      throw new UsageError("choose hosts: --query 'env = prod', --group ID or --host NAME");
    const body: RolloutSpecInput = {
      name: c.arguments[0]!,
      patchIds: (c.options.patch as string[] | undefined) ?? [],
      selector: { ...(hostIds.length > 0 ? { hostIds } : {}), query: c.text('query'), groupId: c.text('group') },
      rings: [
        { name: 'canary', ...canarySize(c), soakMinutes: c.number('soak') ?? 0 },
        { name: 'rest', percent: 100, soakMinutes: 0, concurrency: c.number('concurrency') ?? 5 },
      ],
      window: windowOf(c),
      profile: c.options.emergency === true ? 'emergency' : 'normal',
      concurrencyMax: c.number('atOnce') ?? null,
      catchUpDays: c.number('catchUp') ?? 0,
      restart: (c.text('restart') ?? 'affected-services') as 'never',
      reboot: (c.text('reboot') ?? 'never') as 'never',
      rehearse: (c.text('rehearse') ?? 'canaries') as 'none',
      smokeTests: ((c.options.smoke as string[] | undefined) ?? []).map(smokeTest),
      hooks: [
        ...((c.options.preHook as string[] | undefined) ?? []).map(text => hook('pre', text)),
        ...((c.options.postHook as string[] | undefined) ?? []).map(text => hook('post', text)),
      ],
    };
    return await c.client.rolloutCreate({ body });
  },
  render: showDetail,
});

/** So many hosts, or as many as show what they are to show. */
function canarySize(
  c: CommandContext,
): Pick<NonNullable<RolloutSpecInput['rings']>[number], 'hosts' | 'proof' | 'proveSoak' | 'concurrency'> {
  const failurePercent = c.number('show');
  if (failurePercent === undefined) {
    const hosts = c.number('canary') ?? 1;
    return { hosts, concurrency: Math.max(1, Math.min(hosts, 5)) };
  }
  if (c.text('canary') !== undefined) throw new UsageError('--show derives the size of the canary: leave --canary out');
  const proof = { failurePercent, confidencePercent: c.number('confidence') ?? 90 };
  return { proof, concurrency: 5, ...(c.number('soak') === undefined ? { proveSoak: true } : {}) };
}

/** `drain-lb` or `drain-lb:600`. */
function hook(phase: 'pre' | 'post', text: string): NonNullable<RolloutSpecInput['hooks']>[number] {
  const [, name, seconds] = /^([a-z0-9][a-z0-9_-]{0,62})(?::(\d{1,4}))?$/.exec(text) ?? [];
  if (name === undefined) throw new UsageError(`"${text}" is no hook: write a name from /etc/fettle/hooks.d, or name:seconds`);
  return { phase, name, ...(seconds === undefined ? {} : { timeoutSeconds: Number(seconds) }) };
}

function smokeTest(text: string): NonNullable<RolloutSpecInput['smokeTests']>[number] {
  const at = text.indexOf(':');
  const [kind, value] = [text.slice(0, at), text.slice(at + 1)];
  if (kind === 'unit') return { kind: 'unit-active', unit: value };
  if (kind === 'tcp' && /^\d+$/.test(value)) return { kind: 'tcp-port', port: Number(value) };
  if (kind === 'http') return { kind: 'http', url: value };
  throw new UsageError(`"${text}" is no smoke test: write unit:nginx.service, tcp:443 or http:http://127.0.0.1/`);
}
