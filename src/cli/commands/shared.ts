import { type CommandContext, UsageError } from '../command.ts';

export const day = (instant: string | null | undefined) => instant?.slice(0, 10) ?? '-';

export const SEARCH = { flags: '--search <text>', summary: 'text to find' } as const;

export const PAGE_OPTIONS = [
  { flags: '--page <n>', summary: 'page number (1)' },
  { flags: '--page-size <n>', summary: 'rows a page, at most 500 (50)' },
  { flags: '--sort <field>', summary: 'field, - first for descending' },
  SEARCH,
];

export function page(c: CommandContext): { page?: number; pageSize?: number; sort?: string; search?: string } {
  return Object.fromEntries(
    Object.entries({ page: c.number('page'), pageSize: c.number('pageSize'), sort: c.text('sort'), search: c.text('search') }).filter(
      ([, value]) => value !== undefined,
    ),
  );
}

/** People type names, machines type ids. A name that several hosts share is refused with their ids. */
export async function hostId(c: CommandContext, nameOrId: string): Promise<string> {
  if (nameOrId.startsWith('host_')) return nameOrId;
  const found = await c.client.hostList({ query: { search: nameOrId, pageSize: 500 } });
  const exact = found.items.filter(host => host.name === nameOrId);
  if (exact.length === 1) return exact[0]!.id;
  if (exact.length > 1)
    throw new UsageError(`${exact.length} hosts are called ${nameOrId}: use an id (${exact.map(host => host.id).join(', ')})`);
  throw new UsageError(`no host is called ${nameOrId}: see \`fettle host list\``);
}
