import { type HookBegun, lastRuns } from '../core/rollouts/hooks.ts';
import type { FailureClass, HostPlan, JobResult } from '../core/rollouts/host-plan.ts';

/** As the agent's journal (src/agent/journal.ts): written to the disk before what it speaks of. */
export interface JournalEntry {
  readonly plan: HostPlan;
  readonly acceptedAt: string;
  /** When the package manager was started; null: nothing was changed. */
  startedAt: string | null;
  /** As they were begun, over all lives of the agent. */
  readonly hooks: HookBegun[];
  state: 'accepted' | 'started' | 'rebooting' | 'finished';
  before: ReadonlyMap<string, string>;
  bootIdBefore: number;
  /** Its service had failed before. */
  failedBefore: boolean;
  result: JobResult | null;
  acknowledged: boolean;
  /** Asked to stop where it is safe. */
  cancelled: boolean;
  /** Set when a repair was needed. */
  healed: string[];
}

export interface Ended {
  readonly outcome: JobResult['outcome'];
  readonly failureClass: FailureClass | null;
  readonly message: string;
  readonly touched: boolean;
  readonly now: string;
  readonly bootId: number;
  readonly broken: boolean;
  readonly packages: ReadonlyMap<string, string>;
}

/** What the host observes when it ends, in the form that it sends. */
export function resultOf(
  { plan, ...entry }: JournalEntry,
  { outcome, failureClass, message, touched, now, bootId, broken, packages }: Ended,
): JobResult {
  const before = touched ? entry.before : packages;
  return {
    jobId: plan.jobId,
    attempt: plan.attempt,
    outcome,
    failure: failureClass === null ? null : { class: failureClass, message, signature: failureClass },
    touched,
    before: plan.transaction.map(({ name, arch }) => ({ name, arch, version: before.get(name) ?? null })),
    after: plan.transaction.map(({ name, arch }) => ({
      name,
      arch,
      version: packages.get(name) ?? null,
      state: broken ? 'half-configured' : 'installed',
    })),
    restartedUnits: [],
    rebooted: bootId !== entry.bootIdBefore,
    bootIdBefore: String(entry.bootIdBefore),
    bootIdAfter: String(bootId),
    smokeTests: [],
    ...(entry.hooks.length === 0 ? {} : { hooks: lastRuns(entry.hooks) }),
    healed: entry.healed,
    startedAt: now,
    finishedAt: now,
  };
}
