import type { RebootPolicy, TransactionItem } from './host-plan.ts';

/** Measured on loaded lab hosts: 29 packages in 44 s, 1.5 s each. Ten times that, so that slow disks fit. */
const MINUTES_PER_PACKAGE = 0.25;
/** Prechecks, one locked package manager, restarts, smoke tests. */
const BASE_MINUTES = 5;
/** domain.md 3.4: cold start 30 minutes for Linux, until the fleet's own history says better. */
const INSTALL_MINUTES_MAX = 30;
/** domain.md 2.4: a reboot is given up after 20 minutes; half of that covers firmware of common servers. */
export const REBOOT_RESERVE_MINUTES = 10;

/** Longest expected disruption of one host, whole minutes; the permit asks whether it still fits the window. */
export function estimateMinutes(transaction: readonly TransactionItem[], reboot: RebootPolicy, rebootExpected: boolean): number {
  const install = Math.min(INSTALL_MINUTES_MAX, Math.ceil(BASE_MINUTES + transaction.length * MINUTES_PER_PACKAGE));
  return install + (mayReboot(reboot, rebootExpected) ? REBOOT_RESERVE_MINUTES : 0);
}

export function mayReboot(reboot: RebootPolicy, rebootExpected: boolean): boolean {
  return reboot === 'always' || (reboot === 'if-needed' && rebootExpected);
}
