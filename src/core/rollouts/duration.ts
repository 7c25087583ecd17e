import type { RebootPolicy, TransactionItem } from './host-plan.ts';

/** Measured on loaded lab hosts: 29 packages in 44 s, 1.5 s each. Ten times that, so that slow disks fit. */
const MINUTES_PER_PACKAGE = 0.25;
/** Prechecks, one locked package manager, restarts, smoke tests. */
const BASE_MINUTES = 5;
/** domain.md 3.4: cold start 30 minutes for Linux, until the fleet's own history says better. */
const INSTALL_MINUTES_MAX = 30;
/** domain.md 2.4: a reboot is given up after 20 minutes; half of that covers firmware of common servers. */
export const REBOOT_RESERVE_MINUTES = 10;

/** What alike jobs took before: the ninth of ten, whole minutes, and how many there were. By `durationClass`. */
export type DurationHistory = ReadonlyMap<string, { readonly minutes: number; readonly jobs: number }>;

/** Below this the ninth of ten is whatever happened to be slow. */
const HISTORY_JOBS_MIN = 20;

/** Jobs that take alike: by number of packages, and whether the host reboots. */
export function durationClass(packages: number, reboots: boolean): string {
  return `${packages <= 5 ? 'few' : packages <= 30 ? 'some' : 'many'}${reboots ? '-reboot' : ''}`;
}

/** As `estimateMinutes`, from history where there is enough of it; a minute at least. */
export function predictMinutes(
  transaction: readonly TransactionItem[],
  reboot: RebootPolicy,
  rebootExpected: boolean,
  history: DurationHistory | null,
): { readonly minutes: number; readonly basedOnJobs: number } {
  const known = history?.get(durationClass(transaction.length, mayReboot(reboot, rebootExpected)));
  if (known === undefined || known.jobs < HISTORY_JOBS_MIN)
    return { minutes: estimateMinutes(transaction, reboot, rebootExpected), basedOnJobs: 0 };
  return { minutes: Math.max(1, known.minutes), basedOnJobs: known.jobs };
}

/** Longest expected disruption of one host, whole minutes; the permit asks whether it still fits the window. */
export function estimateMinutes(transaction: readonly TransactionItem[], reboot: RebootPolicy, rebootExpected: boolean): number {
  const install = Math.min(INSTALL_MINUTES_MAX, Math.ceil(BASE_MINUTES + transaction.length * MINUTES_PER_PACKAGE));
  return install + (mayReboot(reboot, rebootExpected) ? REBOOT_RESERVE_MINUTES : 0);
}

export function mayReboot(reboot: RebootPolicy, rebootExpected: boolean): boolean {
  return reboot === 'always' || (reboot === 'if-needed' && rebootExpected);
}
