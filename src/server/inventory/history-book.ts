import type { Transition } from '../../core/inventory/delta.ts';
import { type ChangeOrigin, type HistoryEntry, mergeHistory, packHistory } from '../../core/inventory/history.ts';
import { epochMs, type Instant } from '../../core/kernel/instants.ts';
import type { Context } from '../context.ts';
import type { HostReading } from './host-rows.ts';
import { type ChangeCause, changeCauses, transitions } from './interning.ts';

export type DatedChange = Transition & { readonly at: Instant };

/** Hosts' histories by year: what is learned is interned and merged into what is known. */
interface HistoryBook {
  entriesOf(changes: readonly DatedChange[], causeOf: (index: number) => ChangeCause): Promise<HistoryEntry[]>;
  /** The years in which something is new; none when everything was known. `host` was read with the years of these entries. */
  merge(host: HostReading, learned: readonly HistoryEntry[]): Promise<Map<number, readonly HistoryEntry[]>>;
  /** How many of these changes this process has not met on any host. */
  unmet(changes: readonly DatedChange[]): number;
  load(): Promise<void>;
}

export function createHistoryBook(context: Pick<Context, 'db'>, ecosystem: string): HistoryBook {
  const changes = transitions(context.db, ecosystem);
  const causes = changeCauses(context.db);
  const origins = new Map<number, ChangeOrigin>();

  /** Origins of causes that another process interned, or this one before a restart. */
  async function knowOrigins(entries: readonly HistoryEntry[]): Promise<void> {
    const unknown = new Set(entries.map(entry => entry.causeId).filter(id => !origins.has(id)));
    if (unknown.size === 0) return;
    const rows = await context.db.query<{ id: number; origin: ChangeOrigin }>('select id, origin from change_cause where id = any($1)', [
      [...unknown],
    ]);
    for (const { id, origin } of rows) origins.set(id, origin);
  }

  return {
    async entriesOf(list, causeOf) {
      if (list.length === 0) return [];
      const stated = list.map((_, index) => causeOf(index));
      const [transitionIds, causeIds] = await Promise.all([changes.idsOf(list), causes.idsOf(stated)]);
      for (const [index, id] of causeIds.entries()) origins.set(id, stated[index]!.origin);
      return list.map((change, index) => ({
        atSeconds: secondsOf(change.at),
        transitionId: transitionIds[index]!,
        causeId: causeIds[index]!,
      }));
    },
    async merge(host, learned) {
      if (learned.length === 0) return new Map();
      await knowOrigins([...host.years.values()].flat());
      const byYear = Map.groupBy(learned, entry => yearOf(entry.atSeconds));
      // A cause without a row cannot be: rows of change_cause are never deleted. An observation is what yields in any doubt.
      const originOf = (id: number) => origins.get(id) ?? 'observed';
      const merged = Array.from(byYear, ([year, entries]) => [year, mergeHistory(host.years.get(year) ?? [], entries, originOf)] as const);
      return new Map(merged.filter(([year, entries]) => !isSameHistory(entries, host.years.get(year) ?? [])));
    },
    unmet: list => changes.known(list).filter(id => id === 0).length,
    load: changes.load,
  };
}

export function secondsOf(at: Instant): number {
  return Math.floor(epochMs(at) / 1_000);
}

/** The keys of package_history. A year of a busy host takes a kilobyte; a row for each month would cost as much in row headers and index. */
export function yearsOf(instants: readonly Instant[]): number[] {
  return [...new Set(instants.map(at => yearOf(secondsOf(at))))];
}

function yearOf(seconds: number): number {
  return new Date(seconds * 1_000).getUTCFullYear();
}

function isSameHistory(a: readonly HistoryEntry[], b: readonly HistoryEntry[]): boolean {
  return a.length === b.length && Buffer.from(packHistory(a)).equals(packHistory(b));
}
