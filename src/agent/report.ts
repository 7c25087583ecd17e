import type { PartDigests } from '../core/inventory/digest.ts';
import { toPackageRow } from '../core/inventory/package-row.ts';
import type { Clock } from '../core/kernel/instants.ts';
import { epochMs } from '../core/kernel/instants.ts';
import type { PackageManager } from '../plugins/package-managers/spec.ts';
import type { Transport } from '../plugins/transports/spec.ts';
import { type ChangelogCache, type ChangelogRow, type Collected, collectSnapshot, type ReadChangelog } from './collect.ts';
import type { ServerClient } from './server-client.ts';
import type { Reported, StateFolder } from './state-folder.ts';

interface Reporter {
  readonly transport: Transport;
  readonly manager: PackageManager;
  readonly clock: Clock;
  readonly client: ServerClient;
  readonly state: StateFolder;
  readonly readChangelog: ReadChangelog;
}

const PARTS = ['facts', 'packages', 'candidates'] as const;
type Part = (typeof PARTS)[number];
interface ReportAnswer {
  readonly accepted: boolean;
  readonly missing: readonly Part[];
}

/** Without being asked, the indexes are refreshed this often: a host whose own timers are off would else never hear of updates. */
const REFRESH_HOURS = 6;
const CACHED_CHANGELOGS = 2_000;
/** Entries of one report (the contract's limit is 100,000). */
const HISTORY_MAX = 50_000;

interface ReportOutcome {
  readonly digests: PartDigests;
  readonly sent: readonly Part[];
}

/**
 * Collects and sends what the server does not have. An unchanged host sends three digests. `asItIs`: the indexes stay as they are, even when they
 * are due, and no change log is fetched.
 */
export async function report(
  reporter: Reporter,
  options: { readonly refresh: boolean; readonly asItIs?: boolean },
): Promise<ReportOutcome> {
  const { state, clock } = reporter;
  const before = await state.reported();
  const due = before.refreshedAt === null || epochMs(clock.now()) - epochMs(before.refreshedAt) >= REFRESH_HOURS * 3_600_000;
  const refresh = options.refresh || (due && options.asItIs !== true);
  const cache = await openCache(state);
  let known = before;
  let isHandedOver = false;
  const sent: Part[] = [];
  const handOver = async (collected: Collected, newChangelogs = false): Promise<void> => {
    sent.push(...(await send(reporter.client, collected, known, newChangelogs)));
    const last = collected.history.at(-1)?.at ?? null;
    known = {
      digests: collected.digests,
      historyThrough: last !== null && (known.historyThrough === null || last > known.historyThrough) ? last : known.historyThrough,
      refreshedAt: refresh ? clock.now() : before.refreshedAt,
    };
    await state.writeReported(known);
    isHandedOver = true;
  };
  const collected = await collectSnapshot({
    transport: reporter.transport,
    packageManager: reporter.manager,
    clock,
    refresh,
    history: true,
    changelogs: { read: reporter.readChangelog, cache, beforeFetching: options.asItIs ? undefined : early => handOver(early) },
  });
  const fetched = await cache.save();
  if (!isHandedOver || fetched) await handOver(collected, fetched);
  return { digests: collected.digests, sent };
}

async function send(client: ServerClient, collected: Collected, before: Reported, newChangelogs: boolean): Promise<Part[]> {
  const history = collected.history
    .filter(change => before.historyThrough === null || change.at > before.historyThrough)
    .slice(-HISTORY_MAX);
  let parts: Part[] = PARTS.filter(part => before.digests?.[part] !== collected.digests[part]);
  for (let round = 0; round < 3; round++) {
    const answer = await client.post<ReportAnswer>('/api/agent/v1/report', body(collected, parts, history, newChangelogs), {
      timeoutSeconds: 120,
    });
    if (answer.accepted) return parts;
    parts = [...new Set([...parts, ...answer.missing])];
  }
  throw new Error('the server keeps asking for parts that it was sent');
}

function body(
  { snapshot, digests, changelogs }: Collected,
  parts: readonly Part[],
  history: Collected['history'],
  newChangelogs: boolean,
): object {
  return {
    observedAt: snapshot.observedAt,
    digests,
    ...(parts.includes('facts') ? { facts: snapshot.facts } : {}),
    ...(parts.includes('packages') ? { packages: snapshot.packages.map(toPackageRow) } : {}),
    ...(parts.includes('candidates') ? { candidates: snapshot.candidates } : {}),
    ...(parts.includes('candidates') || newChangelogs ? { changelogs } : {}),
    ...(history.length > 0 ? { history } : {}),
  };
}

/** On disk, because archives are fetched to fill it. */
async function openCache(state: StateFolder): Promise<ChangelogCache & { save(): Promise<boolean> }> {
  const entries = new Map(
    Object.entries(((await state.read('changelogs.json').catch(() => null)) ?? {}) as Record<string, ChangelogRow[]>),
  );
  let changed = false;
  return {
    get: key => entries.get(key),
    set: (key, rows) => {
      changed = true;
      entries.set(key, [...rows]);
    },
    async save() {
      if (changed) await state.write('changelogs.json', Object.fromEntries([...entries].slice(-CACHED_CHANGELOGS)));
      return changed;
    },
  };
}
