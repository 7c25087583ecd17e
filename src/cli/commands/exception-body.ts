import type { ExceptionDetailView } from '../../api/exceptions.ts';
import { type CommandContext, UsageError } from '../command.ts';
import { hostId } from './shared.ts';

/** What people say of an exception when they ask for it, edit a draft, or look what it would cover. */
export const REASON = { flags: '--reason <text>', summary: 'why; kept in the audit trail' } as const;
const DAY_MS = 86_400_000;

export const SCOPE_OPTIONS = [
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

export function needed(c: CommandContext, option: string): string {
  const text = c.text(option);
  if (text === undefined || text.trim() === '') throw new UsageError(`--${option} is needed`);
  return text;
}

export const list = (c: CommandContext, option: string): string[] => [...((c.options[option] as readonly string[] | undefined) ?? [])];

export async function scopeOf(c: CommandContext) {
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

export const END_OPTIONS = [
  { flags: '--until <day>', summary: 'last day, or an instant' },
  { flags: '--days <n>', summary: 'days from now' },
] as const;
export const CHECKED = { flags: '--checked <day>', summary: 'when its controls were last checked' } as const;

export const checkedAt = (c: CommandContext): string | null => {
  const text = c.text('checked');
  if (text === undefined) return null;
  const ms = Date.parse(text);
  if (Number.isNaN(ms)) throw new UsageError(`--checked takes a day or an instant, not "${text}"`);
  return new Date(ms).toISOString();
};

export const WHAT_OPTIONS = [
  REASON,
  { flags: '--owner <login>', summary: 'who answers for the risk' },
  ...END_OPTIONS,
  { flags: '--from <instant>', summary: 'not before this instant (from the approval on)' },
  { flags: '--justification <word>', summary: 'of not-affected, as OpenVEX has them: vulnerable_code_not_in_execute_path, ...' },
  { flags: '--control <text>', summary: 'of mitigated: a compensating control (repeat)', repeat: true },
  CHECKED,
] as const;

/** A draft as it is, with what was named instead. Hosts are named anew as a whole: by id, or by a query. */
export async function editedBody(c: CommandContext, now: ExceptionDetailView) {
  const named = await scopeOf(c);
  const { selection } = now;
  const anew = named.hostIds !== null || named.query !== null;
  const has = (option: string): boolean => c.text(option) !== undefined;
  const kind = has('kind') ? named.kind : now.kind;
  return {
    query: anew ? named.query : selection.query,
    hostIds: anew ? named.hostIds : selection.hostIds,
    vulnerabilityIds: named.vulnerabilityIds.length > 0 ? named.vulnerabilityIds : selection.vulnerabilityIds,
    sourceName: named.sourceName ?? selection.sourceName,
    patchId: named.patchId ?? selection.patchId,
    kind,
    title: c.text('title') ?? now.title,
    reason: c.text('reason') ?? now.reason,
    owner: c.text('owner') ?? now.owner,
    startsAt: c.text('from') ?? (Date.parse(now.startsAt) > Date.now() ? now.startsAt : null),
    endsAt: has('until') || c.number('days') !== undefined ? endOf(c.text('until'), c.number('days'), Date.now()) : now.endsAt,
    justification: kind === 'not-affected' ? ((c.text('justification') ?? now.justification) as 'component_not_present' | null) : null,
    controls: kind === 'mitigated' ? (list(c, 'control').length > 0 ? list(c, 'control') : now.controls) : [],
    controlsCheckedAt: kind === 'mitigated' ? (checkedAt(c) ?? now.controlsCheckedAt) : null,
    draft: c.options.submit !== true,
  };
}
