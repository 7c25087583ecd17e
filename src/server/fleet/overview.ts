import { epochMs, MINUTE_MS } from '../../core/kernel/instants.ts';
import { DUE_BANDS, FINDING_STATES } from '../../core/remediation/assessment.ts';
import type { Handlers } from '../context.ts';
import type { ExceptionMarks, ExceptionPort } from '../ports.ts';
import { banners } from './banners.ts';
import { excusedFindings } from './excused.ts';
import type { HostHandlerParts } from './host-handlers.ts';
import { type FeedView, type NextStep, nextSteps, type OverviewFacts } from './next-steps.ts';
import { overviewHosts } from './overview-hosts.ts';
import { hostsInRollout } from './patch-handlers.ts';
import { patchViews } from './patch-views.ts';
import { measureTimeToPatch } from './time-to-patch.ts';

interface OverviewParts extends HostHandlerParts {
  /** As the settings show them. */
  feeds(): Promise<readonly FeedView[]>;
  /** What rollouts wait for. */
  attention(): Promise<readonly NextStep[]>;
  marks(): Promise<ExceptionMarks>;
  exceptionCounts(): ReturnType<ExceptionPort['counts']>;
}

const PATCHES_SHOWN = 10;
/** History is read anew at most this often: 2,000 hosts take some seconds. */
const MEASURED_EVERY_MS = 10_000;
/** An answer of this age is shown while the next one is made: months of history move little in it. */
const SHOWN_FOR_MS = 15 * MINUTE_MS;

export function overviewHandlers(parts: OverviewParts): Handlers<'overview'> {
  const { context, model, summaries, settled } = parts;
  const { db, clock } = context;
  const timeToPatch = remembered({
    everyMs: MEASURED_EVERY_MS,
    shownForMs: SHOWN_FOR_MS,
    now: () => epochMs(clock.now()),
    make: async () => measureTimeToPatch(db, model, await parts.marks()),
  });

  return {
    async overview() {
      await settled();
      const at = clock.now();
      const nowMs = epochMs(at);
      const hosts = overviewHosts(model, summaries, nowMs);
      const patches = model.ranked().entries;
      const facts: OverviewFacts = { model, summaries, hosts, patches, feeds: await parts.feeds(), nowMs };
      const busy = await hostsInRollout(db);
      return {
        generatedAt: at,
        hosts: {
          total: hosts.total,
          current: hosts.states.current,
          stale: hosts.states.stale,
          unreachable: hosts.states.unreachable,
          waiting: hosts.states['waiting-for-inventory'],
        },
        next: nextSteps(facts, await parts.attention()),
        patches: patches.slice(0, PATCHES_SHOWN).map(patchViews(model, busy, nowMs)),
        findingsByDue: DUE_BANDS.map((label, index) => ({ label, count: hosts.byDue[index]! })),
        findingsByState: FINDING_STATES.map((label, index) => ({ label, count: hosts.byState[index]! })),
        timeToPatch: await timeToPatch().then(result => result && { ...result, curve: [...result.curve] }),
        coverage: hosts.coverage,
        exceptions: { ...(await parts.exceptionCounts()), ...excusedView(excusedFindings(model, await parts.marks(), nowMs)) },
        banners: banners(facts),
      };
    },
  };
}

function excusedView({ byDue, byState, total }: ReturnType<typeof excusedFindings>) {
  return {
    excused: total,
    excusedByDue: DUE_BANDS.map((label, index) => ({ label, count: byDue[index]! })),
    excusedByState: FINDING_STATES.map((label, index) => ({ label, count: byState[index]! })),
  };
}

/**
 * The last answer; when it is older than `everyMs` another one is made, and whoever asks meanwhile gets the last one still, up to `shownForMs`. One
 * computation at a time: people who open the page together wait for the same one.
 */
export function remembered<T>({ everyMs, shownForMs, now, make }: RememberedSpec<T>): () => Promise<T> {
  let last: { readonly atMs: number; readonly value: T } | null = null;
  let making: Promise<T> | null = null;
  const renew = (): Promise<T> => {
    const atMs = now();
    making ??= make()
      .then(value => {
        last = { atMs, value };
        return value;
      })
      .finally(() => {
        making = null;
      });
    return making;
  };
  return async () => {
    const ageMs = last === null ? Number.POSITIVE_INFINITY : now() - last.atMs;
    if (last !== null && ageMs < everyMs) return last.value;
    const next = renew();
    if (last === null || ageMs >= shownForMs) return next;
    // A failure is told to whoever has nothing else to show.
    next.catch(() => {});
    return last.value;
  };
}

interface RememberedSpec<T> {
  readonly everyMs: number;
  readonly shownForMs: number;
  readonly now: () => number;
  readonly make: () => Promise<T>;
}
