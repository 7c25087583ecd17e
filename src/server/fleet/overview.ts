import { epochMs } from '../../core/kernel/instants.ts';
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

export interface OverviewParts extends HostHandlerParts {
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

export function overviewHandlers(parts: OverviewParts): Handlers<'overview'> {
  const { context, model, summaries, settled } = parts;
  const { db, clock } = context;
  const timeToPatch = remembered(
    MEASURED_EVERY_MS,
    () => epochMs(clock.now()),
    () => measureTimeToPatch(db, model),
  );

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

function excusedView({ byDue, total }: ReturnType<typeof excusedFindings>) {
  return { excused: total, excusedByDue: DUE_BANDS.map((label, index) => ({ label, count: byDue[index]! })) };
}

/** The last answer for `everyMs`, and one computation at a time: people who open the page together wait for the same one. */
function remembered<T>(everyMs: number, now: () => number, make: () => Promise<T>): () => Promise<T> {
  let last: { readonly atMs: number; readonly value: Promise<T> } | null = null;
  return () => {
    if (last === null || now() - last.atMs >= everyMs) {
      const value = make();
      last = { atMs: now(), value };
      // A failure is told to those who wait, and tried again by the next.
      value.catch(() => {
        last = null;
      });
    }
    return last.value;
  };
}
