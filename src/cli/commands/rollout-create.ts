import type { RolloutSpecInput } from '../../api/rollout-spec.ts';
import { define, UsageError } from '../command.ts';
import { readInputText } from '../read-input.ts';
import { showDetail } from './rollout-screens.ts';
import { hostId } from './shared.ts';

export const rolloutCreate = define({
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
    if (file !== undefined) return await c.client.rolloutCreate({ body: JSON.parse(readInputText(file)) as RolloutSpecInput });
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
      hooks: [
        ...((c.options.preHook as string[] | undefined) ?? []).map(text => hook('pre', text)),
        ...((c.options.postHook as string[] | undefined) ?? []).map(text => hook('post', text)),
      ],
    };
    return await c.client.rolloutCreate({ body });
  },
  render: showDetail,
});

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
